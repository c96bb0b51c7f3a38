"""STATUS-REPORT, DELIVER-REPORT and SUBMIT-REPORT."""

import pytest
from attrs import evolve

from smskit.errors import UsageError
from smskit.protocols.tpdu import (
    CharacterSet,
    Concatenation,
    DataCoding,
    DeliverReport,
    Direction,
    Outcome,
    StatusReport,
    SubmitReport,
    Timestamp,
    UserData,
    decode,
)
from tests.protocols.tpdu.corpus import MOMENT, STATUS_REPORT, changed

HI = UserData.of_text("hi")
DATA = UserData(DataCoding.of(CharacterSet.DATA8), (), b"\xde\xad")
SCTS = "62309041509540"
SUBMIT_REPORT = SubmitReport(service_centre_timestamp=Timestamp.of(MOMENT))


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        pytest.param({0x00}, Outcome.DELIVERED, id="received by the handset"),
        pytest.param(
            {0x01, *range(0x10, 0x20)}, Outcome.UNCONFIRMED, id="forwarded, or only the centre knows"
        ),
        pytest.param({0x02}, Outcome.REPLACED, id="replaced by the centre"),
        pytest.param({*range(0x20, 0x26), *range(0x30, 0x40)}, Outcome.TRYING, id="temporary, still trying"),
        pytest.param({*range(0x40, 0x4A), *range(0x50, 0x60)}, Outcome.FAILED, id="permanent"),
        pytest.param(
            {
                *(*range(0x60, 0x66), *range(0x70, 0x80)),
                *(*range(0x03, 0x10), *range(0x26, 0x30), *range(0x4A, 0x50), *range(0x66, 0x70)),
                *range(0x80, 0x100),
            },
            Outcome.GAVE_UP,
            id="temporary, not trying, and what is reserved: service rejected",
        ),
    ],
)
def test_9_2_3_15_a_status_means_what_became_of_the_message(statuses: set[int], outcome: Outcome) -> None:
    reports = [evolve(STATUS_REPORT, status=status) for status in range(256)]

    assert {report.status for report in reports if report.outcome is outcome} == statuses


def test_a_status_report_ends_with_the_status_if_there_is_nothing_else() -> None:
    octets = bytes.fromhex(f"062a0b914151550521f3{SCTS}{SCTS}00")

    assert STATUS_REPORT.encode() == octets
    assert decode(octets, Direction.TO_MOBILE) == decode(octets + b"\0", Direction.TO_MOBILE) == STATUS_REPORT


@pytest.mark.parametrize(
    ("flag", "octet"),
    [
        pytest.param("more_messages", 0x02, id="9.2.3.2: 0 says that there are more"),
        pytest.param("loop_prevention", 0x0E, id="9.2.3.28"),
        pytest.param("answers_command", 0x26, id="9.2.3.26"),
    ],
)
def test_each_flag_of_a_status_report_has_its_bit(flag: str, octet: int) -> None:
    octets = changed(STATUS_REPORT, flag, True).encode()

    assert octets[0] == octet
    assert getattr(decode(octets, Direction.TO_MOBILE), flag) is True


@pytest.mark.parametrize(
    ("octets", "report"),
    [
        pytest.param("0000", DeliverReport(), id="RP-ACK"),
        pytest.param("00d300", DeliverReport(failure_cause=0xD3), id="RP-ERROR"),
        pytest.param("00017f", DeliverReport(protocol_id=0x7F), id="9.2.3.27: bit 0, protocol identifier"),
        pytest.param("00060402dead", DeliverReport(user_data=DATA), id="bits 1 and 2, coding and user data"),
        pytest.param(
            "00ff077f0402dead", DeliverReport(failure_cause=0xFF, protocol_id=0x7F, user_data=DATA), id="all"
        ),
    ],
)
def test_the_octets_of_a_deliver_report(octets: str, report: DeliverReport) -> None:
    assert report.encode().hex() == octets
    assert decode(bytes.fromhex(octets), Direction.FROM_MOBILE) == report


@pytest.mark.parametrize(
    ("octets", "report"),
    [
        pytest.param(f"0100{SCTS}", SUBMIT_REPORT, id="RP-ACK"),
        pytest.param(f"01c000{SCTS}", evolve(SUBMIT_REPORT, failure_cause=0xC0), id="RP-ERROR"),
        pytest.param(
            f"0101{SCTS}7f", evolve(SUBMIT_REPORT, protocol_id=0x7F), id="the time is before the others"
        ),
        pytest.param(f"0106{SCTS}0402dead", evolve(SUBMIT_REPORT, user_data=DATA), id="user data"),
    ],
)
def test_the_octets_of_a_submit_report(octets: str, report: SubmitReport) -> None:
    assert report.encode().hex() == octets
    assert decode(bytes.fromhex(octets), Direction.TO_MOBILE) == report


@pytest.mark.parametrize(
    ("octets", "report"),
    [
        pytest.param("000402e834", DeliverReport(user_data=HI), id="without a coding it is GSM 7 bit"),
        pytest.param("000204", DeliverReport(), id="a coding of nothing"),
        pytest.param("008000", None, id="0x80 is a failure cause, not an extension"),
        pytest.param(
            "00d38180017f",
            DeliverReport(failure_cause=0xD3, protocol_id=0x7F),
            id="an indicator of three octets",
        ),
        pytest.param("00d3800102", DeliverReport(failure_cause=0xD3), id="and what its extension announces"),
        pytest.param("00097fdead", DeliverReport(protocol_id=0x7F), id="what a reserved bit announces too"),
        pytest.param("4000", DeliverReport(), id="a header in no user data"),
    ],
)
def test_9_2_3_27_what_a_receiver_takes_besides(octets: str, report: DeliverReport | None) -> None:
    assert decode(bytes.fromhex(octets), Direction.FROM_MOBILE) == (
        report or DeliverReport(failure_cause=0x80)
    )


def test_a_header_sets_its_bit() -> None:
    header = (Concatenation(reference=1, total=2, sequence=1),)
    with_header = evolve(DATA, header=header)

    for report in (STATUS_REPORT, SUBMIT_REPORT, DeliverReport()):
        assert evolve(report, user_data=with_header).encode()[0] & 0x40
        assert not evolve(report, user_data=DATA).encode()[0] & 0x40


@pytest.mark.parametrize("cause", [-1, 0, 0x7F, 0x100])
def test_9_2_3_22_failure_causes_are_0x80_and_more(cause: int) -> None:
    for report in (DeliverReport(), SUBMIT_REPORT):
        with pytest.raises(UsageError, match="failure_cause must be a whole number from 128 to 255"):
            evolve(report, failure_cause=cause)


@pytest.mark.parametrize("field", ["status", "message_reference", "protocol_id"])
def test_numbers_have_one_octet(field: str) -> None:
    with pytest.raises(UsageError, match=f"{field} must be a whole number from 0 to 255"):
        changed(STATUS_REPORT, field, 256)


def test_reports_use_all_the_room_they_have() -> None:
    full = {StatusReport: 131, SubmitReport: 152, DeliverReport: 159}
    for report in (STATUS_REPORT, SUBMIT_REPORT, DeliverReport()):
        room = full[type(report)]
        value = evolve(report, user_data=evolve(DATA, payload=bytes(room)))
        with pytest.raises(UsageError, match=f"and {room} fit|and 159 fit"):
            evolve(report, user_data=evolve(DATA, payload=bytes(room + 1)))
        assert decode(value.encode(), Direction.FROM_MOBILE if room == 159 else Direction.TO_MOBILE) == value

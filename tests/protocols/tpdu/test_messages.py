"""SUBMIT and DELIVER, field by field, and examples that others published."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from attrs import evolve

from smskit.errors import DecodeError, UsageError
from smskit.protocols.tpdu import (
    Address,
    Deliver,
    Direction,
    NumberingPlan,
    Pdu,
    Relative,
    Submit,
    Timestamp,
    TypeOfNumber,
    UserData,
    decode,
    decode_pdu,
)
from tests.protocols.tpdu.corpus import DELIVER, SUBMIT, changed


def test_a_submit_that_many_manuals_show() -> None:
    pdu = decode_pdu(bytes.fromhex("0011000B916407281553F80000AA0AE8329BFD4697D9EC37"), Direction.FROM_MOBILE)

    assert pdu == Pdu(
        Submit(
            destination_address=Address.of("+46708251358"),
            user_data=UserData.of_text("hellohello"),
            validity=Relative.of(timedelta(days=4)),
        )
    )
    assert pdu.encode().hex() == "0011000b916407281553f80000aa0ae8329bfd4697d9ec37"
    assert pdu.length == 23


def test_a_deliver_that_many_manuals_show() -> None:
    pdu = decode_pdu(
        bytes.fromhex("07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37"),
        Direction.TO_MOBILE,
    )

    assert pdu == Pdu(
        Deliver(
            originating_address=Address("27838890001", TypeOfNumber.SUBSCRIBER, NumberingPlan.NATIONAL),
            service_centre_timestamp=Timestamp.of(
                datetime(1999, 3, 29, 15, 16, 59, tzinfo=timezone(timedelta(hours=2)))
            ),
            user_data=UserData.of_text("hellohello"),
        ),
        Address.of("+27381000015"),
    )


@pytest.mark.parametrize(
    ("flag", "octet"),
    [
        pytest.param("reject_duplicates", 0x05, id="9.2.3.25"),
        pytest.param("status_report_request", 0x21, id="9.2.3.5"),
        pytest.param("reply_path", 0x81, id="9.2.3.17"),
    ],
)
def test_each_flag_of_a_submit_has_its_bit(flag: str, octet: int) -> None:
    octets = changed(SUBMIT, flag, True).encode()

    assert octets[0] == octet
    assert getattr(decode(octets, Direction.FROM_MOBILE), flag) is True
    assert getattr(decode(SUBMIT.encode(), Direction.FROM_MOBILE), flag) is False


@pytest.mark.parametrize(
    ("flag", "octet"),
    [
        pytest.param("more_messages", 0x00, id="9.2.3.2: 0 says that there are more"),
        pytest.param("loop_prevention", 0x0C, id="9.2.3.28"),
        pytest.param("status_report_indication", 0x24, id="9.2.3.4"),
        pytest.param("reply_path", 0x84, id="9.2.3.17"),
    ],
)
def test_each_flag_of_a_deliver_has_its_bit(flag: str, octet: int) -> None:
    octets = changed(DELIVER, flag, True).encode()

    assert octets[0] == octet
    assert getattr(decode(octets, Direction.TO_MOBILE), flag) is True
    assert getattr(decode(DELIVER.encode(), Direction.TO_MOBILE), flag) is False


def test_a_header_sets_its_bit() -> None:
    assert SUBMIT.encode()[0] == 0x01
    assert DELIVER.encode()[0] == 0x04


def test_9_2_3_1_a_handset_reads_the_reserved_type_as_a_deliver() -> None:
    octets = bytearray(DELIVER.encode())
    octets[0] |= 0x03

    assert decode(bytes(octets), Direction.TO_MOBILE) == DELIVER


def test_a_command_is_not_supported() -> None:
    with pytest.raises(DecodeError, match="message_type, octet 0: SMS-COMMAND is not supported"):
        decode(b"\x02", Direction.FROM_MOBILE)
    with pytest.raises(DecodeError, match="message_type, octet 1: SMS-COMMAND is not supported"):
        decode_pdu(b"\x00\x02", Direction.FROM_MOBILE)


def test_a_handset_has_no_tpdu_of_the_reserved_type() -> None:
    with pytest.raises(DecodeError, match="message_type, octet 0: a handset has no TPDU of this type"):
        decode(b"\x03", Direction.FROM_MOBILE)


def test_user_data_that_are_too_long_are_refused() -> None:
    start = bytes.fromhex("04038121f30004" + "62309041509540")

    with pytest.raises(DecodeError, match="user_data, octet 14: at most 140 octets fit, not 141"):
        decode(start + bytes((141,)) + bytes(141), Direction.TO_MOBILE)


@pytest.mark.parametrize("number", [-1, 256])
@pytest.mark.parametrize("field", ["message_reference", "protocol_id"])
def test_numbers_have_one_octet(field: str, number: int) -> None:
    with pytest.raises(UsageError, match=f"{field} must be a whole number from 0 to 255"):
        changed(SUBMIT, field, number)


def test_the_time_of_a_deliver_is_when_the_centre_had_it() -> None:
    moment = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)

    assert (
        evolve(DELIVER, service_centre_timestamp=Timestamp.of(moment)).service_centre_timestamp.datetime
        == moment
    )

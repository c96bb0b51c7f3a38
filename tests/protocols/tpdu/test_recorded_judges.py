"""What tshark and node-pdu, which are no Python packages, read in our corpus. Their answers are written down.

As with the other judges, where one reads a field in another way the case and the field stand in its list of errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from smskit.protocols.tpdu import (
    Address,
    Concatenation,
    Deliver,
    DeliverReport,
    Element,
    NationalLanguage,
    Ports,
    Relative,
    StatusReport,
    Submit,
    SubmitReport,
    Timestamp,
    UserData,
    decode,
)
from tests.protocols.tpdu import node_pdu, tshark
from tests.protocols.tpdu.ask import recorded
from tests.protocols.tpdu.corpus import CORPUS, Case
from tests.protocols.tpdu.test_judges import WHOLE, Errors, asked, content, known, value_of

ANY = "*"
"""Several fields."""

TSHARK: Mapping[str, Mapping[str, str]] = recorded(tshark.NAME)["said"]
NODE_PDU: Mapping[str, Mapping[str, Any]] = recorded(node_pdu.NAME)["said"]


def agreed(found: set[str], expected: set[str]) -> bool:
    return bool(found) if ANY in expected else found == expected


FLAGS = {
    "reply_path": "tp-rp",
    "status_report_request": "tp-srr",
    "status_report_indication": "tp-sri",
    "reject_duplicates": "tp-rd",
    "loop_prevention": "tp-lp",
    "answers_command": "tp-srq",
}
ADDRESSES = {"originating_address": "tp-oa", "destination_address": "tp-da", "recipient_address": "tp-ra"}
NUMBERS = {"message_reference": "tp-mr", "protocol_id": "tp-pid"}


def read_for_tshark(value: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401  # each kind has other fields
    for ours, theirs in {**FLAGS, **NUMBERS}.items():
        said = getattr(value, ours, None)
        if said is not None:
            yield theirs, int(said)
    if getattr(value, "failure_cause", None) is not None:
        yield "tp-fcs", f"0x{value.failure_cause:02x}"
    if hasattr(value, "more_messages"):
        yield "tp-mms", int(not value.more_messages)  # 9.2.3.2: 1 says that there are no more
    for ours, theirs in ADDRESSES.items():
        address: Address | None = getattr(value, ours, None)
        if address is not None:
            yield theirs, address.number
            yield "dis_field_addr.num_type", int(address.type)
            yield "dis_field_addr.num_plan", int(address.plan)
    yield from moments(value)
    if value.user_data is not None:
        yield from read_user_data(value.user_data)


def moments(value: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401  # the same
    if isinstance(value, StatusReport):
        yield from moment("TP-Discharge-Time", value.discharge_time)
    if not isinstance(value, Submit | DeliverReport):
        yield from moment("TP-Service-Centre-Time-Stamp", value.service_centre_timestamp)
    validity = getattr(value, "validity", None)
    if isinstance(validity, Relative):
        yield "vp.validity_period", validity.value
    if isinstance(validity, Timestamp):
        yield from moment("TP-Validity-Period: absolute", validity)


def moment(which: str, timestamp: Timestamp) -> Iterator[tuple[str, object]]:
    said = timestamp.datetime
    if said is not None:
        offset = said.utcoffset()
        assert offset is not None
        yield f"{which}: scts.year", said.year % 100
        yield f"{which}: scts.month", said.month
        yield f"{which}: scts.day", said.day
        yield f"{which}: scts.hour", said.hour
        yield f"{which}: scts.minutes", said.minute
        yield f"{which}: scts.seconds", said.second
        yield (
            f"{which}: scts.timezone",
            abs(offset) // timedelta(minutes=15),
        )  # it says the sign in words only


def read_user_data(user_data: UserData) -> Iterator[tuple[str, object]]:
    yield "tp-dcs", user_data.coding.octet
    if user_data.text is not None:
        yield "sms_text", user_data.text
    else:
        yield "sms_body", user_data.payload.hex(":")
    for element in user_data.header:
        match element:
            case Concatenation():
                yield "udh.mm.msg_id", element.reference
                yield "udh.mm.msg_parts", element.total
                yield "udh.mm.msg_part", element.sequence
            case Ports():
                yield "destination_port", element.destination
                yield "originator_port", element.source
            case NationalLanguage():
                yield (
                    f"dis_iei_lang.{'locking' if element.locking else 'single'}_shift",
                    int(element.language),
                )
            case Element():
                pass


TSHARK_ERRORS: Errors = {
    (" coding (0c|1c|80|84|88|9f|a4|b0|b8)", "sms_text"): "23.038, 4: reserved codings are read as GSM 7 bit",
    (" coding (20|24|28|30|39|60|68)", "sms_body"): "what is compressed has a field of its own",
    (" 0 (septets|code units)", "sms_text"): "it has no field for an empty text",
    (" 0 octets$", "sms_body"): "the same",
    (" escape undefined", "sms_text"): "23.038, 6.2.1.1: the code counts in the basic table",
    (" escape last", "sms_text"): "23.038, 6.2.1: an escape that says nothing is a space",
    (" national ", "sms_text"): "9.2.3.24.15 and 9.2.3.24.16: it names the tables and does not use them",
    (" data8, wide ports", "sms_body"): "it hands the data to the dissector of the port",
    ("enhanced 01a7", "sms_text"): "9.2.3.12.3: an enhanced validity period takes 7 octets, whatever it says",
    ("deliver, element cut off", "sms_body"): "9.2.3.24: such a header is ignored, and what follows kept",
    (" date with letters", ANY): "9.2.3.11: a digit that is none counts as 0",
    (
        "deliver, reserved type and plan",
        "dis_field_addr.num_type",
    ): "it says what stood there, and we UNKNOWN",
    ("deliver, reserved type and plan", "dis_field_addr.num_plan"): "the same",
    ("deliver of the reserved type", WHOLE): "9.2.3.1: a handset reads it as a DELIVER",
    ("deliver report, text without coding", ANY): "9.2.3.27: TP-UD may stand without TP-DCS, which is 0 then",
}


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_tshark_reads_the_same(case: Case) -> None:
    theirs = TSHARK[case.hex]
    ours = {name: str(said) for name, said in read_for_tshark(value_of(case))}

    found = {name for name in ours if ours[name] != theirs.get(name)} if theirs else {WHOLE}

    assert agreed(found, known(TSHARK_ERRORS, case))


NODE_PDU_ERRORS: Errors = {
    ("(from|to|report on) (0 digits|name of 0)", ANY): "9.1.2.5: an empty address still has its type",
    (" signs ", "number"): "9.1.2.3: the semi-octets 1010 to 1110 are *, #, a, b and c",
    ("(from|to|report on) name of 7", "number"): "23.038, 6.1.2.1: a space at the end is a space",
    (" coding (0c|1c|9f|ef)", WHOLE): "23.038, 4: reserved codings are read as GSM 7 bit",
    (" coding (84|88|a4|b8)", "content"): "23.038, 4: the same",
    (" coding (20|28|30|39|60|68)", "content"): "23.038, 4: it is compressed",
    (" coding d[8b]", "content"): "23.038, 4: group 1101 is GSM 7 bit",
    (" coding e[01]", "content"): "23.038, 4: group 1110 is UCS2",
    (" coding f8", "content"): "23.038, 4: in group 1111 bit 2 alone tells the alphabet",
    (" escape (undefined|last)", "content"): "23.038, 6.2.1 and 6.2.1.1",
    ("and.x0cpage", "content"): "23.038, 6.2.1.1: 0x0A after an escape is a page break",
    (" (lone surrogate|odd code unit)", "content"): "it gives halves of surrogate pairs",
    (" national ", "content"): "9.2.3.24.15 and 9.2.3.24.16",
    (" (no such part|part 0)", "part"): "9.2.3.24.1: such an element is ignored",
    (" enhanced ", WHOLE): "9.2.3.12.3",
    ("deliver, filler in the length", "number"): "9.1.2.3: a filler is no digit",
    ("deliver, reserved type and plan", "type"): "it says what stood there, and we UNKNOWN",
    ("deliver of the reserved type", WHOLE): "9.2.3.1: a handset reads it as a DELIVER",
    ("deliver, element cut off", ANY): "9.2.3.24: such a header is ignored, and what follows kept",
    ("deliver, octet after the element", "content"): "9.2.3.24: the same",
    ("deliver, (empty header|octet after the element)", "part"): "nothing in it says that there are parts",
}
"""Besides, it has a backtick for the section sign (23.038, 6.2.1), and one part where nothing counts any."""


def read_for_node_pdu(value: Deliver | Submit | StatusReport) -> Mapping[str, object]:
    if isinstance(value, StatusReport):
        address = value.recipient_address
        more: Mapping[str, object] = {"status": value.status, "reference": value.message_reference}
    else:
        address = value.destination_address if isinstance(value, Submit) else value.originating_address
        more = {"part": part(value.user_data), "content": in_its_words(content(value))}
    return {"type": address.type, "number": address.number, **more}


def part(user_data: UserData) -> list[int] | None:
    label = user_data.label
    if label is not None:
        return [label.reference, label.total, label.sequence]
    return [0, 1, 1] if user_data.header else None


def in_its_words(said: str | bytes) -> str:
    return said.replace("§", "`") if isinstance(said, str) else said.decode("latin-1")


@pytest.mark.parametrize("case", asked(Deliver, Submit, StatusReport), ids=lambda case: case.name)
def test_node_pdu_reads_the_same(case: Case) -> None:
    theirs = NODE_PDU[case.hex]
    ours = read_for_node_pdu(value_of(case))

    found = {WHOLE} if "failed" in theirs else {name for name in ours if ours[name] != theirs.get(name)}

    assert agreed(found, known(NODE_PDU_ERRORS, case))


def test_the_judges_read_every_kind() -> None:
    kinds = {type(decode(bytes.fromhex(case.hex), case.direction)) for case in CORPUS}

    assert kinds == {Deliver, Submit, StatusReport, DeliverReport, SubmitReport}
    assert len({case.hex for case in CORPUS}) > 600

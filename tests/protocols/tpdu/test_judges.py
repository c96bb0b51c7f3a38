"""What other implementations read in our corpus, and what they write for the same messages.

Where one of them reads a field in another way, the case and the field stand in its list of errors, with the clause by
which it is wrong (of 3GPP TS 23.040, or 23.038 where that is named). What stands there without need fails too.
"""

import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

import pytest
from messaging.sms import SmsDeliver, SmsSubmit  # type: ignore[import-untyped]  # ships no annotations
from smspdudecoder.fields import SMSDeliver, SMSSubmit

from smskit.encoding import segment
from smskit.protocols.tpdu import (
    Address,
    Deliver,
    Pdu,
    Relative,
    StatusReport,
    Submit,
    Timestamp,
    TypeOfNumber,
    decode,
    user_data_of,
)
from tests.judge_codecs import of_messaging, with_codec
from tests.protocols.tpdu.corpus import CORPUS, Case

Reading: TypeAlias = Mapping[str, object]
Errors: TypeAlias = Mapping[tuple[str, str], str]
"""Why a judge is wrong, by a pattern for the names of cases and the field. Some readings fail as a whole."""

WHOLE: Final = "whole"


def value_of(case: Case) -> Any:  # noqa: ANN401  # each test asks for the kinds it knows
    return decode(bytes.fromhex(case.hex), case.direction)


def asked(*kinds: type) -> list[Case]:
    return [case for case in CORPUS if isinstance(value_of(case), kinds)]


def differences(ours: Reading, theirs: Reading | None) -> set[str]:
    if theirs is None:
        return {WHOLE}
    return {field for field in ours if ours[field] != theirs[field]}


def known(errors: Errors, case: Case) -> set[str]:
    fields = {field for pattern, field in errors if re.search(pattern, case.name)}
    return {WHOLE} if WHOLE in fields else fields


def content(value: Deliver | Submit) -> str | bytes:
    user_data = value.user_data
    return user_data.payload if user_data.text is None else user_data.text


# ---------------------------------------------------------------------------------------------------- smspdudecoder

SMSPDUDECODER_ERRORS: Errors = {
    (" signs ", "number"): "9.1.2.3: the semi-octets 1010 to 1110 are *, #, a, b and c",
    (" name (of 7|1 sign@)", "number"): "9.1.2.5: 13 semi-octets hold 7 characters",
    (" coding (20|28|30|39|60|68)", "content"): "23.038, 4: it is compressed",
    (" coding (84|88|a4|b8)", "content"): "23.038, 4: reserved groups are read as GSM 7 bit",
    (" coding (c[489ab]|d[8b])", "content"): "23.038, 4: groups 1100 and 1101 are GSM 7 bit",
    (" coding e[01f]", "content"): "23.038, 4: group 1110 is UCS2",
    (" coding f[8e]", "content"): "23.038, 4: in group 1111 bit 2 alone tells the alphabet",
    (" escape undefined", "content"): "23.038, 6.2.1.1: the code counts in the basic table",
    (" escape last", "content"): "23.038, 6.2.1: an escape that says nothing is a space",
    (" (lone surrogate|odd code unit)", WHOLE): "9.2.3.24.1: parts may be cut anywhere, and are joined first",
    (" national ", "content"): "9.2.3.24.15 and 9.2.3.24.16",
    (" relative (0|1|11|142|143)$", "validity"): "9.2.3.12.1: 5 minutes times one more than the value",
    (" relative (144|166)", "validity"): "9.2.3.12.1: there are half hours",
    ("deliver of year 19", "moment"): "9.2.3.11 names no century; here it is the 21st always",
    ("submit for absolute year 19", "validity"): "9.2.3.11: the same",
    (" date ", WHOLE): "9.2.3.11: what is no date is kept, and no digit counts as 0",
    ("deliver of the reserved type", WHOLE): "9.2.3.1: a handset reads it as a DELIVER",
    ("deliver, reserved type and plan", WHOLE): "9.1.2.5: reserved plans are read as unknown",
    ("deliver, element cut off", WHOLE): "9.2.3.24: such a header is ignored, and its text kept",
    ("deliver, octet after the element", "elements"): "9.2.3.24: the same",
    ("deliver, octet after the element", "content"): "9.2.3.24: the same",
}


def read_by_smspdudecoder(case: Case) -> Reading | None:
    judge = SMSSubmit if isinstance(value_of(case), Submit) else SMSDeliver
    try:
        said = judge.decode(io.StringIO("00" + case.hex.upper()))
    except Exception:  # noqa: BLE001  # it has no error of its own
        return None
    address = said.get("sender") or said["recipient"]
    header = said["user_data"]["header"] or {"elements": ()}
    return {
        "reply path": said["header"]["rp"],
        "type": address["toa"]["ton"],
        "number": address["number"],
        "protocol": said["pid"],
        "moment": said.get("scts"),
        "validity": said_validity(said),
        "elements": [(element["iei"], said_data(element)) for element in header["elements"]],
        "content": said["user_data"]["data"],
    }


def said_validity(said: Mapping[str, Any]) -> object:
    for unit in ("minutes", "hours", "days", "weeks"):
        if f"validity-{unit}" in said:
            return timedelta(**{unit: said[f"validity-{unit}"]})
    return said.get("vp")


def said_data(element: Mapping[str, Any]) -> bytes:
    data = element["data"]
    if isinstance(data, str):
        return bytes.fromhex(data)
    reference = data["reference"].to_bytes(element["length"] - 2)
    return bytes((*reference, data["parts_count"], data["part_number"]))


TYPES = {
    TypeOfNumber.NETWORK_SPECIFIC: "specific",
    TypeOfNumber.ABBREVIATED: "abbreviated",
}


def read_for_smspdudecoder(value: Deliver | Submit) -> Reading:
    address = value.destination_address if isinstance(value, Submit) else value.originating_address
    encoded = [element.encode() for element in value.user_data.header]
    return {
        "reply path": value.reply_path,
        "type": TYPES.get(address.type, address.type.name.lower()),
        "number": address.number,
        "protocol": value.protocol_id,
        "moment": value.service_centre_timestamp.datetime if isinstance(value, Deliver) else None,
        "validity": our_validity(value) if isinstance(value, Submit) else None,
        "elements": [(octets[0], octets[2:]) for octets in encoded],
        "content": content(value),
    }


def our_validity(value: Submit) -> timedelta | datetime | None:
    match value.validity:
        case Relative() as relative:
            return relative.period
        case Timestamp() as moment:
            return moment.datetime
        case _:
            return None


@pytest.mark.parametrize("case", asked(Deliver, Submit), ids=lambda case: case.name)
def test_smspdudecoder_reads_the_same(case: Case) -> None:
    found = differences(read_for_smspdudecoder(value_of(case)), read_by_smspdudecoder(case))

    assert found == known(SMSPDUDECODER_ERRORS, case)


# ------------------------------------------------------------------------------------------------- python-messaging

MESSAGING_ERRORS: Errors = {
    (" signs ", "number"): "9.1.2.3: the semi-octets 1010 to 1110 are *, #, a, b and c",
    ("deliver from name (of 7|1 sign@)", "number"): "9.1.2.5: 13 semi-octets hold 7 characters",
    ("status report on name (?!of 0)", "number"): "9.1.2.5: names are read as digits",
    (" coding (0c|1c|84|88|9f|a4|b8)", "content"): "23.038, 4: reserved codings are read as GSM 7 bit",
    (" coding (20|28|30|39|60|68)", "content"): "23.038, 4: it is compressed",
    (" coding (c[489ab]|d[8b])", "content"): "23.038, 4: groups 1100 and 1101 are GSM 7 bit",
    (" coding e[01f]", "content"): "23.038, 4: group 1110 is UCS2",
    (" coding f8", "content"): "23.038, 4: in group 1111 bit 2 alone tells the alphabet",
    (" 0 septets", WHOLE): "9.2.3.16: a length of 0 is no error",
    (" (no such part|part 0)", "part"): "9.2.3.24.1: such an element is ignored",
    (" escape undefined", "content"): "23.038, 6.2.1.1: the code counts in the basic table",
    (" escape last", "content"): "23.038, 6.2.1: an escape that says nothing is a space",
    (" emoji", "content"): "it leaves the two halves of each character apart, which no string may hold",
    (" lone surrogate", "content"): "the same",
    (" odd code unit", WHOLE): "9.2.3.24.1: parts may be cut anywhere, and are joined first",
    (" national ", "content"): "9.2.3.24.15 and 9.2.3.24.16",
    ("deliver of year 20[68]9", "moment"): "9.2.3.11 names no century; here the 21st ends in 2068",
    ("deliver of date ", WHOLE): "9.2.3.11: what is no date is kept, and no digit counts as 0",
    ("status report", "moment"): "9.2.3.11: its zone is left out",
    ("deliver, element cut off", WHOLE): "9.2.3.24: such a header is ignored, and its text kept",
    ("deliver, octet after the element", WHOLE): "9.2.3.24: the same",
}


@with_codec(of_messaging)
def read_by_messaging(case: Case) -> Reading | None:
    try:
        said = SmsDeliver("00" + case.hex)
    except Exception:  # noqa: BLE001  # it has no error of its own
        return None
    if isinstance(value_of(case), StatusReport):
        report = said.sr
        return {
            "number": report["recipient"],
            "moment": report["scts"] and report["scts"].replace(tzinfo=UTC),
            "status": report["status"],
        }
    concatenation = said.udh and said.udh.concat
    return {
        "number": said.number,
        "moment": said.date and said.date.replace(tzinfo=UTC),
        "part": concatenation and (concatenation.ref, concatenation.cnt, concatenation.seq),
        "content": said.text,
    }


def read_for_messaging(value: Deliver | StatusReport) -> Reading:
    moment = value.service_centre_timestamp.datetime
    if isinstance(value, StatusReport):
        return {"number": str(value.recipient_address), "moment": moment, "status": value.status}
    label = value.user_data.label
    return {
        "number": str(value.originating_address),
        "moment": moment,
        "part": label and (label.reference, label.total, label.sequence),
        "content": content(value),
    }


@pytest.mark.parametrize("case", asked(Deliver, StatusReport), ids=lambda case: case.name)
def test_python_messaging_reads_the_same(case: Case) -> None:
    found = differences(read_for_messaging(value_of(case)), read_by_messaging(case))

    assert found == known(MESSAGING_ERRORS, case)


def test_every_known_error_is_still_one() -> None:
    names = {case.name for case in CORPUS}
    for pattern, _ in (*SMSPDUDECODER_ERRORS, *MESSAGING_ERRORS):
        assert any(re.search(pattern, name) for name in names), pattern


WRITTEN: Mapping[str, Mapping[str, Any]] = {
    "one word": {"text": "hello"},
    "7 characters": {"text": "a" * 7},
    "8 characters": {"text": "a" * 8},
    "160 characters": {"text": "@£$_" * 40},
    "two parts": {"text": "a" * 161},
    "two full parts": {"text": "a" * 306},
    "three parts": {"text": "a" * 307},
    "80 escapes": {"text": "€" * 80},
    "line break": {"text": "é ü [x]\n{y}"},
    "70 code units": {"text": "Ж" * 70},
    "two parts of code units": {"text": "Ж" * 71},
    "three parts of code units": {"text": "Ж" * 200},
    "short code": {"number": "5550"},
    "even number": {"number": "+447785016005"},
    "status report": {"report": True},
    "service centre": {"service_centre": "+447785016005"},
    "odd service centre": {"service_centre": "12345"},
    **{f"class {number}": {"message_class": number} for number in range(4)},
    **{f"class {number}, code units": {"text": "Ж", "message_class": number} for number in range(4)},
    **{f"{minutes} minutes": {"validity": timedelta(minutes=minutes)} for minutes in (5, 10, 720, 750, 1440)},
    **{f"{days} days": {"validity": timedelta(days=days)} for days in (2, 30, 35, 441)},
    "a moment": {"validity": datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)},
}


@with_codec(of_messaging)
def written_by_messaging(
    text: str = "hi",
    number: str = "+14155550123",
    message_class: int | None = None,
    validity: timedelta | datetime | None = None,
    *,
    report: bool = False,
    service_centre: str | None = None,
) -> list[str]:
    submit = SmsSubmit(number, text)
    submit.ref, submit.rand_id = 5, 7
    submit.validity, submit.request_status, submit.csca = validity, report, service_centre
    if message_class is not None:
        submit.klass = message_class
    return [part.pdu.lower() for part in submit.to_pdu()]


def written_by_us(
    text: str = "hi",
    number: str = "+14155550123",
    message_class: int | None = None,
    validity: timedelta | datetime | None = None,
    *,
    report: bool = False,
    service_centre: str | None = None,
) -> list[str]:
    submits = [
        Submit(
            destination_address=Address.of(number),
            user_data=part,
            validity=validity_of(validity),
            message_reference=5,
            status_report_request=report,
        )
        for part in user_data_of(segment(text), reference=7, message_class=message_class)
    ]
    centre = None if service_centre is None else Address.of(service_centre)
    return [Pdu(submit, centre).encode().hex() for submit in submits]


def validity_of(validity: timedelta | datetime | None) -> Relative | Timestamp | None:
    if isinstance(validity, datetime):
        return Timestamp.of(validity)
    return None if validity is None else Relative.of(validity)


@pytest.mark.parametrize("fields", WRITTEN.values(), ids=WRITTEN)
def test_python_messaging_writes_the_same(fields: Mapping[str, Any]) -> None:
    assert written_by_us(**fields) == written_by_messaging(**fields)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("🙂", id="23.040, 9.2.3.16: five digits of a hexadecimal number are no two octets"),
        pytest.param("€" * 153, id="23.038, 6.2.1.1: an escape and its septet are cut apart"),
        pytest.param("", id="23.038, 4: UCS2 for an empty text"),
    ],
)
def test_python_messaging_writes_these_wrong(text: str) -> None:
    assert written_by_us(text=text) != written_by_messaging(text=text)

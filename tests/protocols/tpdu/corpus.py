"""TPDUs of every kind and form, for other implementations to read: always the same, each with a name of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple, TypeVar

from attrs import evolve

from smskit.encoding import Language, segment
from smskit.protocols.tpdu import (
    Address,
    CharacterSet,
    Concatenation,
    DataCoding,
    Deliver,
    DeliverReport,
    Direction,
    Element,
    Enhanced,
    InformationElement,
    NationalLanguage,
    NumberingPlan,
    Ports,
    Relative,
    StatusReport,
    Submit,
    SubmitReport,
    Timestamp,
    Tpdu,
    TypeOfNumber,
    UserData,
    user_data_of,
)

T = TypeVar("T", bound=Tpdu)


class Case(NamedTuple):
    name: str
    direction: Direction
    hex: str
    """Without the address of a service centre."""


MOMENT = datetime(2026, 3, 9, 14, 5, 59, tzinfo=timezone(timedelta(hours=1)))
NUMBER = Address.of("+14155550123")
TEXT = UserData.of_text("Your table is ready. [7]")

GSM7 = DataCoding.of(CharacterSet.GSM7)
DATA8 = DataCoding.of(CharacterSet.DATA8)
UCS2 = DataCoding.of(CharacterSet.UCS2)

CODINGS = bytes.fromhex(
    "00 04 08 0c 10 11 12 13 14 15 18 1a 1c 20 24 28 30 39 40 44 48 50 55 5a 60 68"
    "80 84 88 9f a4 b0 b8 c0 c1 c2 c3 c4 c8 c9 ca cb d0 d2 d8 db e0 e1 e8 ea ef f0 f1 f2 f3 f4 f5 f6 f7 f8 fe"
)
STATUSES = bytes.fromhex("00 01 02 03 10 20 21 26 30 40 46 49 4a 5f 60 65 66")

DELIVER = Deliver(originating_address=NUMBER, service_centre_timestamp=Timestamp.of(MOMENT), user_data=TEXT)
SUBMIT = Submit(destination_address=NUMBER, user_data=TEXT)
STATUS_REPORT = StatusReport(
    message_reference=42,
    recipient_address=NUMBER,
    service_centre_timestamp=Timestamp.of(MOMENT),
    discharge_time=Timestamp.of(MOMENT),
    status=0,
)


def changed(value: T, field: str, content: object) -> T:
    """The value with something else in a field that is known by its name only."""
    changes: dict[str, Any] = {field: content}
    return evolve(value, **changes)


def text_in(coding: DataCoding) -> UserData:
    payload = {
        CharacterSet.GSM7: "Šest".encode() if coding.compressed else b"Hello \x00\x11\x5f",
        CharacterSet.DATA8: bytes(range(250, 256)),
        CharacterSet.UCS2: "žluť".encode("utf-16-be"),
    }
    return UserData(coding, (), payload[coding.character_set])


def headers() -> Iterator[tuple[str, tuple[InformationElement, ...]]]:
    yield "concatenation", (Concatenation(reference=255, total=3, sequence=2),)
    yield "wide concatenation", (Concatenation(reference=0xABCD, total=255, sequence=255, wide=True),)
    yield "wide ports", (Ports(destination=2948, source=9200),)
    yield "ports", (Ports(destination=240, source=255, wide=False),)
    first, last = (Concatenation(reference=7, total=2, sequence=sequence) for sequence in (1, 2))
    yield "ports and concatenation", (Ports(destination=5505, source=0), first)
    yield "two concatenations", (first, last)
    yield "unknown element", (Element(0x70, b"\x01\x02"),)
    yield "no such part", (Element(0x00, b"\x01\x02\x03"),)
    yield "part 0", (Element(0x08, b"\x01\x01\x02\x00"),)
    for count in range(7):
        yield f"{count} octets of data", (Element(0x7F, bytes(range(count))),)


def addresses() -> Iterator[tuple[str, Address]]:
    digits = "49151234567890123456"
    for count in range(21):
        yield f"{count} digits", Address(digits[:count], TypeOfNumber.INTERNATIONAL)
    for type_ in TypeOfNumber:
        if type_ is not TypeOfNumber.ALPHANUMERIC:
            yield f"type {type_.name.lower()}", Address("36912", type_)
    for plan in NumberingPlan:
        yield f"plan {plan.name.lower()}", Address("72555", TypeOfNumber.UNKNOWN, plan)
    for number in ("*100#", "12*", "#31#5551", "5a", "abc0"):
        yield f"signs {number}", Address(number)
    for count in range(12):
        name = Address("Smskit Cafe"[:count], TypeOfNumber.ALPHANUMERIC, NumberingPlan.UNKNOWN)
        yield f"name of {count}", name
    for text in ("Design@Home", "at sign@", "1 sign@", "[x] €"):
        yield f"name {text}", Address.of(text)


def user_data() -> Iterator[tuple[str, UserData]]:
    for octet in CODINGS:
        yield f"coding {octet:02x}", text_in(DataCoding(octet))
    for count in (*range(17), 159, 160):
        yield f"{count} septets", UserData(GSM7, (), (b"Lengths! " * 18)[:count])
    for count in (0, 1, 69, 70):
        yield f"{count} code units", UserData(UCS2, (), ("Ж" * count).encode("utf-16-be"))
    for count in (0, 1, 139, 140):
        yield f"{count} octets", UserData(DATA8, (), bytes(range(count)))
    for which, header in headers():
        yield f"header gsm7, {which}", UserData(GSM7, header, b"septets")
        yield f"header ucs2, {which}", UserData(UCS2, header, "Ж!".encode("utf-16-be"))
        yield f"header data8, {which}", UserData(DATA8, header, b"\xde\xad")
    for text in ("{curly} ~ 5 €", "ÆØÅ ñ ß ¿§?", "line\nand\fpage"):
        yield f"text {text!r}", UserData.of_text(text)
    yield "escape undefined", UserData(GSM7, (), b"a\x1b\x61b")
    yield "escape last", UserData(GSM7, (), b"seven c\x1b")
    yield "emoji", UserData.of_text("🙂 ok")
    yield "lone surrogate", UserData(UCS2, (), b"\x00a\xd8\x3d")
    yield "odd code unit", UserData(UCS2, (), b"\x00a\xd8")
    for which, text in ("gsm7", "Zwölf Boxkämpfer. " * 30), ("ucs2", "Příliš žluťoučký kůň. " * 8):
        for part in user_data_of(segment(text), reference=200):
            label = part.label
            yield f"long {which}, part {label and label.sequence}", part
    for single, locking in ((1, None), (2, None), (3, 3), (None, 1), (6, 6), (1, 2)):
        header = (
            *([NationalLanguage(Language(single), locking=False)] if single else ()),
            *([NationalLanguage(Language(locking), locking=True)] if locking else ()),
        )
        yield f"national {single} {locking}", UserData(GSM7, header, b"Is it \x1bs \x1bi \x04?")


def moments() -> Iterator[tuple[str, Timestamp]]:
    for quarters in (-79, -40, -32, -22, -1, 0, 1, 4, 22, 23, 51, 79):
        zone = timezone(quarters * timedelta(minutes=15))
        yield f"zone {quarters:+}", Timestamp.of(datetime(2026, 2, 28, 12, 34, 56, tzinfo=zone))
    for year in (1990, 1999, 2000, 2031, 2069, 2089):
        yield f"year {year}", Timestamp.of(datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC))
    yield "date of zeros", Timestamp(bytes(7))
    yield "date with letters", Timestamp(bytes.fromhex("a2103080f1000b"))


def validities() -> Iterator[tuple[str, Relative | Enhanced | Timestamp]]:
    for value in (0, 1, 11, 142, 143, 144, 145, 166, 167, 168, 195, 196, 197, 198, 254, 255):
        yield f"relative {value}", Relative(value)
    for octets in (
        *("00000000000000", "40000000000000", "01a70000000000", "021e0000000000", "43215436000000"),
        *("81a70000000000", "02000000000000", "07ffffffffffff", "03a1b2c3000000"),
    ):
        yield f"enhanced {octets}", Enhanced(bytes.fromhex(octets))
    for which, moment in moments():
        yield f"absolute {which}", moment


def values() -> Iterator[tuple[str, Tpdu]]:
    for which, address in addresses():
        yield f"deliver from {which}", evolve(DELIVER, originating_address=address)
        yield f"submit to {which}", evolve(SUBMIT, destination_address=address)
    for which, data in user_data():
        yield f"deliver with {which}", evolve(DELIVER, user_data=data)
        yield f"submit with {which}", evolve(SUBMIT, user_data=data, validity=Relative(167))
    for which, validity in validities():
        yield f"submit for {which}", evolve(SUBMIT, validity=validity)
    for which, moment in moments():
        yield f"deliver of {which}", evolve(DELIVER, service_centre_timestamp=moment)
        yield f"status report of {which}", evolve(STATUS_REPORT, discharge_time=moment)
    for flag in ("more_messages", "loop_prevention", "status_report_indication", "reply_path"):
        yield f"deliver, {flag}", changed(DELIVER, flag, True)
    for flag in ("status_report_request", "reject_duplicates", "reply_path"):
        yield f"submit, {flag}", changed(SUBMIT, flag, True)
    yield "deliver, protocol 7f", evolve(DELIVER, protocol_id=0x7F)
    yield "submit, protocol 41, reference 255", evolve(SUBMIT, protocol_id=0x41, message_reference=255)
    yield from reports()


def reports() -> Iterator[tuple[str, Tpdu]]:
    for status in STATUSES:
        yield f"status report {status:02x}", evolve(STATUS_REPORT, status=status)
    for flag in ("more_messages", "loop_prevention", "answers_command"):
        yield f"status report, {flag}", changed(STATUS_REPORT, flag, True)
    for which, address in addresses():
        yield f"status report on {which}", evolve(STATUS_REPORT, recipient_address=address)
    long = UserData(UCS2, (Concatenation(reference=1, total=2, sequence=1),), "Ж".encode("utf-16-be"))
    parameters: dict[str, dict[str, Any]] = {
        "bare": {},
        "protocol": {"protocol_id": 0x7F},
        "text": {"user_data": TEXT},
        "protocol and text": {"protocol_id": 0, "user_data": TEXT},
        "header": {"user_data": long},
    }
    for which, fields in parameters.items():
        yield f"status report, parameters {which}", evolve(STATUS_REPORT, **fields)
        for cause in (None, 0x80, 0xD3, 0xFF):
            form = "ack" if cause is None else f"error {cause:02x}"
            moment = Timestamp.of(MOMENT)
            yield f"deliver report, {form}, {which}", DeliverReport(failure_cause=cause, **fields)
            yield (
                f"submit report, {form}, {which}",
                SubmitReport(failure_cause=cause, service_centre_timestamp=moment, **fields),
            )


UNUSUAL = (
    # What a receiver has to take, but our encoder does not write.
    ("deliver of the reserved type", Direction.TO_MOBILE, "07038121f300006230904150954001c1"),
    ("deliver, filler in the length", Direction.TO_MOBILE, "04048121f300006230904150954001c1"),
    ("deliver, empty header", Direction.TO_MOBILE, "44038121f300006230904150954003004010"),
    ("deliver, element cut off", Direction.TO_MOBILE, "44038121f3000462309041509540050300054142"),
    ("deliver, octet after the element", Direction.TO_MOBILE, "44038121f300046230904150954006037100424344"),
    ("deliver, reserved type and plan", Direction.TO_MOBILE, "0403f721f300006230904150954001c1"),
    (
        "status report, extended parameters",
        Direction.TO_MOBILE,
        "0607038121f3" + "62309041509540" * 2 + "00800155",
    ),
    ("deliver report, reserved parameter", Direction.FROM_MOBILE, "000801"),
    ("deliver report, text without coding", Direction.FROM_MOBILE, "000401c1"),
)


def direction_of(value: Tpdu) -> Direction:
    return Direction.FROM_MOBILE if isinstance(value, Submit | DeliverReport) else Direction.TO_MOBILE


CORPUS = (
    *(Case(which, direction_of(value), value.encode().hex()) for which, value in values()),
    *(Case(*case) for case in UNUSUAL),
)

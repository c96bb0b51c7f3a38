"""Messages that at least one public implementation reads or writes wrong; each test names the clause that it breaks."""

from datetime import datetime, timedelta, timezone

import pytest
from attrs import evolve

from smskit.encoding import Language, join, segment
from smskit.protocols.tpdu import (
    Address,
    CharacterSet,
    DataCoding,
    Deliver,
    Direction,
    Enhanced,
    NationalLanguage,
    Relative,
    Submit,
    Timestamp,
    UserData,
    decode,
    user_data_of,
)
from tests.protocols.tpdu.corpus import DELIVER, SUBMIT

GSM7, _, UCS2 = map(DataCoding.of, CharacterSet)


def delivered(user_data: UserData) -> str | None:
    value = decode(evolve(DELIVER, user_data=user_data).encode(), Direction.TO_MOBILE)
    assert isinstance(value, Deliver)
    return value.user_data.text


def sender(field: str) -> str:
    value = decode(bytes.fromhex(f"04{field}00006230904150954001c1"), Direction.TO_MOBILE)
    assert isinstance(value, Deliver)
    return value.originating_address.number


def test_23_040_9_2_3_24_1_a_long_text_may_be_cut_within_what_people_see_as_one_character() -> None:
    text = "क्षि" * 40
    parts = user_data_of(segment(text), reference=1)

    assert len(parts) == 3
    assert join(part.piece for part in parts if part.piece) == text


def test_23_038_6_2_3_an_emoji_is_two_code_units() -> None:
    assert UserData.of_text("🙂").encode().hex() == "04d83dde42"
    assert delivered(UserData.of_text("🙂")) == "🙂"


@pytest.mark.parametrize(("count", "parts"), [(80, 1), (81, 2), (152, 2), (153, 3), (229, 4)])
def test_23_038_6_2_1_1_an_escape_stays_with_its_septet(count: int, parts: int) -> None:
    cut = user_data_of(segment("€" * count), reference=1)

    assert len(cut) == parts
    assert all(part.payload == b"\x1be" * (len(part.payload) // 2) for part in cut)


@pytest.mark.parametrize(
    ("locking", "septets", "text"),
    [(False, b"\x1bs\x1bi\x1bS", "şıŞ"), (True, b"\x07\x1c\x1d", "ıŞş")],
)
def test_23_040_9_2_3_24_15_a_header_may_name_other_tables(locking: bool, septets: bytes, text: str) -> None:
    header = (NationalLanguage(Language.TURKISH, locking=locking),)

    assert delivered(UserData(GSM7, header, septets)) == text


def test_23_038_6_2_1_0x5f_is_the_section_sign() -> None:
    assert delivered(UserData(GSM7, (), b"\x5f")) == "§"


@pytest.mark.parametrize("octet", [0xC0, 0xC8, 0xCB, 0xD0, 0xD9, 0xDF])
def test_23_038_4_groups_1100_and_1101_are_gsm_7_bit(octet: int) -> None:
    assert delivered(UserData(DataCoding(octet), (), b"\x00ok")) == "@ok"


@pytest.mark.parametrize("octet", [0xE0, 0xE8, 0xEF])
def test_23_038_4_group_1110_is_ucs2(octet: int) -> None:
    assert delivered(UserData(DataCoding(octet), (), "Жж".encode("utf-16-be"))) == "Жж"


def test_23_040_9_1_2_3_semi_octets_above_9_are_signs() -> None:
    assert sender("0581badcfe") == "*#abc"


def test_23_040_9_1_2_5_13_semi_octets_hold_7_characters() -> None:
    assert sender("0dd0d3f67c9da6df00") == "Smskit7"


def test_23_040_9_1_2_5_14_semi_octets_hold_8_characters_also_if_the_last_is_an_at_sign() -> None:
    assert sender("0ed0613a689e3ebb01") == "at sign@"
    assert Address.of("at sign@").encode().hex() == "0ed0613a689e3ebb01"


def test_23_038_6_2_1_1_a_code_that_the_extension_table_lacks_is_read_from_the_basic_one() -> None:
    assert delivered(UserData(GSM7, (), b"a\x1bbc")) == "abc"


def test_23_040_9_2_3_12_3_an_enhanced_validity_period_has_seven_octets() -> None:
    octets = bytes.fromhex("0900038121430000" + "43000000000000" + "01c1")
    value = decode(octets, Direction.FROM_MOBILE)

    assert isinstance(value, Submit)
    assert (value.validity, value.user_data.text) == (Enhanced(b"\x43" + bytes(6)), "A")


@pytest.mark.parametrize(
    ("value", "period"),
    [
        (0, timedelta(minutes=5)),
        (144, timedelta(hours=12, minutes=30)),
        (166, timedelta(hours=23, minutes=30)),
        (197, timedelta(weeks=5)),
    ],
)
def test_23_040_9_2_3_12_1_relative_periods_are_exact(value: int, period: timedelta) -> None:
    submit = decode(evolve(SUBMIT, validity=Relative(value)).encode(), Direction.FROM_MOBILE)

    assert isinstance(submit, Submit)
    assert isinstance(submit.validity, Relative)
    assert submit.validity.period == period


def test_23_040_9_2_3_11_a_moment_keeps_its_zone() -> None:
    moment = Timestamp(bytes.fromhex("6230904150950a")).datetime

    assert moment == datetime(2026, 3, 9, 14, 5, 59, tzinfo=timezone(-timedelta(hours=5)))
    assert moment.utcoffset() == -timedelta(hours=5)


def test_23_040_9_2_3_11_names_no_century_so_90_to_99_are_in_the_20th() -> None:
    years = [Timestamp(bytes.fromhex(f"{year}101000000000")).datetime for year in ("98", "09", "99", "00")]

    assert [year and year.year for year in years] == [2089, 1990, 1999, 2000]


def test_23_040_9_2_3_24_1_half_a_character_waits_for_its_other_half() -> None:
    halves = ["🙂".encode("utf-16-be")[:2], "🙂".encode("utf-16-be")[2:]]
    parts = [
        decode(evolve(DELIVER, user_data=UserData(UCS2, (), half)).encode(), Direction.TO_MOBILE)
        for half in halves
    ]

    assert join(part.user_data.piece for part in parts if part.user_data and part.user_data.piece) == "🙂"

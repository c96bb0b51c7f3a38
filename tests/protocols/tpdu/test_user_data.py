import pytest
from attrs import evolve

from smskit.encoding import (
    Encoding,
    Label,
    Language,
    Piece,
    Segmented,
    Shift,
    TextPart,
    join,
    segment,
)
from smskit.errors import UsageError
from smskit.protocols.tpdu import (
    CharacterSet,
    Concatenation,
    DataCoding,
    DeliverReport,
    Element,
    NationalLanguage,
    Submit,
    UserData,
    user_data_of,
)
from tests.protocols.tpdu.corpus import DELIVER, NUMBER, STATUS_REPORT, SUBMIT

GSM7, DATA8, UCS2 = map(DataCoding.of, CharacterSet)
PART = Concatenation(reference=0xC8, total=2, sequence=1)


@pytest.mark.parametrize(
    ("user_data", "octets"),
    [
        pytest.param(UserData(GSM7, (), b""), "00", id="nothing"),
        pytest.param(UserData(GSM7, (), b"hellohello"), "0ae8329bfd4697d9ec37", id="septets, and how many"),
        pytest.param(UserData(DATA8, (), b"\xde\xad"), "02dead", id="octets, and how many"),
        pytest.param(UserData(UCS2, (), b"\x04\x16"), "020416", id="9.2.3.16: octets for UCS2 too"),
        pytest.param(
            UserData(DataCoding(0x20), (), b"\xff"), "01ff", id="9.2.3.16: and for what is compressed"
        ),
        pytest.param(UserData(UCS2, (PART,), b"\x04\x16"), "08050003c802010416", id="a header of octets"),
        pytest.param(
            UserData(GSM7, (PART,), b"A"), "08050003c8020182", id="9.2.3.24: one bit fills the septet"
        ),
        pytest.param(UserData(GSM7, (PART,), b""), "07050003c8020100", id="it does so before no text too"),
        pytest.param(
            UserData(GSM7, (Element(0x70, b"four"),), b"A"),
            "09067004666f757241",
            id="a header of whole septets",
        ),
    ],
)
def test_length_header_and_payload(user_data: UserData, octets: str) -> None:
    assert user_data.encode().hex() == octets
    assert user_data.size == len(user_data.encode()) - 1


@pytest.mark.parametrize(
    ("octet", "text"),
    [(0x00, "A@"), (0x08, "\u4100"), (0x04, None), (0x20, None), (0x28, None)],
)
def test_only_a_text_has_a_text(octet: int, text: str | None) -> None:
    user_data = UserData(DataCoding(octet), (), b"A\x00")

    assert user_data.text == text
    assert (user_data.piece is None) == (text is None)


def test_the_text_is_read_with_the_tables_that_the_header_names() -> None:
    header = (NationalLanguage(Language.TURKISH, locking=True),)
    user_data = UserData(GSM7, header, b"\x07yi")

    assert user_data.shift == Shift(locking=Language.TURKISH)
    assert user_data.text == "ıyi"
    assert user_data.piece == Piece(Encoding.GSM7, b"\x07yi", Shift(locking=Language.TURKISH))


def test_9_2_3_24_15_only_septets_use_national_tables() -> None:
    header = (NationalLanguage(Language.TURKISH, locking=False),)

    assert UserData(UCS2, header, b"").shift == UserData(GSM7, (), b"").shift == Shift()


def test_a_text_for_one_message() -> None:
    assert UserData.of_text("5 €") == UserData(GSM7, (), b"5 \x1be")
    assert UserData.of_text("Ж") == UserData(UCS2, (), b"\x04\x16")
    assert UserData.of_text("Now!", message_class=0).coding == DataCoding(0x10)
    assert UserData.of_text("a" * 160).size == UserData.of_text("🙂" * 35).size == 140


def test_a_text_for_one_message_in_a_language() -> None:
    text = "ş" * 71

    assert UserData.of_text(text, languages=[Language.TURKISH]).text == text


@pytest.mark.parametrize("text", ["a" * 161, "€" * 81, "Ж" * 71])
def test_a_text_for_two_messages_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="more than one message; use user_data_of"):
        UserData.of_text(text)


@pytest.mark.parametrize("wide", [False, True])
def test_the_parts_of_a_text_say_which_they_are(wide: bool) -> None:
    segmented = segment("Zwölf Boxkämpfer. " * 20, wide_reference=wide)
    parts = user_data_of(segmented, reference=99, wide=wide)

    assert [part.label for part in parts] == [
        Label(reference=99, total=3, sequence=number, wide=wide) for number in (1, 2, 3)
    ]
    assert [part.text for part in parts] == [part.text for part in segmented.parts]


def test_each_part_names_its_languages() -> None:
    text = "Şişli'de ağaçlar çiçek açtı, gördün mü? " * 6
    parts = user_data_of(segment(text, languages=[Language.TURKISH]), reference=1)

    assert len(parts) == 2
    for part in parts:
        assert Language.TURKISH in {part.shift.locking, part.shift.single}
        assert part.size <= 140
    assert join(part.piece for part in parts if part.piece) == text


def test_a_part_may_need_two_tables() -> None:
    shift = Shift(Language.PORTUGUESE, Language.TURKISH)
    (part,) = user_data_of(
        Segmented(Encoding.GSM7, (TextPart("êş", 3, units_left=140),), shift=shift), reference=1
    )

    assert part.header == (
        NationalLanguage(Language.PORTUGUESE, locking=True),
        NationalLanguage(Language.TURKISH, locking=False),
    )
    assert part.text == "êş"


def test_one_part_has_no_reference() -> None:
    assert user_data_of(segment("short"), reference=1)[0].header == ()


def test_parts_cut_for_8_bits_do_not_fit_a_reference_of_16() -> None:
    with pytest.raises(UsageError, match=r"take 141 octets, and 140 fit; .* wide_reference=True"):
        user_data_of(segment("a" * 161), reference=1, wide=True)


def test_a_reference_has_8_bits_unless_wide() -> None:
    with pytest.raises(UsageError, match="a reference is from 0 to 255"):
        user_data_of(segment("a" * 161), reference=256)


def test_no_header_counts_more_than_255_parts() -> None:
    many = Segmented(Encoding.GSM7, (TextPart("a", 1, units_left=152),) * 256)

    with pytest.raises(UsageError, match="more than 255 parts"):
        user_data_of(many, reference=1)


def test_septets_have_7_bits() -> None:
    with pytest.raises(UsageError, match="the payload of this coding is septets"):
        UserData(GSM7, (), b"\x80")


@pytest.mark.parametrize("user_data", [UserData(GSM7, (), b"a" * 161), UserData(DATA8, (PART,), bytes(135))])
def test_a_message_holds_140_octets(user_data: UserData) -> None:
    for tpdu in (SUBMIT, DELIVER):
        with pytest.raises(UsageError, match="take 141 octets, and 140 fit"):
            evolve(tpdu, user_data=user_data)


def test_reports_hold_what_is_left_of_164_octets() -> None:
    with pytest.raises(UsageError, match="and 131 fit"):
        evolve(STATUS_REPORT, user_data=UserData(DATA8, (), bytes(132)))
    with pytest.raises(UsageError, match="and 158 fit"):
        DeliverReport(failure_cause=0xFF, user_data=UserData(DATA8, (), bytes(159)))


@pytest.mark.parametrize("header", [(Element(0x70, bytes(200)),), (Element(0x70, bytes(250)),) * 9])
def test_nothing_holds_more_than_159(header: tuple[Element, ...]) -> None:
    with pytest.raises(UsageError, match="and 159 fit"):
        UserData(DATA8, header, b"")


def test_its_representation_hides_the_text() -> None:
    assert "secret" not in repr(Submit(destination_address=NUMBER, user_data=UserData.of_text("secret")))

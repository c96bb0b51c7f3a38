from collections.abc import Iterator

import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st
from smspdudecoder.codecs import GSM

from smskit.encoding import Language, Shift, alphabet, gsm7
from smskit.encoding.gsm7 import ESCAPE, NONE
from smskit.encoding.national import locking_table, single_table
from smskit.encoding.septets import pack, unpack
from smskit.errors import InvalidMessage, UsageError

JUDGE = gsm0338.Codec()
CHARACTERS = gsm7.BASIC.replace(ESCAPE, "") + "".join(gsm7.EXTENSION.values())
TEXTS = st.text(st.sampled_from(CHARACTERS), max_size=200)
SEPTETS = st.binary(max_size=200).map(lambda octets: bytes(octet & 0x7F for octet in octets))

LOCKING = [None, *(language for language in Language if language is not Language.SPANISH)]
SHIFTS = [Shift(locking, single) for locking in LOCKING for single in (None, *Language)]


@pytest.mark.parametrize("code", [code for code in range(128) if gsm7.BASIC[code] != gsm7.ESCAPE])
def test_a_basic_character_has_the_code_that_another_implementation_gives_it(code: int) -> None:
    assert JUDGE.encode(gsm7.BASIC[code])[0] == bytes([code])


@pytest.mark.parametrize("code", gsm7.EXTENSION)
def test_an_extended_character_has_the_code_that_another_implementation_gives_it(code: int) -> None:
    assert JUDGE.encode(gsm7.EXTENSION[code])[0] == bytes([0x1B, code])


def test_the_alphabet_is_128_different_characters_with_the_escape_at_its_place() -> None:
    assert len(gsm7.BASIC) == len(set(gsm7.BASIC)) == 128
    assert gsm7.BASIC[0x1B] == gsm7.ESCAPE
    assert not set(gsm7.EXTENSION.values()) & set(gsm7.BASIC)


@pytest.mark.parametrize(
    ("text", "septets"),
    [
        ("", 0),
        ("@", 1),
        ("ÆÇÉ ñü ΔΩ", 9),
        ("5 €", 4),
        ("\f^{}\\[~]|€", 20),
    ],
)
def test_each_character_of_the_extension_table_takes_two_septets(text: str, septets: int) -> None:
    assert gsm7.alphabet().fits(text)
    assert gsm7.alphabet().count(text) == septets


@pytest.mark.parametrize("text", ["`", "ç", "á", "\u00a0", "\t", "\x1b", "’", "αβγ", "e\u0301", "🙂"])
def test_what_is_in_neither_table_does_not_fit(text: str) -> None:
    assert not gsm7.alphabet().fits(text)
    assert not gsm7.alphabet().fits(f"before {text} after")


@pytest.mark.parametrize(
    ("text", "plain"),
    [("", True), ("Your table @ 7_30 is ready!\r\n", True), ("[x]", False), ("`", False), ("ü", False)],
)
def test_plain_means_ascii_of_one_septet_each(text: str, plain: bool) -> None:
    assert gsm7.is_plain(text) is plain


def test_every_character_comes_back_and_takes_the_septets_that_are_counted() -> None:
    for character in CHARACTERS:
        septets = alphabet().encode(character)
        assert alphabet().decode(septets) == character
        assert alphabet().count(character) == len(septets)


@given(TEXTS)
def test_any_text_is_written_and_read_as_by_two_others(text: str) -> None:
    septets = alphabet().encode(text)

    assert septets == JUDGE.encode(text)[0]
    assert pack(septets).hex().upper() == GSM.encode(text)
    assert alphabet().decode(septets) == JUDGE.decode(septets)[0] == text
    if len(septets) % 8 != 7:  # 23.038, 6.1.2.3.1: seven spare bits look like one more septet
        assert GSM.decode(pack(septets).hex()) == text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("secret \0", 7),
        ("secret \x1b", 7),
        ("secret €\x1be", 8),
        ("@secret \ud83d", 8),
        ("secret € \ude42", 9),
        ("secret € @ \0", 11),
        ("secret \ufffe", 7),
        ("€secret ç", 8),
        ("secret \U0001f642", 7),
    ],
)
def test_what_has_no_septet_is_refused_by_its_place_without_quoting_the_text(text: str, place: int) -> None:
    with pytest.raises(InvalidMessage, match=f"at place {place} ") as caught:
        alphabet().encode(text)

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("code", [code for code in range(128) if code not in {*gsm7.EXTENSION, 0x1B}])
def test_an_undefined_extended_code_shows_the_basic_character(code: int) -> None:
    # 23.038, 6.2.1.1: "the receiving entity shall display the character shown in the main default alphabet"
    assert alphabet().decode(bytes([0x1B, code])) == gsm7.BASIC[code]


@pytest.mark.parametrize(
    ("septets", "text"),
    [
        (b"\x1b", " "),
        (b"5 \x1b", "5  "),
        (b"\x1b\x1b", " "),
        (b"\x1b\x1be", " e"),
        (b"\x1b\x1b\x1be", " €"),
        (b"\x1b\x1b\x1b", "  "),
        (b"\x1be\x1be", "€€"),
        (b"\x1b\x00\x00", "@@"),
    ],
)
def test_an_escape_with_nothing_to_escape_is_a_space(septets: bytes, text: str) -> None:
    assert alphabet().decode(septets) == text


@given(SEPTETS, st.sampled_from(SHIFTS))
def test_any_septets_are_text_that_does_not_lengthen(septets: bytes, shift: Shift) -> None:
    text = alphabet(shift).decode(septets)

    assert len(septets) - septets.count(0x1B) <= len(text) <= len(septets)
    assert ESCAPE not in text
    assert NONE not in text


@given(SEPTETS)
def test_septets_are_read_one_after_the_other(septets: bytes) -> None:
    def read(codes: Iterator[int]) -> Iterator[str]:
        for code in codes:
            if code != 0x1B:
                yield gsm7.BASIC[code]
            elif (extended := next(codes, 0x1B)) == 0x1B:
                yield " "
            else:
                yield gsm7.EXTENSION.get(extended, gsm7.BASIC[extended])

    assert alphabet().decode(septets) == "".join(read(iter(septets)))


@given(TEXTS, st.integers(0, 400))
def test_a_text_that_is_cut_short_reads_as_far_as_it_goes(text: str, end: int) -> None:
    septets = alphabet().encode(text)[:end]

    read = alphabet().decode(septets)
    assert text.startswith(read) or (septets.endswith(b"\x1b") and text.startswith(read[:-1]))


@pytest.mark.parametrize("octets", [b"\x80", b"abc\xff", b"\x1b\x9b"])
def test_octets_that_are_no_septets_are_refused(octets: bytes) -> None:
    with pytest.raises(UsageError, match="from 0 to 127"):
        alphabet().decode(octets)


@pytest.mark.parametrize("locking", LOCKING)
@pytest.mark.parametrize("single", [None, *Language])
def test_every_character_of_national_tables_comes_back(
    locking: Language | None, single: Language | None
) -> None:
    tables = alphabet(Shift(locking, single))
    basic = gsm7.BASIC if locking is None else locking_table(locking) or ""
    extension = gsm7.EXTENSION if single is None else single_table(single)
    one = basic.replace(ESCAPE, "").replace(NONE, "")
    text = one + "".join(extension.values())

    assert tables.fits(text)
    assert len(tables.encode(one)) == len(one)
    for character in text:
        septets = tables.encode(character)
        assert tables.decode(septets) == character
        assert tables.count(character) == len(septets) == (1 if character in one else 2)
    assert tables.decode(tables.encode(text)) == text


@pytest.mark.parametrize("text", ["\0", ESCAPE, NONE, chr(0xD83D), "\ufffd", "\x80"])
def test_no_national_table_takes_what_is_no_character(text: str) -> None:
    for tables in map(alphabet, SHIFTS):
        for somewhere in (text, f"({text}", f"[{text}"):
            assert not tables.fits(somewhere)
            with pytest.raises(InvalidMessage):
                tables.encode(somewhere)


@pytest.mark.parametrize("language", [language for language in Language if language >= Language.BENGALI])
def test_of_two_codes_of_a_character_the_first_is_taken(language: Language) -> None:
    assert alphabet(Shift(language, language)).encode("*¡") == b"\x1b\x0b\x1b\x13"


def test_a_code_without_a_character_in_a_locking_table_is_a_replacement_character() -> None:
    table = locking_table(Language.BENGALI)
    assert table is not None
    code = table.index(NONE)

    assert alphabet(Shift(Language.BENGALI)).decode(bytes([code])) == "\ufffd"


def test_the_spanish_single_shift_is_judged_by_another() -> None:
    judge = gsm0338.Codec(single_shift_decode_map=gsm0338.SINGLE_SHIFT_CHARACTER_SET_SPANISH)
    text = "¿Qué día? Mañana, " + "".join(single_table(Language.SPANISH).values())
    septets = alphabet(Shift(single=Language.SPANISH)).encode(text)

    assert septets == judge.encode(text)[0]
    assert judge.decode(septets)[0] == text


def test_there_is_no_spanish_locking_shift() -> None:
    with pytest.raises(UsageError, match="SPANISH"):
        alphabet(Shift(locking=Language.SPANISH))


def test_packed_text_is_read_by_the_octets_of_another() -> None:
    assert alphabet().decode(unpack(bytes.fromhex(GSM.encode("2 € par mois")), 13)) == "2 € par mois"

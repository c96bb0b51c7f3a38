"""The tables of 3GPP TS 23.038, annex A, against another's.

`national_android.json` has what Android's GsmAlphabet.java (Apache-2.0) has, as facts: a code, `=`, its code point, and
`*` with the length of a run. A script held it against gsmcodecs 1.0.0 (PyPI, from Release 18) and ofono 1.31; where
they differ, Firefox OS, warthog618/sms and two from Release 16 were read: lib3gpp23038, which a script made of text
pasted from the standard, and a GSM-7 module for CyberChef. What the standard prints is known by these, not by sight.

- Locking Kannada 0x24 is U+0CA1. The standard prints U+0CAA, and with it ofono, gsmcodecs, lib3gpp23038, CyberChef; but
  U+0CAA stands at 0x3D, U+0CA1 would stand nowhere, and the seven tables of like order have their DDA at 0x24.
- Single Tamil 0x24 is U+0BEE, single Telugu 0x22 and 0x23 are U+0C6C and U+0C6D, single Punjabi 0x23 is U+0A6D: one of
  ten digits in a row. Only lib3gpp23038 has what the standard prints there.
- Single Telugu 0x65 has no character: so lib3gpp23038, gsmcodecs and ofono. Android, Firefox OS, warthog618/sms and
  CyberChef have the euro sign of the neighbouring tables.
- Locking 0x2C is a comma from Bengali to Urdu. gsmcodecs alone has an apostrophe.
- Slips of one only: ofono's locking Malayalam 0x2E and single Kannada 0x3C; CyberChef's locking Tamil 0x11, locking
  Telugu 0x11, single Oriya 0x20 and single Telugu 0x1C.
"""

import functools
import json
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import gsm0338
import pytest

from smskit.encoding import gsm7
from smskit.encoding.national import Language, locking_table, single_table

NONE = "\ufffe"
INDIC = [language for language in Language if Language.BENGALI <= language <= Language.TELUGU]
LOCKING = [language for language in Language if language != Language.SPANISH]
"""Who has a locking shift table."""


@functools.cache
def other() -> dict[str, dict[str, list[str]]]:
    tables: dict[str, dict[str, list[str]]] = json.loads(
        Path(__file__).with_name("national_android.json").read_text(encoding="utf-8")
    )
    return tables


def by_other(language: Language, kind: str) -> dict[int, str]:
    table = {}
    for run in " ".join(other()[language.name.lower()][kind]).split():
        code, _, points = run.partition("=")
        first, _, length = points.partition("*")
        for step in range(int(length or 1)):
            table[int(code, 16) + step] = chr(int(first, 16) + step)
    return table


def by_us(language: Language) -> dict[int, str]:
    table = locking_table(language)
    assert table is not None
    return {code: character for code, character in enumerate(table) if character != NONE}


def test_the_identifiers_are_those_of_the_data_file() -> None:
    file = Path(gsm7.__file__).parent / "data" / "national.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    assert {name: table["identifier"] for name, table in data.items()} == {
        language.name.lower(): language.value for language in Language
    }
    assert list(Language) == list(range(1, 14))


@pytest.mark.parametrize("language", LOCKING)
def test_a_locking_table_is_128_different_characters_with_the_escape_at_its_place(language: Language) -> None:
    table = locking_table(language)
    assert table is not None
    assert len(table) == 128
    assert table[0x1B] == gsm7.ESCAPE
    characters = table.replace(NONE, "")
    assert len(set(characters)) == len(characters)


def test_spanish_has_no_locking_table() -> None:
    assert locking_table(Language.SPANISH) is None


@pytest.mark.parametrize("language", LOCKING)
def test_every_locking_table_keeps_digits_small_letters_and_line_ends(language: Language) -> None:
    table = locking_table(language)
    assert table is not None
    for kept in "\n\r !?.,:;0123456789abcdefghijklmnopqrstuvwxyz":
        assert table.index(kept) == gsm7.BASIC.index(kept)


@pytest.mark.parametrize("language", Language)
def test_a_single_table_has_codes_of_seven_bits_and_one_character_for_each(language: Language) -> None:
    table = single_table(language)
    assert list(table) == sorted(table)
    assert set(table) <= set(range(128)) - {0x0D, 0x1B}
    assert all(len(character) == 1 for character in table.values())


@pytest.mark.parametrize("language", Language)
def test_only_the_inverted_exclamation_mark_and_the_asterisk_stand_twice(language: Language) -> None:
    twice = {character for character, n in Counter(single_table(language).values()).items() if n > 1}
    assert twice == ({"¡", "*"} if language >= Language.BENGALI else set())


@pytest.mark.parametrize("language", Language)
def test_a_single_table_keeps_what_the_extension_table_has(language: Language) -> None:
    missing = dict(gsm7.EXTENSION.items() - single_table(language).items())
    assert missing == ({0x65: "€"} if language == Language.TELUGU else {})


@pytest.mark.parametrize("language", LOCKING)
def test_a_locking_table_is_what_another_implementation_has(language: Language) -> None:
    assert by_us(language) == by_other(language, "locking")


@pytest.mark.parametrize("language", Language)
def test_a_single_table_is_what_another_implementation_has(language: Language) -> None:
    expected = by_other(language, "single")
    if language == Language.TELUGU:
        assert expected.pop(0x65) == "€"
    assert single_table(language) == expected


def test_the_spanish_table_is_what_a_third_implementation_has() -> None:
    judge = gsm0338.Codec(single_shift_decode_map=gsm0338.SINGLE_SHIFT_CHARACTER_SET_SPANISH)
    assert len(single_table(Language.SPANISH)) == len(gsm0338.SINGLE_SHIFT_CHARACTER_SET_SPANISH)
    for code, character in single_table(Language.SPANISH).items():
        assert judge.decode(bytes([0x1B, code]))[0] == character


# By the names that Unicode gives the characters, which no table of code points shares a typo with.
@pytest.mark.parametrize(
    ("language", "code", "name"),
    [
        (Language.TURKISH, 0x04, "EURO SIGN"),
        (Language.TURKISH, 0x07, "LATIN SMALL LETTER DOTLESS I"),
        (Language.TURKISH, 0x40, "LATIN CAPITAL LETTER I WITH DOT ABOVE"),
        (Language.TURKISH, 0x60, "LATIN SMALL LETTER C WITH CEDILLA"),
        (Language.PORTUGUESE, 0x15, "INFINITY"),
        (Language.PORTUGUESE, 0x60, "TILDE"),
        (Language.PORTUGUESE, 0x7D, "GRAVE ACCENT"),
        (Language.HINDI, 0x3C, "DEVANAGARI LETTER NNNA"),
        (Language.HINDI, 0x60, "DEVANAGARI OM"),
        (Language.KANNADA, 0x24, "KANNADA LETTER DDA"),
        (Language.TAMIL, 0x7F, "TAMIL RUPEE SIGN"),
        (Language.URDU, 0x00, "ARABIC LETTER ALEF"),
        (Language.URDU, 0x05, "ARABIC LETTER PEH"),
        (Language.URDU, 0x59, "ARABIC LETTER FARSI YEH"),
        (Language.URDU, 0x5B, "ARABIC LETTER YEH BARREE"),
    ],
)
def test_well_known_characters_stand_at_their_locking_codes(language: Language, code: int, name: str) -> None:
    assert unicodedata.name(by_us(language)[code]) == name


@pytest.mark.parametrize(
    ("language", "code", "character"),
    [
        (Language.TURKISH, 0x47, "Ğ"),
        (Language.TURKISH, 0x49, "İ"),
        (Language.TURKISH, 0x69, "ı"),
        (Language.TURKISH, 0x73, "ş"),
        (Language.SPANISH, 0x09, "ç"),
        (Language.SPANISH, 0x61, "á"),
        (Language.PORTUGUESE, 0x05, "ê"),
        (Language.PORTUGUESE, 0x61, "Â"),
        (Language.PORTUGUESE, 0x7F, "â"),
        (Language.HINDI, 0x19, "।"),
        (Language.URDU, 0x27, "\N{ARABIC DATE SEPARATOR}"),
        (Language.URDU, 0x3F, "\N{ARABIC FULL STOP}"),
    ],
)
def test_well_known_characters_stand_at_their_single_codes(
    language: Language, code: int, character: str
) -> None:
    assert single_table(language)[code] == character


@pytest.mark.parametrize("language", INDIC)
@pytest.mark.parametrize(("code", "letter"), [(0x15, "KA"), (0x22, "TTA"), (0x3D, "PA"), (0x44, "RA")])
def test_the_tables_of_one_order_have_the_same_letter_at_one_code(
    language: Language, code: int, letter: str
) -> None:
    assert unicodedata.name(by_us(language)[code]).endswith(f" LETTER {letter}")


@pytest.mark.parametrize("language", [language for language in INDIC if language != Language.TAMIL])
def test_every_table_of_that_order_but_the_tamil_has_its_dda_at_one_code(language: Language) -> None:
    assert unicodedata.name(by_us(language)[0x24]).endswith(" LETTER DDA")


@pytest.mark.parametrize("language", [*INDIC, Language.URDU])
def test_the_digits_of_a_script_follow_each_other(language: Language) -> None:
    first = 0x19 if language == Language.BENGALI else 0x1C
    codes = [code for code in range(first, 0x26) if code != 0x1B][:10]
    assert [unicodedata.digit(single_table(language)[code]) for code in codes] == list(range(10))


@pytest.mark.parametrize("language", LOCKING)
def test_a_table_of_a_script_has_no_letter_of_another(language: Language) -> None:
    script = {"PUNJABI": "GURMUKHI", "HINDI": "DEVANAGARI", "URDU": "ARABIC"}.get(
        language.name, language.name
    )
    scripts = {
        "ARABIC",
        "BENGALI",
        "DEVANAGARI",
        "GUJARATI",
        "GURMUKHI",
        "KANNADA",
        "MALAYALAM",
        "ORIYA",
        "TAMIL",
    }
    foreign = (scripts | {"TELUGU"}) - {script}
    dandas = {"\N{DEVANAGARI DANDA}", "\N{DEVANAGARI DOUBLE DANDA}"}
    for character in {*by_us(language).values(), *single_table(language).values()} - dandas:
        assert unicodedata.name(character, "CONTROL").split()[0] not in foreign


def test_a_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        single_table(Language.TURKISH)[0x47] = "G"  # type: ignore[index]


def test_the_data_file_is_read_only_when_a_table_is_asked_for() -> None:
    program = "import smskit, smskit.encoding.national as n; print(n._tables.cache_info().currsize)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "0\n"

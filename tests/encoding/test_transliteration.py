import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smskit.encoding import REPLACEMENTS, alphabet, gsm7, transliterate

TEXTS = st.text(
    st.sampled_from([*REPLACEMENTS]) | st.sampled_from("aeE<>=' \u0301\u0338\u030aЖ") | st.characters()
)
LETTERS = {"Lu", "Ll", "Lt", "Lo"}


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("", ""),
        ("It’s “here” – at last…", 'It\'s "here" - at last...'),
        ("10\u00a0000\u202f€", "10 000 €"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("™ © → •", "(TM) (c) -> *"),
        ("cafe\u0301 A\u030angstro\u0308m", "café Ångström"),
        ("e\u200b\u0301", "é"),
        ("\u1fef\u0387", "'·"),
        ("Ж ç 🙂", "Ж ç 🙂"),
    ],
)
def test_good_looks_are_replaced_and_accents_joined(text: str, replaced: str) -> None:
    assert transliterate(text) == replaced


def test_every_replacement_is_of_the_default_alphabet_in_one_septet_a_character() -> None:
    for replacement in REPLACEMENTS.values():
        assert alphabet().fits(replacement)
        assert alphabet().count(replacement) == len(replacement) <= 4


def test_nothing_is_replaced_that_gsm_7_bit_has() -> None:
    assert not any(alphabet().fits(character) for character in REPLACEMENTS)
    everything = gsm7.BASIC.replace(gsm7.ESCAPE, "") + "".join(gsm7.EXTENSION.values())
    assert transliterate(everything) == everything


@pytest.mark.parametrize("text", ["Col·legi", "می\u200cخواهم", "1½ tablets", "Hawaiʻi", "a\u200fb"])
def test_what_has_a_meaning_stays(text: str) -> None:
    assert transliterate(text) == text


def test_no_letter_is_replaced() -> None:
    assert not LETTERS & {unicodedata.category(character) for character in REPLACEMENTS}


@given(st.characters(categories=["Lu", "Ll", "Lt", "Lo"]))
def test_a_letter_stays_the_letter_it_is(letter: str) -> None:
    assert transliterate(letter) == unicodedata.normalize("NFC", letter)


def test_what_unicode_calls_compatible_is_what_stands_in() -> None:
    otherwise = {
        "\u2033": '"',  # two primes, and three and four of them are no quotation marks
        "\u2036": '"',
        "\u00b4": "'",  # Unicode has a space and an accent
        "\u2122": "(TM)",  # or the sign would run into the word before it
    }
    for character, replacement in REPLACEMENTS.items():
        compatible = unicodedata.normalize("NFKC", character)
        if compatible != character:
            assert transliterate(compatible) == replacement or otherwise[character] == replacement


@given(TEXTS)
def test_once_is_enough(text: str) -> None:
    once = transliterate(text)

    assert transliterate(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not REPLACEMENTS.keys() & set(once)

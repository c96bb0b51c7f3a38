import gsm0338
import pytest

from smskit.encoding import gsm7

JUDGE = gsm0338.Codec()


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

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smspdudecoder.codecs import UCS2

from smskit.encoding import ucs2
from smskit.errors import InvalidMessage

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("", ""),
        ("Hi", "00480069"),
        ("Ж", "0416"),
        ("🙂", "D83DDE42"),
        ("\ufeff", "FEFF"),
        ("\0", "0000"),
    ],
)
def test_a_text_is_its_code_units_with_the_high_octet_first(text: str, octets: str) -> None:
    assert ucs2.encode(text).hex().upper() == octets
    assert ucs2.decode(bytes.fromhex(octets)) == text


@given(TEXTS)
def test_any_text_is_written_and_read_as_by_another(text: str) -> None:
    octets = ucs2.encode(text)

    assert octets.hex().upper() == UCS2.encode(text)
    assert ucs2.decode(octets) == UCS2.decode(octets.hex()) == text


@pytest.mark.parametrize("half", [chr(0xD83D), chr(0xDE42), chr(0xD83D) + chr(0xDE42)])
def test_half_a_surrogate_pair_is_refused_without_quoting_the_text(half: str) -> None:
    with pytest.raises(InvalidMessage, match="half a surrogate pair") as caught:
        ucs2.encode(f"secret {half}")

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("D83D", "\ufffd"),
        ("DE42", "\ufffd"),
        ("D83D0041", "\ufffdA"),
        ("0041DE420042", "A\ufffdB"),
        ("D83DD83DDE42", "\ufffd🙂"),
        ("00", "\ufffd"),
        ("004100", "A\ufffd"),
    ],
)
def test_what_is_no_text_is_shown_and_takes_nothing_with_it(octets: str, text: str) -> None:
    assert ucs2.decode(bytes.fromhex(octets)) == text


@given(st.binary())
def test_any_octets_are_text(octets: bytes) -> None:
    assert len(ucs2.decode(octets)) <= (len(octets) + 1) // 2


@given(TEXTS, st.integers(0, 200))
def test_a_text_that_is_cut_short_reads_as_far_as_it_goes(text: str, end: int) -> None:
    read = ucs2.decode(ucs2.encode(text)[:end])

    assert text.startswith((read, read.removesuffix("\ufffd")))

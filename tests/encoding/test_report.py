import pytest
from hypothesis import given
from hypothesis import strategies as st

from smskit.encoding import (
    REPLACEMENTS,
    Costly,
    Encoding,
    Language,
    count_parts,
    report,
    segment,
    smart_encoding,
)
from smskit.encoding.transliteration import transliterate
from smskit.errors import InvalidMessage

TEXTS = st.lists(
    st.tuples(
        st.sampled_from([*"a €’…™Жş🙂", "e\u0301", "\u200b"]) | st.sampled_from([*REPLACEMENTS]),
        st.integers(1, 90),
    ),
    max_size=5,
).map(lambda runs: "".join(run * n for run, n in runs))
LANGUAGES = st.sampled_from([(), (Language.TURKISH,)])


def test_a_plain_text_costs_nothing_more() -> None:
    found = report("Your crown is ready.")

    assert found.segmented == found.replaced == segment("Your crown is ready.")
    assert found.costly == ()
    assert found.cheapest == 1
    assert found.saves == 0


def test_what_forces_ucs2_is_named_in_the_order_of_the_text() -> None:
    found = report("“Crown” ready 🙂 – call us…" + " Soon." * 20 + "\ue000“")

    assert found.segmented.encoding is Encoding.UCS2
    assert found.costly == (
        Costly(character="“", name="LEFT DOUBLE QUOTATION MARK", count=2, replacement='"'),
        Costly(character="”", name="RIGHT DOUBLE QUOTATION MARK", count=1, replacement='"'),
        Costly(character="🙂", name="SLIGHTLY SMILING FACE", count=1, replacement=None),
        Costly(character="–", name="EN DASH", count=1, replacement="-"),
        Costly(character="…", name="HORIZONTAL ELLIPSIS", count=1, replacement="..."),
        Costly(character="\ue000", name="U+E000", count=1, replacement=None),
    )
    assert (len(found.segmented.parts), found.cheapest, found.saves) == (3, 1, 0)


def test_smart_encoding_that_saves_parts_is_taken() -> None:
    text = "It’s ready. " * 10
    found = report(text)

    assert (len(found.segmented.parts), found.saves, found.cheapest) == (2, 1, 1)
    assert found.replaced.parts[0].text == smart_encoding(text) == "It's ready. " * 10


@pytest.mark.parametrize("text", ["It’s", "It’s Ж " * 20, "…" * 70, "a" * 200])
def test_smart_encoding_that_saves_nothing_leaves_the_text(text: str) -> None:
    assert smart_encoding(text) == text
    assert report(text).saves == 0


@pytest.mark.parametrize(
    ("text", "cheapest"),
    [
        pytest.param("…" * 70, 1, id="replacements are longer than what they replace"),
        pytest.param("…" * 60 + "Ж" * 11, 1, id="and something cannot be replaced"),
        pytest.param("a" * 150 + "\u200b" * 20, 1, id="what nobody sees is left out"),
        pytest.param("e\u0301" * 100, 1, id="accents are joined"),
        pytest.param("Ж" * 161, 2, id="letters are counted as they are"),
    ],
)
def test_cheapest_is_what_the_text_could_take(text: str, cheapest: int) -> None:
    assert report(text).cheapest == cheapest


def test_national_tables_count() -> None:
    found = report("ş" * 100, languages=[Language.TURKISH])

    assert found.segmented.encoding is Encoding.GSM7
    assert found.costly == ()
    assert found.cheapest == 1


@given(TEXTS, LANGUAGES)
def test_a_report_agrees_with_what_it_speaks_of(text: str, languages: tuple[Language, ...]) -> None:
    found = report(text, languages=languages)

    assert found.segmented == segment(text, languages=languages)
    assert found.replaced == segment(smart_encoding(text, languages=languages), languages=languages)
    assert found.cheapest <= len(found.replaced.parts) <= len(found.segmented.parts)
    assert found.saves == len(found.segmented.parts) - len(found.replaced.parts)
    goes_as_ucs2 = found.segmented.encoding is Encoding.UCS2
    assert goes_as_ucs2 or not found.costly
    assert found.costly or not goes_as_ucs2 or languages  # tables that would save nothing are not taken
    assert all(text.count(one.character) == one.count for one in found.costly)


@given(TEXTS, LANGUAGES)
def test_smart_encoding_saves_whenever_it_can(text: str, languages: tuple[Language, ...]) -> None:
    smart = smart_encoding(text, languages=languages)

    as_it_is, replaced = (count_parts(one, languages=languages) for one in (text, transliterate(text)))
    assert smart == (transliterate(text) if replaced < as_it_is else text)


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InvalidMessage):
        report(chr(0xD83D))


def test_what_a_national_table_has_costs_nothing() -> None:
    found = report("ş" * 80 + "🎉", languages=[Language.TURKISH])

    assert [one.character for one in found.costly] == ["🎉"]


def test_an_accent_that_is_joined_with_its_letter_is_replaced_by_nothing() -> None:
    (accent,) = report("cafe\u0301 " * 20).costly

    assert (accent.character, accent.replacement) == ("\u0301", "")


def test_the_cheapest_form_leaves_out_what_nobody_sees() -> None:
    found = report("a" * 155 + "\u200b" * 6 + "🎉")

    assert (found.cheapest, found.saves) == (1, 0)

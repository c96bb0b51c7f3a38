from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smskit.encoding import Encoding, TextPart, count_parts, gsm7, segment
from smskit.errors import InvalidMessage

ROOMS = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}

CHARACTERS = st.sampled_from("aZ0 @\nüΩ€[|\\`ç’Жあ🙂🏽\u200d\ufe0f\x1b") | st.characters(
    exclude_categories=["Cs"]
)
RUNS = st.lists(st.tuples(CHARACTERS, st.integers(1, 90)), max_size=6)
TEXTS = st.text(CHARACTERS, max_size=40) | RUNS.map(lambda runs: "".join(char * n for char, n in runs))


def shape(text: str) -> tuple[str, list[tuple[int, int]]]:
    segmented = segment(text)
    return segmented.encoding.value, [(part.units, part.units_left) for part in segmented.parts]


def width(char: str, encoding: Encoding) -> int:
    if encoding is Encoding.UCS2:
        return len(char.encode("utf-16-be")) // 2
    return 2 if char in gsm7.EXTENSION.values() else 1


def fewest_parts(text: str, encoding: Encoding) -> int:
    """By trying every place to cut, from the end of the text."""
    alone, in_part = ROOMS[encoding]
    widths = [width(char, encoding) for char in text]
    if sum(widths) <= alone:
        return 1
    fewest = [0] * (len(text) + 1)
    for start in reversed(range(len(text))):
        ends, room = [], in_part
        for end in range(start, len(text)):
            room -= widths[end]
            if room < 0:
                break
            ends.append(1 + fewest[end + 1])
        fewest[start] = min(ends)
    return fewest[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", ("gsm7", [(0, 160)]), id="empty"),
        pytest.param("Your crown is ready.", ("gsm7", [(20, 140)]), id="short"),
        pytest.param("a" * 160, ("gsm7", [(160, 0)]), id="full"),
        pytest.param("a" * 161, ("gsm7", [(153, 0), (8, 145)]), id="one over"),
        pytest.param("a" * 306, ("gsm7", [(153, 0), (153, 0)]), id="two full parts"),
        pytest.param("a" * 307, ("gsm7", [(153, 0), (153, 0), (1, 152)]), id="three parts"),
        pytest.param("€" * 80, ("gsm7", [(160, 0)]), id="extended, full"),
        pytest.param("€" * 81, ("gsm7", [(152, 1), (10, 143)]), id="extended, one over"),
        pytest.param("a" * 152 + "€" * 5, ("gsm7", [(152, 1), (10, 143)]), id="a pair at the border"),
        pytest.param("a" * 151 + "€" * 5, ("gsm7", [(153, 0), (8, 145)]), id="a pair before the border"),
        pytest.param("Ж" * 70, ("ucs2", [(70, 0)]), id="ucs2, full"),
        pytest.param("Ж" * 71, ("ucs2", [(67, 0), (4, 63)]), id="ucs2, one over"),
        pytest.param("a" * 159 + "`", ("ucs2", [(67, 0), (67, 0), (26, 41)]), id="one foreign character"),
        pytest.param("🙂" * 35, ("ucs2", [(70, 0)]), id="surrogate pairs, full"),
        pytest.param("🙂" * 36, ("ucs2", [(66, 1), (6, 61)]), id="surrogate pairs, one over"),
        pytest.param("€" * 70 + "ç", ("ucs2", [(67, 0), (4, 63)]), id="the euro sign is one unit of ucs2"),
    ],
)
def test_units_and_room_left_of_each_part(text: str, expected: tuple[str, list[tuple[int, int]]]) -> None:
    assert shape(text) == expected


def test_a_pair_at_the_border_goes_whole_into_the_next_part() -> None:
    first, second = segment("a" * 152 + "€uro" + "b" * 9).parts

    assert first == TextPart("a" * 152, 152, units_left=1)
    assert second.text == "€uro" + "b" * 9


@given(TEXTS)
def test_the_parts_joined_are_the_text(text: str) -> None:
    assert "".join(part.text for part in segment(text).parts) == text


@given(TEXTS)
def test_every_part_is_counted_right_and_fits(text: str) -> None:
    segmented = segment(text)
    room = ROOMS[segmented.encoding][len(segmented.parts) > 1]

    for part in segmented.parts:
        assert part.units == sum(width(char, segmented.encoding) for char in part.text)
        assert part.units_left == room - part.units >= 0


@settings(deadline=None)  # trying every place takes its time
@given(TEXTS)
def test_there_is_no_way_with_fewer_parts(text: str) -> None:
    segmented = segment(text)

    assert len(segmented.parts) == fewest_parts(text, segmented.encoding)
    assert len(segmented.parts) <= fewest_parts(text, Encoding.UCS2)


@given(TEXTS)
def test_gsm_7_bit_is_taken_whenever_it_can_carry_the_text(text: str) -> None:
    carried = all(
        char in gsm7.BASIC.replace(gsm7.ESCAPE, "") or char in gsm7.EXTENSION.values() for char in text
    )

    assert (segment(text).encoding is Encoding.GSM7) is carried


@given(TEXTS)
def test_counting_agrees_with_cutting(text: str) -> None:
    assert count_parts(text) == len(segment(text).parts)


@pytest.mark.parametrize("call", [segment, count_parts])
@pytest.mark.parametrize("half", [chr(0xD83D), chr(0xDE42), chr(0xD83D) + chr(0xDE42)])
def test_half_a_surrogate_pair_is_refused_without_quoting_the_text(
    call: Callable[[str], object], half: str
) -> None:
    with pytest.raises(InvalidMessage) as caught:
        call(f"secret {half}")

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None

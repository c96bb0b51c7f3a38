import itertools
import sys
from collections.abc import Callable, Collection, Iterator, Sequence

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from smskit.encoding import (
    Encoding,
    Language,
    Piece,
    Segmented,
    Shift,
    TextPart,
    count_parts,
    gsm7,
    join,
    segment,
    take_apart,
)
from smskit.encoding.gsm7 import NO_SHIFT
from smskit.encoding.national import locking_table, single_table
from smskit.encoding.septets import pack, unpack
from smskit.errors import InvalidMessage, MissingExtra

CLUSTERS = [
    "\r\n",
    "e\u0301",
    "👨\u200d👩\u200d👧\u200d👦",
    "🇧🇩",
    "👍🏽",
    "কি",
    "กำ",
    "ที่",
    "កើ",
    "\u1100\u1161\u11a8",
]
"""What a person sees as one character: also family, flag, Bengali, Thai, Khmer and letters of Hangul."""

CHARACTERS = st.sampled_from("aZ0 @\nüΩ€[|\\`ç’Жあ🙂🏽\u200d\ufe0f\x1b") | st.characters(
    exclude_categories=["Cs"]
)
RUNS = st.lists(st.tuples(CHARACTERS, st.integers(1, 90)), max_size=6)
TEXTS = st.text(CHARACTERS, max_size=40) | RUNS.map(lambda runs: "".join(char * n for char, n in runs))

NATIONAL = {
    Language.TURKISH: [*"aşğİı€[çá"],
    Language.PORTUGUESE: [*"aãçÁ∞{€^"],
    Language.BENGALI: [*"aহ৯€", "কি", "ক্ষি", "\r\n"],
    Language.HINDI: [*"aप०[", "कि", "का\u0951", "क" + "\u0951" * 49],
    Language.SPANISH: [*"aáíçş€", *CLUSTERS],
}
"""What is in the tables of a language, for the most part."""

NATIONAL_RUNS = st.sampled_from([*NATIONAL.values()]).flatmap(
    lambda pieces: st.lists(st.tuples(st.sampled_from(pieces), st.integers(1, 90)), max_size=4).map(
        lambda runs: "".join(piece * n for piece, n in runs)
    )
)
LANGUAGES = st.just(frozenset(NATIONAL)) | st.frozensets(st.sampled_from([*NATIONAL]))


def shape(text: str) -> tuple[str, list[tuple[int, int]]]:
    segmented = segment(text)
    return segmented.encoding.value, [(part.units, part.units_left) for part in segmented.parts]


def rooms(encoding: Encoding, shift: Shift = NO_SHIFT, *, wide: bool = False) -> Sequence[int]:
    """What a message of its own and a part of a long one hold beside their headers."""
    octets = [140 - len(header(shift, long=long, wide=wide)) for long in (False, True)]
    return [room * 8 // 7 if encoding is Encoding.GSM7 else room // 2 for room in octets]


def header(shift: Shift, *, long: bool, wide: bool = False) -> bytes:
    """3GPP TS 23.040, 9.2.3.24.1, .8, .15 and .16."""
    elements = (bytes.fromhex("0804CAFE0201" if wide else "0003CC0201")) if long else b""
    if shift.single is not None:
        elements += bytes([0x24, 1, shift.single])
    if shift.locking is not None:
        elements += bytes([0x25, 1, shift.locking])
    return bytes([len(elements)]) + elements if elements else b""


def width(text: str, encoding: Encoding, shift: Shift = NO_SHIFT) -> float:
    """How many units a text takes; infinity if it cannot be written."""
    if encoding is Encoding.UCS2:
        return len(text.encode("utf-16-be")) / 2
    basic = gsm7.BASIC if shift.locking is None else locking_table(shift.locking) or ""
    one = set(basic) - {gsm7.ESCAPE, gsm7.NONE}
    two = set((gsm7.EXTENSION if shift.single is None else single_table(shift.single)).values())
    return sum(1 if char in one else 2 if char in two else float("inf") for char in text)


def fewest_parts(
    text: str, encoding: Encoding, shift: Shift = NO_SHIFT, *, wide: bool = False, whole: bool = False
) -> float:
    """By trying every place to cut, from the end of the text."""
    alone, in_part = rooms(encoding, shift, wide=wide)
    total = width(text, encoding, shift)
    if total <= alone:
        return 1
    if total == float("inf"):
        return total
    widths: list[float] = []
    for cluster in regex.findall(r"\X", text) if whole else text:
        each = [width(char, encoding, shift) for char in cluster]
        widths += [sum(each)] if sum(each) <= in_part else each
    fewest = [0] * (len(widths) + 1)
    for start in reversed(range(len(widths))):
        ends, room = [], float(in_part)
        for end in range(start, len(widths)):
            room -= widths[end]
            if room < 0:
                break
            ends.append(1 + fewest[end + 1])
        fewest[start] = min(ends)
    return fewest[0]


def ways(languages: Collection[Language]) -> Iterator[tuple[Encoding, Shift]]:
    """All that may be tried with these languages."""
    yield Encoding.UCS2, NO_SHIFT
    locking = [None, *(language for language in languages if locking_table(language) is not None)]
    for pair in itertools.product(locking, (None, *languages)):
        yield Encoding.GSM7, Shift(*pair)


def carried(segmented: Segmented, *, wide: bool) -> Iterator[tuple[bytes, int]]:
    """The user data of each part, and how many units are in it beside the header."""
    long = len(segmented.parts) > 1
    before = header(segmented.shift, long=long, wide=wide)
    for piece in take_apart(segmented):
        if piece.encoding is Encoding.UCS2:
            yield before + piece.data, len(piece.data) // 2
        else:
            yield before + pack(piece.data, fill=-len(before) * 8 % 7), len(piece.data)


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
    room = rooms(segmented.encoding)[len(segmented.parts) > 1]

    for part in segmented.parts:
        assert part.units == width(part.text, segmented.encoding)
        assert part.units_left == room - part.units >= 0


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


@pytest.mark.parametrize(
    ("encoding", "shift", "wide", "expected"),
    [
        (Encoding.GSM7, NO_SHIFT, False, [160, 153]),
        (Encoding.GSM7, NO_SHIFT, True, [160, 152]),
        (Encoding.GSM7, Shift(single=Language.SPANISH), False, [155, 149]),
        (Encoding.GSM7, Shift(Language.TURKISH, Language.SPANISH), False, [152, 146]),
        (Encoding.UCS2, NO_SHIFT, False, [70, 67]),
        (Encoding.UCS2, NO_SHIFT, True, [70, 66]),
    ],
)
def test_what_these_tests_take_for_the_room_beside_a_header(
    encoding: Encoding, shift: Shift, wide: bool, expected: list[int]
) -> None:
    assert rooms(encoding, shift, wide=wide) == expected


TURKISH = Shift(locking=Language.TURKISH)
TURKISH_SINGLE = Shift(single=Language.TURKISH)
TURKISH_AND_SPANISH = Shift(Language.TURKISH, Language.SPANISH)


@pytest.mark.parametrize(
    ("text", "shift", "expected"),
    [
        pytest.param("ş" * 70, None, [(70, 0)], id="one part as UCS2 already"),
        pytest.param("a" * 65 + "ş" * 6, TURKISH_SINGLE, [(77, 78)], id="of two ways the single shift"),
        pytest.param("ş" * 77 + "a", TURKISH_SINGLE, [(155, 0)], id="single, full"),
        pytest.param("ş" * 78, TURKISH, [(78, 77)], id="too much for the single shift"),
        pytest.param("ş" * 155, TURKISH, [(155, 0)], id="locking, full"),
        pytest.param("ş" * 156, TURKISH, [(149, 0), (7, 142)], id="locking, one over"),
        pytest.param("ş" * 150 + "á", TURKISH_AND_SPANISH, [(152, 0)], id="both, full"),
        pytest.param("ş" * 151 + "á", TURKISH_AND_SPANISH, [(146, 0), (7, 139)], id="both, one over"),
        pytest.param("ş" * 145 + "á" * 5, TURKISH_AND_SPANISH, [(145, 1), (10, 136)], id="both, at a border"),
        pytest.param("ş" * 71 + "Ж", None, [(67, 0), (5, 62)], id="not all characters"),
        pytest.param("a" * 161, NO_SHIFT, [(153, 0), (8, 145)], id="nothing to save"),
        pytest.param("€" * 100, TURKISH, [(100, 55)], id="the Turkish euro sign is one septet"),
    ],
)
def test_national_tables_are_taken_where_they_save_parts(
    text: str, shift: Shift | None, expected: list[tuple[int, int]]
) -> None:
    segmented = segment(text, languages=[Language.TURKISH, Language.SPANISH])

    assert segmented.encoding is (Encoding.UCS2 if shift is None else Encoding.GSM7)
    assert segmented.shift == (shift or NO_SHIFT)
    assert [(part.units, part.units_left) for part in segmented.parts] == expected
    assert count_parts(text, languages=[Language.TURKISH, Language.SPANISH]) == len(expected)


def test_national_tables_that_save_nothing_once_clusters_are_whole_are_not_taken() -> None:
    text = ("क" + "\u0951" * 48) * 3  # 49 code units each, or 97 septets

    assert len(segment(text).parts) == 3
    assert len(segment(text, languages=[Language.HINDI]).parts) == 2
    assert segment(text, languages=[Language.HINDI], whole_graphemes=True).encoding is Encoding.UCS2


@given(NATIONAL_RUNS)
def test_without_languages_no_national_table_is_taken(text: str) -> None:
    assert segment(text).shift == NO_SHIFT
    assert segment(text, whole_graphemes=True, wide_reference=True).shift == NO_SHIFT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 160, [(160, 0)]),
        ("a" * 161, [(152, 0), (9, 143)]),
        ("a" * 151 + "€" * 5, [(151, 1), (10, 142)]),
        ("Ж" * 70, [(70, 0)]),
        ("Ж" * 71, [(66, 0), (5, 61)]),
        ("🙂" * 36, [(66, 0), (6, 60)]),
    ],
)
def test_a_reference_of_sixteen_bits_takes_an_octet(text: str, expected: list[tuple[int, int]]) -> None:
    parts = segment(text, wide_reference=True).parts

    assert [(part.units, part.units_left) for part in parts] == expected


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_a_part_ends_before_a_cluster_that_it_cannot_hold_whole(cluster: str) -> None:
    filler = "a" if cluster == "\r\n" else "Ж"
    room = rooms(segment(filler).encoding)[1]
    before = filler * (room + 1 - len(cluster.encode("utf-16-be")) // 2)
    text = before + cluster + filler * room

    assert segment(text, whole_graphemes=True).parts[0].text == before
    assert len(segment(text).parts[0].text) > len(before)


def test_a_cluster_that_no_part_holds_is_cut_where_the_parts_are_full() -> None:
    heap = "e" + "\u0301" * 140
    text = "e\u0301" + heap + "Ж"

    assert [part.units for part in segment(text, whole_graphemes=True).parts] == [67, 67, 10]


@given(NATIONAL_RUNS | TEXTS, LANGUAGES, st.booleans())
def test_only_a_cluster_larger_than_a_part_is_cut(
    text: str, languages: frozenset[Language], wide: bool
) -> None:
    segmented = segment(text, languages=languages, whole_graphemes=True, wide_reference=wide)
    room = rooms(segmented.encoding, segmented.shift, wide=wide)[1]

    ends = set(itertools.accumulate(len(part.text) for part in segmented.parts))
    start = 0
    for cluster in regex.findall(r"\X", text):
        if ends.intersection(range(start + 1, start + len(cluster))):
            assert width(cluster, segmented.encoding, segmented.shift) > room
        start += len(cluster)


@pytest.mark.parametrize("text", ["hi", "🙂" * 100])
def test_whole_graphemes_without_the_library_name_the_extra(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setitem(sys.modules, "regex", None)

    with pytest.raises(MissingExtra, match=r"smskit\[graphemes\]") as caught:
        segment(text, whole_graphemes=True)

    assert caught.value.extra == "graphemes"
    assert segment(text).parts


@settings(deadline=None)  # trying every place takes its time
@given(NATIONAL_RUNS | TEXTS, LANGUAGES, st.booleans(), st.booleans())
def test_with_any_options_there_is_no_way_with_fewer_parts(
    text: str, languages: frozenset[Language], wide: bool, whole: bool
) -> None:
    segmented = segment(text, languages=languages, whole_graphemes=whole, wide_reference=wide)

    fewest = min(fewest_parts(text, *way, wide=wide, whole=whole) for way in ways(languages))
    plain = min(fewest_parts(text, *way, wide=wide, whole=whole) for way in ways([]))
    assert len(segmented.parts) == fewest
    assert (segmented.shift != NO_SHIFT) is (fewest < plain)


@given(NATIONAL_RUNS | TEXTS, LANGUAGES, st.booleans(), st.booleans())
def test_no_part_is_larger_than_140_octets_and_its_octets_give_the_text(
    text: str, languages: frozenset[Language], wide: bool, whole: bool
) -> None:
    segmented = segment(text, languages=languages, whole_graphemes=whole, wide_reference=wide)
    before = len(header(segmented.shift, long=len(segmented.parts) > 1, wide=wide))

    pieces = []
    for data, units in carried(segmented, wide=wide):
        assert len(data) <= 140
        content = data[before:]
        if segmented.encoding is Encoding.GSM7:
            content = unpack(content, units, fill=-before * 8 % 7)
        pieces.append(Piece(segmented.encoding, content, segmented.shift))
    assert join(pieces) == text


@given(NATIONAL_RUNS | TEXTS, LANGUAGES)
def test_each_part_is_read_as_its_text(text: str, languages: frozenset[Language]) -> None:
    segmented = segment(text, languages=languages)

    for part, piece in zip(segmented.parts, take_apart(segmented), strict=True):
        assert join([piece]) == part.text
        assert len(piece.data) == part.units * (2 if piece.encoding is Encoding.UCS2 else 1)

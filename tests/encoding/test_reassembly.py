import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smskit.encoding import (
    Collector,
    Complete,
    Encoding,
    Incomplete,
    Label,
    Language,
    Piece,
    Shift,
    alphabet,
    join,
    join_incomplete,
    segment,
    take_apart,
)
from smskit.encoding.gsm7 import NO_SHIFT
from smskit.errors import UsageError

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

TEXTS = st.lists(
    st.tuples(st.sampled_from("aZ@€[|Жあ🙂şa"), st.integers(1, 120)), min_size=1, max_size=6
).map(lambda runs: "".join(char * n for char, n in runs))


def gsm(text: str, shift: Shift = NO_SHIFT) -> Piece:
    return Piece(Encoding.GSM7, alphabet(shift).encode(text), shift)


def label(sequence: int, total: int = 3, reference: int = 7, *, wide: bool = False) -> Label:
    return Label(reference=reference, total=total, sequence=sequence, wide=wide)


ONE, TWO, THREE = (gsm(text) for text in ("one, ", "two, ", "three"))
WHOLE = Complete(sender="ann", text="one, two, three", total=3)


def add(
    collector: Collector[str], number: int, piece: Piece, after: timedelta = timedelta(0), sender: str = "ann"
) -> Sequence[Complete[str] | Incomplete[str]]:
    return collector.add(sender, label(number), piece, NOON + after)


@pytest.mark.parametrize("order", [*itertools.permutations([1, 2, 3])])
def test_parts_may_come_in_any_order(order: Sequence[int]) -> None:
    collector = Collector[str]()

    told = [add(collector, number, (ONE, TWO, THREE)[number - 1]) for number in order]

    assert told == [(), (), (WHOLE,)]


def test_a_text_of_one_part_is_complete_at_once() -> None:
    told = Collector[str]().add("ann", label(1, 1), ONE, NOON)

    assert told == (Complete(sender="ann", text="one, ", total=1),)


def test_a_part_that_comes_again_is_ignored_before_and_after_the_text_is_complete() -> None:
    collector = Collector[str]()
    parts = [(1, ONE), (1, ONE), (2, TWO), (1, ONE), (3, THREE), (3, THREE), (1, ONE)]

    told = [add(collector, number, piece) for number, piece in parts]

    assert told == [(), (), (), (), (WHOLE,), (), ()]
    assert collector.expire(NOON + 24 * HOUR) == ()


@pytest.mark.parametrize(
    ("sender", "other"),
    [
        ("bob", label(2)),
        ("ann", label(2, reference=8)),
        ("ann", label(2, total=2)),
        ("ann", label(2, wide=True)),
    ],
)
def test_parts_of_another_sender_reference_total_or_width_are_of_another_text(
    sender: str, other: Label
) -> None:
    collector = Collector[str]()
    add(collector, 1, ONE)
    add(collector, 3, THREE)

    assert collector.add(sender, other, gsm("else"), NOON) == ()
    assert add(collector, 2, TWO) == (WHOLE,)


def test_another_piece_under_the_same_number_begins_another_text() -> None:
    collector = Collector[str]()
    add(collector, 1, ONE)
    add(collector, 3, THREE)

    told = add(collector, 1, gsm("uno, "))

    assert told == (
        Incomplete(sender="ann", text="one, [part 2 of 3 did not arrive]three", total=3, missing=(2,)),
    )
    assert add(collector, 2, gsm("dos, ")) == ()
    assert add(collector, 3, gsm("tres")) == (Complete(sender="ann", text="uno, dos, tres", total=3),)


def test_a_reference_that_comes_round_again_begins_another_text_and_the_complete_one_is_not_told_again() -> (
    None
):
    collector = Collector[str]()
    for number, piece in enumerate((ONE, TWO, THREE), start=1):
        add(collector, number, piece)

    assert add(collector, 1, gsm("uno, ")) == ()
    assert add(collector, 2, gsm("dos, ")) == ()
    assert add(collector, 3, gsm("tres")) == (Complete(sender="ann", text="uno, dos, tres", total=3),)


def test_pieces_are_the_same_only_if_their_alphabets_are() -> None:
    collector = Collector[str]()
    add(collector, 1, gsm("a"))

    (told,) = add(collector, 1, gsm("a", Shift(locking=Language.TURKISH)))

    assert told == Incomplete(
        sender="ann", text="a[parts 2 to 3 of 3 did not arrive]", total=3, missing=(2, 3)
    )


def test_a_text_is_given_up_when_its_first_part_waited_too_long() -> None:
    collector = Collector[str](patience=2 * HOUR)
    add(collector, 2, TWO)
    add(collector, 1, ONE, after=HOUR)
    add(collector, 3, THREE, after=HOUR, sender="bob")

    assert collector.expire(NOON + 2 * HOUR - timedelta(microseconds=1)) == ()
    assert collector.expire(NOON + 2 * HOUR) == (
        Incomplete(sender="ann", text="one, two, [part 3 of 3 did not arrive]", total=3, missing=(3,)),
    )
    assert collector.expire(NOON + 2 * HOUR) == ()
    assert [gone.sender for gone in collector.expire(NOON + 3 * HOUR)] == ["bob"]


def test_time_that_passed_is_told_by_the_next_part_too() -> None:
    collector = Collector[str](patience=HOUR)
    add(collector, 1, ONE)
    add(collector, 2, TWO)

    (gone,) = add(collector, 3, THREE, after=HOUR)

    assert isinstance(gone, Incomplete)
    assert gone.text == "one, two, [part 3 of 3 did not arrive]"
    assert add(collector, 1, ONE, after=HOUR) == ()
    assert add(collector, 2, TWO, after=HOUR) == (WHOLE,)


def test_a_complete_text_is_forgotten_when_its_time_has_passed() -> None:
    collector = Collector[str](patience=HOUR)
    for number, piece in enumerate((ONE, TWO, THREE), start=1):
        add(collector, number, piece)

    assert collector.expire(NOON + HOUR) == ()
    assert not collector._assemblies
    assert not collector._deadlines
    assert [add(collector, n, part, HOUR) for n, part in ((1, ONE), (2, TWO), (3, THREE))][-1] == (WHOLE,)


def test_the_time_of_an_earlier_text_does_not_end_a_later_one_under_its_reference() -> None:
    collector = Collector[str](patience=2 * HOUR)
    add(collector, 1, ONE)
    add(collector, 1, gsm("uno, "), after=HOUR)

    assert collector.expire(NOON + 2 * HOUR) == ()
    assert len(collector.expire(NOON + 3 * HOUR)) == 1


@pytest.mark.parametrize(
    ("sequence", "total"), [(0, 3), (4, 3), (-1, 3), (1, 0), (0, 0), (1, 256), (256, 256)]
)
def test_a_part_that_no_long_text_can_have_is_refused(sequence: int, total: int) -> None:
    with pytest.raises(UsageError, match=f"part {sequence} of {total}"):
        label(sequence, total)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([], ""),
        ([gsm("5 "), Piece(Encoding.UCS2, "Ж".encode("utf-16-be")), gsm("€")], "5 Ж€"),
        ([gsm("ş", Shift(Language.TURKISH)), gsm("$")], "ş$"),
        ([Piece(Encoding.UCS2, b"\x00A\xd8\x3d"), Piece(Encoding.UCS2, b"\xde\x42\x00B")], "A🙂B"),
        ([Piece(Encoding.UCS2, b"\x00A\x04"), Piece(Encoding.UCS2, b"\x16\x00B")], "AЖB"),
        ([Piece(Encoding.GSM7, b"5 \x1b"), Piece(Encoding.GSM7, b"e!")], "5 €!"),
        ([Piece(Encoding.UCS2, b"\xd8\x3d"), gsm("a"), Piece(Encoding.UCS2, b"\xde\x42")], "\ufffda\ufffd"),
        ([Piece(Encoding.GSM7, b"5 \x1b"), Piece(Encoding.UCS2, b"\x00e")], "5  e"),
    ],
)
def test_neighbours_that_are_written_alike_are_joined_before_they_are_read(
    pieces: Sequence[Piece], text: str
) -> None:
    assert join(pieces) == text


@pytest.mark.parametrize(
    ("came", "text"),
    [
        ([1, 2, 3, 4, 5], "abcde"),
        ([2, 3, 5], "[part 1 of 5 did not arrive]bc[part 4 of 5 did not arrive]e"),
        ([3], "[parts 1 to 2 of 5 did not arrive]c[parts 4 to 5 of 5 did not arrive]"),
        ([], "[parts 1 to 5 of 5 did not arrive]"),
    ],
)
def test_every_gap_is_named(came: Sequence[int], text: str) -> None:
    assert join_incomplete({number: gsm("abcde"[number - 1]) for number in came}, 5) == text


def test_what_a_gap_tore_apart_is_not_joined_across_it() -> None:
    halves = {1: Piece(Encoding.UCS2, b"\xd8\x3d"), 3: Piece(Encoding.UCS2, b"\xde\x42")}

    assert join_incomplete(halves, 3) == "\ufffd[part 2 of 3 did not arrive]\ufffd"


@given(TEXTS, st.booleans(), st.data())
def test_shuffled_and_repeated_parts_give_the_text_once(text: str, wide: bool, data: st.DataObject) -> None:
    pieces = dict(
        enumerate(take_apart(segment(text, languages=[Language.TURKISH], wide_reference=wide)), start=1)
    )
    again = data.draw(st.lists(st.sampled_from([*pieces])))
    order = data.draw(st.permutations([*pieces, *again]))
    collector = Collector[str]()

    told = [
        collector.add("ann", label(number, len(pieces), wide=wide), pieces[number], NOON) for number in order
    ]

    assert list(itertools.chain.from_iterable(told)) == [Complete(sender="ann", text=text, total=len(pieces))]
    assert collector.expire(NOON + 24 * HOUR) == ()


@given(TEXTS, st.data())
def test_a_text_is_never_shortened_in_silence(text: str, data: st.DataObject) -> None:
    parts = segment(text).parts
    pieces = dict(enumerate(take_apart(segment(text)), start=1))
    came = data.draw(
        st.permutations([*pieces]).flatmap(lambda all_: st.integers(0, len(all_) - 1).map(lambda n: all_[:n]))
    )
    collector = Collector[str]()
    for number in came:
        assert collector.add("ann", label(number, len(pieces)), pieces[number], NOON) == ()

    gone = collector.expire(NOON + 24 * HOUR)

    assert len(gone) == bool(came)
    for one in gone:
        assert one.missing == tuple(sorted(set(pieces) - set(came)))
        assert one.text.count("did not arrive]") == sum(
            number - 1 not in one.missing for number in one.missing
        )
        assert all(parts[number - 1].text in one.text for number in came)


@given(TEXTS, st.integers(1, 9))
def test_septets_and_octets_cut_anywhere_are_joined_to_the_text(text: str, size: int) -> None:
    pieces = [
        Piece(piece.encoding, piece.data[start : start + size], piece.shift)
        for piece in take_apart(segment(text))
        for start in range(0, len(piece.data), size)
    ]

    assert join(pieces) == text


class Counted:
    """A sender that counts how often it is looked at."""

    looks = 0

    def __init__(self, name: int) -> None:
        self.name = name

    def __hash__(self) -> int:
        Counted.looks += 1
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        Counted.looks += 1
        return isinstance(other, Counted) and self.name == other.name


def looks_at_senders(waiting: int) -> int:
    collector = Collector[Counted]()
    for name in range(waiting):
        collector.add(Counted(name), label(1), ONE, NOON)
    Counted.looks = 0
    for number, piece in enumerate((ONE, TWO, THREE), start=1):
        collector.add(Counted(waiting), label(number), piece, NOON)
    return Counted.looks


def test_the_work_for_a_part_does_not_grow_with_what_waits() -> None:
    assert looks_at_senders(1000) == looks_at_senders(10) == looks_at_senders(0)


@pytest.mark.parametrize("data", [b"caf\xe9", b"\x80"])
def test_what_could_not_be_read_is_no_piece(data: bytes) -> None:
    """It once was found out when its text was complete, and again whenever anybody looked."""
    with pytest.raises(UsageError, match="septets"):
        Piece(Encoding.GSM7, data)
    with pytest.raises(UsageError, match="no locking shift table"):
        Piece(Encoding.GSM7, b"a", Shift(locking=Language.SPANISH))


def test_a_reference_has_8_or_16_bits() -> None:
    for reference, wide in ((256, False), (65536, True), (-1, True)):
        with pytest.raises(UsageError, match="8 bits"):
            Label(reference=reference, total=2, sequence=1, wide=wide)


def test_a_piece_does_not_show_what_it_says() -> None:
    assert "secret" not in repr(Piece(Encoding.GSM7, b"secret"))

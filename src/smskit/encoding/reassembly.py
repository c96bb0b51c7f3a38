"""Joining the parts of a long text that came in: 3GPP TS 23.040, 9.2.3.24.1 and 9.2.3.24.8.

Parts come late, twice, in any order, or never. They are kept as they were carried and decoded only once joined, since
careless senders cut between an escape and its septet, or within a surrogate pair. Pure: time comes as an argument.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Generic, TypeAlias, TypeVar

import attrs

from smskit.encoding import ucs2
from smskit.encoding.gsm7 import NO_SHIFT, Shift, alphabet
from smskit.encoding.segments import Encoding, Segmented
from smskit.errors import UsageError

K = TypeVar("K", bound=Hashable)


@attrs.frozen
class Piece:
    """What one part carried: septets, one an octet, for GSM 7 bit, or the octets of UCS2.

    :raises UsageError: if they are no septets, or a language has no such table. So every piece can be read.
    """

    encoding: Encoding
    data: bytes = attrs.field(repr=lambda data: f"<{len(data)} octets>")
    shift: Shift = NO_SHIFT

    def __attrs_post_init__(self) -> None:
        alphabet(self.shift)
        if self.encoding is Encoding.GSM7 and not self.data.isascii():
            msg = "septets are numbers from 0 to 127; give what is not GSM 7 bit as UCS2"
            raise UsageError(msg)


@attrs.frozen(kw_only=True)
class Label:
    """Which part of which long text a part is. Two references are the same only if their widths and totals are too."""

    reference: int
    total: int
    """At most 255."""
    sequence: int
    """From 1 to `total`."""
    wide: bool = False
    """The reference has 16 bits."""

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.sequence <= self.total <= 255:
            msg = f"no long text has a part {self.sequence} of {self.total}"
            raise UsageError(msg)
        if not 0 <= self.reference <= (0xFFFF if self.wide else 0xFF):
            msg = "a reference has 8 bits, or 16 with wide=True"
            raise UsageError(msg)

    @property
    def series(self) -> Series:
        """The same for all parts of a text, and together with its sender for no other text of that time."""
        return self.reference, self.total, self.wide


Series: TypeAlias = tuple[int, int, bool]


def take_apart(segmented: Segmented) -> tuple[Piece, ...]:
    """What each part of a text carries; `join` gives the text back."""
    shift = segmented.shift
    encode = ucs2.encode if segmented.encoding is Encoding.UCS2 else alphabet(shift).encode
    return tuple(Piece(segmented.encoding, encode(part.text), shift) for part in segmented.parts)


def join(pieces: Iterable[Piece]) -> str:
    """The text of pieces in their order. Neighbours that are written alike are joined before they are decoded."""
    text = ""
    for (encoding, shift), alike in itertools.groupby(
        pieces, key=lambda piece: (piece.encoding, piece.shift)
    ):
        data = b"".join(piece.data for piece in alike)
        text += ucs2.decode(data) if encoding is Encoding.UCS2 else alphabet(shift).decode(data)
    return text


def join_incomplete(pieces: Mapping[int, Piece], total: int) -> str:
    """The text of the pieces that came, which says wherever something is missing."""
    text = ""
    for here, sequences in itertools.groupby(range(1, total + 1), key=pieces.__contains__):
        numbers = list(sequences)
        text += join(pieces[number] for number in numbers) if here else _note(numbers, total)
    return text


def missing(pieces: Mapping[int, Piece], total: int) -> tuple[int, ...]:
    """Which parts of a text did not come, counted from 1."""
    return tuple(place for place in range(1, total + 1) if place not in pieces)


def _note(numbers: list[int], total: int) -> str:
    which = f"part {numbers[0]}" if len(numbers) == 1 else f"parts {numbers[0]} to {numbers[-1]}"
    return f"[{which} of {total} did not arrive]"


@attrs.frozen(kw_only=True)
class Complete(Generic[K]):
    """All parts of a text came."""

    sender: K
    text: str
    total: int


@attrs.frozen(kw_only=True)
class Incomplete(Generic[K]):
    """Some parts of a text did not come in time, or its reference was given to another text meanwhile."""

    sender: K
    text: str
    """What came, with a note in place of each gap."""
    total: int
    missing: tuple[int, ...]


@attrs.define
class _Assembly:
    expires_at: datetime
    pieces: dict[int, Piece] = attrs.field(factory=dict)
    done: bool = False


class Collector(Generic[K]):
    """Collects parts in memory, for tools that need no store. A Kit keeps them in its store instead.

    `K` says who sent a part to whom; anything hashable will do. What one part takes does not grow with what waits.
    """

    def __init__(self, patience: timedelta = timedelta(hours=24)) -> None:
        self._patience = patience
        self._assemblies: dict[tuple[K, Series], _Assembly] = {}
        self._deadlines: list[tuple[datetime, int, tuple[K, Series]]] = []
        self._order = itertools.count()

    def add(
        self, sender: K, label: Label, piece: Piece, now: datetime
    ) -> tuple[Complete[K] | Incomplete[K], ...]:
        """Take a part; what became of its text, if that is known now.

        A part that is here already is ignored, also after its text is complete: here there are no ids of a carrier
        that could tell a repetition from a text that is said twice. Another piece under the same
        number begins another text, and so does any that comes too late; what was there of the earlier one is given
        back as incomplete.
        """
        key = sender, label.series
        known = self._assemblies.get(key)
        told: list[Complete[K] | Incomplete[K]] = []
        if known is not None:
            late = known.expires_at <= now
            if not late and known.pieces.get(label.sequence) == piece:
                return ()
            if late or label.sequence in known.pieces:
                told += self._close(key)
                known = None
        assembly = known or self._begin(key, now)
        assembly.pieces[label.sequence] = piece
        if len(assembly.pieces) == label.total:
            assembly.done = True
            text = join(assembly.pieces[number] for number in sorted(assembly.pieces))
            told.append(Complete(sender=sender, text=text, total=label.total))
        return tuple(told)

    def expire(self, now: datetime) -> tuple[Incomplete[K], ...]:
        """Give up what waited for longer than the patience since its first part, and forget what is complete."""
        told: list[Incomplete[K]] = []
        while self._deadlines and self._deadlines[0][0] <= now:
            deadline, _, key = heapq.heappop(self._deadlines)
            assembly = self._assemblies.get(key)
            if assembly is not None and assembly.expires_at == deadline:
                told += self._close(key)
        return tuple(told)

    def _begin(self, key: tuple[K, Series], now: datetime) -> _Assembly:
        assembly = self._assemblies[key] = _Assembly(now + self._patience)
        heapq.heappush(self._deadlines, (assembly.expires_at, next(self._order), key))
        return assembly

    def _close(self, key: tuple[K, Series]) -> Iterable[Incomplete[K]]:
        assembly = self._assemblies.pop(key)
        if assembly.done:
            return
        sender, (_, total, _) = key
        yield Incomplete(
            sender=sender,
            text=join_incomplete(assembly.pieces, total),
            total=total,
            missing=missing(assembly.pieces, total),
        )

"""Cutting a text into the parts that carriers carry and charge: 3GPP TS 23.040, 9.2.3.24.1.

A message of its own holds 140 octets: 160 septets, or 70 UTF-16 code units. In a part of a long
message six of them say which part it is, which leaves 153 or 67 (3GPP TS 23.038, 6.1.2).
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

import attrs

from smskit.encoding import gsm7, ucs2
from smskit.encoding.graphemes import clusters
from smskit.encoding.gsm7 import NO_SHIFT, Alphabet, Shift, alphabet
from smskit.encoding.national import Language, locking_table


class Encoding(enum.Enum):
    """How the characters of a text are written on the wire."""

    GSM7 = "gsm7"
    """The default alphabet with its extension table, or national ones; a unit is a septet."""

    UCS2 = "ucs2"
    """UTF-16, as handsets read what the standard calls UCS2; a unit is a code unit of 16 bits."""


@attrs.frozen
class TextPart:
    """One SMS of a text: its share of the characters, what they take, and the room that stays empty."""

    text: str
    units: int
    units_left: int = attrs.field(kw_only=True)


@attrs.frozen
class Segmented:
    """A text as it will be sent. The texts of the parts, joined, are the text that was given."""

    encoding: Encoding
    parts: tuple[TextPart, ...]
    shift: Shift = attrs.field(default=NO_SHIFT, kw_only=True)
    """The national tables it needs; each part says so in its header."""


OCTETS: Final = 140
"""What one SMS holds (3GPP TS 23.040, 9.2.3.24)."""

# Stands before each character of two units, so that an index into a text is a number of units.
# It is no character of any text: those that hold half a surrogate pair are refused.
_HALF: Final = "\ud800"

_CODE_UNIT_RUNS = re.compile("(?:^|[\U00010000-\U0010ffff])[^\U00010000-\U0010ffff]*")


def segment(
    text: str,
    *,
    languages: Collection[Language] = (),
    whole_graphemes: bool = False,
    wide_reference: bool = False,
) -> Segmented:
    """The fewest parts that carry the text, in GSM 7 bit if every character allows it, else in UCS2.

    An escaped septet stays with its escape and a surrogate pair stays whole, so a part may end one
    unit short. An empty text is one empty part. The text is sent as it is: nothing is replaced to
    make it fit. There is no upper limit here; a carrier can number 255 parts.

    `languages` are those whose national tables may be used: not every carrier and handset knows them, so
    they are taken only where they save parts. With `whole_graphemes` no part ends within what a
    person sees as one character, unless that alone is larger than a part; it needs `smskit[graphemes]`.
    With `wide_reference` parts are numbered under a reference of 16 bits, which takes an octet more.

    Raises:
        InvalidMessage: the text holds half a surrogate pair, which no encoding can carry.
        MissingExtra: `whole_graphemes` without the library that knows them.
    """
    whole = clusters(text) if whole_graphemes else None
    if len(text) <= 160 and gsm7.is_plain(text):
        return Segmented(Encoding.GSM7, (TextPart(text, len(text), units_left=160 - len(text)),))
    form = _best_form(text, languages, whole, wide_reference=wide_reference)
    pieces = form.cut(whole)
    room = form.in_part if len(pieces) > 1 else form.alone
    parts = tuple(
        TextPart(piece.replace(_HALF, ""), len(piece), units_left=room - len(piece)) for piece in pieces
    )
    return Segmented(form.encoding, parts, shift=form.shift)


def count_parts(text: str, *, languages: Collection[Language] = ()) -> int:
    """How many parts `segment` makes of the text.

    Raises:
        InvalidMessage: as `segment`.
    """
    if len(text) <= 160 and gsm7.is_plain(text):
        return 1
    return len(_best_form(text, languages, None, wide_reference=False).cut(None))


@attrs.frozen
class _Form:
    """A text in units of an encoding, and how many of them a message and a part of a long one hold."""

    encoding: Encoding
    units: str
    runs: re.Pattern[str]
    """Finds the pieces of a text that is cut before each character of two units."""
    alone: int
    in_part: int
    shift: Shift = NO_SHIFT

    def cut(self, whole: Iterable[str] | None) -> Sequence[str]:
        """`whole` are the clusters of the text, if they matter."""
        if len(self.units) <= self.alone:
            return (self.units,)
        if whole is None:
            return tuple(_cut(self.units, self.in_part))
        return tuple(_joined((_in_units(cluster, self.runs) for cluster in whole), self.in_part))


def _best_form(
    text: str, languages: Collection[Language], whole: Sequence[str] | None, *, wide_reference: bool
) -> _Form:
    concatenation = 6 if wide_reference else 5
    if alphabet().fits(text):  # never more parts than UCS2: 152 septets hold at least 76 characters
        best = _in_septets(text, alphabet(), NO_SHIFT, concatenation)
    else:
        best = _in_code_units(text, concatenation)
    if languages and len(best.units) > best.alone:
        forms = best, *_national_forms(text, languages, concatenation)
        best = min(forms, key=lambda form: len(form.cut(whole)))
    return best


def _in_septets(text: str, tables: Alphabet, shift: Shift, concatenation: int) -> _Form:
    units = _in_units(text, tables.runs)
    header = 3 * ((shift.locking is not None) + (shift.single is not None))
    alone, in_part = ((OCTETS - _length(one)) * 8 // 7 for one in (header, header + concatenation))
    return _Form(Encoding.GSM7, units, tables.runs, alone, in_part, shift)


def _in_code_units(text: str, concatenation: int) -> _Form:
    units = text
    if len(ucs2.encode(text)) > 2 * len(text):
        units = _in_units(text, _CODE_UNIT_RUNS)
    return _Form(Encoding.UCS2, units, _CODE_UNIT_RUNS, OCTETS // 2, (OCTETS - _length(concatenation)) // 2)


def _national_forms(text: str, languages: Collection[Language], concatenation: int) -> Iterator[_Form]:
    for shift in shifts(languages):
        tables = alphabet(shift)
        if tables.fits(text):
            yield _in_septets(text, tables, shift, concatenation)


def shifts(languages: Collection[Language]) -> Sequence[Shift]:
    """Every pair of their tables, those with fewer information elements first: `min` takes the first of equals."""
    locking = [None, *(language for language in languages if locking_table(language) is not None)]
    pairs = [Shift(*pair) for pair in itertools.product(locking, (None, *languages)) if any(pair)]
    return sorted(pairs, key=lambda shift: (shift.locking is not None) + (shift.single is not None))


def _in_units(text: str, runs: re.Pattern[str]) -> str:
    return _HALF.join(runs.findall(text))


def _length(elements: int) -> int:
    """Of a user data header in octets: its length octet and its information elements, if there are any."""
    return elements and elements + 1


def _cut(units: str, room: int) -> Iterator[str]:
    # Filling each part to the brim is best: whatever a shorter part leaves over, the rest must carry too.
    start = 0
    while start < len(units):
        end = start + room
        if units[end - 1 : end] == _HALF:
            end -= 1
        yield units[start:end]
        start = end


def _joined(clusters: Iterable[str], room: int) -> Iterator[str]:
    """As many clusters a part as it holds; one that no part holds is cut."""
    piece = ""
    for cluster in clusters:
        if len(piece) + len(cluster) <= room:
            piece += cluster
        else:
            *full, piece = _cut(piece + cluster, room) if len(cluster) > room else (piece, cluster)
            yield from full
    yield piece

"""Cutting a text into the parts that carriers carry and charge: 3GPP TS 23.040, 9.2.3.24.1.

A message of its own holds 140 octets: 160 septets, or 70 UTF-16 code units. In a part of a long
message six of them say which part it is, which leaves 153 or 67 (3GPP TS 23.038, 6.1.2).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import Final

import attrs

from smskit.encoding import gsm7
from smskit.errors import InvalidMessage


class Encoding(enum.Enum):
    """How the characters of a text are written on the wire."""

    GSM7 = "gsm7"
    """The default alphabet with its extension table; a unit is a septet."""

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


_ALONE: Final = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_IN_PART: Final = {Encoding.GSM7: 153, Encoding.UCS2: 67}

# Stands before each character of two units, so that an index into a text is a number of units.
# It is no character of any text: those that hold half a surrogate pair are refused.
_HALF: Final = "\ud800"

_TWO_SEPTETS = re.compile(f"(?={gsm7.EXTENDED.pattern})")
_TWO_CODE_UNITS = re.compile("(?=[\U00010000-\U0010ffff])")
_SURROGATE = re.compile("[\ud800-\udfff]")


def segment(text: str) -> Segmented:
    """The fewest parts that carry the text, in GSM 7 bit if every character allows it, else in UCS2.

    An escaped septet stays with its escape and a surrogate pair stays whole, so a part may end one
    unit short. An empty text is one empty part. The text is sent as it is: nothing is replaced to
    make it fit. There is no upper limit here; a carrier can number 255 parts.

    Raises:
        InvalidMessage: the text holds half a surrogate pair, which no encoding can carry.
    """
    if len(text) <= _ALONE[Encoding.GSM7] and gsm7.is_plain(text):
        return Segmented(Encoding.GSM7, (_part(text, _ALONE[Encoding.GSM7]),))
    encoding, units = _in_units(text)
    if len(units) <= _ALONE[encoding]:
        return Segmented(encoding, (_part(units, _ALONE[encoding]),))
    room = _IN_PART[encoding]
    return Segmented(encoding, tuple(_part(piece, room) for piece in _cut(units, room)))


def count_parts(text: str) -> int:
    """How many parts `segment` makes of the text.

    Raises:
        InvalidMessage: as `segment`.
    """
    if len(text) <= _ALONE[Encoding.GSM7] and gsm7.is_plain(text):
        return 1
    encoding, units = _in_units(text)
    if len(units) <= _ALONE[encoding]:
        return 1
    return sum(1 for _ in _cut(units, _IN_PART[encoding]))


def _in_units(text: str) -> tuple[Encoding, str]:
    if gsm7.fits(text):  # never more parts than UCS2: 153 septets hold at least 76 characters
        return Encoding.GSM7, _TWO_SEPTETS.sub(_HALF, text)
    if _SURROGATE.search(text) is not None:
        raise InvalidMessage("the text holds half a surrogate pair; decode it as UTF-8 or UTF-16 first")
    return Encoding.UCS2, _TWO_CODE_UNITS.sub(_HALF, text)


def _cut(units: str, room: int) -> Iterator[str]:
    # Filling each part to the brim is best: whatever a shorter part leaves over, the rest must carry too.
    start = 0
    while start < len(units):
        end = start + room
        if units[end - 1 : end] == _HALF:
            end -= 1
        yield units[start:end]
        start = end


def _part(units: str, room: int) -> TextPart:
    return TextPart(units.replace(_HALF, ""), len(units), units_left=room - len(units))

"""Septets in octets and back: 3GPP TS 23.038, 6.1.2.1. Eight septets take seven octets, the first in the lowest bits.

Eight octets are one lane of 64 bits of a whole number, and three shifts close the gaps of every lane at once.
"""

from __future__ import annotations

import functools
import struct
from typing import Final, TypeAlias

from smskit.errors import UsageError

_Masks: TypeAlias = tuple[int, int, int, int, int, int]

# What stays and what moves down in each lane: by 1, 2 and 4 bits.
_LANE: Final = (
    (0x007F007F007F007F, 0x7F007F007F007F00),
    (0x00003FFF00003FFF, 0x3FFF00003FFF0000),
    (0x000000000FFFFFFF, 0x0FFFFFFF00000000),
)


def pack(septets: bytes, *, fill: int = 0) -> bytes:
    """Put septets, one an octet, next to each other, after `fill` bits of zeros.

    :raises UsageError: if an octet is no septet.
    """
    if not septets.isascii():
        msg = "a septet is a number from 0 to 127"
        raise UsageError(msg)
    count = len(septets)
    keep1, move1, keep2, move2, keep4, move4 = _masks((count + 7) // 8)
    number = int.from_bytes(septets, "little")
    number = (number & keep1) | ((number & move1) >> 1)
    number = (number & keep2) | ((number & move2) >> 2)
    number = (number & keep4) | ((number & move4) >> 4)
    lanes = bytearray(number.to_bytes(count + -count % 8, "little"))
    del lanes[7::8]
    length = (fill + count * 7 + 7) // 8
    if not fill:
        return bytes(lanes[:length])
    return (int.from_bytes(lanes, "little") << fill).to_bytes(len(lanes) + 1, "little")[:length]


def unpack(octets: bytes, count: int, *, fill: int = 0) -> bytes:
    """Take `count` septets, one an octet, that begin after `fill` bits.

    :raises UsageError: if there are fewer.
    """
    if (fill + count * 7 + 7) // 8 > len(octets):
        msg = f"{len(octets)} octets do not hold {count} septets after {fill} bits"
        raise UsageError(msg)
    if fill:
        octets = (int.from_bytes(octets, "little") >> fill).to_bytes(len(octets), "little")
    groups = (count + 7) // 8
    packed = octets[: groups * 7].ljust(groups * 7, b"\0")
    lanes = b"\0".join(struct.unpack("7s" * groups, packed))
    keep1, move1, keep2, move2, keep4, move4 = _masks(groups)
    number = int.from_bytes(lanes, "little")
    number = (number & keep4) | ((number << 4) & move4)
    number = (number & keep2) | ((number << 2) & move2)
    number = (number & keep1) | ((number << 1) & move1)
    return number.to_bytes(groups * 8, "little")[:count]


@functools.lru_cache(maxsize=64)
def _masks(lanes: int) -> _Masks:
    (keep1, move1), (keep2, move2), (keep4, move4) = (
        (_repeated(keep, lanes), _repeated(move, lanes)) for keep, move in _LANE
    )
    return keep1, move1, keep2, move2, keep4, move4


def _repeated(lane: int, times: int) -> int:
    return int.from_bytes(lane.to_bytes(8, "little") * times, "little")

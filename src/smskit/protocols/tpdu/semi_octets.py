"""Two digits in an octet, the first in the low bits: 3GPP TS 23.040, 9.1.2.3."""

from __future__ import annotations

from typing import Final

_SWAPPED: Final = bytes((octet & 0x0F) << 4 | octet >> 4 for octet in range(256))


def digits_of(octets: bytes) -> str:
    """The digits in their order, hexadecimal."""
    return octets.translate(_SWAPPED).hex()


def octets_of(digits: str) -> bytes:
    """The octets of an even number of hexadecimal digits."""
    return bytes.fromhex(digits).translate(_SWAPPED)

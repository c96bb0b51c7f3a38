"""What the standard calls UCS2 (3GPP TS 23.038, 6.2.3), read and written as UTF-16 as handsets do, big-endian."""

from __future__ import annotations

from smskit.errors import InvalidMessage


def encode(text: str) -> bytes:
    """The octets of a text, two for each code unit.

    :raises InvalidMessage: if the text holds half a surrogate pair.
    """
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError:
        pass
    raise InvalidMessage("the text holds half a surrogate pair; decode it as UTF-8 or UTF-16 first")


def decode(octets: bytes) -> str:
    """The text of octets. What is no text is U+FFFD: half a surrogate pair, or half a code unit at the end.

    The parts of a long text are joined before they are decoded: a pair may stand across two of them.
    """
    return octets.decode("utf-16-be", "replace")

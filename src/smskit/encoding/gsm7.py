"""The GSM 7 bit default alphabet and its extension table: 3GPP TS 23.038, 6.2.1 and 6.2.1.1."""

from __future__ import annotations

import codecs
import functools
import re
from collections.abc import Mapping
from typing import Final, cast

import attrs

from smskit.encoding.national import Language, locking_table, single_table
from smskit.errors import InvalidMessage, UsageError

ESCAPE: Final = "\x1b"
"""Code 0x1B: not a character of a text; it says that the next septet is from the extension table."""

# 6.2.1, eight codes a row: the place of a character is its code.
BASIC: Final = (
    "@£$¥èéùì"  # 0x00
    "òÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨ"  # 0x10
    "ΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'"  # 0x20
    "()*+,-./"
    "01234567"  # 0x30
    "89:;<=>?"
    "¡ABCDEFG"  # 0x40
    "HIJKLMNO"
    "PQRSTUVW"  # 0x50
    "XYZÄÖÑÜ§"
    "¿abcdefg"  # 0x60
    "hijklmno"
    "pqrstuvw"  # 0x70
    "xyzäöñüà"
)

# 6.2.1.1: the code that follows the escape.
EXTENSION: Final = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

NONE: Final = "\ufffe"
"""Stands at a place of a table that has no character. It is the code point that never is one."""

# While a text is read or written, a code that follows an escape has the high bit instead. No character follows with
# code 0x1B, so 0x9B is free: it stands for code 0 on the way out and for an escape that escapes nothing on the way in.
_FREE: Final = b"\x9b"
_SEPTETS: Final = bytes(range(0x80))
_ESCAPED: Final = {0x80 | code: (bytes((0x80 | code,)), bytes((0x1B, code))) for code in range(0x80)}
_AFTER_ESCAPES: Final = bytes(0x80 if code == 0x1B else 0 for code in range(256))
_PLAIN_ASCII = "".join(filter(str.isascii, BASIC.replace(ESCAPE, ""))).encode()


def is_plain(text: str) -> bool:
    """Whether the text is ASCII and each character one septet of the default alphabet. A quick no says nothing else."""
    return text.isascii() and not text.encode().translate(None, _PLAIN_ASCII)


@attrs.frozen
class Shift:
    """The national tables that take the place of the default ones: 3GPP TS 23.038, 6.2.1.2.

    A message says in its user data header which it uses (3GPP TS 23.040, 9.2.3.24.15 and 16).
    """

    locking: Language | None = None
    """Its locking shift table stands for the default alphabet."""
    single: Language | None = None
    """Its single shift table stands for the extension table."""


NO_SHIFT: Final = Shift()


class Alphabet:
    """A table of characters that take one septet and a table of those that take two, ready for use."""

    def __init__(self, basic: str, extension: Mapping[int, str]) -> None:
        one = {char for char in basic if char not in (ESCAPE, NONE)}
        two = {char: code for code, char in reversed(tuple(extension.items())) if char not in one}
        wide = re.escape("".join(two))
        self.runs = re.compile(f"(?:^|[{wide}])[^{wide}]*")
        """Finds the pieces of a text that is cut before each character of two septets."""
        self._wide = re.compile(f"[{wide}]")
        self._foreign = re.compile(f"[^{re.escape(''.join(sorted(one | two.keys())))}]")
        self._encoding = _encoding_map(basic, two)
        self._decoding = _decoding_table(basic, extension)

    def fits(self, text: str) -> bool:
        """Whether the tables have every character."""
        return self._foreign.search(text) is None

    def count(self, text: str) -> int:
        """How many septets a text that `fits` takes."""
        return len(text) + len(self._wide.findall(text))

    def encode(self, text: str) -> bytes:
        """The septets of a text, one an octet.

        :raises InvalidMessage: if a character is in neither table.
        """
        try:
            octets = codecs.charmap_encode(text, "strict", self._encoding)[0]
            foreign = octets.find(0)
        except UnicodeEncodeError as error:
            foreign = error.start
        if foreign != -1:
            msg = f"the character at place {foreign} is not in the GSM 7 bit alphabet; send the text as UCS2"
            raise InvalidMessage(msg)
        octets = octets.replace(_FREE, b"\0")
        for code in set(octets.translate(None, _SEPTETS)):
            octets = octets.replace(*_ESCAPED[code])
        return octets

    def decode(self, septets: bytes) -> str:
        """The text of septets, one an octet. Nothing a sender may have put there makes it fail.

        A code that the extension table lacks is read from the basic one, an escape that ends the text or stands
        before another is a space (3GPP TS 23.038, 6.2.1 and 6.2.1.1), and a code that stands for nothing is U+FFFD.

        :raises UsageError: if an octet is no septet.
        """
        if not septets.isascii():
            msg = "a septet is a number from 0 to 127"
            raise UsageError(msg)
        if 0x1B in septets:
            septets = _without_escapes(septets)
        return codecs.charmap_decode(septets, "strict", self._decoding)[0]


@functools.cache
def alphabet(shift: Shift = NO_SHIFT) -> Alphabet:
    """The tables that a message with this shift uses.

    :raises UsageError: if the language has no locking shift table.
    """
    basic: str | None = BASIC
    if shift.locking is not None:
        basic = locking_table(shift.locking)
    if basic is None:
        msg = f"{shift.locking!r} has no locking shift table; use its single shift table"
        raise UsageError(msg)
    return Alphabet(basic, EXTENSION if shift.single is None else single_table(shift.single))


def _encoding_map(basic: str, extended: Mapping[str, int]) -> Mapping[int, int]:
    """The codes of characters. `codecs` is fastest with a map that has NUL at place 0, so code 0 is elsewhere."""
    places = ["\0", *basic[1:], *NONE * 128]
    places[0x1B], places[0x9B] = NONE, basic[0]
    for char, code in extended.items():
        places[0x80 | code] = char
    return cast(Mapping[int, int], codecs.charmap_build("".join(places)))


def _decoding_table(basic: str, extension: Mapping[int, str]) -> str:
    """The characters of all codes, and from 0x80 on of those that follow an escape."""
    plain = basic.replace(NONE, "\ufffd").replace(ESCAPE, " ")
    return plain + "".join(extension.get(code, char) for code, char in enumerate(plain))


def _without_escapes(septets: bytes) -> bytes:
    septets = septets.replace(b"\x1b\x1b", _FREE)
    if septets.endswith(b"\x1b"):
        septets = septets[:-1] + _FREE
    high_bits = int.from_bytes(septets.translate(_AFTER_ESCAPES), "little") << 8
    octets = (int.from_bytes(septets, "little") | high_bits).to_bytes(len(septets), "little")
    return octets.translate(None, b"\x1b")

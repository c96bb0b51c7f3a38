"""The GSM 7 bit default alphabet and its extension table: 3GPP TS 23.038, 6.2.1 and 6.2.1.1."""

from __future__ import annotations

import codecs
import functools
import re
from collections.abc import Iterable, Mapping
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

_ESCAPED = re.compile(b"\x1b([\x00-\x7f])")
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
        codes = {char: code for code, char in extension.items() if char not in one}
        self.two_septets = re.compile(f"[{re.escape(''.join(codes))}]")
        self.before_two_septets = re.compile(f"(?={self.two_septets.pattern})")
        self._foreign = re.compile(f"[^{re.escape(''.join(sorted(one | codes.keys())))}]")
        self._escaped = {char: ESCAPE + _stand_in(basic, code) for char, code in codes.items()}
        self._encoding = _encoding_map(basic.replace(ESCAPE, NONE))
        self._encoding_escapes = _encoding_map(basic, extension)
        self._decoding = _decoding_table(basic, extension)

    def fits(self, text: str) -> bool:
        """Whether the tables have every character."""
        return self._foreign.search(text) is None

    def count(self, text: str) -> int:
        """How many septets a text that `fits` takes."""
        return len(text) + len(self.two_septets.findall(text))

    def encode(self, text: str) -> bytes:
        """The septets of a text, one an octet.

        :raises InvalidMessage: if a character is in neither table.
        """
        try:
            return self._encode(text)
        except UnicodeEncodeError as error:
            place = error.start
        msg = f"the character at place {place} is not in the GSM 7 bit alphabet; send the text as UCS2"
        raise InvalidMessage(msg)

    def _encode(self, text: str) -> bytes:
        mapping = self._encoding
        if self.two_septets.search(text) is not None:
            foreign = self._foreign.search(text)
            if foreign is not None:
                raise UnicodeEncodeError("gsm7", text, foreign.start(), foreign.end(), "foreign")
            mapping = self._encoding_escapes
            text = self.two_septets.sub(lambda found: self._escaped[found[0]], text)
        octets = codecs.charmap_encode(text, "strict", mapping)[0]
        if 0 in octets:
            raise UnicodeEncodeError("gsm7", text, octets.index(0), octets.index(0) + 1, "foreign")
        return octets if octets.isascii() else octets.translate(_SEPTETS)

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
            septets = _ESCAPED.sub(lambda found: bytes((found[1][0] | 0x80,)), septets)
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


def _encoding_map(basic: str, extension: Iterable[int] = ()) -> Mapping[int, int]:
    """What `codecs.charmap_encode` takes fastest. It wants NUL at place 0, so code 0 is at 0x80."""
    places = ["\0", *basic[1:], basic[0], *NONE * 127]
    for code in extension:
        if code:
            places[0x80 | code] = _stand_in(basic, code)
    return cast(Mapping[int, int], codecs.charmap_build("".join(places)))


def _stand_in(basic: str, code: int) -> str:
    """What stands for a code after an escape: half of a surrogate pair, which no text that fits can hold."""
    return chr(0xD800 + code) if code else basic[0]


def _decoding_table(basic: str, extension: Mapping[int, str]) -> str:
    """The characters of all codes, and from 0x80 on of those that follow an escape."""
    plain = basic.replace(NONE, "\ufffd").replace(ESCAPE, " ")
    return plain + "".join(extension.get(code, char) for code, char in enumerate(plain))


# Code 0 is written as 0x80 by the maps; see `_encoding_map`.
_SEPTETS: Final = bytes(code & 0x7F for code in range(256))

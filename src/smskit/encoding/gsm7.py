"""The GSM 7 bit default alphabet and its extension table: 3GPP TS 23.038, 6.2.1 and 6.2.1.1."""

from __future__ import annotations

import re
from typing import Final

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

EXTENDED: Final = re.compile(f"[{re.escape(''.join(EXTENSION.values()))}]")
"""Finds a character that takes two septets."""

_ONE_SEPTET = BASIC.replace(ESCAPE, "")
_FOREIGN = re.compile(f"[^{re.escape(_ONE_SEPTET + ''.join(EXTENSION.values()))}]")
_PLAIN_ASCII = "".join(filter(str.isascii, _ONE_SEPTET)).encode()


def is_plain(text: str) -> bool:
    """Whether the text is ASCII and every character takes one septet. A quick no says nothing else."""
    return text.isascii() and not text.encode().translate(None, _PLAIN_ASCII)


def fits(text: str) -> bool:
    """Whether every character is in the default alphabet or its extension table."""
    return _FOREIGN.search(text) is None


def count_septets(text: str) -> int:
    """How many septets a text that `fits` takes: two for each character of the extension table."""
    return len(text) + len(EXTENDED.findall(text))

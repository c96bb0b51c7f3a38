"""Smart encoding: what word processors and phones put in for good looks, replaced by what GSM 7 bit has.

Only punctuation, symbols, spaces and marks that nobody sees are replaced. Letters and what stands between letters of
some language, such as the Catalan middle dot or the Persian non-joiner, never are, nor fractions: another letter is
another word, and 1½ is not 11/2. A text that holds anything else outside the alphabet goes as UCS2 all the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

_GROUPS: Final = {
    '"': "\u00ab\u00bb\u201c\u201d\u201e\u201f\u2033\u2036\u275d\u275e\u301d\u301e\u301f\uff02",
    "'": "\u0060\u00b4\u2018\u2019\u201a\u201b\u2032\u2035\u2039\u203a\u275b\u275c\uff07",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d",
    " ": "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "": "\u00ad\u200b\u2060\ufeff",
    "\n": "\u0085\u2028\u2029",
    ".": "\u2024\uff0e",
    "..": "\u2025",
    "...": "\u2026",
    "*": "\u2022\u2023\u2217\u25cf\u25e6\u2219",
    ",": "\ufe50\uff0c",
    "/": "\u2044\u2215\uff0f",
    "<": "\u2329\u27e8\u3008",
    ">": "\u232a\u27e9\u3009",
    "!": "\uff01",
    "!!": "\u203c",
    "?": "\uff1f",
    "??": "\u2047",
    "?!": "\u2048",
    "!?": "\u2049",
    ":": "\u2236\uff1a",
    ";": "\uff1b",
    "(": "\uff08",
    ")": "\uff09",
    "%": "\uff05",
    "&": "\uff06",
    "#": "\uff03",
    "+": "\uff0b",
    "=": "\uff1d",
    "@": "\uff20",
    "(c)": "\u00a9",
    "(R)": "\u00ae",
    "(TM)": "\u2122",
    "->": "\u2192",
    "<-": "\u2190",
}

REPLACEMENTS: Final[Mapping[str, str]] = {
    character: replacement for replacement, characters in _GROUPS.items() for character in characters
}
"""What each character is replaced by; every replacement is of the GSM 7 bit default alphabet."""

_TABLE: Final = str.maketrans(dict(REPLACEMENTS))


def transliterate(text: str) -> str:
    """The text with every character of `REPLACEMENTS` replaced, and letters joined with their accents (NFC)."""
    replaced = unicodedata.normalize("NFC", text).translate(_TABLE)
    return unicodedata.normalize("NFC", replaced)  # what stood between a letter and its accent may be gone

"""Texts as words that compare alike whatever their case, accents and punctuation: what is indexed, and what is sought.

The index only ever sees these words, so it does not matter how much of Unicode its own tokenizer knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

import attrs


@attrs.frozen
class Term:
    """Words that must stand side by side; with `open_end`, the last of them may go on."""

    words: tuple[str, ...]
    open_end: bool = False


def words(text: str) -> list[str]:
    """The words of a text. Scripts without spaces give a word for each character, and so do emoji."""
    if text.isascii():
        return text.lower().translate(_SIGNS).split()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return folded.translate(_SIGNS).split()


def terms(query: str) -> list[Term]:
    """What a person asks for: each word, or what is between quotes, and the last word also as a beginning.

    There is no other syntax, and what holds no word at all is left out.
    """
    pieces = [(words(piece), quoted) for piece, quoted in _pieces(query)]
    asked = [(tuple(found), quoted) for found, quoted in pieces if found]
    last = len(asked) - 1
    return [Term(found, place == last and not quoted) for place, (found, quoted) in enumerate(asked)]


def fragments(query: str) -> list[tuple[str, ...]]:
    """What a person asks for in names and numbers: words, and digits of a number however they are grouped."""
    joined = _GAP.sub("", unicodedata.normalize("NFKC", query))
    return [tuple(found) for piece, _ in _pieces(joined) if (found := words(piece))]


def _pieces(query: str) -> Iterator[tuple[str, bool]]:
    for match in _PIECE.finditer(query):
        quoted = match["quoted"]
        yield (match[0], False) if quoted is None else (quoted, True)


_PIECE = re.compile(r'"(?P<quoted>[^"]*)"|[^\s"]+')
_GAP = re.compile(r"(?<=\d)[\s().\-/\u2010-\u2015]+(?=\d)")


class _Signs(dict[int, str]):
    """What becomes of each character; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        self[code] = became = _became(chr(code))
        return became


def _became(char: str) -> str:
    if unicodedata.combining(char):
        return ""
    category = unicodedata.category(char)
    if category == "So" or _is_unspaced(ord(char)):
        return f" {char} "
    return char if category[0] in "LNM" and char not in _JOINERS else " "


def _is_unspaced(code: int) -> bool:
    return any(code in script for script in _UNSPACED)


_SIGNS = _Signs()

_JOINERS = frozenset("\ufe0e\ufe0f")
"""They choose how the emoji before them looks."""

_UNSPACED: Sequence[range] = (
    range(0x0E00, 0x0F00),  # Thai, Lao
    range(0x1000, 0x10A0),  # Myanmar
    range(0x1780, 0x1800),  # Khmer
    range(0x3040, 0x3100),  # Hiragana, Katakana
    range(0x3400, 0xA000),  # Han
    range(0xF900, 0xFB00),  # Han, compatibility
    range(0x20000, 0x40000),  # Han, supplementary planes
)

"""What a text costs and why: the characters that keep it out of GSM 7 bit, and what replacing them would save."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection

import attrs

from smskit.encoding.gsm7 import alphabet
from smskit.encoding.national import Language
from smskit.encoding.segments import Encoding, Segmented, count_parts, segment
from smskit.encoding.transliteration import REPLACEMENTS, transliterate


@attrs.frozen(kw_only=True)
class Costly:
    """A character that GSM 7 bit does not have, so that the whole text goes as UCS2."""

    character: str
    name: str
    """Its name in Unicode, or its code point if it has none."""
    count: int
    replacement: str | None
    """What `transliterate` puts in its place; None if it leaves it."""


@attrs.frozen(kw_only=True)
class Report:
    """What a text costs, and what it could cost."""

    segmented: Segmented
    """The text as it is sent."""
    costly: tuple[Costly, ...]
    """What forces UCS2, in the order of the text; empty if nothing does."""
    cheapest: int
    """How many parts the text would take if every costly character were one of GSM 7 bit, or gone if it may be."""
    replaced: Segmented
    """The text as it is sent with smart encoding."""

    @property
    def saves(self) -> int:
        """How many parts smart encoding saves."""
        return len(self.segmented.parts) - len(self.replaced.parts)


def report(text: str, *, languages: Collection[Language] = ()) -> Report:
    """How the text is cut, which characters make that expensive, and what it would be without them.

    Raises:
        InvalidMessage: as `segment`.
    """
    segmented = segment(text, languages=languages)
    costly = _costly(text) if segmented.encoding is Encoding.UCS2 else ()
    plain = text.translate({ord(one.character): "x" for one in costly})
    replaced = segment(smart_encoding(text, languages=languages), languages=languages)
    return Report(
        segmented=segmented,
        costly=costly,
        cheapest=min(count_parts(plain, languages=languages), len(replaced.parts)),
        replaced=replaced,
    )


def smart_encoding(text: str, *, languages: Collection[Language] = ()) -> str:
    """The text transliterated if that saves parts, else as it is.

    Raises:
        InvalidMessage: as `segment`.
    """
    parts = count_parts(text, languages=languages)
    replaced = transliterate(text) if parts > 1 else text
    return replaced if count_parts(replaced, languages=languages) < parts else text


def _costly(text: str) -> tuple[Costly, ...]:
    counted = Counter(char for char in text if not alphabet().fits(char))
    return tuple(
        Costly(
            character=char,
            name=unicodedata.name(char, f"U+{ord(char):04X}"),
            count=count,
            replacement=REPLACEMENTS.get(char),
        )
        for char, count in counted.items()
    )

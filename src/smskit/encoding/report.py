"""What a text costs and why: the characters that keep it out of GSM 7 bit, and what replacing them would save."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import attrs

from smskit.encoding.gsm7 import alphabet
from smskit.encoding.national import Language
from smskit.encoding.segments import Encoding, Segmented, count_parts, segment, shifts
from smskit.encoding.transliteration import transliterate


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
    costly = tuple(_costly(text, languages)) if segmented.encoding is Encoding.UCS2 else ()
    replaced = segment(smart_encoding(text, languages=languages), languages=languages)
    return Report(
        segmented=segmented,
        costly=costly,
        cheapest=min(_cheapest(text, costly, languages), len(replaced.parts)),
        replaced=replaced,
    )


def _cheapest(text: str, costly: Iterable[Costly], languages: Collection[Language]) -> int:
    stays = {ord(one.character): "x" for one in costly if one.replacement is None}
    plain = {ord(one.character): "x" for one in costly}
    forms = (text.translate(plain), transliterate(text).translate(stays))
    return min(count_parts(form, languages=languages) for form in forms)


def smart_encoding(text: str, *, languages: Collection[Language] = ()) -> str:
    """The text transliterated if that saves parts, else as it is.

    Raises:
        InvalidMessage: as `segment`.
    """
    parts = count_parts(text, languages=languages)
    replaced = transliterate(text) if parts > 1 else text
    return replaced if count_parts(replaced, languages=languages) < parts else text


def _costly(text: str, languages: Collection[Language]) -> Iterator[Costly]:
    """What none of the tables has that may be used, and what smart encoding makes of it."""
    tables = [alphabet(), *(alphabet(shift) for shift in shifts(languages))]
    counted = Counter(char for char in text if not any(table.fits(char) for table in tables))
    left = set(transliterate(text))
    for char, count in counted.items():
        replacement = transliterate(char)
        joined = "" if char not in left else None  # with its letter
        yield Costly(
            character=char,
            name=unicodedata.name(char, f"U+{ord(char):04X}"),
            count=count,
            replacement=replacement if replacement != char else joined,
        )

"""What `smskit segments` knows: a text with its options, and how people name a language."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import attrs

from smskit.encoding import Language, Report, report, segment, smart_encoding
from smskit.errors import UsageError

CODES: Final = {
    "tr": Language.TURKISH,
    "es": Language.SPANISH,
    "pt": Language.PORTUGUESE,
    "bn": Language.BENGALI,
    "gu": Language.GUJARATI,
    "hi": Language.HINDI,
    "kn": Language.KANNADA,
    "ml": Language.MALAYALAM,
    "or": Language.ORIYA,
    "pa": Language.PUNJABI,
    "ta": Language.TAMIL,
    "te": Language.TELUGU,
    "ur": Language.URDU,
}
"""The languages by their codes in ISO 639-1."""

_WORDS: Final = {
    **CODES,
    **{language.name.lower(): language for language in Language},
    **{str(language.value): language for language in Language},
}


def find_language(word: str) -> Language:
    """The language of a code (tr), a name (Turkish) or a national language identifier (1).

    :raises UsageError: if there is none with tables of its own.
    """
    language = _WORDS.get(word.strip().lower())
    if language is not None:
        return language
    known = ", ".join(f"{code} ({language.name.lower()})" for code, language in CODES.items())
    raise UsageError(f"there are no national tables for it; there are for {known}")


def examine(text: str, *, languages: Collection[Language], whole_graphemes: bool) -> Report:
    """The report on a text, with its parts cut as asked.

    :raises InvalidMessage: if the text holds half a surrogate pair.
    :raises MissingExtra: if `whole_graphemes` is asked for without the library that knows them.
    """
    found = report(text, languages=languages)
    if not whole_graphemes:
        return found
    replaced = smart_encoding(text, languages=languages)
    return attrs.evolve(
        found,
        segmented=segment(text, languages=languages, whole_graphemes=True),
        replaced=segment(replaced, languages=languages, whole_graphemes=True),
    )

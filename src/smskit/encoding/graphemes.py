"""Grapheme clusters, what a person sees as one character: Unicode Standard Annex 29. Here `regex` is imported."""

from __future__ import annotations

from collections.abc import Sequence

from smskit.errors import MissingExtra


def clusters(text: str) -> Sequence[str]:
    """The extended grapheme clusters of a text.

    :raises MissingExtra: if the library that knows them is not installed.
    """
    try:
        import regex
    except ImportError:
        raise MissingExtra("keeping grapheme clusters whole", "graphemes") from None
    found: list[str] = regex.findall(r"\X", text)
    return found

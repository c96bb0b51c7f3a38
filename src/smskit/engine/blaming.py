"""Blaming: what other people's code raised, told without its words, which may quote a text or a number."""

from __future__ import annotations

import traceback


def blame(error: BaseException) -> str:
    """The kind of an error and the line it came from: enough to find it, and nothing a person wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    last = frames[-1]
    return f"{type(error).__name__} in {last.name} ({last.filename}:{last.lineno})"

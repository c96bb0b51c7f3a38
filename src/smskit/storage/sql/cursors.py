"""Keyset cursors: where a page ended, as text the caller hands back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from smskit.errors import UsageError
from smskit.storage.base import Page

T = TypeVar("T")

MAX_PAGE = 1000


def page(items: Sequence[T], limit: int, key: Callable[[T], tuple[int, ...]]) -> Page[T]:
    """A page of items; it has a cursor unless it is the last one."""
    full = len(items) == limit
    return Page(tuple(items), ".".join(map(str, key(items[-1]))) if full else None)


def read(cursor: str | None, width: int) -> tuple[int, ...] | None:
    """The key that a cursor holds; None for none.

    :raises UsageError: if `page` never made such a cursor.
    """
    if cursor is None:
        return None
    try:
        key = tuple(int(part) for part in cursor.split("."))
    except ValueError:
        key = ()
    if len(key) != width:
        msg = "that is no cursor of this list; take it from the `next` of the page before"
        raise UsageError(msg)
    return key


def checked(limit: int) -> int:
    """A page size that a store is willing to read.

    :raises UsageError: if it is not between 1 and 1000.
    """
    if not 1 <= limit <= MAX_PAGE:
        msg = f"a page has 1 to {MAX_PAGE} items, not {limit}"
        raise UsageError(msg)
    return limit

"""A transaction as the SQL functions see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

Row: TypeAlias = Mapping[str, Any]
"""One row by column name. Raw values live between a statement and the record made of them, nowhere else."""

Params: TypeAlias = Sequence[object]


class Tx(Protocol):
    """An open transaction. Statements are given with bound parameters only."""

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """The first row, also of a statement that writes and returns."""

    def all(self, sql: str, params: Params = ()) -> Sequence[Row]:
        """All rows."""

    def run(self, sql: str, params: Params = ()) -> int:
        """Carry out and say how many rows changed."""


def existing(row: Row | None) -> Row:
    """The row of a statement that always gives one."""
    if row is None:
        msg = "a statement that always gives a row gave none"
        raise AssertionError(msg)
    return row

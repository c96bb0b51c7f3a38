"""Cells of files that people open in spreadsheets: nothing in them is taken for a formula, and all of it comes back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]")
"""What spreadsheets carry out, also in full width, or would once our own apostrophes were taken away."""


def guarded(text: str) -> str:
    """The text, after an apostrophe if a spreadsheet might take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """The text that `guarded` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV (RFC 4180)."""
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue()

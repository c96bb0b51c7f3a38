"""What the benchmarks share: rounds, medians, tables, and a desk to measure on."""

from __future__ import annotations

import argparse
import platform
import sqlite3
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

from smskit.model.addresses import PhoneNumber
from smskit.storage.sql.tx import Params, Row

T = TypeVar("T")

Statement: TypeAlias = tuple[str, Params]

SENDER = "+14155550100"


def arguments(about: str) -> argparse.ArgumentParser:
    """A parser with the one option that every benchmark has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="small figures, to see that it runs")
    return parser


def number(which: int) -> PhoneNumber:
    """One of 79,900 numbers of the range that is kept for fiction."""
    area, line = divmod(which, 100)
    return PhoneNumber(f"+1{201 + area}55501{line:02}")


def rounds(rivals: Mapping[str, Callable[[], T]], count: int) -> Mapping[str, list[T]]:
    """What each rival gave in each round. They take turns, so that a slow minute of the machine hits all."""
    gave: dict[str, list[T]] = {name: [] for name in rivals}
    for _ in range(count):
        for name, run in rivals.items():
            gave[name].append(run())
    return gave


def medians(gave: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The middle of the rounds of each rival."""
    return {name: statistics.median(figures) for name, figures in gave.items()}


def ratio(figures: Sequence[float], rival: Sequence[float]) -> float:
    """How many times the rival's: the middle of the rounds, each compared with its neighbour in time."""
    return statistics.median(one / other for one, other in zip(figures, rival, strict=True))


def quantile(figures: Sequence[float], part: float) -> float:
    """The figure that `part` of all do not exceed."""
    return sorted(figures)[min(int(len(figures) * part), len(figures) - 1)]


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: the first column to the left, figures to the right."""
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    print(f"\n{title}")
    for number, line in enumerate(lines):
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def machine() -> None:
    """Print what the figures were measured on."""
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.platform(terse=True)}"
    )


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for databases, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="smskit-bench-") as path:
        yield Path(path)


class Recorder:
    """A transaction that keeps the statements it is asked to carry out."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        self._connection = connection
        self.statements: list[Statement] = []

    def one(self, sql: str, params: Params = ()) -> Row | None:
        rows = self.all(sql, params)
        return rows[0] if rows else None

    def all(self, sql: str, params: Params = ()) -> Sequence[Row]:
        self.statements.append((sql, params))
        return self._connection.execute(sql, params).fetchall()

    def run(self, sql: str, params: Params = ()) -> int:
        self.statements.append((sql, params))
        return self._connection.execute(sql, params).rowcount


def resident() -> float:
    """The memory of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20

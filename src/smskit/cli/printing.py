"""How results look, for people and for programs. Here `rich` is imported."""

from __future__ import annotations

import enum
import io
import json
import sys
from collections.abc import Iterator

import attrs
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from smskit.cli.values import is_ours, named, to_json
from smskit.encoding import Costly, Encoding, Report, Segmented

_JOINERS = "\u200c\u200d"
"""Nobody sees them, but emoji and whole scripts fall apart without them."""


def print_json(value: object, *, classes: bool = False) -> None:
    """One line, in ASCII, which survives every terminal and pipe."""
    sys.stdout.write(json.dumps(to_json(value, classes=classes)) + "\n")
    sys.stdout.flush()


def print_error(message: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"smskit: {message}\n")


def print_report(report: Report) -> None:
    """The parts of a text, what makes it expensive, and what would be cheaper."""
    console = open_console()
    console.print(Text(_summary(report.segmented), style="bold"))
    console.print(_parts(report.segmented), "")
    if report.costly:
        console.print("Not in the GSM 7 bit alphabet, so the whole text goes as UCS2:")
        console.print(_costly(report.costly), *_advice(report), "", sep="\n")


def print_tree(value: attrs.AttrsInstance) -> None:
    """The fields of a value and theirs, without those that are absent."""
    tree = Tree(Text(type(value).__name__, style="bold"))
    _grow(tree, value)
    open_console().print(tree, "")


def open_console() -> Console:
    """Writes to standard output; to a pipe or file as wide as it needs, with nothing folded and no colours."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # Windows may give us an encoding without emoji
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = 1_000_000
    return console


def visible(text: str) -> str:
    """The text on one line, with escapes for what a terminal would obey, and for what nobody would see but joiners."""
    return "".join(
        char if char.isprintable() or char in _JOINERS else char.encode("unicode_escape").decode()
        for char in text
    )


def _summary(segmented: Segmented) -> str:
    encoding = "UCS2" if segmented.encoding is Encoding.UCS2 else "GSM 7 bit"
    tables = sorted({one.name.title() for one in (segmented.shift.locking, segmented.shift.single) if one})
    with_tables = f" with the {' and '.join(tables)} tables" if tables else ""
    return f"{encoding}{with_tables}, {_count(len(segmented.parts))}"


def _count(parts: int) -> str:
    return "1 part" if parts == 1 else f"{parts} parts"


def _parts(segmented: Segmented) -> Table:
    table = _table("part", "used", "left")
    table.add_column("text", overflow="fold")
    for number, part in enumerate(segmented.parts, 1):
        table.add_row(str(number), str(part.units), str(part.units_left), Text(f'"{visible(part.text)}"'))
    return table


def _costly(costly: tuple[Costly, ...]) -> Table:
    table = _table("times")
    for name in ("character", "name", "smart encoding makes it"):
        table.add_column(name)
    for one in costly:
        char = one.character if one.character.isprintable() else visible(one.character)
        table.add_row(str(one.count), Text(char), one.name, Text(_replacement(one)))
    return table


def _replacement(one: Costly) -> str:
    match one.replacement:
        case None:
            return "(stays)"
        case "":
            return "(nothing)"
        case " ":
            return "(a space)"
        case text:
            return f'"{visible(text)}"'


def _advice(report: Report) -> Iterator[str]:
    after = len(report.replaced.parts)
    if report.saves:
        yield f"Smart encoding saves {_count(report.saves)}: {_summary(report.replaced)}."
    elif report.cheapest < after:
        yield "Smart encoding saves nothing here."
    else:
        yield "They cost nothing here."
    if report.cheapest < after:
        yield f"Without these characters it would be {_count(report.cheapest)}."


def _table(*numbers: str) -> Table:
    """A table that begins with columns of numbers."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for head in numbers:
        table.add_column(head, justify="right")
    return table


def _grow(tree: Tree, value: attrs.AttrsInstance) -> None:
    members = named(value)
    if members.get("text") is not None:
        members.pop("payload", None)  # the same in octets
    for name, member in members.items():
        if member is not None and member not in {(), b""}:
            _add(tree, f"{name}: ", member)


def _add(tree: Tree, name: str, member: object) -> None:
    if is_ours(member):
        said = type(member).__name__ if type(member).__str__ is object.__str__ else visible(str(member))
        _grow(tree.add(Text.assemble((name, "dim"), said)), member)
    elif isinstance(member, tuple):
        branch = tree.add(Text(name.rstrip(), style="dim"))
        for one in member:
            _add(branch, "", one)
    else:
        tree.add(Text.assemble((name, "dim"), _scalar(member)))


def _scalar(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case enum.Enum():
            return value.name.lower()
        case str():
            return f'"{visible(value)}"'
        case bytes():
            return value.hex(" ")
        case _:
            return str(value)

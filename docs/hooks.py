"""What is made from the code when the docs are built: tables, and docstrings in the form that is rendered."""
# ruff: noqa: INP001 - mkdocs loads it as a file

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence

import griffe

from smskit import Driver, Status
from smskit.cli.segments import CODES
from smskit.drivers.registry import open_driver
from smskit.encoding import REPLACEMENTS
from smskit.encoding.national import locking_table

DRIVERS = {
    "local": "local:?sender=%2B14155550100",
    "twilio": f"twilio://AC{'0' * 32}:token@/?sender=%2B14155550100&public_url=https://acme.example/sms",
}
"""A URL for each driver that comes with smskit."""

_PLACE = re.compile(r"<!-- table: (\w+) -->")


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put the tables where a page asks for them."""
    return _PLACE.sub(lambda found: TABLES[found[1]](), markdown)


class GoogleRaises(griffe.Extension):
    """Turns `:raises Error: when`, which our docstrings say in one line, into a section that is rendered."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        if obj.docstring and ":raises " in obj.docstring.value:
            obj.docstring.value = with_section(obj.docstring.value)


def with_section(docstring: str) -> str:
    """The docstring with its `:raises:` in a section at its end."""
    said, *raised = re.split(r"\s*:raises ", docstring)
    lines = (f"    {' '.join(one.split())}" for one in raised)
    return "\n".join((said, "", "Raises:", *lines))


def statuses() -> str:
    """Every status with its meaning, in the order in which they are declared."""
    members = griffe.load("smskit.model.statuses")["Status"].members
    rows = [
        (f"`{status}`", _said(members[status.name]), str(status.rank or ""), "yes" if status.is_final else "")
        for status in Status
    ]
    return _table(("status", "means", "order", "final"), rows)


def errors() -> str:
    """The error tree, as the module draws it, and each error in the order of the tree."""
    module = griffe.load("smskit.errors")
    drawn = _said(module)
    tree = re.search(r"^SmsKitError\n(?:[├│└ ].*\n)+", drawn, flags=re.MULTILINE)
    if tree is None:
        msg = "smskit.errors does not draw its tree any more"
        raise ValueError(msg)
    each = (f"::: smskit.errors.{name}" for name in module.members if name in tree[0])
    return "\n\n".join((f"```text\n{tree[0]}```", *each))


def drivers() -> str:
    """What each driver that comes with smskit declares."""
    rows = [_features(scheme, open_driver(url)) for scheme, url in sorted(DRIVERS.items())]
    return _table(("driver", "guarantee", "at once", "link", "receipts", "inbound", "answers itself"), rows)


def _features(scheme: str, driver: Driver) -> tuple[str, ...]:
    features = driver.features
    return (
        f"`{scheme}`",
        f"`{features.guarantee.name}`",
        str(features.window),
        *("yes" if has else "no" for has in (features.link, features.receipts, features.inbound)),
        ", ".join(sorted(word.name for word in features.answers)) or "nothing",
    )


def replacements() -> str:
    """What smart encoding makes of which characters."""
    groups = itertools.groupby(REPLACEMENTS, key=lambda char: REPLACEMENTS[char])
    rows = (
        (_NAMED.get(plain, f"`{plain}`"), " ".join(_shown(char) for char in sorted(chars)))
        for plain, chars in groups
    )
    return _table(("becomes", "what"), rows)


_NAMED = {"": "nothing", " ": "a space", "\n": "a new line"}


def _shown(char: str) -> str:
    """The character, or its code point where there is nothing to see."""
    if char.isascii() and char.isprintable():
        return f"&#{ord(char)};"  # markdown means something by it
    visible = char.isprintable() and not unicodedata.category(char).startswith("Z")
    return char if visible else f"U+{ord(char):04X}"


def languages() -> str:
    """The national tables, with what the command line calls them."""
    rows = (
        (f"`{language.name}`", f"`{code}`", str(language.value), "yes" if locking_table(language) else "")
        for code, language in CODES.items()
    )
    return _table(("`Language`", "code", "number on the wire", "locking shift table"), rows)


def _said(thing: griffe.Object | griffe.Alias) -> str:
    return thing.docstring.value if thing.docstring else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


TABLES: Mapping[str, Callable[[], str]] = {
    "statuses": statuses,
    "errors": errors,
    "drivers": drivers,
    "replacements": replacements,
    "languages": languages,
}

"""Reading contacts from CSV: every row is checked before any is imported."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from smskit.desk.fields import attribute_name, clean_zone
from smskit.desk.sheets import unguarded
from smskit.errors import ImportRejected, SmsKitError, UsageError
from smskit.model.addresses import PhoneNumber
from smskit.model.contacts import Scope
from smskit.model.ids import Actor
from smskit.storage.base import NewContact, OptOut

COLUMNS = {
    "number": "number",
    "phone": "number",
    "name": "name",
    "zone": "zone",
    "subscribed": "subscribed",
}
"""The columns that are no attributes, in any case of letters."""

SUBSCRIBED: Mapping[str, Scope | None] = {
    "": None,
    "1": None,
    "true": None,
    "yes": None,
    "0": Scope.ALL,
    "false": Scope.ALL,
    "no": Scope.ALL,
    "no promotions": Scope.PROMOTIONAL,
}
"""What a cell of `subscribed` opts out of. Nothing opts anybody in."""


@attrs.frozen(kw_only=True)
class ImportReport:
    """What an import did."""

    rows: int
    created: int
    updated: int
    """So many were known before, and are now as the file has them."""


def read_rows(path: Path, region: str | None, actor: Actor) -> list[NewContact]:
    """The contacts in a file, in its order; `actor` is who opts out those that the file says are not subscribed.

    :raises ImportRejected: if any row is faulty, naming each by its line in the file.
    :raises UsageError: if the file cannot be read as CSV with a column `number` or `phone`.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file, strict=True)
            return _contacts(((lines.line_num, cells) for cells in lines if cells), region, actor)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path.name} cannot be read as CSV in UTF-8: {error}"
        raise UsageError(msg) from error


def _contacts(rows: Iterator[tuple[int, list[str]]], region: str | None, actor: Actor) -> list[NewContact]:
    _, header = next(rows, (0, []))
    columns = _columns(header)
    contacts: dict[str, NewContact] = {}
    faults: list[tuple[int, str]] = []
    for line, cells in rows:
        try:
            contact = _contact(_named(columns, cells), region, actor)
            if contact.number.text in contacts:
                raise UsageError("the number stands in the file twice")
            contacts[contact.number.text] = contact
        except SmsKitError as error:
            faults.append((line, str(error)))
    if faults:
        raise ImportRejected(tuple(faults))
    return list(contacts.values())


def _columns(header: Sequence[str]) -> Sequence[str]:
    """What each column is: a field, the name of an attribute, or empty for one without a header."""
    texts = [unguarded(cell.strip()).strip() for cell in header]
    columns = [COLUMNS.get(text.lower(), text) for text in texts]
    if "number" not in columns:
        msg = "the file needs a header with a column 'number' (or 'phone')"
        raise UsageError(msg)
    twice = sorted(name for name, count in Counter(columns).items() if name and count > 1)
    if twice:
        several = ", ".join(map(repr, twice))
        raise UsageError(f"the header has several columns for {several}; leave one of each")
    return columns


def _named(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The cells by their columns. One that is empty has nothing to say, but for a name beside its parts."""
    if len(cells) != len(columns):
        raise UsageError("the row has more or fewer cells than the header")
    texts = (unguarded(cell.strip()).strip() for cell in cells)
    return {name: text for name, text in zip(columns, texts, strict=True) if text or name == "name"}


def _contact(cells: dict[str, str], region: str | None, actor: Actor) -> NewContact:
    number = PhoneNumber.parse(cells.pop("number", ""), region)
    whole = cells.pop("name", None)
    name = " ".join(_parts_of_name(cells)) if whole is None else whole
    zone = clean_zone(cells.pop("zone", None))
    scope = _scope(cells.pop("subscribed", ""))
    return NewContact(
        number=number,
        name=name or None,
        zone=zone,
        attributes={attribute_name(key): value for key, value in cells.items()} or None,
        opt_out=None if scope is None else OptOut(actor, scope, "imported"),
    )


def _parts_of_name(cells: Mapping[str, str]) -> Iterable[str]:
    return (cells[part] for part in ("first_name", "last_name") if part in cells)


def _scope(cell: str) -> Scope | None:
    try:
        return SUBSCRIBED[cell.lower()]
    except KeyError:
        raise UsageError("subscribed is 'yes', 'no' or 'no promotions'") from None

"""Reading contacts from CSV: every row is checked before any is imported."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import attrs

from smskit.errors import ImportRejected, SmsKitError, UsageError
from smskit.model.addresses import PhoneNumber
from smskit.storage.base import NewContact

NUMBER_COLUMNS = ("number", "phone")


@attrs.frozen(kw_only=True)
class ImportReport:
    """What an import did."""

    rows: int
    created: int
    updated: int


def read_rows(path: Path, region: str | None, zone_of: Callable[[str], str]) -> list[NewContact]:
    """The contacts in a file, in its order.

    :raises ImportRejected: if any row is faulty, naming each by its line in the file.
    :raises UsageError: if the file cannot be read as CSV with a column `number` or `phone`.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _contacts(csv.DictReader(file, strict=True), region, zone_of)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path.name} cannot be read as CSV in UTF-8: {error}"
        raise UsageError(msg) from error


def _contacts(
    reader: csv.DictReader[str], region: str | None, zone_of: Callable[[str], str]
) -> list[NewContact]:
    column = next((name for name in reader.fieldnames or () if name.strip().lower() in NUMBER_COLUMNS), None)
    if column is None:
        msg = "the file needs a header with a column 'number' (or 'phone')"
        raise UsageError(msg)
    contacts: dict[str, NewContact] = {}
    faults: list[tuple[int, str]] = []
    for row in reader:
        try:
            contact = _contact(row, column, region, zone_of)
            if contact.number.text in contacts:
                raise UsageError("the number stands in the file twice")
            contacts[contact.number.text] = contact
        except SmsKitError as error:
            faults.append((reader.line_num, str(error)))
    if faults:
        raise ImportRejected(tuple(faults))
    return list(contacts.values())


def _contact(
    row: Mapping[str | None, str | list[str] | None],
    column: str,
    region: str | None,
    zone_of: Callable[[str], str],
) -> NewContact:
    if None in row or None in row.values():
        raise UsageError("the row has more or fewer cells than the header")
    cells = {str(key).strip(): str(value).strip() for key, value in row.items()}
    number = PhoneNumber.parse(cells.pop(column.strip()), region)
    name = cells.pop("name", "") or " ".join(_names(cells))
    zone = cells.pop("zone", "")
    return NewContact(
        number=number, name=name or None, zone=zone_of(zone) if zone else None, attributes=_filled(cells)
    )


def _names(cells: Mapping[str, str]) -> Iterable[str]:
    return (cells[part] for part in ("first_name", "last_name") if cells.get(part))


def _filled(cells: Mapping[str, str]) -> Mapping[str, str] | None:
    return {key: value for key, value in cells.items() if value} or None

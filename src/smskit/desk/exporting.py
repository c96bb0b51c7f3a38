"""Writing contacts to CSV: as an import reads them, page by page, and all of the file or none of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

import anyio.to_thread
import attrs

from smskit.desk.office import Office
from smskit.desk.sheets import csv_lines, guarded
from smskit.errors import UsageError
from smskit.model.addresses import PhoneNumber
from smskit.model.contacts import ContactRecord, Scope

COLUMNS = ("number", "name", "zone", "subscribed")
"""The first columns; after them come attributes, sorted by their names."""

PAGE = 500


class TextSink(Protocol):
    """Whatever text can be written to, such as an open file or `io.StringIO`."""

    def write(self, text: str, /) -> object:
        """Take the text."""


@attrs.frozen(kw_only=True)
class ExportReport:
    """What an export did."""

    rows: int
    left_out: int
    """So many have no phone number but a short code or a sender's name, which an import does not take."""


async def export_contacts(office: Office, sink: TextSink) -> ExportReport:
    """Write all contacts that are listed, with the attributes whose names are known at the beginning."""
    names = await office.storage.attribute_names(office.org)
    await _write(sink, [[*COLUMNS, *map(guarded, names)]])
    rows = left_out = 0
    after: str | None = None
    while True:
        page = await office.storage.list_contacts(office.org, after=after, limit=PAGE)
        lines = [line(record, names) for record in page.items if isinstance(record.number, PhoneNumber)]
        await _write(sink, lines)
        rows, left_out = rows + len(lines), left_out + len(page.items) - len(lines)
        after = page.next
        if after is None:
            return ExportReport(rows=rows, left_out=left_out)


def line(record: ContactRecord, names: Sequence[str]) -> list[str]:
    """The cells of a contact. Its number stays bare: + and digits do no harm, and every other program reads them."""
    texts = (record.name, record.zone or "", *(record.attributes.get(name, "") for name in names))
    name, zone, *attributes = map(guarded, texts)
    return [record.number.text, name, zone, _subscribed(record), *attributes]


def _subscribed(record: ContactRecord) -> str:
    if not record.opted_out:
        return "yes"
    return "no" if record.opted_out_scope is Scope.ALL else "no promotions"


async def _write(sink: TextSink, rows: Iterable[Sequence[str]]) -> None:
    await anyio.to_thread.run_sync(sink.write, csv_lines(rows))


@asynccontextmanager
async def whole_file(path: Path) -> AsyncIterator[TextSink]:
    """A new file that takes its place only once all is in it, and that only its owner can read.

    It begins with a byte order mark, without which spreadsheets take it for something else than UTF-8.

    :raises UsageError: if it cannot be written there.
    """
    try:
        begun = await anyio.to_thread.run_sync(_Begun, path)
        try:
            yield begun
            await anyio.to_thread.run_sync(begun.finish)
        except BaseException:
            begun.abandon()
            raise
    except OSError as error:
        raise UsageError(f"{path.name} cannot be written: {error.strerror}") from error


class _Begun:
    """A file that is not whole yet, beside the one it will be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        self._file = os.fdopen(handle, "w", encoding="utf-8-sig", newline="")
        self._beside = Path(name)

    def write(self, text: str) -> None:
        self._file.write(text)

    def finish(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._beside.replace(self._path)

    def abandon(self) -> None:
        with suppress(OSError):
            self._file.close()
        self._beside.unlink(missing_ok=True)

"""A connection to a SQLite file: how it is opened, what its errors mean, and the `Tx` over it."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, TypeVar

from smskit.clock import SystemClock
from smskit.errors import StorageError, StorageUnavailable, StorageUnsupported
from smskit.storage.sql.tx import Params, Row

T = TypeVar("T")

OLDEST: Final = (3, 35, 0)
"""RETURNING came with this version of SQLite."""

_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "another process keeps the database locked",
    sqlite3.SQLITE_LOCKED: "another connection keeps the database locked",
    sqlite3.SQLITE_FULL: "the disk is full, or the database may not grow",
    sqlite3.SQLITE_IOERR: "the disk did not do what it was asked",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; does its folder exist, and may we write there?",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
}

_UNSUPPORTED = {
    sqlite3.SQLITE_NOTADB: "the file is not a SQLite database",
    sqlite3.SQLITE_READONLY: "the database is read-only",
    sqlite3.SQLITE_PERM: "the file may not be opened",
    sqlite3.SQLITE_CORRUPT: "the database is damaged; restore it from a backup",
}

_SETTINGS = ("foreign_keys = on", "synchronous = full", "temp_store = memory", "cache_size = -16000")


class SqliteTx:
    """The statements of one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def one(self, sql: str, params: Params = ()) -> Row | None:
        rows = self._execute(sql, params).fetchall()
        return rows[0] if rows else None

    def all(self, sql: str, params: Params = ()) -> Sequence[Row]:
        cursor = self._execute(sql, params)
        # A page's rows are asked for many columns, and sqlite3.Row looks for a name from the first one on.
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def run(self, sql: str, params: Params = ()) -> int:
        return self._execute(sql, params).rowcount


def connect(path: str | None, *, for_reading: bool = False) -> sqlite3.Connection:
    """A connection in the mode that smskit needs: explicit transactions, every commit on disk.

    Some settings read the file, so this fails as any read does while another process has the file to itself.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        msg = f"smskit needs SQLite {'.'.join(map(str, OLDEST))} or newer; this Python has {sqlite3.sqlite_version}"
        raise StorageUnsupported(msg)
    connection = sqlite3.connect(
        path or ":memory:", timeout=0, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.row_factory = sqlite3.Row
    try:
        for setting in _SETTINGS:
            connection.execute(f"pragma {setting}")
        if for_reading:
            connection.execute("pragma query_only = on")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def translated(error: sqlite3.Error) -> StorageError:
    """What an error of SQLite means to the caller."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary in _UNAVAILABLE:
        return StorageUnavailable(f"{_UNAVAILABLE[primary]} ({error.sqlite_errorname})")
    if primary in _UNSUPPORTED:
        return StorageUnsupported(f"{_UNSUPPORTED[primary]} ({error.sqlite_errorname})")
    return StorageError(f"SQLite: {error}")


def insist(attempt: Callable[[], T], timeout: timedelta, stop: threading.Event) -> T:
    """Try again for a while if another process has the lock.

    Short naps of our own instead of SQLite's busy handler, whose growing pauses let a busy neighbour win for seconds.
    """
    clock = SystemClock()
    deadline = clock.guard() + timeout.total_seconds()
    while True:
        try:
            return attempt()
        except sqlite3.OperationalError as error:
            locked = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not locked or clock.guard() > deadline or stop.is_set():
                raise
        stop.wait(random.uniform(0.0003, 0.0015))

"""Bringing a SQLite file to the schema of this smskit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from smskit.storage.sql.migrations import load, missing

_TABLE = (
    "create table if not exists smskit_schema "
    "(version integer primary key, name text not null, checksum text not null, applied_at text not null)"
)


def upgrade(connection: sqlite3.Connection) -> None:
    """Apply what is missing, all or nothing, within the caller's transaction.

    :raises StorageUnsupported: if the file was made by a newer smskit, or by another one.
    """
    steps = load("sqlite")
    if not is_current(connection):
        connection.execute(_TABLE)
    applied = dict(connection.execute("select version, checksum from smskit_schema").fetchall())
    for step in missing(steps, applied):
        for statement in _statements(step.sql):
            connection.execute(statement)
        connection.execute(
            "insert into smskit_schema (version, name, checksum, applied_at) values (?, ?, ?, datetime('now'))",
            (step.version, step.name, step.checksum),
        )


def is_current(connection: sqlite3.Connection) -> bool:
    """The file has all steps that this smskit knows, so that opening it need not write.

    :raises StorageUnsupported: as `upgrade` does.
    """
    known = connection.execute("select 1 from sqlite_master where name = 'smskit_schema'").fetchone()
    if known is None:
        return False
    applied = dict(connection.execute("select version, checksum from smskit_schema").fetchall())
    return not missing(load("sqlite"), applied)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""

"""SQLite: one file, one writer thread with group commit, a few readers. The default store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from smskit.storage.files import FileMediaStore, MemoryMediaStore
from smskit.storage.sql.store import SqlStorage
from smskit.storage.sqlite.memory import MemoryRunner
from smskit.storage.sqlite.runner import SqliteRunner

__all__ = ["SqliteStorage"]


class SqliteStorage(SqlStorage):
    """A store in one SQLite file, or in memory if `path` is None.

    Media are kept in a folder beside the file, named like it with `-media`, or in memory too.
    Several processes may open the same file. A transaction waits up to `lock_timeout` for another process.
    """

    def __init__(
        self,
        path: str | None,
        *,
        lease_clock: Callable[[], datetime],
        lock_timeout: timedelta = timedelta(seconds=10),
    ) -> None:
        super().__init__(MemoryRunner() if path is None else SqliteRunner(path, lock_timeout), lease_clock)
        self.path = path
        self.media_store: FileMediaStore | MemoryMediaStore = (
            MemoryMediaStore() if path is None else FileMediaStore(f"{path}-media")
        )

    async def settled(self) -> bool:
        waited = await self.media_store.settled()
        return await super().settled() or waited

    def __repr__(self) -> str:
        return f"SqliteStorage({self.path or ':memory:'!r})"

"""Group commit: a job is reported done only when its row is on disk, and no job harms another."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from smskit.errors import NotFound, StorageError, StorageUnavailable
from smskit.storage.sql.tx import Tx
from smskit.storage.sqlite import SqliteStorage


@pytest.fixture
async def notes(store: SqliteStorage) -> SqliteStorage:
    """A store with a table of the test's own."""
    await store._runner.write(lambda tx: tx.run("create table note (id integer primary key, body blob)"))
    return store


def put(number: int, size: int = 10) -> Callable[[Tx], int]:
    def insert(tx: Tx) -> int:
        tx.run("insert into note values (?, zeroblob(?))", (number, size))
        return number

    return insert


class Outcomes:
    """What became of jobs that were submitted together."""

    def __init__(self, store: SqliteStorage) -> None:
        self._store = store
        self.done: list[int] = []
        self.errors: list[Exception] = []

    async def of(self, *jobs: Callable[[Tx], Any]) -> None:
        """Submit the jobs while the writer is busy, so that they go into one batch, in this order."""
        free = threading.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._hold_up, free)
            await submitted(self._store, 1)
            for number, job in enumerate(jobs, start=2):
                tasks.start_soon(self._write, job)
                await submitted(self._store, number)
            free.set()

    async def _hold_up(self, free: threading.Event) -> None:
        with contextlib.suppress(StorageUnavailable):
            await self._store._runner.write(lambda _tx: free.wait(10))

    async def _write(self, job: Callable[[Tx], Any]) -> None:
        try:
            self.done.append(await self._store._runner.write(job))
        except Exception as error:  # noqa: BLE001 - it is what the test looks at
            self.errors.append(error)


async def submitted(store: SqliteStorage, count: int) -> None:
    """Wait until so many jobs are under way."""
    while store._runner._pending < count:  # type: ignore[attr-defined]  # the inside is the point
        await anyio.lowlevel.checkpoint()


def on_disk(path: Path) -> list[int]:
    connection = sqlite3.connect(path)
    try:
        return [number for (number,) in connection.execute("select id from note order by id")]
    finally:
        connection.close()


async def test_what_was_reported_done_is_on_disk(notes: SqliteStorage, path: Path) -> None:
    outcomes = Outcomes(notes)

    await outcomes.of(*(put(number) for number in range(300)))

    assert sorted(outcomes.done) == on_disk(path) == list(range(300))


async def test_nothing_is_reported_before_the_commit(notes: SqliteStorage, path: Path) -> None:
    seen: list[tuple[list[int], list[int]]] = []
    outcomes = Outcomes(notes)

    await outcomes.of(put(1), lambda _tx: seen.append((on_disk(path), list(outcomes.done))))

    assert seen == [([], [])]
    assert on_disk(path) == [1]


async def test_an_error_in_one_job_does_not_harm_the_others(notes: SqliteStorage, path: Path) -> None:
    def fail(tx: Tx) -> None:
        tx.run("insert into note values (99, null)")
        msg = "there is no such thing"
        raise NotFound(msg)

    outcomes = Outcomes(notes)
    await outcomes.of(put(1), fail, put(2), put(1), put(3))

    assert sorted(outcomes.done) == on_disk(path) == [1, 2, 3]
    assert sorted(type(error).__name__ for error in outcomes.errors) == ["NotFound", "StorageError"]


async def test_an_error_of_sqlite_is_one_of_ours_with_its_cause(notes: SqliteStorage) -> None:
    with pytest.raises(StorageError) as caught:
        await notes._runner.write(lambda tx: tx.run("insert into nothing values (1)"))

    assert isinstance(caught.value.__cause__, sqlite3.Error)


async def test_a_full_database_in_the_middle_of_a_batch_reports_no_row_that_is_not_there(
    notes: SqliteStorage, path: Path
) -> None:
    """SQLite rolls the whole transaction back when the disk is full; statements after that commit by themselves."""
    limit_growth(notes, pages=6)
    outcomes = Outcomes(notes)

    await outcomes.of(*(put(number) for number in range(20)), put(100, 200_000), *map(put, range(21, 40)))

    assert sorted(outcomes.done) == on_disk(path) == [*range(20), *range(21, 40)]
    (error,) = outcomes.errors
    assert isinstance(error, StorageUnavailable)
    assert "full" in str(error)


async def test_a_store_that_was_full_is_usable_again(notes: SqliteStorage, path: Path) -> None:
    limit_growth(notes, pages=6)
    outcomes = Outcomes(notes)
    await outcomes.of(put(1, 200_000), put(2))
    limit_growth(notes, pages=1000)

    await outcomes.of(put(3, 200_000))

    assert sorted(outcomes.done) == on_disk(path) == [2, 3]


async def test_a_commit_that_fails_fails_all_of_its_batch_and_nothing_is_there(
    notes: SqliteStorage, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = notes._runner._writer  # type: ignore[attr-defined]  # the inside is the point
    connection = FailingCommit(writer._connection)
    monkeypatch.setattr(writer, "_connection", connection)
    outcomes = Outcomes(notes)

    await outcomes.of(put(1), put(2))
    connection.fails = False
    await outcomes.of(put(3))

    assert outcomes.done == on_disk(path) == [3]
    assert [type(error) for error in outcomes.errors] == [StorageUnavailable] * 2


async def test_cancelling_a_waiter_never_cancels_its_transaction(notes: SqliteStorage, path: Path) -> None:
    async def write() -> None:
        await notes._runner.write(put(1))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        await submitted(notes, 1)
        tasks.cancel_scope.cancel()
    await notes.settled()

    assert on_disk(path) == [1]


async def test_a_waiter_cancelled_before_it_asked_changes_nothing(notes: SqliteStorage, path: Path) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await notes._runner.write(put(1))
    await notes.settled()

    assert scope.cancelled_caught
    assert on_disk(path) == []


async def test_a_store_finishes_what_it_was_given_before_it_closes(notes: SqliteStorage, path: Path) -> None:
    outcomes = Outcomes(notes)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(outcomes.of, *(put(number) for number in range(50)))
        await submitted(notes, 51)
        await notes.aclose()

    assert sorted(outcomes.done) == on_disk(path) == list(range(50))


async def test_a_read_that_tries_to_write_is_refused(notes: SqliteStorage, path: Path) -> None:
    with pytest.raises(StorageError):
        await notes._runner.read(put(1))

    assert on_disk(path) == []


async def test_a_read_sees_one_unchanging_view(notes: SqliteStorage, path: Path) -> None:
    def count_twice(tx: Tx) -> tuple[int, int]:
        first = len(tx.all("select 1 from note"))
        connection = sqlite3.connect(path)
        connection.execute("insert into note values (?, null)", (first + 1,))
        connection.commit()
        connection.close()
        return first, len(tx.all("select 1 from note"))

    assert await notes._runner.read(count_twice) == (0, 0)
    assert await notes._runner.read(count_twice) == (1, 1)


def limit_growth(store: SqliteStorage, *, pages: int) -> None:
    """From now on the file may grow by so many pages only."""
    connection = store._runner._writer._connection  # type: ignore[attr-defined]  # a limit belongs to a connection
    (count,) = connection.execute("pragma page_count").fetchone()
    connection.execute(f"pragma max_page_count = {count + pages}")


class FailingCommit:
    """A connection whose commit fails as on a broken disk."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.fails = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, sql: str, *params: Any) -> sqlite3.Cursor:  # noqa: ANN401 - it passes them on
        if sql == "commit" and self.fails:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_IOERR, "SQLITE_IOERR"
            raise error
        return self._connection.execute(sql, *params)

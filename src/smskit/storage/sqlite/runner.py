"""Runs transactions on a SQLite file from an event loop: writes by the writer, reads by a few readers."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

from smskit.errors import KitClosed
from smskit.storage.base import Pulse
from smskit.storage.sql.tx import Tx
from smskit.storage.sqlite.connection import SqliteTx, connect, insist, translated
from smskit.storage.sqlite.home import Event, Home
from smskit.storage.sqlite.schema import is_current, upgrade
from smskit.storage.sqlite.writer import Job, Writer

P = ParamSpec("P")
T = TypeVar("T")

READERS = 2


class SqliteRunner:
    """One writer and a few readers over a file."""

    def __init__(self, path: str, lock_timeout: timedelta) -> None:
        self.pulse = Pulse()
        self._path = path
        self._lock_timeout = lock_timeout
        self._writer: Writer | None = None
        self._readers: list[_Reader] = []
        self._reads: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._pending = 0
        self._quiet = anyio.Event()
        self._home: Home | None = None
        self._finished: list[tuple[Sequence[Job[Any]], bool]] = []
        self._delivering = threading.Lock()

    async def open(self) -> None:
        """:raises StorageUnsupported: or StorageUnavailable, as `connect` and `upgrade` say."""
        self._home, self._finished = Home(), []
        try:
            connections = await anyio.to_thread.run_sync(self._connect)
        except sqlite3.Error as error:
            raise translated(error) from error
        self._writer = Writer(connections[0], self._lock_timeout, self._deliver)
        self._writer.start()
        self._readers = [
            _Reader(connection, self._reads, self._lock_timeout, self._deliver)
            for connection in connections[1:]
        ]

    def _connect(self) -> list[sqlite3.Connection]:
        connections = [self._insist(lambda: connect(self._path))]
        try:
            self._insist(lambda: self._prepare(connections[0]))
            # Not as a list of its own: those that are open already are closed if the next cannot be opened.
            connections.extend(
                self._insist(lambda: connect(self._path, for_reading=True)) for _ in range(READERS)
            )
        except BaseException:
            for connection in connections:
                connection.close()
            raise
        return connections

    def _insist(self, attempt: Callable[[], T]) -> T:
        return insist(attempt, self._lock_timeout, threading.Event())

    @staticmethod
    def _prepare(connection: sqlite3.Connection) -> None:
        connection.execute("pragma journal_mode = wal").fetchone()
        if is_current(connection):
            # A file that cannot be written is found out now and not at the first text.
            connection.execute("begin immediate")
            connection.execute("rollback")
            return
        connection.execute("begin immediate")
        try:
            upgrade(connection)
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise

    async def aclose(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None or self._home is None or not self._home.is_of_this_process:
            return
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(writer.stop)
            for _ in self._readers:
                self._reads.put(None)
            for reader in self._readers:
                await anyio.to_thread.run_sync(reader.join)
            await self.settled()

    async def settled(self) -> bool:
        waited = False
        while self._pending:
            waited = True
            self._quiet = anyio.Event()
            await self._quiet.wait()
        return waited

    async def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        writer, event = self._check()
        job = Job(lambda tx: work(tx, *args, **kwargs), event())
        return await self._wait(job, writer.submit)

    async def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        _, event = self._check()
        job = Job(lambda tx: work(tx, *args, **kwargs), event())
        return await self._wait(job, self._reads.put)

    async def _wait(self, job: Job[T], submit: Callable[[Job[T]], None]) -> T:
        await anyio.lowlevel.checkpoint_if_cancelled()
        self._pending += 1
        submit(job)
        await job.done.wait()
        return job.outcome()

    def _check(self) -> tuple[Writer, Callable[[], Event]]:
        if self._writer is None or self._home is None:
            msg = "the store is not open; use it inside `async with kit:`"
            raise KitClosed(msg)
        self._home.must_be_here()
        return self._writer, self._home.event

    def _deliver(self, jobs: Sequence[Job[Any]], changed: bool) -> None:
        """Called in a worker thread: wake the waiters with one hop into the loop for all that is finished by then."""
        with self._delivering:
            self._finished.append((jobs, changed))
            is_first = len(self._finished) == 1
        if not is_first or self._home is None:
            return
        try:
            self._home.call_soon(self._deliver_all)
        except RuntimeError:
            # The loop ended without closing the store; nobody is left to wait. Trio's error is one too.
            return

    def _deliver_all(self) -> None:
        with self._delivering:
            finished, self._finished = self._finished, []
        for jobs, changed in finished:
            self._delivered(jobs, changed)

    def _delivered(self, jobs: Sequence[Job[Any]], changed: bool) -> None:
        for job in jobs:
            job.done.set()
        self._pending -= len(jobs)
        if changed:
            self.pulse.beat()
        if not self._pending:
            self._quiet.set()


class _Reader:
    """A thread that carries out reads, each on one unchanging view of the database."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        jobs: queue.SimpleQueue[Job[Any] | None],
        lock_timeout: timedelta,
        deliver: Callable[[Sequence[Job[Any]], bool], None],
    ) -> None:
        self._connection = connection
        self._jobs = jobs
        self._lock_timeout = lock_timeout
        self._deliver = deliver
        self._thread = threading.Thread(target=self._run, name="smskit-reader", daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        tx = SqliteTx(self._connection)
        while (job := self._jobs.get()) is not None:
            self._carry_out(job, tx)
            self._deliver((job,), False)

    def _carry_out(self, job: Job[Any], tx: Tx) -> None:
        try:
            # SQLite locks readers out only for moments: while it recovers after a crash, or closes the file elsewhere.
            job.result = insist(lambda: self._view(job, tx), self._lock_timeout, threading.Event())
        except sqlite3.Error as error:
            job.error = translated(error)
        except Exception as error:  # noqa: BLE001 - it is handed to the caller, whatever it is
            job.error = error

    def _view(self, job: Job[T], tx: Tx) -> T:
        self._connection.execute("begin")
        try:
            return job.work(tx)
        finally:
            self._connection.execute("rollback")

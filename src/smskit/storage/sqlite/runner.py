"""Runs transactions on a SQLite file from an event loop: writes by the writer, reads by a few readers."""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

from smskit.errors import KitClosed
from smskit.storage.base import Pulse
from smskit.storage.sql.tx import Tx
from smskit.storage.sqlite.connection import SqliteTx, connect, insist, translated
from smskit.storage.sqlite.schema import is_current, upgrade
from smskit.storage.sqlite.writer import Job, Writer

P = ParamSpec("P")
T = TypeVar("T")

READERS = 2


class SqliteRunner:
    """One writer and a few readers over a file; for a database in memory the writer reads too."""

    def __init__(self, path: str | None, lock_timeout: timedelta) -> None:
        self.pulse = Pulse()
        self._path = path
        self._lock_timeout = lock_timeout
        self._writer: Writer | None = None
        self._readers: list[_Reader] = []
        self._reads: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._pending = 0
        self._quiet = anyio.Event()
        self._home: tuple[int, object] | None = None
        self._call_soon: Callable[..., object] = _nowhere

    async def open(self) -> None:
        """:raises StorageUnsupported: or StorageUnavailable, as `connect` and `upgrade` say."""
        native = anyio.lowlevel.current_token().native_token
        self._call_soon = getattr(native, "call_soon_threadsafe", None) or native.run_sync_soon  # type: ignore[attr-defined]
        try:
            connections = await anyio.to_thread.run_sync(self._connect)
        except sqlite3.Error as error:
            raise translated(error) from error
        self._home = (os.getpid(), native)
        self._writer = Writer(connections[0], self._lock_timeout, self._deliver)
        self._writer.start()
        self._readers = [_Reader(connection, self._reads, self._deliver) for connection in connections[1:]]

    def _connect(self) -> list[sqlite3.Connection]:
        main = connect(self._path)
        try:
            insist(lambda: self._prepare(main), self._lock_timeout, threading.Event())
        except BaseException:
            main.close()
            raise
        readers = READERS if self._path is not None else 0
        return [main, *(connect(self._path, for_reading=True) for _ in range(readers))]

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
        if writer is None or self._home is None or self._home[0] != os.getpid():
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
        writer = self._check()
        job = Job(lambda tx: work(tx, *args, **kwargs))
        return await self._wait(job, writer.submit)

    async def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        writer = self._check()
        job = Job(lambda tx: work(tx, *args, **kwargs))
        return await self._wait(job, self._reads.put if self._readers else writer.submit)

    async def _wait(self, job: Job[T], submit: Callable[[Job[T]], None]) -> T:
        await anyio.lowlevel.checkpoint_if_cancelled()
        self._pending += 1
        submit(job)
        await job.done.wait()
        return job.outcome()

    def _check(self) -> Writer:
        if self._writer is None or self._home is None:
            msg = "the store is not open; use it inside `async with kit:`"
            raise KitClosed(msg)
        if self._home[0] != os.getpid():
            msg = "this Kit was opened before a fork; open one of its own in every process"
            raise KitClosed(msg)
        if self._home[1] is not anyio.lowlevel.current_token().native_token:
            msg = "this Kit was opened in another event loop; a Kit belongs to one"
            raise KitClosed(msg)
        return self._writer

    def _deliver(self, jobs: Sequence[Job[Any]], changed: bool) -> None:
        """Called in a worker thread: wake the waiters of a whole batch with one hop into the loop."""
        try:
            self._call_soon(partial(self._delivered, jobs, changed))
        except RuntimeError:
            # The loop ended without closing the store; nobody is left to wait. Trio's error is one too.
            return

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
        deliver: Callable[[Sequence[Job[Any]], bool], None],
    ) -> None:
        self._connection = connection
        self._jobs = jobs
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
            self._connection.execute("begin")
            try:
                job.result = job.work(tx)
            finally:
                self._connection.execute("rollback")
        except sqlite3.Error as error:
            job.error = translated(error)
        except Exception as error:  # noqa: BLE001 - it is handed to the caller, whatever it is
            job.error = error


def _nowhere(_call: object) -> None:
    msg = "the runner is not open"
    raise RuntimeError(msg)

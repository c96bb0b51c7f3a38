"""The writer thread: it joins the transactions that wait into one commit, and none of them can harm another.

Results are handed out only after COMMIT. If anything fails all is rolled back and every transaction runs again, in a
savepoint of its own, so that the error stays with the one that it belongs to. After any error in these it is looked
whether the whole transaction still stands: SQLite itself rolls everything back when the disk is full, and
statements after that would commit by themselves. Then each of the others is carried out again, alone.
"""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Generic, TypeVar, cast

from smskit.clock import SystemClock
from smskit.storage.sql.tx import Tx
from smskit.storage.sqlite.connection import SqliteTx, insist, translated
from smskit.storage.sqlite.home import Event

MOST_AT_ONCE = 256
LOOK_AROUND = 0.05
"""Seconds between looks for commits of other processes while there is nothing to do."""
LONGEST_HOLD = 0.025
"""Seconds after which a busy writer leaves the file unlocked for a moment, so that other processes get their turn."""
PAUSE = 0.002


T = TypeVar("T")


class Job(Generic[T]):
    """One transaction to be carried out, and what came of it."""

    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[Tx], T], done: Event) -> None:
        self.work = work
        self.done = done
        self.result: T | None = None
        self.error: BaseException | None = None

    def outcome(self) -> T:
        """What `work` returned, or its error raised here."""
        if self.error is not None:
            raise self.error
        return cast(T, self.result)


class Writer:
    """Carries out jobs in the order they come. `deliver(jobs, changed)` is called in the writer's thread."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        lock_timeout: timedelta,
        deliver: Callable[[Sequence[Job[Any]], bool], None],
    ) -> None:
        self._connection = connection
        self._tx = SqliteTx(connection)
        self._lock_timeout = lock_timeout
        self._deliver = deliver
        self._queue: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._clock = SystemClock()
        self._unlocked_at = self._clock.guard()
        self._seen = 0
        self._thread = threading.Thread(target=self._run, name="smskit-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, job: Job[Any]) -> None:
        self._queue.put(job)

    def stop(self) -> None:
        """Finish what was submitted and end. Blocks until then."""
        self._queue.put(None)
        self._thread.join()
        self.close()

    def close(self) -> None:
        """Let go of the connection, where no thread was started."""
        self._connection.close()

    def carry_out_here(self, job: Job[Any]) -> bool:
        """Carry a job out in the caller's thread, where no other was started; True if it changed anything."""
        before = self._connection.total_changes
        try:
            self._carry_out((job,))
        except BaseException:
            # An interrupt comes to the thread of the loop, in the middle of whatever it does.
            self._roll_back()
            raise
        return self._connection.total_changes != before

    def _run(self) -> None:
        self._others_committed()
        while True:
            try:
                batch = self._next_batch()
            except queue.Empty:
                if self._others_committed():
                    self._deliver((), True)
                self._unlocked_at = self._clock.guard()
                continue
            jobs = [job for job in batch if job is not None]
            if jobs:
                before = self._connection.total_changes
                self._carry_out(jobs)
                self._deliver(jobs, self._connection.total_changes != before)
            if len(jobs) < len(batch):
                return
            self._let_others_in()

    def _next_batch(self) -> list[Job[Any] | None]:
        batch = [self._queue.get(timeout=LOOK_AROUND)]
        while len(batch) < MOST_AT_ONCE and batch[-1] is not None and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return batch

    def _others_committed(self) -> bool:
        """Somebody else changed the file since this was last asked. If it cannot be read now, it will be later."""
        before = self._seen
        with contextlib.suppress(sqlite3.Error):
            self._seen = int(self._connection.execute("pragma data_version").fetchone()[0])
        return self._seen != before

    def _let_others_in(self) -> None:
        if self._queue.empty():
            self._unlocked_at = self._clock.guard()
        elif self._clock.guard() - self._unlocked_at > LONGEST_HOLD:
            self._stop.wait(PAUSE)
            self._unlocked_at = self._clock.guard()

    def _carry_out(self, jobs: Sequence[Job[Any]]) -> None:
        try:
            self._begin()
            if self._all_went_well(jobs):
                self._connection.execute("commit")
                return
            self._roll_back()
            self._begin()
            gone = next((job for job in jobs if not self._attempt(job)), None)
            if gone is None:
                self._connection.execute("commit")
        except sqlite3.Error as error:
            self._roll_back()
            for job in jobs:
                job.error = translated(error)
            return
        if gone is not None:
            for job in jobs:
                if job is not gone:
                    self._alone(job)

    def _all_went_well(self, jobs: Sequence[Job[Any]]) -> bool:
        """Run all jobs, without savepoints, for which SQLite would copy each page that a job is first to change."""
        try:
            for job in jobs:
                job.result = job.work(self._tx)
        except Exception:  # noqa: BLE001 - whose it is comes out when each runs in its savepoint
            return False
        return True

    def _alone(self, job: Job[Any]) -> None:
        job.result = job.error = None
        try:
            self._begin()
            if self._attempt(job):
                self._connection.execute("commit")
        except sqlite3.Error as error:
            self._roll_back()
            job.error = translated(error)

    def _begin(self) -> None:
        insist(lambda: self._connection.execute("begin immediate"), self._lock_timeout, self._stop)

    def _attempt(self, job: Job[Any]) -> bool:
        """Run one job in its savepoint; False if the whole transaction is gone with it."""
        self._connection.execute("savepoint job")
        try:
            job.result = job.work(self._tx)
        except sqlite3.Error as error:
            job.error = translated(error)
            job.error.__cause__ = error
        except Exception as error:  # noqa: BLE001 - it is handed to the caller, whatever it is
            job.error = error
        if job.error is None:
            self._connection.execute("release job")
            return True
        if not self._connection.in_transaction:
            return False
        self._connection.execute("rollback to job")
        self._connection.execute("release job")
        return True

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("rollback")

"""Runs transactions on a SQLite database in memory: at once, in the thread of the event loop.

Nothing there waits for a disk or for another process, and a thread of its own would take longer to wake than most
transactions take. So a world for tests goes several times as fast.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Concatenate, ParamSpec, TypeVar

import anyio.lowlevel

from smskit.errors import KitClosed
from smskit.storage.base import Pulse
from smskit.storage.sql.tx import Tx
from smskit.storage.sqlite.connection import connect
from smskit.storage.sqlite.home import Home
from smskit.storage.sqlite.schema import upgrade
from smskit.storage.sqlite.writer import Job, Writer

P = ParamSpec("P")
T = TypeVar("T")


class MemoryRunner:
    """One connection, and one transaction after the other. What it holds is gone when it is closed."""

    def __init__(self) -> None:
        self.pulse = Pulse()
        self._home: Home | None = None
        self._writer: Writer | None = None

    async def open(self) -> None:
        self._home = Home()
        connection = connect(None)
        connection.execute("begin")
        upgrade(connection)
        connection.execute("commit")
        self._writer = Writer(connection, timedelta(), lambda _jobs, _changed: None)

    async def aclose(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    async def settled(self) -> bool:
        return False

    async def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._writer is None or self._home is None:
            msg = "the store is not open; use it inside `async with kit:`"
            raise KitClosed(msg)
        self._home.must_be_here()
        await anyio.lowlevel.checkpoint_if_cancelled()
        job = Job(lambda tx: work(tx, *args, **kwargs), self._home.event())
        if self._writer.carry_out_here(job):
            self.pulse.beat()
        await anyio.lowlevel.cancel_shielded_checkpoint()
        return job.outcome()

    read = write

"""The event loop that a store was opened in, as its threads and its callers see it.

It asks asyncio and trio themselves, because a store is called several times for each message, and anyio finds out
anew at each call which of the two is running.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Protocol

import anyio.lowlevel

from smskit.errors import KitClosed


class Event(Protocol):
    """Something to wait for, within the loop."""

    def set(self) -> object: ...

    async def wait(self) -> object: ...


class Home:
    """The loop that is running now."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        native = anyio.lowlevel.current_token().native_token
        self._native: object = native
        self._current: Callable[[], object] = asyncio.get_running_loop
        self.event: Callable[[], Event]
        self.call_soon: Callable[[Callable[[], None]], object]
        """Has something called in the loop, from any thread. A RuntimeError if the loop has ended."""
        if isinstance(native, asyncio.AbstractEventLoop):
            self.event = partial(_Once, native)
            self.call_soon = native.call_soon_threadsafe
            return
        import trio  # noqa: PLC0415 - it is there only for those who use it

        self._current = trio.lowlevel.current_trio_token
        self.event = trio.Event
        self.call_soon = trio.lowlevel.current_trio_token().run_sync_soon

    @property
    def is_of_this_process(self) -> bool:
        """Not so after a fork."""
        return self._pid == os.getpid()

    def must_be_here(self) -> None:
        """:raises KitClosed: after a fork, and in any other loop."""
        if not self.is_of_this_process:
            msg = "this Kit was opened before a fork; open one of its own in every process"
            raise KitClosed(msg)
        try:
            here = self._current() is self._native
        except RuntimeError:
            # The other library is running.
            here = False
        if not here:
            msg = "this Kit was opened in another event loop; a Kit belongs to one"
            raise KitClosed(msg)


class _Once:
    """An event of asyncio with one who waits."""

    __slots__ = ("_future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future: asyncio.Future[None] = loop.create_future()

    def set(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self) -> None:
        await self._future

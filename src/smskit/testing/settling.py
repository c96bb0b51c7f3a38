"""Waiting until nothing can go on by itself: every task waits, and the store is at rest."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio.lowlevel

from smskit.storage.base import Storage

LOOKS = 3
"""The end of a task reaches those who wait for it by a callback of the loop, which only a second look sees."""


async def settled(storage: Storage) -> None:
    """Return once every other task waits for something and the store has nothing under way. Takes no real time."""
    while True:
        await _all_wait()
        if not await storage.settled():
            return


async def _all_wait() -> None:
    if not isinstance(anyio.lowlevel.current_token().native_token, asyncio.AbstractEventLoop):
        from trio.testing import wait_all_tasks_blocked

        await wait_all_tasks_blocked()
        return
    me = asyncio.current_task()
    # anyio's own wait sleeps for a tenth of a second between two looks; this one only lets the others run.
    quiet = 0
    while quiet < LOOKS:
        # The look comes last: what a thread of the store brings between it and the caller's next step must not pass.
        await asyncio.sleep(0)
        busy = any(_can_run(task) for task in asyncio.all_tasks() if task is not me)
        quiet = 0 if busy else quiet + 1


def _can_run(task: asyncio.Task[Any]) -> bool:
    waits_for = getattr(task, "_fut_waiter", None)
    return waits_for is None or waits_for.done()

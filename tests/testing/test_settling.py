from __future__ import annotations

import asyncio
from typing import cast

import anyio
import pytest

from smskit.storage.base import Storage
from smskit.testing.settling import settled


class _SlowStore:
    """Has one thing under way, which a thread brings after so many turns of the loop."""

    def __init__(self, turns: int) -> None:
        self.brought = anyio.Event()
        self._pending = 1
        self._turn(turns)

    def _turn(self, left: int) -> None:
        if left:
            asyncio.get_running_loop().call_soon(self._turn, left - 1)
        else:
            self._pending = 0
            self.brought.set()

    async def settled(self) -> bool:
        if not self._pending:
            return False
        await self.brought.wait()
        return True


async def _what_is_settled(turns: int) -> list[str]:
    store = _SlowStore(turns)
    went_on: list[str] = []
    seen: list[str] = []

    async def wait() -> None:
        await store.brought.wait()
        went_on.append("the waiter")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await settled(cast(Storage, store))
        seen += went_on
    return seen


@pytest.mark.parametrize("turns", range(1, 16))
def test_what_the_store_brings_at_any_moment_is_waited_for(turns: int) -> None:
    """What came between the last look and the question to the store was missed on asyncio, once in many runs."""
    assert anyio.run(_what_is_settled, turns, backend="asyncio") == ["the waiter"]

"""The memory of the process while messages wait in the queue, and while they are dispatched."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from pathlib import Path

import anyio
import anyio.lowlevel
from _bench import SENDER, arguments, folder, machine, number, resident, table

from smskit.desk.conversations import Conversation
from smskit.drivers.base import Driver, Features
from smskit.engine.observing import Observer
from smskit.kit import Kit
from smskit.model.ids import MessageId
from smskit.model.traffic import Accepted, Outgoing
from smskit.storage.base import Answer

CONVERSATIONS = 200
TASKS = 50


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    machine()
    with folder() as path:
        rows = anyio.run(measure, path / "desk.db", 2000 if options.quick else 100_000)
    table("Memory (resident set) of one process", ("", "above the start", "MiB", "after s"), rows)


async def measure(path: Path, count: int) -> Sequence[Sequence[str]]:
    done = Done(count)
    rows: list[tuple[str, str, str, str]] = []
    began = time.perf_counter()

    def look(name: str) -> None:
        gc.collect()
        memory = resident()
        start = float(rows[0][2]) if rows else memory
        rows.append((name, f"{memory - start:+.1f}", f"{memory:.1f}", f"{time.perf_counter() - began:.0f}"))

    async with Kit(f"sqlite:///{path}", drivers=[Forgetful()], observers=[done]) as kit:
        chats = [await kit.conversations.start(number(one)) for one in range(CONVERSATIONS)]
        await send(chats, range(CONVERSATIONS))
        look(f"{CONVERSATIONS:,} conversations begun")
        last = CONVERSATIONS
        for waiting in (count // 10, count // 2, count):
            await send(chats, range(last, waiting))
            last = waiting
            look(f"{waiting:,} messages wait")
        async with kit.run():
            for left in (count * 3 // 4, count // 2, count // 4, 0):
                await done.until(left)
                look(f"dispatching, {left:,} left")
    return rows


async def send(chats: Sequence[Conversation], numbers: range) -> None:
    async def work(first: int) -> None:
        for which in numbers[first::TASKS]:
            await chats[which % len(chats)].send(f"Your crown is ready, number {which}.")

    async with anyio.create_task_group() as tasks:
        for first in range(TASKS):
            tasks.start_soon(work, first)


class Forgetful(Driver):
    """A carrier that takes everything and keeps nothing; the local one keeps a book."""

    def __init__(self) -> None:
        super().__init__("forgetful", [SENDER], Features(window=100, receipts=False))

    async def send(self, message: Outgoing) -> Accepted:
        await anyio.lowlevel.checkpoint()
        return Accepted.whole(message.reference)


class Done(Observer):
    """Counts what the driver answered."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._wanted = 0
        self._reached = anyio.Event()

    def outcome(self, message_id: MessageId, driver: str, answer: Answer) -> None:
        self._left -= 1
        if self._left <= self._wanted:
            self._reached.set()

    async def until(self, left: int) -> None:
        self._wanted, self._reached = left, anyio.Event()
        if self._left > left:
            await self._reached.wait()


if __name__ == "__main__":
    main()

"""The full path of a text: `chat.send`, the gate, the queue, the local carrier, and its two receipts.

Everything in one process and on disk (`synchronous = full`). With `--profile` it says where the time goes.
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from unittest import mock

import anyio
from _bench import SENDER, arguments, folder, machine, number, rounds, table

from smskit.desk.conversations import Conversation
from smskit.drivers.base import Features
from smskit.drivers.local import LocalCarrier
from smskit.engine.observing import Observer
from smskit.kit import Kit
from smskit.model.ids import MessageId
from smskit.model.statuses import Status
from smskit.model.traffic import Incoming, Receipt
from smskit.storage.base import Answer

CONVERSATIONS = 500
TASKS = 50


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--profile", action="store_true", help="say where the time goes, in both threads")
    options = parser.parse_args()
    count, times = (1000, 1) if options.quick else (10_000, 3)
    machine()
    rivals = {backend: partial(measure, backend, count) for backend in ("asyncio", "trio")}
    gave = rounds(rivals, times)
    rows = [
        (
            backend,
            f"{count / statistics.median(seconds):,.0f}",
            f"{1e6 * statistics.median(seconds) / count:.0f}",
        )
        for backend, seconds in gave.items()
    ]
    title = (
        f"From send to delivered: {count} messages in {CONVERSATIONS} conversations, median of {times} rounds"
    )
    table(title, ("", "messages/s", "us a message"), rows)
    if options.profile:
        profile(count)


def measure(backend: str, count: int) -> float:
    """Seconds from the first send to the last receipt."""
    with folder() as path:
        return anyio.run(deliver, path / "desk.db", count, backend=backend)


async def deliver(path: Path, count: int) -> float:
    delivered = Delivered(count)
    carrier = LocalCarrier([SENDER], features=Features(window=100))
    async with Kit(f"sqlite:///{path}", drivers=[carrier], observers=[delivered]) as kit:
        chats = [await kit.conversations.start(number(one)) for one in range(CONVERSATIONS)]
        async with kit.run():
            began = time.perf_counter()
            async with anyio.create_task_group() as tasks:
                for first in range(TASKS):
                    tasks.start_soon(send, chats, range(first, count, TASKS))
            await delivered.all.wait()
            return time.perf_counter() - began


async def send(chats: Sequence[Conversation], numbers: range) -> None:
    for which in numbers:
        await chats[which % len(chats)].send(
            f"Your crown is ready, number {which}. Come in any day before six."
        )


class Delivered(Observer):
    """Counts the messages that reached their handset."""

    def __init__(self, count: int) -> None:
        self.all = anyio.Event()
        self._missing = count

    def admitted(self, message_id: MessageId, driver: str) -> None: ...

    def submitted(self, message_id: MessageId, driver: str) -> None: ...

    def outcome(self, message_id: MessageId, driver: str, answer: Answer) -> None: ...

    def inbound(self, driver: str, event: Incoming) -> None:
        if isinstance(event, Receipt) and event.status is Status.DELIVERED:
            self._missing -= 1
            if not self._missing:
                self.all.set()


def profile(count: int) -> None:
    """Own time by room, in the event loop's thread and in those of the store."""
    profiles: dict[str, list[cProfile.Profile]] = defaultdict(list)
    run = threading.Thread.run

    def profiled(thread: threading.Thread) -> None:
        if not thread.name.startswith("smskit-"):
            run(thread)
            return
        watch = cProfile.Profile(time.thread_time)
        profiles[thread.name].append(watch)
        watch.runcall(run, thread)

    loop = cProfile.Profile(time.thread_time)
    profiles["event loop"].append(loop)
    with mock.patch.object(threading.Thread, "run", profiled):
        loop.runcall(measure, "asyncio", count)
    for name, watches in profiles.items():
        stats = pstats.Stats(watches[0])
        stats.add(*watches[1:])
        show(name, stats.stats, count)  # type: ignore[attr-defined]  # typeshed leaves it out


Timing = tuple[int, int, float, float, Mapping[object, object]]


def show(thread: str, timings: Mapping[tuple[str, int, str], Timing], count: int) -> None:
    """What the rooms and the functions of one thread took for a message. The profiler itself is in it."""
    tops: tuple[tuple[str, Callable[[str, str], str], int], ...] = (
        ("room", lambda file, _: room(file), 8),
        ("function", lambda file, function: f"{room(file)}: {function}", 25),
    )
    for what, key, most in tops:
        took: dict[str, float] = defaultdict(float)
        for (file, _, function), timing in timings.items():
            took[key(file, function)] += timing[2]
        whole = sum(took.values())
        rows = [
            (name, f"{seconds / whole:.0%}", f"{1e6 * seconds / count:.1f}")
            for name, seconds in sorted(took.items(), key=lambda item: -item[1])[:most]
        ]
        table(f"CPU time of {thread}, by {what}", (what, "share", "us a message"), rows)


def room(file: str) -> str:
    """The room of smskit that a file belongs to, or the library."""
    if file in {"~", ""}:
        return "built in"
    parts = Path(file).with_suffix("").parts
    if "smskit" in parts:
        return ".".join(parts[len(parts) - parts[::-1].index("smskit") :])
    return parts[parts.index("site-packages") + 1] if "site-packages" in parts else "standard library"


if __name__ == "__main__":
    main()

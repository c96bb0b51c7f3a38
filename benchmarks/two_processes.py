"""Two processes write to one file, one of them flat out: how long do the writes of the other take?"""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TypeAlias

import anyio
from _bench import SENDER, arguments, folder, machine, number, quantile, table

from smskit.drivers.local import LocalCarrier
from smskit.kit import Kit

Writes: TypeAlias = Callable[[Path, int], Sequence[float]]
Neighbour: TypeAlias = Callable[[Path], AbstractContextManager[object]]

TASKS = 16
PAUSE = 0.01


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--write", metavar="FILE", help="be the busy process, until killed")
    options = parser.parse_args()
    if options.write:
        anyio.run(write_flat_out, Path(options.write))
        return
    writes = 50 if options.quick else 1000
    machine()
    rivals: Sequence[tuple[str, Writes]] = (
        ("smskit", write_ours),
        ("bare sqlite3, its own busy handler", write_bare),
    )
    neighbours: Sequence[tuple[str, Neighbour]] = (("alone", nullcontext), ("beside a busy process", busy))
    rows = [
        (f"{name}, {where}", *measure(writer, neighbour, writes))
        for name, writer in rivals
        for where, neighbour in neighbours
    ]
    title = f"Every {1e3 * PAUSE:.0f} ms a write, {writes} times"
    table(title, ("", "p50 ms", "p95 ms", "max ms", "all writes/s"), rows)


def measure(writer: Writes, neighbour: Neighbour, writes: int) -> Sequence[str]:
    """The times of the slower process, and how many messages both stored in a second."""
    with folder() as path:
        file = path / "desk.db"
        writer(file, 1)
        with neighbour(file):
            before, began = stored(file), time.perf_counter()
            took = writer(file, writes)
            rate = (stored(file) - before) / (time.perf_counter() - began)
    figures = (quantile(took, 0.5), quantile(took, 0.95), max(took))
    return *(f"{1e3 * one:.1f}" for one in figures), f"{rate:,.0f}"


@contextmanager
def busy(path: Path) -> Iterator[None]:
    """Another process that writes as fast as it can."""
    begun = stored(path)
    process = subprocess.Popen([sys.executable, __file__, "--write", str(path)])
    try:
        while stored(path) < begun + 100:
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def write_ours(path: Path, writes: int) -> Sequence[float]:
    return anyio.run(send_now_and_then, path, writes)


async def send_now_and_then(path: Path, writes: int) -> Sequence[float]:
    took = []
    async with desk(path) as kit:
        chat = await kit.conversations.start(number(0))
        for which in range(writes):
            began = time.perf_counter()
            await chat.send(f"Your crown is ready, number {which}.")
            took.append(time.perf_counter() - began)
            await anyio.sleep(PAUSE)
    return took


def write_bare(path: Path, writes: int) -> Sequence[float]:
    """An event with SQLite's own way to wait for a lock."""
    anyio.run(send_now_and_then, path, 0)
    took = []
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    db.execute("pragma synchronous = full")
    for which in range(writes):
        began = time.perf_counter()
        db.execute("begin immediate")
        db.execute(
            "insert into smskit_event (org, at, kind, record) values ('default', ?, 'None', '')", (which,)
        )
        db.execute("commit")
        took.append(time.perf_counter() - began)
        time.sleep(PAUSE)
    db.close()
    return took


async def write_flat_out(path: Path) -> None:
    async with desk(path) as kit:
        chats = [await kit.conversations.start(number(one)) for one in range(1, 1 + TASKS)]

        async def work(task: int) -> None:
            for which in itertools.count():
                await chats[task].send(f"Your crown is ready, number {which}.")

        async with anyio.create_task_group() as tasks:
            for task in range(TASKS):
                tasks.start_soon(work, task)


def desk(path: Path) -> Kit:
    return Kit(f"sqlite:///{path}", drivers=[LocalCarrier([SENDER])])


def stored(path: Path) -> int:
    """How many events the file has: one for each message made."""
    db = sqlite3.connect(path)
    (count,) = db.execute("select coalesce(max(id), 0) from smskit_event").fetchone()
    db.close()
    return int(count)


if __name__ == "__main__":
    main()

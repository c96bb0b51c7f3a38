"""Archiving all that is idle: how long it takes, what memory, and what it does to somebody who writes beside it.

Every conversation has ten messages, one of a hundred has many more. A tenth have a label.
"""

from __future__ import annotations

import gc
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import anyio
from _bench import arguments, folder, machine, quantile, resident, table
from pages import fill, prepare

from smskit.desk.bulk import Bulk
from smskit.kit import Kit

LABEL = "insert into smskit_label (id, org, key, name) values (1, 'default', 'spring', 'Spring')"
LABELLED = (
    "insert into smskit_labelled (conversation_id, label_id, archived, last_at) "
    "select id, 1, archived, last_at from smskit_conversation where id % 10 = 0"
)
MONTH = timedelta(days=30)


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    count = 2000 if options.quick else 100_000
    machine()
    with folder() as path:
        anyio.run(prepare, path / "desk.db")
        fill(path / "desk.db", count, 10 * count)
        with sqlite3.connect(path / "desk.db") as db:
            db.execute(LABEL)
            db.execute(LABELLED)
        db.close()
        for backend in ("asyncio", "trio"):
            rows = anyio.run(measure, path / "desk.db", backend=backend)
            head = (
                "",
                "moved",
                "s",
                "a second",
                "peak MiB above the start",
                "a note beside it, 99 %, ms",
                "worst",
            )
            table(f"{count:,} conversations and {10 * count:,} messages, {backend}", head, rows)


async def measure(path: Path) -> Sequence[Sequence[str]]:
    async with Kit(f"sqlite:///{path}") as kit:
        ids = [chat.id for chat in (await kit.conversations.list(limit=500)).items]
        work: dict[str, Callable[[], Bulk]] = {
            "500 by id": lambda: kit.conversations.archive(ids),
            "all with a label": lambda: kit.conversations.where(label="spring").archive(),
            "all that is idle": lambda: kit.conversations.where(idle_for=MONTH).archive(),
            "the same again": lambda: kit.conversations.where(idle_for=MONTH).archive(),
            "all restored": lambda: kit.conversations.where().restore(),
        }
        return [await measured(kit, name, begin) for name, begin in work.items()]


async def measured(kit: Kit, name: str, begin: Callable[[], Bulk]) -> Sequence[str]:
    gc.collect()
    start = peak = resident()
    waits: list[float] = []
    moved = 0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write_beside, kit, waits)
        began = time.perf_counter()
        async for filed in begin():
            moved += filed.outcome.value == "moved"
            if moved % 250 == 1:
                peak = max(peak, resident())
        took = time.perf_counter() - began
        tasks.cancel_scope.cancel()
    beside = (f"{1e3 * quantile(waits, 0.99):.0f}", f"{1e3 * max(waits):.0f}") if waits else ("", "")
    return name, f"{moved:,}", f"{took:.1f}", f"{moved / took:,.0f}", f"{peak - start:.1f}", *beside


async def write_beside(kit: Kit, waits: list[float]) -> None:
    """Somebody else at work: a note, a moment, and the next."""
    chat = (await kit.conversations.list(archived=None, limit=1)).items[0]
    while True:
        began = time.perf_counter()
        await chat.note("Called.")
        waits.append(time.perf_counter() - began)
        await anyio.sleep(0.02)


if __name__ == "__main__":
    main()

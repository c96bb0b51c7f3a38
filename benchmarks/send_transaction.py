"""The send transaction, on disk (`synchronous = full`), at 1 and at 16 tasks.

Ours; aiosqlite with a hop for each statement; and bare sqlite3 without an event loop, which is the limit.
All carry out the statements that ours issues, in the same order.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiosqlite
import anyio
from _bench import SENDER, Recorder, Statement, arguments, folder, machine, number, ratio, rounds, table

from smskit.model.conversations import Sender
from smskit.model.decisions import Allowed, DecisionRecord, Stage
from smskit.model.ids import DEFAULT_ORG, Actor, ConversationId
from smskit.model.messages import Category, Lane, Origin
from smskit.storage.base import NewContact, NewMessage, Terms
from smskit.storage.sql.messages import enqueue
from smskit.storage.sqlite import SqliteStorage

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
CONVERSATIONS = 200


def main() -> None:
    parser = arguments(__doc__ or "")
    options = parser.parse_args()
    count, times = (480, 2) if options.quick else (1600, 15)
    machine()
    for tasks in (1, 16):
        figures = measure(count, tasks, times)
        rows = [
            (
                name,
                f"{ratio(rates, figures['aiosqlite']):.1f}",
                f"{ratio(rates, figures['bare sqlite3']):.0%}",
                f"{statistics.median(rates):,.0f}",
            )
            for name, rates in figures.items()
        ]
        title = f"Send transaction, {tasks} at once ({count} messages, median of {times} rounds)"
        table(title, ("", "times aiosqlite", "of the limit", "transactions/s"), rows)


def measure(count: int, tasks: int, times: int) -> dict[str, list[float]]:
    """Transactions per second of each rival in each round."""
    messages = [message(which) for which in range(count)]
    with folder() as path:
        anyio.run(prepare, path / "empty.db")
        recorded = record(copy(path), messages)
        rivals: dict[str, Callable[[], float]] = {
            "smskit": lambda: anyio.run(run_ours, copy(path), messages, tasks),
            "smskit on trio": lambda: anyio.run(run_ours, copy(path), messages, tasks, backend="trio"),
            "aiosqlite": lambda: anyio.run(run_aiosqlite, copy(path), recorded, tasks),
            "bare sqlite3": lambda: run_bare(copy(path), recorded, tasks),
        }
        return {name: [count / one for one in seconds] for name, seconds in rounds(rivals, times).items()}


async def run_ours(path: Path, messages: Sequence[NewMessage], tasks: int) -> float:
    storage = store(path)
    await storage.open()
    todo = iter(messages)

    async def work() -> None:
        for new in todo:
            await storage.enqueue(new, NOW)

    seconds = await side_by_side(work, tasks)
    await storage.aclose()
    return seconds


async def run_aiosqlite(path: Path, recorded: Sequence[Sequence[Statement]], tasks: int) -> float:
    """One connection behind a lock, since a transaction of its own would mix with another's statements."""
    lock = anyio.Lock()
    todo = iter(recorded)
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        await connection.execute("pragma synchronous = full")
        await connection.execute("pragma foreign_keys = on")

        async def work() -> None:
            while True:
                async with lock:
                    statements = next(todo, None)
                    if statements is None:
                        return
                    await connection.execute("begin immediate")
                    for sql, params in statements:
                        await connection.execute_fetchall(sql, params)
                    await connection.execute("commit")

        return await side_by_side(work, tasks)


def run_bare(path: Path, recorded: Sequence[Sequence[Statement]], tasks: int) -> float:
    """As many transactions in one commit as the others have tasks."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")
    began = time.perf_counter()
    for first in range(0, len(recorded), tasks):
        connection.execute("begin immediate")
        for statements in recorded[first : first + tasks]:
            for sql, params in statements:
                connection.execute(sql, params).fetchall()
        connection.execute("commit")
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


async def side_by_side(work: Callable[[], Coroutine[object, object, None]], tasks: int) -> float:
    """How long so many tasks take together."""
    began = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(tasks):
            group.start_soon(work)
    return time.perf_counter() - began


def record(path: Path, messages: Sequence[NewMessage]) -> Sequence[Sequence[Statement]]:
    """The statements of each send transaction, as ours issues them."""
    connection = sqlite3.connect(path, isolation_level=None)

    def statements() -> Iterator[Sequence[Statement]]:
        for new in messages:
            tx = Recorder(connection)
            enqueue(tx, new, NOW, None)
            yield tx.statements

    connection.execute("begin")
    recorded = list(statements())
    connection.execute("commit")
    connection.close()
    return recorded


async def prepare(path: Path) -> None:
    """A store with conversations to send in."""
    storage = store(path)
    await storage.open()
    await storage.put_senders("local", [Sender.of(SENDER)])
    (sender,) = await storage.list_senders(DEFAULT_ORG)
    new = [NewContact(number=number(one)) for one in range(CONVERSATIONS)]
    contacts = await storage.put_contacts(DEFAULT_ORG, new, NOW)
    for contact in contacts:
        await storage.start_conversation(DEFAULT_ORG, sender.id, contact.id, NOW)
    await storage.aclose()


def message(which: int) -> NewMessage:
    """A message as `Conversation.send` makes it."""
    decision = DecisionRecord.of(Allowed(), stage=Stage.MADE, at=NOW, policy_version=0, facts_version=1)
    return NewMessage(
        org=DEFAULT_ORG,
        conversation_id=ConversationId(1 + which % CONVERSATIONS),
        text=f"Your crown is ready, number {which}. Come in any day before six.",
        parts=1,
        origin=Origin.MANUAL,
        category=Category.CONVERSATIONAL,
        lane=Lane.INTERACTIVE,
        actor=Actor("system"),
        key=f"{which:015x}",
        decision=decision,
        terms=Terms(hold_for=timedelta(minutes=2), consent_wait=timedelta(minutes=5)),
        expires_at=NOW + timedelta(hours=24),
    )


def store(path: Path) -> SqliteStorage:
    return SqliteStorage(str(path), lease_clock=lambda: NOW)


def copy(path: Path) -> Path:
    """A fresh copy of the prepared database."""
    fresh = path / f"{len(list(path.glob('*.db')))}.db"
    fresh.write_bytes((path / "empty.db").read_bytes())
    return fresh


if __name__ == "__main__":
    main()

"""Pages of the inbox and of threads, as a Kit gives them.

Beside them the same statements on bare sqlite3, in one thread and without records made of the rows.
"""

from __future__ import annotations

import itertools
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import anyio
from _bench import SENDER, Recorder, Statement, arguments, folder, machine, number, table

from smskit.kit import Kit
from smskit.model.ids import DEFAULT_ORG, ConversationId
from smskit.storage.sql.choosing import list_conversations
from smskit.storage.sql.conversations import list_messages
from smskit.storage.sql.tx import Tx

Page: TypeAlias = tuple[str, Callable[[int], Awaitable[object]], Callable[[Tx, int], object]]

SENDERS = 4
LONG = 100
"""Every hundredth conversation is a long one: half of all messages are in these."""
LIMIT = 50


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    conversations, messages, calls = (1000, 10_000, 50) if options.quick else (100_000, 1_000_000, 500)
    machine()
    with folder() as path:
        began = time.perf_counter()
        anyio.run(prepare, path / "desk.db")
        fill(path / "desk.db", conversations, messages)
        size = (path / "desk.db").stat().st_size / 2**20
        print(f"The data took {time.perf_counter() - began:.0f} s to make; the file has {size:.0f} MiB.")
        for backend in ("asyncio", "trio"):
            rows = anyio.run(measure, path / "desk.db", conversations, calls, backend=backend)
            title = f"{LIMIT} of {conversations:,} conversations and {messages:,} messages, {backend}"
            table(title, ("", "times bare", "ms", "bare ms"), rows)


async def measure(path: Path, conversations: int, calls: int) -> Sequence[Sequence[str]]:
    bare = sqlite3.connect(path, isolation_level=None)
    async with Kit(f"sqlite:///{path}") as kit:
        long = [
            await kit.conversations.get(ConversationId(1 + LONG * one))
            for one in range(conversations // LONG)
        ]
        deep = deep_cursor(bare, conversations // 2)
        older = [(await chat.messages(limit=100)).next for chat in long]

        def thread(tx: Tx, call: int, after: str | None) -> object:
            return list_messages(tx, DEFAULT_ORG, long[call % len(long)].id, after, LIMIT)

        pages: Sequence[Page] = (
            (
                "inbox, first page",
                lambda _: kit.conversations.list(limit=LIMIT),
                lambda tx, _: list_conversations(tx, DEFAULT_ORG, False, None, LIMIT),
            ),
            (
                f"inbox, after {conversations // 2:,}",
                lambda _: kit.conversations.list(after=deep, limit=LIMIT),
                lambda tx, _: list_conversations(tx, DEFAULT_ORG, False, deep, LIMIT),
            ),
            (
                "thread, first page",
                lambda call: long[call % len(long)].messages(limit=LIMIT),
                lambda tx, call: thread(tx, call, None),
            ),
            (
                "thread, after 100",
                lambda call: long[call % len(long)].messages(after=older[call % len(long)], limit=LIMIT),
                lambda tx, call: thread(tx, call, older[call % len(long)]),
            ),
        )
        return [await compared(page, bare, path, calls) for page in pages]


async def compared(page: Page, bare: sqlite3.Connection, path: Path, calls: int) -> Sequence[str]:
    """A line of the table: both take turns, on the same pages."""
    name, ask, work = page
    recorder = Recorder(sqlite3.connect(path))
    took: list[float] = []
    took_bare: list[float] = []
    for call in range(calls):
        recorder.statements.clear()
        work(recorder, call)
        began = time.perf_counter()
        run_bare(bare, recorder.statements)
        between = time.perf_counter()
        await ask(call)
        took.append(time.perf_counter() - between)
        took_bare.append(between - began)
    ours, theirs = statistics.median(took), statistics.median(took_bare)
    return name, f"{ours / theirs:.1f}", f"{1e3 * ours:.2f}", f"{1e3 * theirs:.2f}"


def run_bare(bare: sqlite3.Connection, statements: Sequence[Statement]) -> None:
    for sql, params in statements:
        bare.execute(sql, params).fetchall()


async def prepare(path: Path) -> None:
    """An empty desk."""
    async with Kit(f"sqlite:///{path}"):
        pass


def fill(path: Path, conversations: int, messages: int) -> None:
    """Four senders, and as many contacts as it takes; messages of all conversations lie mixed, as time makes them."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("pragma synchronous = off")
    db.execute("begin")
    contacts = [number(one).e164 for one in range(conversations // SENDERS)]
    senders = [(one, f"{SENDER[:-1]}{one}") for one in range(1, SENDERS + 1)]
    db.executemany(
        "insert into smskit_sender (id, org, driver, address) values (?, 'default', 'local', ?)", senders
    )
    db.executemany(
        "insert into smskit_contact (id, org, number, name, created_at, updated_at) values (?, 'default', ?, ?, 0, 0)",
        [(one, phone, f"Contact {one}") for one, phone in enumerate(contacts, start=1)],
    )
    db.executemany(
        "insert into smskit_subscription (org, number, changed_at) values ('default', ?, 0)",
        [(phone,) for phone in contacts],
    )
    pairs = itertools.product(range(1, len(contacts) + 1), range(1, SENDERS + 1))
    db.executemany(
        "insert into smskit_conversation (org, contact_id, sender_id, last_at, created_at) "
        "values ('default', ?, ?, 0, 0)",
        pairs,
    )
    db.executemany(
        "insert into smskit_message (org, conversation_id, kind, origin, category, status, text, parts, actor, key, "
        "at, created_at, accepted_at, settled_at) values "
        "('default', ?, 'outbound', 'manual', 'conversational', 'delivered', ?, 1, 'system', ?, ?, ?, ?, ?)",
        (message(which, conversations) for which in range(messages)),
    )
    db.execute(
        "update smskit_conversation set (last_message_id, last_at) = (select id, at from smskit_message m "
        "where m.conversation_id = smskit_conversation.id order by at desc, id desc limit 1) "
        "where id in (select conversation_id from smskit_message)"
    )
    db.execute("commit")
    db.close()


def message(which: int, conversations: int) -> tuple[object, ...]:
    half, odd = divmod(which, 2)
    conversation = 1 + (LONG * half if odd else 7919 * half) % conversations
    text = f"Your crown is ready, number {which}. Come in any day before six, or call us."
    moment = 1_767_600_000_000_000 + which * 1_000_000
    return conversation, text, f"{moment:015x}-{which:x}", moment, moment, moment, moment


def deep_cursor(bare: sqlite3.Connection, depth: int) -> str:
    """The cursor of the page that ends so deep in the inbox."""
    last_at, conversation = bare.execute(
        "select last_at, id from smskit_conversation where org = 'default' and archived = 0 "
        "order by last_at desc, id desc limit 1 offset ?",
        (depth - 1,),
    ).fetchone()
    return f"{last_at}.{conversation}"


if __name__ == "__main__":
    main()

"""Search in many messages, as a Kit gives it: the first page of 20 hits, and how long the index takes to be made.

Words are as frequent as in any language: the commonest stands in every third message, most in a handful. Beside it
SQLite's own way without an index: LIKE over all texts.
"""

from __future__ import annotations

import itertools
import random
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import anyio
from _bench import SENDER, arguments, folder, machine, number, table

from smskit.desk.desk import Desk
from smskit.kit import Kit
from smskit.model.codec import from_micros
from smskit.model.ids import ContactId

Search: TypeAlias = Callable[[], Awaitable[Sequence[object]]]

LIMIT = 20
WORDS = 30_000
LENGTH = 12
TALKERS = 10
"""Messages in a conversation."""
SMALL = 1000
"""Messages of the small org, all of them older than those of the big one."""
START = 1_767_600_000_000_000
MINUTE = 60_000_000
PATIENCE = 3
"""Seconds for each search, for those that are slow."""


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--messages", type=int, default=1_000_000)
    options = parser.parse_args()
    messages, calls = (20_000, 20) if options.quick else (options.messages, 200)
    machine()
    with folder() as path:
        file, words = path / "desk.db", vocabulary()
        anyio.run(prepare, file)
        fill(file, messages, words)
        before = size(file)
        print(f"The file has {before:.0f} MiB without the index.")
        took = anyio.run(make_index, file)
        print(f"The index took {took:.0f} s to make; the file has {size(file):.0f} MiB with it.")
        for backend in ("asyncio", "trio"):
            rows = anyio.run(measure, file, messages, words, calls, backend=backend)
            title = f"The first {LIMIT} hits among {messages:,} messages, {backend}"
            table(title, ("", "hits", "median ms", "95 % ms"), rows)
        table("LIKE over all texts", ("", "ms"), [scanned(file, words)])


async def measure(file: Path, messages: int, words: Sequence[str], calls: int) -> Sequence[Sequence[str]]:
    async with Kit(f"sqlite:///{file}") as kit:
        return [await timed(name, ask, calls) for name, ask in searches(kit, messages, words).items()]


def searches(kit: Kit, messages: int, words: Sequence[str]) -> Mapping[str, Search]:
    desk, small = kit.org("default"), kit.org("small")
    common, other, middle, rare = words[0], words[1], words[300], words[-7]
    last_week = from_micros(START + messages * MINUTE) - timedelta(days=7)
    someone = ContactId(1 + messages // TALKERS // 2)
    return {
        "a rare word": found(desk, f'"{rare}"'),
        "a middling word": found(desk, f'"{middle}"'),
        "a common word": found(desk, f'"{common}"'),
        "no word of any message": found(desk, "zzzz"),
        "two common words": found(desk, f'{common} "{other}"'),
        "a common and a rare word": found(desk, f'{common} "{rare}"'),
        "two rare words": found(desk, f'{words[-9]} "{rare}"'),
        "a phrase of two common words": found(desk, f'"{common} {other}"'),
        "a rare word, open": found(desk, rare),
        "a common word, open": found(desk, common),
        "two common words, open": found(desk, f"{other} {common}"),
        "the first two letters": found(desk, common[:2]),
        "the first letter": found(desk, common[0]),
        "a common word, inbound": found(desk, f'"{common}"', kind="inbound"),
        "a common word, last week": found(desk, f'"{common}"', since=last_week),
        "a common word, a year ago": found(desk, f'"{common}"', until=last_week - timedelta(days=365)),
        "a common word, failed (1 in 10,000)": found(desk, f'"{common}"', status="failed"),
        "a common word, of one contact": found(desk, f'"{common}"', contact=someone),
        "a common word, of a name": found(desk, f'"{common}"', contact=f"Contact {someone}x"),
        "no words": found(desk),
        f"the other org, with {SMALL:,} messages": found(small, f'"{common}"'),
        "a contact by name": people(desk, f"contact {someone}x"),
        "contacts by a name all have": people(desk, "contact"),
        "contacts by four digits": people(desk, "55 50"),
    }


def found(desk: Desk, words: str = "", **wanted: object) -> Search:
    async def ask() -> Sequence[object]:
        return (await desk.search(words, **wanted, limit=LIMIT)).items  # type: ignore[arg-type]  # as `searches` says

    return ask


def people(desk: Desk, words: str) -> Search:
    async def ask() -> Sequence[object]:
        return (await desk.contacts.search(words, limit=LIMIT)).items

    return ask


async def timed(name: str, ask: Search, calls: int) -> Sequence[str]:
    hits = len(await ask())
    took: list[float] = []
    while len(took) < calls and sum(took) < PATIENCE:
        began = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - began)
    late = sorted(took)[int(len(took) * 0.95)]
    return name, f"{hits}", f"{1e3 * statistics.median(took):.2f}", f"{1e3 * late:.2f}"


def scanned(file: Path, words: Sequence[str]) -> Sequence[str]:
    db = sqlite3.connect(file)
    took: list[float] = []
    for word in words[-5:]:
        began = time.perf_counter()
        db.execute(
            "select id from smskit_message where text like ? order by id desc limit ?", (f"%{word}%", LIMIT)
        ).fetchall()
        took.append(time.perf_counter() - began)
    db.close()
    return "a rare word", f"{1e3 * statistics.median(took):.0f}"


async def prepare(file: Path) -> None:
    """An empty desk."""
    async with Kit(f"sqlite:///{file}"):
        pass


async def make_index(file: Path) -> float:
    """How long the first search takes."""
    async with Kit(f"sqlite:///{file}") as kit:
        began = time.perf_counter()
        await kit.search("first")
        return time.perf_counter() - began


def size(file: Path) -> float:
    return file.stat().st_size / 2**20


def vocabulary() -> Sequence[str]:
    """Words made of syllables, the commonest first."""
    chance = random.Random(7)
    syllables = [
        first + vowel for first in ("b", "cr", "d", "f", "k", "l", "m", "pr", "st", "t") for vowel in "aeiou"
    ]
    words: dict[str, None] = {}
    while len(words) < WORDS:
        words["".join(chance.choices(syllables, k=chance.randint(2, 4)))] = None
    return list(words)


def texts(words: Sequence[str]) -> Iterator[str]:
    """Texts without end, in which the n-th word is n times rarer than the first."""
    chance = random.Random(8)
    shares = list(itertools.accumulate(1 / (place + 2) for place in range(len(words))))
    while True:
        drawn = chance.choices(words, cum_weights=shares, k=1000 * LENGTH)
        for start in range(0, len(drawn), LENGTH):
            yield " ".join(drawn[start : start + LENGTH])


def fill(file: Path, messages: int, words: Sequence[str]) -> None:
    """A small org with the oldest messages, then a big one; messages of all conversations lie mixed."""
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("pragma synchronous = off")
    db.execute("begin")
    chats = max(1, messages // TALKERS)
    owners = ["default"] * chats + ["small"]
    db.executemany(
        "insert into smskit_sender (id, org, driver, address) values (?, ?, 'local', ?)",
        [(1, "default", SENDER), (2, "small", SENDER[:-1] + "9")],
    )
    people = [(one, org, phone(one), f"Contact {one}x") for one, org in enumerate(owners, start=1)]
    db.executemany(
        "insert into smskit_contact (id, org, number, name, created_at, updated_at) values (?, ?, ?, ?, 0, 0)",
        people,
    )
    db.executemany(
        "insert into smskit_subscription (org, number, changed_at) values (?, ?, 0)",
        [(org, phone) for _, org, phone, _ in people],
    )
    db.executemany(
        "insert into smskit_conversation (id, org, contact_id, sender_id, last_at, created_at) "
        "values (?, ?, ?, ?, 0, 0)",
        [(one, org, one, 1 if org == "default" else 2) for one, org, _, _ in people],
    )
    rows = zip(range(messages + SMALL), texts(words), strict=False)
    db.executemany(
        "insert into smskit_message (org, conversation_id, kind, origin, status, text, parts, actor, at, created_at) "
        "values (?, ?, ?, ?, ?, ?, 1, 'system', ?, ?)",
        (message(which, text, chats) for which, text in rows),
    )
    db.execute("commit")
    db.close()


def phone(which: int) -> str:
    """A number for fiction, and once these are used up one that looks like it."""
    return number(which).text if which < 79_900 else f"+99955{which:07}"


def message(which: int, text: str, chats: int) -> tuple[object, ...]:
    org, chat = ("small", chats + 1) if which < SMALL else ("default", 1 + 7919 * which % chats)
    inbound = which % 3 == 0
    kind, origin = ("inbound", None) if inbound else ("outbound", "manual")
    status = "received" if inbound else "failed" if which % 10_000 == 1 else "delivered"
    moment = START + which * MINUTE
    return org, chat, kind, origin, status, text, moment, moment


if __name__ == "__main__":
    main()

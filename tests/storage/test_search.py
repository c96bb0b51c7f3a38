"""The search index of SQLite: what edits do to it, when there is none, and what it costs to be far behind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smskit.errors import StorageUnsupported
from smskit.model.ids import DEFAULT_ORG, MessageId
from smskit.model.statuses import Status
from smskit.storage.base import Wanted
from smskit.storage.sql import indexing, search
from smskit.storage.sql.tx import Tx
from smskit.storage.sql.words import terms, words
from smskit.storage.sqlite import SqliteStorage
from smskit.storage.sqlite.connection import SqliteTx
from smskit.testing.contracts.bench import Bench
from smskit.testing.contracts.storage_search import found, people

LETTERS = st.text(st.characters(codec="utf-8", exclude_characters='"'), max_size=30)


def edit(tx: Tx, message_id: MessageId, text: str) -> None:
    """What a change of a text has to do."""
    indexing.reword(tx, message_id, text)
    tx.run("update smskit_message set text = ? where id = ?", (text, message_id))


def delete(tx: Tx, message_id: MessageId) -> None:
    indexing.forget(tx, message_id)
    tx.run("update smskit_conversation set last_message_id = null")
    tx.run("delete from smskit_message where id = ?", (message_id,))


def tokens_left(path: Path) -> int:
    """In how many places anything is indexed."""
    with sqlite3.connect(path) as db:
        db.execute("create virtual table temp.terms using fts5vocab (main, smskit_search, instance)")
        (count,) = db.execute("select count(*) from temp.terms").fetchone()
    return int(count)


async def test_an_edited_text_is_found_by_its_new_words_only_whether_it_was_indexed_or_not(
    bench: Bench, store: SqliteStorage
) -> None:
    indexed = (await bench.receive("an old crown")).message_id
    assert await found(store, "crown") == ["an old crown"]
    fresh = (await bench.receive("an old bridge")).message_id

    await store._runner.write(edit, indexed, "a new veneer")
    await store._runner.write(edit, fresh, "a new crown")

    assert await found(store, "old") == []
    assert await found(store, "new") == ["a new crown", "a new veneer"]
    assert await found(store, "crown") == ["a new crown"]


async def test_of_a_deleted_message_no_word_stays_in_the_index(
    bench: Bench, store: SqliteStorage, path: Path
) -> None:
    first = (await bench.receive("a crown")).message_id
    await found(store, "crown")

    await store._runner.write(delete, first)

    assert await found(store, "crown") == []
    assert tokens_left(path) == 0


async def test_an_edit_before_anybody_searched_needs_no_index(bench: Bench, store: SqliteStorage) -> None:
    message_id = (await bench.receive("an old crown")).message_id

    await store._runner.write(edit, message_id, "a new veneer")

    assert await found(store, "veneer") == ["a new veneer"]
    assert await found(store, "crown") == []


async def test_nothing_is_indexed_twice(bench: Bench, store: SqliteStorage, path: Path) -> None:
    for number in range(indexing.BATCH + 5):
        await bench.receive(f"{number}")

    for _ in range(3):
        await found(store, "1", limit=1000)

    marks = 4
    assert tokens_left(path) == (1 + marks) * (indexing.BATCH + 5)


async def test_without_fts5_a_search_says_so_and_all_else_works(
    bench: Bench, store: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_MODULE", "no such module")
    await bench.receive("a crown")

    with pytest.raises(StorageUnsupported, match="FTS5"):
        await store.search(DEFAULT_ORG, Wanted(words="crown"), after=None, limit=1)
    with pytest.raises(StorageUnsupported, match="FTS5"):
        await store.search_contacts(DEFAULT_ORG, "ada", after=None, limit=1)


async def test_a_search_goes_through_all_blocks_and_looks(
    bench: Bench, store: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BLOCK_BITS", 3)
    monkeypatch.setattr(search, "BLOCK_BITS", 3)
    monkeypatch.setattr(search, "CHUNK", 2)
    monkeypatch.setattr(search, "MOST_LOOKS", 3)
    for number in range(60):
        await bench.receive(f"crown {number}{' rare' if number % 25 == 3 else ''}")
    await bench.submitted(await bench.chat(), "a rare crown")

    assert await found(store, "crown rare") == [
        "a rare crown",
        "crown 53 rare",
        "crown 28 rare",
        "crown 3 rare",
    ]
    assert await found(store, "crown", status=Status.SUBMITTING) == ["a rare crown"]
    assert await found(store, "rare", status=Status.RECEIVED) == [
        "crown 53 rare",
        "crown 28 rare",
        "crown 3 rare",
    ]
    assert len(await found(store, "cro", limit=7)) == 61
    page = await store.search(DEFAULT_ORG, Wanted(words="zzzz"), after=None, limit=5)
    assert (page.items, page.next is None) == ((), False)


async def test_the_index_survives_closing(bench: Bench, store: SqliteStorage) -> None:
    await bench.receive("a crown")
    await found(store, "crown")
    await store.aclose()
    await store.open()
    await bench.receive("another crown")

    assert await found(store, "crown") == ["another crown", "a crown"]


@given(text=LETTERS)
def test_every_text_is_found_by_itself_word_by_word(text: str) -> None:
    written = words(text)

    assert [word for term in terms(text) for word in term.words] == written
    assert words(text.upper()) == words(text.upper().lower())
    assert all(word == word.strip() and '"' not in word and "\0" not in word for word in written)
    assert words(" ".join(written)) == written


@given(text=LETTERS, query=st.text(max_size=40) | st.text('ab"*():^-+{}. ANDORT', max_size=40))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_can_be_stored_and_any_query_asked(memory: Memory, text: str, query: str) -> None:
    message_id = memory.store(text)

    memory.ask(query)
    if words(text):
        assert message_id in memory.ask(text)
        assert message_id in memory.ask(f'"{text}"')


class Memory:
    """A database with one conversation, without an event loop."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.tx: Tx = SqliteTx(connection)
        self.tx.run(
            "insert into smskit_sender (id, org, driver, address) values (1, 'default', 'd', '+14155550100')"
        )
        self.tx.run(
            "insert into smskit_contact (id, org, number, created_at, updated_at) "
            "values (1, 'default', '+14155550123', 0, 0)"
        )
        self.tx.run(
            "insert into smskit_subscription (org, number, changed_at) values ('default', '+14155550123', 0)"
        )
        self.tx.run(
            "insert into smskit_conversation (id, org, sender_id, contact_id, last_at, created_at) "
            "values (1, 'default', 1, 1, 0, 0)"
        )

    def store(self, text: str) -> int:
        row = self.tx.one(
            "insert into smskit_message (org, conversation_id, kind, status, text, parts, actor, at, created_at) "
            "values ('default', 1, 'inbound', 'received', ?, 1, 'contact', 0, 0) returning id",
            (text,),
        )
        assert row is not None
        while not indexing.catch_up(self.tx, row["id"]):
            pass
        return int(row["id"])

    @contextmanager
    def watched(self) -> Iterator[list[list[str]]]:
        """How the statements that are carried out meanwhile are planned."""
        plans: list[list[str]] = []
        statements: list[str] = []
        self._connection.set_trace_callback(statements.append)
        yield plans
        self._connection.set_trace_callback(None)
        plans += [self._plan(sql) for sql in statements if not sql.startswith("--")]

    def _plan(self, sql: str) -> list[str]:
        return [row[3] for row in self._connection.execute(f"explain query plan {sql}")]

    def ask(self, query: str) -> list[int]:
        page = search.search(self.tx, DEFAULT_ORG, Wanted(words=query), None, 1)
        search.search_contacts(self.tx, DEFAULT_ORG, query, None, 1)
        return [one.message.id for one in page.items]


@pytest.fixture(scope="module")
def memory() -> Memory:
    from smskit.storage.sqlite.connection import connect
    from smskit.storage.sqlite.schema import upgrade

    connection = connect(None)
    upgrade(connection)
    return Memory(connection)


async def test_a_query_may_have_thousands_of_words(bench: Bench, store: SqliteStorage) -> None:
    text = " ".join(f"word{number}" for number in range(3000))
    await bench.receive(text)

    assert await found(store, text) == await found(store, f'"{text}"') == [text]
    assert await people(store, text) == []


def test_no_statement_of_a_search_goes_through_all_that_an_org_has(memory: Memory) -> None:
    memory.store("a crown")
    everything = Wanted(words="crown", status=Status.RECEIVED, archived=False, contact="555")

    with memory.watched() as plans:
        assert indexing.behind(memory.tx) is None
        found = search.search(memory.tx, DEFAULT_ORG, everything, None, 1)
        people = search.search_contacts(memory.tx, DEFAULT_ORG, "555", None, 1)

    assert (len(found.items), len(people.items)) == (1, 1)
    steps = [step for plan in plans for step in plan if "smskit_search" not in step]
    assert [step for step in steps if "org=?" in step and "number=?" not in step] == []
    assert [
        step
        for step in steps
        if step.startswith("SCAN") and not step.endswith(")") and "VIRTUAL TABLE" not in step
    ] == []

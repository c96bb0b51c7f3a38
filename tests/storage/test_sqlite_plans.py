"""How SQLite carries out the statements of the hot paths: by an index, never by reading a whole table."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from smskit.clock import VirtualClock
from smskit.compliance.opt_words import Word
from smskit.model.contacts import Scope
from smskit.model.ids import DEFAULT_ORG, ContactId, ConversationId, MessageId
from smskit.model.labels import Label
from smskit.model.statuses import Status
from smskit.storage.base import Chosen, Storage, Way
from smskit.storage.sql.tx import Params
from smskit.storage.sqlite import SqliteStorage
from smskit.storage.sqlite.connection import SqliteTx
from smskit.testing.contracts.bench import ALICE, DRIVER, FRONTDESK, LEASE, START, Bench
from smskit.testing.contracts.storage_parts import PATIENCE, PIECES, labelled

SMALL = {"smskit_sender", "smskit_mark", "smskit_link", "smskit_policy", "smskit_intake_open"}
"""Tables and partial indexes that stay small: reading them whole is fine."""


class Watched(SqliteTx):
    """A transaction that writes down the statements it carries out."""

    statements: set[str]

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._carry_out = self._execute
        self._execute = self._watch  # type: ignore[assignment]  # it passes on whatever it is given

    def _watch(self, sql: str, params: Params = ()) -> sqlite3.Cursor:
        self.statements.add(sql)
        return self._carry_out(sql, params)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    seen: set[str] = set()
    monkeypatch.setattr(Watched, "statements", seen, raising=False)
    monkeypatch.setattr("smskit.storage.sqlite.writer.SqliteTx", Watched)
    monkeypatch.setattr("smskit.storage.sqlite.runner.SqliteTx", Watched)
    return seen


async def a_days_work(store: Storage, bench: Bench) -> None:
    """Call everything that is called often."""
    chat = await bench.chat()
    await bench.queue(chat)
    await bench.send_all(consent_first=True)
    for way in Way:
        claimed = await bench.submitted(chat, way.value)
        await bench.record(claimed, bench.in_doubt(way))
        await bench.receipt(Status.DELIVERED, "id-1", reference=claimed.outgoing.reference)
    await store.doubts("w", [DRIVER], bench.now, lease=LEASE)
    await store.reap(bench.now, {DRIVER: bench.in_doubt()})
    await store.next_deadline(bench.now)
    await bench.receive("HELP", word=Word.HELP, carrier_id="in-1")
    await bench.receive("STOP", word=Word.STOP, may_repeat=True)
    for part in labelled(PIECES):
        await bench.receive_part(part)
    await bench.receive_part(labelled(PIECES, reference=8)[0])
    await bench.later_given_up(PATIENCE)
    await bench.opt_out(scope=Scope.PROMOTIONAL)
    message_id = await bench.queue(chat, "later")
    await store.cancel(DEFAULT_ORG, message_id, bench.now)
    await store.send_again(DEFAULT_ORG, message_id, FRONTDESK, bench.now)
    await store.decisions(DEFAULT_ORG, message_id)
    await store.part_outcomes(DEFAULT_ORG, message_id)
    await store.intake(10)
    for org in (DEFAULT_ORG, None):
        await store.read_events(org, after=0, limit=10)
    await store.last_position()
    await store.list_senders(DEFAULT_ORG)
    await read_pages(store, chat.id, chat.contact_id)
    await work_the_inbox(store, bench, chat.id, message_id)


async def read_pages(store: Storage, chat: ConversationId, contact: ContactId) -> None:
    for after in (None, "1.1"):
        await store.list_conversations(DEFAULT_ORG, archived=False, after=after, limit=10)
        await store.list_messages(DEFAULT_ORG, chat, after=after, limit=10)
    for after in (None, "1"):
        await store.list_contacts(DEFAULT_ORG, after=after, limit=10)
        await store.subscription_history(DEFAULT_ORG, ALICE, after=after, limit=10)
    await store.same_person(DEFAULT_ORG, contact)
    await store.find_contact(DEFAULT_ORG, ALICE)
    await store.last_sender(DEFAULT_ORG, contact)


async def work_the_inbox(store: Storage, bench: Bench, chat: ConversationId, message: MessageId) -> None:
    by = (FRONTDESK, bench.now)
    await store.assign(DEFAULT_ORG, chat, FRONTDESK, *by)
    for change in (store.label, store.unlabel, store.label):
        await change(DEFAULT_ORG, chat, VIP, *by)
    await store.list_labels(DEFAULT_ORG)
    await bench.receive("hello?")
    for place in (message, None):
        await store.mark_read(DEFAULT_ORG, chat, *by, up_to=place)
        await store.mark_unread(DEFAULT_ORG, chat, *by, since=place)
    await store.inbound_after(DEFAULT_ORG, chat, after=None, limit=10)
    for actor in (None, FRONTDESK):
        await store.count_unread(DEFAULT_ORG, archived=False, assigned_to=actor)
    await store.add_note(DEFAULT_ORG, chat, "Called.", *by, key=None)
    draft = await store.save_draft(DEFAULT_ORG, chat, FRONTDESK, "Dear", bench.now)
    assert draft is not None
    await store.drop_draft(DEFAULT_ORG, draft.id)
    for after, chosen in itertools.product((None, "1.1"), CHOSEN):
        for archived in (False, None):
            await store.list_conversations(
                DEFAULT_ORG, archived=archived, after=after, limit=10, chosen=chosen
            )
        await store.choose(DEFAULT_ORG, archived=False, chosen=chosen, after=after, limit=10)
    await store.set_archived_many(DEFAULT_ORG, [chat], archived=True, as_of=bench.now, now=bench.now)


VIP = Label.of("vip")

CHOSEN = {
    Chosen(unread=True): "smskit_conversation_unread",
    Chosen(unread=True, label=VIP): "smskit_conversation_unread",
    Chosen(unread=True, assigned_to=FRONTDESK): "smskit_conversation_assigned",
    Chosen(unread=False): "smskit_conversation_list",
    Chosen(assigned=False): "smskit_conversation_assigned",
    Chosen(assigned_to=FRONTDESK): "smskit_conversation_assigned",
    Chosen(label=VIP): "smskit_labelled_list",
    Chosen(label=VIP, idle_since=START): "smskit_labelled_list",
    Chosen(idle_since=START): "smskit_conversation_list",
}
"""Filters of the list, and the index that serves each."""


@pytest.mark.parametrize(("chosen", "index"), CHOSEN.items(), ids=str)
async def test_each_filter_of_the_list_is_served_by_its_index(
    statements: set[str], path: Path, clock: VirtualClock, chosen: Chosen, index: str
) -> None:
    store = SqliteStorage(str(path), lease_clock=clock.now)
    await store.open()
    bench = Bench(store, clock)
    await store.label(DEFAULT_ORG, (await bench.chat()).id, VIP, FRONTDESK, bench.now)
    statements.clear()
    for after in (None, "1.1"):
        await store.list_conversations(DEFAULT_ORG, archived=False, after=after, limit=10, chosen=chosen)
    await store.aclose()

    connection = sqlite3.connect(path)
    first = [plan(connection, sql)[0] for sql in statements if "order by" in sql]
    connection.close()

    assert len(first) == 2
    assert [step for step in first if f"USING INDEX {index}" not in step.replace("COVERING ", "")] == []


async def test_no_statement_of_a_days_work_reads_a_whole_table_or_sorts_one(
    statements: set[str], path: Path, clock: VirtualClock
) -> None:
    store = SqliteStorage(str(path), lease_clock=clock.now)
    await store.open()
    await a_days_work(store, Bench(store, clock))
    await store.aclose()

    connection = sqlite3.connect(path)
    plans = {sql: plan(connection, sql) for sql in statements}
    connection.close()

    slow = {sql: [step for step in steps if is_slow(step)] for sql, steps in plans.items()}
    assert [f"{sql}: {steps}" for sql, steps in slow.items() if steps] == []
    assert len(plans) > 80


def plan(connection: sqlite3.Connection, sql: str) -> list[str]:
    """The steps of a statement as SQLite plans it, knowing nothing of how many rows there are."""
    values: Any = [None] * sql.count("?")
    return [row[3] for row in connection.execute(f"explain query plan {sql}", values)]


def is_slow(step: str) -> bool:
    if step.startswith("SCAN"):
        return not any(f" {name}" in step for name in SMALL)
    return step.startswith("USE TEMP B-TREE FOR ORDER BY")

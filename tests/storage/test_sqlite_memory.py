"""A database in memory: the same promises, kept without threads."""

from __future__ import annotations

import threading

import anyio
import anyio.lowlevel
import pytest

from smskit.clock import VirtualClock
from smskit.errors import Conflict, KitClosed
from smskit.model.addresses import PhoneNumber
from smskit.model.conversations import Sender
from smskit.model.ids import DEFAULT_ORG, Org
from smskit.storage.sqlite import SqliteStorage
from smskit.testing.contracts.bench import LOBBY, OFFICE, Bench

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(clock: VirtualClock) -> SqliteStorage:
    return SqliteStorage(None, lease_clock=clock.now)


async def test_it_starts_no_thread(store: SqliteStorage, clock: VirtualClock) -> None:
    before = threading.active_count()
    await store.open()

    await Bench(store, clock).chat()

    assert threading.active_count() == before
    await store.aclose()


async def test_a_transaction_that_fails_leaves_nothing_and_harms_no_other(store: SqliteStorage) -> None:
    await store.open()
    theirs = Sender(address=PhoneNumber(LOBBY), org=Org("theirs"))
    await store.put_senders("carrier", [theirs])

    with pytest.raises(Conflict):
        await store.put_senders("carrier", [Sender.of(OFFICE), Sender.of(LOBBY)])

    assert await store.list_senders(DEFAULT_ORG) == []
    await store.put_senders("carrier", [Sender.of(OFFICE)])
    assert len(await store.list_senders(DEFAULT_ORG)) == 1
    await store.aclose()


async def test_a_caller_that_is_cancelled_did_all_or_nothing(store: SqliteStorage) -> None:
    await store.open()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await store.put_senders("carrier", [Sender.of(OFFICE)])

    assert await store.list_senders(DEFAULT_ORG) == []
    await store.aclose()


async def test_a_write_beats_the_pulse_and_a_read_does_not(store: SqliteStorage) -> None:
    await store.open()
    beat = store.pulse.next()

    await store.list_senders(DEFAULT_ORG)
    assert not beat.is_set()
    await store.put_senders("carrier", [Sender.of(OFFICE)])

    assert beat.is_set()
    await store.aclose()


async def test_it_is_of_use_only_while_open_and_empty_when_opened_again(store: SqliteStorage) -> None:
    with pytest.raises(KitClosed):
        await store.list_senders(DEFAULT_ORG)
    await store.open()
    await store.put_senders("carrier", [Sender.of(OFFICE)])
    await store.aclose()
    await store.aclose()
    with pytest.raises(KitClosed):
        await store.list_senders(DEFAULT_ORG)

    await store.open()

    assert await store.list_senders(DEFAULT_ORG) == []
    await store.aclose()


async def test_another_loop_is_told_that_it_is_not_at_home(store: SqliteStorage) -> None:
    await store.open()

    def elsewhere() -> None:
        with pytest.raises(KitClosed, match="another event loop"):
            anyio.run(store.list_senders, DEFAULT_ORG)

    await anyio.to_thread.run_sync(elsewhere)
    await store.aclose()


async def test_others_get_their_turn_between_transactions(store: SqliteStorage) -> None:
    await store.open()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        for _ in range(20):
            await store.list_senders(DEFAULT_ORG)
        tasks.cancel_scope.cancel()

    assert turns >= 10
    await store.aclose()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
async def test_an_interrupt_within_a_transaction_leaves_none_open(
    store: SqliteStorage, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def interrupted(*_: object) -> None:
        raise error

    await store.open()
    monkeypatch.setattr("smskit.storage.sql.senders.put_senders", interrupted)
    with pytest.raises(error):
        await store.put_senders("carrier", [Sender.of(OFFICE)])
    monkeypatch.undo()

    await store.put_senders("carrier", [Sender.of(OFFICE)])

    assert len(await store.list_senders(DEFAULT_ORG)) == 1
    await store.aclose()

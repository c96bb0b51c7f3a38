"""What a store must do with a text that is enqueued, scheduled, held, withdrawn, or put in by a host."""

from __future__ import annotations

from datetime import timedelta

import anyio
import attrs
import pytest

from smskit.errors import Conflict, NotFound
from smskit.model.decisions import Outcome
from smskit.model.events import IntakeRefused, MessageMade
from smskit.model.ids import DEFAULT_ORG, ConversationId, MessageId, Org
from smskit.model.messages import Category, Kind, Origin
from smskit.model.statuses import Status
from smskit.storage.base import Storage
from smskit.testing.contracts.bench import ALICE, BOB, FRONTDESK, Bench
from smskit.testing.contracts.storage_base import PutIntake, StoreTests

HOUR = timedelta(hours=1)


class QueueContract(StoreTests):
    """Enqueue, release, cancel, intake."""

    async def test_a_message_is_stored_as_it_was_made(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        new = await bench.text(chat, "Your crown is ready 🦷", parts=2, key="order-17")

        enqueued = await store.enqueue(new, bench.now)

        message = enqueued.message
        assert enqueued.created
        assert message == await bench.message(message.id)
        assert (message.kind, message.origin, message.category) == (
            Kind.OUTBOUND,
            Origin.MANUAL,
            Category.CONVERSATIONAL,
        )
        assert (message.text, message.parts, message.key) == ("Your crown is ready 🦷", 2, "order-17")
        assert (message.status, message.actor, message.created_at) == (Status.QUEUED, FRONTDESK, bench.now)
        assert await store.decisions(DEFAULT_ORG, message.id) == [new.decision]

    async def test_the_same_key_gives_the_same_message_and_does_nothing(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        new = await bench.text(chat, key="order-17")
        first = await store.enqueue(new, bench.now)
        told = await bench.happenings()

        second = await store.enqueue(new, bench.now)

        assert (second.message, second.created) == (first.message, False)
        assert await bench.happenings() == told
        assert await bench.claimed_texts() == ["Hello"]

    async def test_ten_tasks_with_one_key_make_one_message(self, store: Storage, bench: Bench) -> None:
        new = await bench.text(await bench.chat(), key="order-17")
        made: list[bool] = []

        async def enqueue() -> None:
            made.append((await store.enqueue(new, bench.now)).created)

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(enqueue)

        assert sorted(made) == [False] * 9 + [True]

    async def test_a_key_used_again_for_another_text_or_conversation_is_a_conflict(
        self, store: Storage, bench: Bench
    ) -> None:
        alice, bob = await bench.chat(ALICE), await bench.chat(BOB)
        await store.enqueue(await bench.text(alice, "one", key="k"), bench.now)

        with pytest.raises(Conflict):
            await store.enqueue(await bench.text(alice, "two", key="k"), bench.now)
        with pytest.raises(Conflict):
            await store.enqueue(await bench.text(bob, "one", key="k"), bench.now)
        assert await bench.claimed_texts() == ["one"]

    async def test_a_key_belongs_to_its_org(self, store: Storage, bench: Bench) -> None:
        ours = await bench.chat()
        theirs = await bench.chat(ALICE, await bench.sender("+14155550109", org=Org("acme")))

        await store.enqueue(await bench.text(ours, "one", key="k"), bench.now)
        second = await store.enqueue(await bench.text(theirs, "two", key="k"), bench.now)

        assert second.created

    async def test_a_denied_message_is_kept_as_blocked_and_never_sent(
        self, store: Storage, bench: Bench
    ) -> None:
        new = await bench.text(await bench.chat(), outcome=Outcome.DENIED)

        message = (await store.enqueue(new, bench.now)).message

        assert (message.status, message.code) == (Status.BLOCKED, "of_the_test")
        assert await bench.claim() == ()
        made = [what for what in await bench.happenings() if isinstance(what, MessageMade)]
        assert [what.status for what in made] == [Status.BLOCKED]

    async def test_a_scheduled_message_waits_for_its_time(self, store: Storage, bench: Bench) -> None:
        message_id = await bench.queue(await bench.chat(), due_in=HOUR)
        before = await bench.status(message_id)

        assert await store.next_deadline(bench.now) == bench.now + HOUR
        assert await store.release(bench.now) == 0
        assert await bench.claim() == ()
        bench.wait(hours=1)
        assert await store.release(bench.now) == 1
        message = await bench.message(message_id)

        assert (before, message.status, message.at) == (Status.SCHEDULED, Status.QUEUED, bench.now)
        assert await bench.claimed_texts() == ["Hello"]

    async def test_a_due_time_in_the_past_is_now(self, bench: Bench) -> None:
        message_id = await bench.queue(await bench.chat(), due_in=-HOUR)

        assert await bench.status(message_id) is Status.QUEUED
        assert await bench.claimed_texts() == ["Hello"]

    async def test_a_held_message_waits_until_the_gate_said(self, store: Storage, bench: Bench) -> None:
        new = await bench.text(await bench.chat(), outcome=Outcome.HELD, until=HOUR)

        message = (await store.enqueue(new, bench.now)).message
        claimed = await bench.claim()
        bench.wait(hours=1)
        await store.release(bench.now)

        assert (message.status, claimed) == (Status.HELD, ())
        assert await bench.claimed_texts() == ["Hello"]

    async def test_scheduled_messages_are_released_in_the_order_of_their_times(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        await bench.queue(chat, "later", due_in=2 * HOUR)
        await bench.queue(chat, "sooner", due_in=HOUR)
        bench.wait(hours=3)

        assert await bench.send_all() == ["sooner", "later"]

    async def test_release_takes_no_more_than_its_limit(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        for number in range(3):
            await bench.queue(chat, f"{number}", due_in=HOUR)
        bench.wait(hours=1)

        assert [await store.release(bench.now, limit=2) for _ in range(3)] == [2, 1, 0]

    async def test_a_conversation_that_does_not_exist_takes_no_text(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        new = await bench.text(chat)

        with pytest.raises(NotFound):
            await store.enqueue(attrs.evolve(new, conversation_id=ConversationId(99)), bench.now)
        with pytest.raises(NotFound):
            await store.enqueue(attrs.evolve(new, org=Org("acme")), bench.now)
        with pytest.raises(NotFound):
            await store.facts(Org("acme"), chat.id)

    async def test_a_manual_text_restores_an_archived_conversation_and_an_automated_one_does_not(
        self, store: Storage, bench: Bench
    ) -> None:
        archived: list[bool] = []
        for origin in (Origin.BLAST, Origin.MANUAL):
            chat = await bench.chat()
            await store.set_archived(DEFAULT_ORG, chat.id, archived=True, now=bench.now)
            await bench.queue(chat, origin=origin)
            archived.append((await store.get_conversation(DEFAULT_ORG, chat.id)).archived)

        assert archived == [True, False]

    @pytest.mark.parametrize("state", ["ready", "waiting", "claimed", "scheduled"])
    async def test_a_message_that_is_not_admitted_can_be_withdrawn(
        self, store: Storage, bench: Bench, state: str
    ) -> None:
        chat = await bench.chat()
        if state == "waiting":
            await bench.queue(chat, "first")
        message_id = await bench.queue(chat, due_in=HOUR if state == "scheduled" else None)
        claimed = await bench.claim() if state == "claimed" else ()

        assert await store.cancel(DEFAULT_ORG, message_id, bench.now)

        assert await bench.outcome(message_id) == (Status.CANCELED, "canceled")
        for one in claimed:
            assert (await bench.admit(bench.ruling(one))).value == "lost"
        bench.wait(hours=1)
        assert "Hello" not in await bench.send_all()

    async def test_withdrawing_the_first_lets_the_next_one_go(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        first = await bench.queue(chat, "first")
        await bench.queue(chat, "second")

        await store.cancel(DEFAULT_ORG, first, bench.now)

        assert await bench.send_all() == ["second"]

    async def test_what_was_admitted_cannot_be_withdrawn(self, store: Storage, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())

        assert not await store.cancel(DEFAULT_ORG, claimed.message.id, bench.now)
        await bench.record(claimed)
        assert not await store.cancel(DEFAULT_ORG, claimed.message.id, bench.now)
        with pytest.raises(NotFound):
            await store.cancel(DEFAULT_ORG, MessageId(99), bench.now)
        with pytest.raises(NotFound):
            await store.cancel(Org("acme"), claimed.message.id, bench.now)

    async def test_an_intake_row_becomes_a_message_once(
        self, store: Storage, bench: Bench, put_intake: PutIntake
    ) -> None:
        await put_intake(number=ALICE.e164, text="Hello", key="order-17")
        (row,) = await store.intake(10)
        new = await bench.text(await bench.chat(), key="order-17")

        first = await store.enqueue(new, bench.now, intake_id=row.id)
        second = await store.enqueue(new, bench.now, intake_id=row.id)

        assert (row.org, row.number, row.text, row.key, row.actor) == (
            DEFAULT_ORG,
            ALICE.e164,
            "Hello",
            "order-17",
            "host",
        )
        assert (first.created, second.created) == (True, False)
        assert second.message == first.message
        assert await store.intake(10) == []

    async def test_an_intake_row_that_fails_stays(
        self, store: Storage, bench: Bench, put_intake: PutIntake
    ) -> None:
        chat = await bench.chat()
        await store.enqueue(await bench.text(chat, "one", key="k"), bench.now)
        await put_intake(number=ALICE.e164, text="two", key="k")
        (row,) = await store.intake(10)

        with pytest.raises(Conflict):
            await store.enqueue(await bench.text(chat, "two", key="k"), bench.now, intake_id=row.id)

        assert await store.intake(10) == [row]

    async def test_an_intake_row_that_is_gone_without_a_message_is_not_found(
        self, store: Storage, bench: Bench
    ) -> None:
        new = await bench.text(await bench.chat())

        with pytest.raises(NotFound):
            await store.enqueue(new, bench.now, intake_id=99)

    async def test_a_refused_intake_row_is_not_offered_again_and_is_told_of(
        self, store: Storage, bench: Bench, put_intake: PutIntake
    ) -> None:
        await put_intake(number="nobody", text="Hello")
        await put_intake(number=ALICE.e164, text="Hello")
        first, second = await store.intake(10)

        await store.refuse_intake(first.id, first.org, "not a number", bench.now)

        assert await store.intake(10) == [second]
        assert await bench.happenings() == [IntakeRefused(intake_id=first.id, error="not a number")]

"""What a store must do with what contacts write: one event has one effect, invariant A6."""

from __future__ import annotations

from datetime import timedelta

import anyio
import pytest

from smskit.compliance.opt_words import Word
from smskit.model.addresses import Address, PhoneNumber, SenderName, ShortCode
from smskit.model.contacts import Source
from smskit.model.events import MessageReceived, OptedIn, OptedOut
from smskit.model.ids import DEFAULT_ORG
from smskit.model.messages import Kind, Origin
from smskit.model.statuses import Status
from smskit.model.traffic import Inbound
from smskit.storage.base import Storage, WasRejected
from smskit.testing.contracts.bench import ALICE, BOB, DRIVER, LOBBY, OFFICE, Bench
from smskit.testing.contracts.storage_base import StoreTests

YES = Inbound(sender=ALICE, to=PhoneNumber(OFFICE), text="yes")


class InboxContract(StoreTests):
    """Inbound texts: deduped, stored, obeyed, answered once."""

    async def test_a_text_of_a_stranger_makes_contact_conversation_and_message(
        self, store: Storage, bench: Bench
    ) -> None:
        received = await bench.receive("Hi, is this the dentist?")

        contact = await store.find_contact(DEFAULT_ORG, ALICE)
        assert contact is not None
        (chat,) = (await store.list_conversations(DEFAULT_ORG, archived=False, after=None, limit=10)).items
        message = await bench.message(received.message_id)
        assert received.new
        assert (contact.name, chat.contact_id, chat.unread) == ("", contact.id, 1)
        assert (message.kind, message.status, message.text) == (
            Kind.INBOUND,
            Status.RECEIVED,
            "Hi, is this the dentist?",
        )
        told = MessageReceived(conversation_id=chat.id, message_id=message.id)
        assert (await bench.happenings())[-1] == told

    @pytest.mark.parametrize("stranger", [ShortCode("72975"), SenderName("MyBank")], ids=["code", "name"])
    async def test_a_text_of_a_short_code_or_a_name_is_kept_like_any_other(
        self, store: Storage, bench: Bench, stranger: Address
    ) -> None:
        received = await bench.receive("Your code is 1234", number=stranger)

        message = await bench.message(received.message_id)
        chat = await store.get_conversation(DEFAULT_ORG, message.conversation_id)
        assert (chat.number, chat.unread) == (stranger, 1)
        contact = await store.find_contact(DEFAULT_ORG, stranger)
        assert contact is not None
        assert (contact.id, contact.number) == (chat.contact_id, stranger)
        assert (await store.facts(DEFAULT_ORG, chat.id)).to == stranger

    async def test_a_repeated_delivery_has_no_second_effect(self, store: Storage, bench: Bench) -> None:
        first = await bench.receive("STOP", word=Word.STOP, carrier_id="in-1")
        told = await bench.happenings()

        second = await bench.receive("STOP", word=Word.STOP, carrier_id="in-1")

        assert (second.message_id, second.new) == (first.message_id, False)
        assert await bench.happenings() == told
        assert await bench.send_all() == ["answer to stop"]

    async def test_one_delivery_brought_by_ten_tasks_is_one_message(self, bench: Bench) -> None:
        new: list[bool] = []

        async def bring() -> None:
            new.append((await bench.receive("hi", carrier_id="in-1")).new)

        await bench.chat()
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(bring)

        assert sorted(new) == [False] * 9 + [True]

    async def test_an_id_used_again_for_another_text_is_another_text(self, bench: Bench) -> None:
        await bench.receive("hi", carrier_id="in-1")

        assert (await bench.receive("bye", carrier_id="in-1")).new
        assert (await bench.receive("hi", carrier_id="in-1", number=BOB)).new
        assert (await bench.receive("hi", carrier_id="in-2")).new

    async def test_ids_of_drivers_are_apart(self, store: Storage, bench: Bench) -> None:
        await bench.receive("hi", carrier_id="in-1")
        inbound = Inbound(sender=ALICE, to=PhoneNumber(LOBBY), text="hi", carrier_id="in-1")
        sender = await bench.sender(LOBBY, driver="other")

        received = await store.receive("other", sender.id, inbound, bench.reading(None), bench.now)

        assert received.new

    async def test_people_say_yes_twice(self, bench: Bench) -> None:
        received = [(await bench.receive("yes")).new for _ in range(2)]

        assert received == [True, True]

    async def test_without_an_id_a_text_repeats_only_what_was_never_acknowledged(
        self, store: Storage, bench: Bench
    ) -> None:
        first = await bench.receive("yes")
        repeated = await bench.receive("yes", may_repeat=True)
        other = await bench.receive("no", may_repeat=True)
        await store.acknowledged(DRIVER, YES)
        after = await bench.receive("yes", may_repeat=True)

        assert (repeated.message_id, repeated.new) == (first.message_id, False)
        assert (other.new, after.new) == (True, True)

    async def test_acknowledging_one_text_leaves_the_others(self, store: Storage, bench: Bench) -> None:
        await bench.receive("yes")
        await bench.receive("yes please")
        await store.acknowledged(DRIVER, YES)

        assert not (await bench.receive("yes please", may_repeat=True)).new
        assert (await bench.receive("yes", may_repeat=True)).new

    async def test_a_text_restores_an_archived_conversation(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        await store.set_archived(DEFAULT_ORG, chat.id, archived=True, now=bench.now)

        await bench.receive("hello?")

        assert not (await store.get_conversation(DEFAULT_ORG, chat.id)).archived

    async def test_a_reply_cancels_drip_steps_wherever_they_wait_and_nothing_else(
        self, store: Storage, bench: Bench
    ) -> None:
        chat, other = await bench.chat(), await bench.chat(ALICE, await bench.sender(LOBBY))
        ready = await bench.queue(chat, "step 1", origin=Origin.DRIP)
        later = await bench.queue(other, "step 2", origin=Origin.DRIP, due_in=timedelta(days=3))
        reminder = await bench.queue(chat, "tomorrow", origin=Origin.REMINDER)
        bobs = await bench.queue(await bench.chat(BOB), "step 1", origin=Origin.DRIP)

        await bench.receive("sure, Tuesday?")

        assert await bench.outcome(ready) == (Status.CANCELED, "replied")
        assert await bench.outcome(later) == (Status.CANCELED, "replied")
        assert [await bench.status(one) for one in (reminder, bobs)] == [Status.QUEUED, Status.QUEUED]

    async def test_stop_opts_out_cancels_and_is_answered_once(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        automated = await bench.queue(chat, "sale", origin=Origin.BLAST)

        await bench.receive("STOP", word=Word.STOP)
        await bench.receive("STOP", word=Word.STOP)

        subscription = await store.get_subscription(DEFAULT_ORG, ALICE)
        assert subscription is not None
        assert (subscription.opted_out, subscription.source) == (True, Source.WORD)
        assert await bench.outcome(automated) == (Status.CANCELED, "opted_out")
        assert await bench.send_all() == ["answer to stop"]
        assert await bench.thread(chat.id) == ["STOP", "answer to stop", "STOP", "sale"]
        told = [what for what in await bench.happenings() if isinstance(what, OptedOut)]
        assert [what.source for what in told] == [Source.WORD]

    async def test_start_opts_in_again_and_is_answered_only_if_that_changed_something(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("START", word=Word.START)
        await bench.receive("STOP", word=Word.STOP)
        await bench.receive("START", word=Word.START)
        await bench.receive("START", word=Word.START)

        subscription = await store.get_subscription(DEFAULT_ORG, ALICE)
        assert subscription is not None
        assert not subscription.opted_out
        assert await bench.send_all() == ["answer to stop", "answer to start"]
        told = [what for what in await bench.happenings() if isinstance(what, OptedIn)]
        assert len(told) == 1

    async def test_help_is_always_answered(self, bench: Bench) -> None:
        await bench.receive("HELP", word=Word.HELP)
        await bench.receive("STOP", word=Word.STOP)
        await bench.receive("HELP", word=Word.HELP)

        assert await bench.send_all() == ["answer to help", "answer to stop", "answer to help"]

    async def test_a_word_that_the_carrier_answers_is_obeyed_without_an_answer(
        self, store: Storage, bench: Bench
    ) -> None:
        sender = await bench.sender()
        reading = bench.reading(Word.STOP)
        without = type(reading)(word=reading.word, word_if_opted_out=reading.word, answers={})
        inbound = Inbound(sender=ALICE, to=sender.address, text="STOP")

        await store.receive(DRIVER, sender.id, inbound, without, bench.now)

        subscription = await store.get_subscription(DEFAULT_ORG, ALICE)
        assert subscription is not None
        assert subscription.opted_out
        assert await bench.send_all() == []

    @pytest.mark.parametrize(("out", "answered"), [(False, "answer to help"), (True, "answer to start")])
    async def test_a_word_may_mean_something_else_once_the_number_is_out(
        self, store: Storage, bench: Bench, *, out: bool, answered: str
    ) -> None:
        chat = await bench.chat()
        if out:
            await bench.opt_out()
        sender = await bench.sender()
        both = bench.reading(Word.HELP)
        reading = type(both)(word=Word.HELP, word_if_opted_out=Word.START, answers=both.answers)

        inbound = Inbound(sender=ALICE, to=sender.address, text="YES")
        await store.receive(DRIVER, sender.id, inbound, reading, bench.now)

        assert await bench.thread(chat.id) == [answered, "YES"]

    async def test_an_opt_out_of_the_number_holds_on_every_sender(self, store: Storage, bench: Bench) -> None:
        await bench.receive("STOP", word=Word.STOP, to=await bench.sender(LOBBY))

        facts = await store.facts(DEFAULT_ORG, (await bench.chat()).id)

        assert facts.subscription.opted_out

    async def test_start_lifts_the_carriers_block_of_that_sender(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        claimed = await bench.submitted(chat)
        await bench.record(claimed, WasRejected(code="21610", opted_out=True))
        blocked = (await store.facts(DEFAULT_ORG, chat.id)).blocked_by_carrier

        await bench.receive("START", word=Word.START, to=await bench.sender(LOBBY))
        still = (await store.facts(DEFAULT_ORG, chat.id)).blocked_by_carrier
        await bench.receive("START", word=Word.START)

        assert (blocked, still) == (True, True)
        assert not (await store.facts(DEFAULT_ORG, chat.id)).blocked_by_carrier

    async def test_a_reply_and_an_admission_have_exactly_one_winner(self, bench: Bench) -> None:
        """Invariant A1 for replies: the drip step is canceled, or it was admitted first."""
        for number in range(30):
            message_id = await bench.queue(await bench.chat(), f"{number}", origin=Origin.DRIP)
            claimed = await bench.claim_one()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(bench.admit, bench.ruling(claimed))
                tasks.start_soon(bench.receive, f"reply {number}")

            message = await bench.message(message_id)
            assert (message.status, message.flags.name) in (
                (Status.SUBMITTING, "RACED"),
                (Status.CANCELED, "NONE"),
            )
            await bench.record(claimed)

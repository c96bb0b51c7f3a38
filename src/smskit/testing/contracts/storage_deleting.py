"""What a store must do when a conversation is deleted: take all of it away, and bring nothing back."""

from __future__ import annotations

import pytest

from smskit.compliance.opt_words import Word
from smskit.errors import Conflict, NotFound
from smskit.model.campaigns import Ending
from smskit.model.contacts import ConsentState
from smskit.model.conversations import DeletionPlan
from smskit.model.events import ConversationDeleted
from smskit.model.ids import DEFAULT_ORG, Org
from smskit.model.labels import Label
from smskit.model.statuses import Status
from smskit.model.traffic import MediaLink
from smskit.storage.base import Storage, Wanted, WasFetched
from smskit.testing.contracts.bench import ALICE, DRIVER, FRONTDESK, LEASE, LOBBY, Bench
from smskit.testing.contracts.storage_base import StoreTests
from smskit.testing.contracts.storage_drips import DripBench

LINK = MediaLink(url="https://carrier.example/1")
FETCHED = WasFetched(digest="ab" * 32, size=5, content_type=None)


class DeletingContract(StoreTests):
    """Conversations that are deleted."""

    async def test_a_deleted_conversation_is_gone_with_all_that_was_in_it(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        claimed = await bench.submitted(chat)
        await bench.record(claimed)
        await bench.receive("crown", media=(LINK,))
        await bench.queue(chat, "later", due_in=LEASE)
        await store.label(DEFAULT_ORG, chat.id, Label.of("vip"), FRONTDESK, bench.now)
        await store.search(DEFAULT_ORG, Wanted(words="crown"), after=None, limit=9)
        plan = await store.plan_deletion(DEFAULT_ORG, chat.id)

        await store.delete_conversation(DEFAULT_ORG, chat.id, bench.now)

        assert plan == DeletionPlan(messages=3, media=1, unsent=1)
        for gone in (
            store.get_conversation(DEFAULT_ORG, chat.id),
            store.get_message(DEFAULT_ORG, claimed.message.id),
            store.plan_deletion(DEFAULT_ORG, chat.id),
            store.delete_conversation(DEFAULT_ORG, chat.id, bench.now),
        ):
            with pytest.raises(NotFound):
                await gone
        page = await store.search(DEFAULT_ORG, Wanted(words="crown"), after=None, limit=9)
        assert page.items == ()
        assert await store.claim_media("worker", [DRIVER], bench.now, lease=LEASE, limit=9) == []
        bench.wait(days=1)
        assert await bench.send_all() == []
        told = [event.what for event in await store.read_events(None, after=0, limit=100)]
        assert ConversationDeleted(conversation_id=chat.id, contact_id=chat.contact_id) in told

    async def test_contact_and_opt_out_stay_and_a_new_text_begins_anew(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("STOP", word=Word.STOP, carrier_id="in-1")
        chat = await bench.chat()
        await store.delete_conversation(DEFAULT_ORG, chat.id, bench.now)

        again = await bench.receive("STOP", word=Word.STOP, carrier_id="in-1")
        new = await bench.receive("hello", carrier_id="in-2")

        assert (again.new, new.new) == (False, True)
        contact = await store.find_contact(DEFAULT_ORG, ALICE)
        assert contact is not None
        assert (contact.id, contact.opted_out) == (chat.contact_id, True)
        assert (await bench.message(new.message_id)).conversation_id > chat.id

    async def test_a_late_receipt_brings_nothing_back(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        claimed = await bench.submitted(chat)
        await bench.record(claimed)
        await store.delete_conversation(DEFAULT_ORG, chat.id, bench.now)

        await bench.receipt(Status.DELIVERED, "id-1", reference=claimed.outgoing.reference)

        with pytest.raises(NotFound):
            await store.get_message(DEFAULT_ORG, claimed.message.id)

    async def test_drips_from_it_end_and_those_from_another_sender_go_on(
        self, store: Storage, bench: Bench
    ) -> None:
        drips = DripBench(store, bench.clock)
        enrolment = await drips.enrol()
        other = await bench.chat(ALICE, await bench.sender(LOBBY))

        await store.delete_conversation(DEFAULT_ORG, other.id, bench.now)
        assert (await drips.look(enrolment)).why is None
        await store.delete_conversation(DEFAULT_ORG, enrolment.conversation_id, bench.now)

        assert (await drips.look(enrolment)).why is Ending.DELETED
        assert await drips.steps(enrolment) == []
        drips.wait(days=9)
        assert await drips.send_all() == []

    async def test_a_text_that_is_being_handed_over_keeps_it(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        claimed = await bench.submitted(chat)

        with pytest.raises(Conflict):
            await store.delete_conversation(DEFAULT_ORG, chat.id, bench.now)

        await bench.record(claimed)
        await store.delete_conversation(DEFAULT_ORG, chat.id, bench.now)

    async def test_what_was_claimed_does_not_go(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        await bench.queue(chat)
        claimed = await bench.claim_one()

        await store.delete_conversation(DEFAULT_ORG, chat.id, bench.now)

        assert [one.value for one in await store.admit([bench.ruling(claimed)], bench.now)] == ["lost"]

    async def test_a_consent_message_that_may_have_gone_out_is_not_sent_again(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        await bench.queue(chat)
        await bench.admit(bench.ruling(await bench.claim_one(), consent_first=True))
        consent = await bench.admitted()
        await bench.record(consent, bench.in_doubt())

        await store.delete_conversation(DEFAULT_ORG, chat.id, bench.now)

        contact = await store.find_contact(DEFAULT_ORG, ALICE)
        assert contact is not None
        assert contact.consent is ConsentState.SENT

    async def test_only_media_that_nothing_else_refers_to_are_given_back(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("", media=(LINK,))
        await bench.receive("", media=(LINK,), to=await bench.sender(LOBBY))
        for errand in await store.claim_media("worker", [DRIVER], bench.now, lease=LEASE, limit=9):
            await store.settle_media(errand, FETCHED, bench.now)
        chats = [await bench.chat(), await bench.chat(ALICE, await bench.sender(LOBBY))]

        dropped = [list(await store.delete_conversation(DEFAULT_ORG, chat.id, bench.now)) for chat in chats]

        assert dropped == [[], [FETCHED.digest]]

    async def test_another_org_cannot_delete_it(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()

        with pytest.raises(NotFound):
            await store.delete_conversation(Org("other"), chat.id, bench.now)

        assert (await store.get_conversation(DEFAULT_ORG, chat.id)).id == chat.id

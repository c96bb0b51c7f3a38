"""What a store must do for conversations, the inbox and threads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from smskit.errors import NotFound
from smskit.model.addresses import PhoneNumber
from smskit.model.conversations import ConversationRecord
from smskit.model.events import ConversationArchived, ConversationRestored, ConversationStarted
from smskit.model.ids import DEFAULT_ORG, ContactId, Org, SenderId
from smskit.model.messages import Kind, MessageRecord
from smskit.model.statuses import Status
from smskit.storage.base import NewContact, Storage
from smskit.testing.contracts.bench import ALICE, BOB, FRONTDESK, LOBBY, OFFICE, Bench
from smskit.testing.contracts.storage_base import StoreTests

ACME = Org("acme")


class ConversationsContract(StoreTests):
    """One conversation per sender and contact, and pages of them."""

    async def test_two_have_one_conversation_however_often_it_is_started(
        self, store: Storage, bench: Bench
    ) -> None:
        first = await bench.chat()

        assert await bench.chat() == first
        assert (await bench.chat(BOB)).id != first.id
        assert (await bench.chat(ALICE, await bench.sender(LOBBY))).id != first.id
        started = [what for what in await bench.happenings() if isinstance(what, ConversationStarted)]
        assert len(started) == 3

    async def test_a_conversation_needs_a_sender_and_a_contact_of_its_org(
        self, store: Storage, bench: Bench
    ) -> None:
        sender = await bench.sender()
        foreign = await bench.sender(LOBBY, org=ACME)
        (contact,) = await store.put_contacts(DEFAULT_ORG, [NewContact(number=ALICE)], bench.now)
        (stranger,) = await store.put_contacts(ACME, [NewContact(number=ALICE)], bench.now)

        for who, whom in (
            (sender.id, stranger.id),
            (sender.id, ContactId(999)),
            (foreign.id, contact.id),
            (SenderId(999), contact.id),
        ):
            with pytest.raises(NotFound):
                await store.start_conversation(DEFAULT_ORG, who, whom, bench.now)

    async def test_starting_an_archived_conversation_restores_it(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        await store.set_archived(DEFAULT_ORG, chat.id, archived=True, now=bench.now)

        again = await bench.chat()

        assert (again.id, again.archived) == (chat.id, False)
        assert (await bench.happenings())[-2:] == [
            ConversationArchived(conversation_id=chat.id),
            ConversationRestored(conversation_id=chat.id),
        ]

    async def test_archiving_twice_changes_nothing_the_second_time(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()

        first = await store.set_archived(DEFAULT_ORG, chat.id, archived=True, now=bench.now)
        second = await store.set_archived(DEFAULT_ORG, chat.id, archived=True, now=bench.now)

        assert (first, second) == (True, False)
        active = await store.list_conversations(DEFAULT_ORG, archived=False, after=None, limit=10)
        archived = await store.list_conversations(DEFAULT_ORG, archived=True, after=None, limit=10)
        assert (len(active.items), len(archived.items)) == (0, 1)

    async def test_a_conversation_shows_its_last_message_and_what_is_unread(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        await bench.receive("one")
        bench.wait(minutes=1)
        await bench.receive("two")

        shown = await store.get_conversation(DEFAULT_ORG, chat.id)
        await store.mark_read(DEFAULT_ORG, chat.id, FRONTDESK, bench.now, up_to=None)

        assert (shown.unread, shown.last_text, shown.last_kind) == (2, "two", Kind.INBOUND)
        assert (shown.last_status, shown.last_at) == (Status.RECEIVED, bench.now)
        assert (await store.get_conversation(DEFAULT_ORG, chat.id)).unread == 0

    async def test_the_contacts_last_sender_is_that_of_the_latest_message(
        self, store: Storage, bench: Bench
    ) -> None:
        office, lobby = await bench.sender(OFFICE), await bench.sender(LOBBY)
        chat = await bench.chat(ALICE, office)
        bench.wait(minutes=1)
        await bench.chat(ALICE, lobby)
        before = await store.last_sender(DEFAULT_ORG, chat.contact_id)
        bench.wait(minutes=1)

        await bench.receive("hi", to=office)

        assert (before, await store.last_sender(DEFAULT_ORG, chat.contact_id)) == (lobby.id, office.id)
        assert await store.last_sender(ACME, chat.contact_id) is None

    async def test_pages_of_a_thread_are_complete_while_new_messages_arrive(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        for number in range(9):
            await bench.receive(f"{number}")
            if number % 2:
                bench.wait(seconds=1)
        seen: list[MessageRecord] = []
        cursor: str | None = None
        while True:
            page = await store.list_messages(DEFAULT_ORG, chat.id, after=cursor, limit=2)
            seen += page.items
            await bench.receive("new")
            cursor = page.next
            if cursor is None:
                break

        assert [message.text for message in seen] == [f"{number}" for number in reversed(range(9))]

    async def test_pages_of_the_inbox_are_latest_first_and_repeat_nothing_while_messages_arrive(
        self, store: Storage, bench: Bench
    ) -> None:
        chats = [await self._chat_later(bench, line) for line in range(110, 117)]
        seen: list[ConversationRecord] = []
        cursor: str | None = None
        while True:
            page = await store.list_conversations(DEFAULT_ORG, archived=False, after=cursor, limit=2)
            seen += page.items
            await bench.receive("again", number=chats[-1].number)
            cursor = page.next
            if cursor is None:
                break

        assert [chat.id for chat in seen] == [chat.id for chat in reversed(chats)]

    async def _chat_later(self, bench: Bench, line: int) -> ConversationRecord:
        if line % 2:
            bench.clock.advance_to(bench.now + timedelta(seconds=1))
        return await bench.chat(PhoneNumber(f"+1415555{line:04}"))

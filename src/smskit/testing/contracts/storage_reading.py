"""What a store must do for what is read and what is written for ourselves: positions, replies, notes and drafts."""

from __future__ import annotations

import pytest

from smskit.errors import Conflict, NotFound
from smskit.model.addresses import PhoneNumber
from smskit.model.events import NoteWritten, ReadPositionMoved
from smskit.model.ids import DEFAULT_ORG, Actor, ConversationId, DraftId, MessageId, Org
from smskit.model.messages import Kind, Origin
from smskit.model.statuses import Status
from smskit.storage.base import Storage
from smskit.testing.contracts.bench import ALICE, BOB, FRONTDESK, Bench
from smskit.testing.contracts.storage_base import StoreTests

ACME = Org("acme")
MARIA = Actor("maria")


class ReadingContract(StoreTests):
    """Read positions, what came after one, notes and drafts."""

    async def test_what_comes_while_a_message_is_read_stays_unread(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        shown = [(await bench.receive(text)).message_id for text in ("one", "two")]
        await bench.receive("three")

        moved = await self._read(bench, chat.id, shown[1])

        assert moved
        assert await self._unread(bench, chat.id) == (1, shown[1])
        assert (await bench.happenings())[-1] == ReadPositionMoved(
            conversation_id=chat.id, up_to=shown[1], unread=1, by=MARIA
        )

    async def test_the_position_never_goes_back_by_reading(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        ids = [(await bench.receive(text)).message_id for text in ("one", "two", "three")]
        told = len(await bench.happenings())

        moves = [
            await self._read(bench, chat.id, one) for one in (ids[1], ids[0], ids[1], None, ids[2], None)
        ]

        assert moves == [True, False, False, True, False, False]
        assert await self._unread(bench, chat.id) == (0, ids[2])
        assert len(await bench.happenings()) == told + 2

    async def test_reading_up_to_our_own_text_reads_what_stands_before_it(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        early = await bench.queue(chat, "nothing before it")
        bench.wait(seconds=1)
        asked = (await bench.receive("when?")).message_id
        bench.wait(seconds=1)
        answer = await bench.queue(chat, "at 9")
        bench.wait(seconds=1)
        await bench.receive("thanks")

        assert not await self._read(bench, chat.id, early)
        assert await self._unread(bench, chat.id) == (2, None)
        assert await self._read(bench, chat.id, answer)
        assert await self._unread(bench, chat.id) == (1, asked)

    async def test_a_conversation_is_unread_again_from_a_message_on(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        ids = [(await bench.receive(text)).message_id for text in ("one", "two", "three")]
        bench.wait(seconds=1)
        ours = await bench.queue(chat)
        await self._read(bench, chat.id, None)

        assert await self._unmark(bench, chat.id, None)
        assert await self._unread(bench, chat.id) == (1, ids[1])
        assert not await self._unmark(bench, chat.id, ids[2])
        assert await self._unmark(bench, chat.id, ids[0])
        assert await self._unread(bench, chat.id) == (3, None)
        await self._read(bench, chat.id, None)
        assert not await self._unmark(bench, chat.id, ours)
        assert await self._unread(bench, chat.id) == (0, ids[2])

    async def test_the_count_goes_on_from_where_it_is(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        await bench.receive("one")
        await self._read(bench, chat.id, None)
        await bench.receive("two")
        await self._unmark(bench, chat.id, None)
        await bench.receive("three")

        assert (await self._unread(bench, chat.id))[0] == 2

    async def test_a_conversation_without_inbound_has_nothing_to_read(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        ours = await bench.queue(chat)
        told = len(await bench.happenings())

        moves = [await self._read(bench, chat.id, one) for one in (None, ours)]
        moves += [await self._unmark(bench, chat.id, one) for one in (None, ours)]

        assert moves == [False] * 4
        assert len(await bench.happenings()) == told

    async def test_reading_needs_a_message_of_the_conversation(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        foreign = (await bench.receive("hi", number=BOB)).message_id

        for conversation, message in (
            (chat.id, foreign),
            (chat.id, MessageId(999)),
            (ConversationId(999), None),
        ):
            with pytest.raises(NotFound):
                await self._read(bench, conversation, message)
            with pytest.raises(NotFound):
                await self._unmark(bench, conversation, message)
        with pytest.raises(NotFound):
            await store.mark_read(ACME, chat.id, MARIA, bench.now, up_to=None)

    async def test_replies_are_read_in_the_order_in_which_they_were_stored(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        before = await store.last_inbound(DEFAULT_ORG, chat.id)
        ids = [(await bench.receive(text)).message_id for text in ("one", "two")]
        await bench.queue(chat)
        await bench.receive("elsewhere", number=BOB)
        await store.add_note(DEFAULT_ORG, chat.id, "a note", MARIA, bench.now, key=None)
        ids.append((await bench.receive("three")).message_id)

        async def after(message_id: MessageId | None, limit: int = 10) -> list[str]:
            found = await store.inbound_after(DEFAULT_ORG, chat.id, after=message_id, limit=limit)
            return [one.text for one in found]

        assert (before, await store.last_inbound(DEFAULT_ORG, chat.id)) == (None, ids[2])
        assert await after(None) == ["one", "two", "three"]
        assert await after(None, limit=2) == ["one", "two"]
        assert await after(ids[0]) == ["two", "three"]
        assert await after(ids[2]) == []
        with pytest.raises(NotFound):
            await store.inbound_after(ACME, chat.id, after=None, limit=1)
        with pytest.raises(NotFound):
            await store.last_inbound(ACME, chat.id)

    async def test_a_note_stands_in_the_thread_and_changes_nothing_else(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        await bench.receive("hi")
        drip = await bench.queue(chat, "step", origin=Origin.DRIP)
        await store.set_archived(DEFAULT_ORG, chat.id, archived=True, now=bench.now)
        before = await store.get_conversation(DEFAULT_ORG, chat.id)
        bench.wait(minutes=1)

        note = await store.add_note(DEFAULT_ORG, chat.id, "Her son called.", MARIA, bench.now, key=None)

        assert await store.get_conversation(DEFAULT_ORG, chat.id) == before
        assert await bench.thread(chat.id) == ["Her son called.", "step", "hi"]
        assert await bench.message(note.id) == note
        assert (note.kind, note.status, note.origin, note.parts) == (Kind.NOTE, Status.NOTED, None, 0)
        assert (note.actor, note.at, note.settled_at) == (MARIA, bench.now, bench.now)
        assert (await bench.happenings())[-1] == NoteWritten(
            conversation_id=chat.id, message_id=note.id, by=MARIA
        )
        assert await bench.status(drip) is Status.QUEUED
        assert await bench.send_all() == ["step"]
        assert await store.intake(10) == []

    async def test_a_note_with_a_key_is_written_once(self, store: Storage, bench: Bench) -> None:
        chat, other = await bench.chat(), await bench.chat(BOB)

        async def write(conversation: ConversationId, text: str) -> MessageId:
            note = await store.add_note(DEFAULT_ORG, conversation, text, MARIA, bench.now, key="call-7")
            return note.id

        first = await write(chat.id, "Called.")
        told = len(await bench.happenings())

        assert await write(chat.id, "Called.") == first
        for conversation, text in ((chat.id, "Called again."), (other.id, "Called.")):
            with pytest.raises(Conflict):
                await write(conversation, text)
        with pytest.raises(Conflict):
            await store.enqueue(await bench.text(chat, "Called.", key="call-7"), bench.now)
        assert await bench.thread(chat.id) == ["Called."]
        assert len(await bench.happenings()) == told

    async def test_a_note_may_not_take_the_key_of_a_text(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        await store.enqueue(await bench.text(chat, "Called.", key="k"), bench.now)

        with pytest.raises(Conflict):
            await store.add_note(DEFAULT_ORG, chat.id, "Called.", MARIA, bench.now, key="k")

    async def test_an_actor_has_one_draft_in_a_conversation(self, store: Storage, bench: Bench) -> None:
        chat, other = await bench.chat(), await bench.chat(BOB)
        told = len(await bench.happenings())

        first = await store.save_draft(DEFAULT_ORG, chat.id, MARIA, "Dear", bench.now)
        bench.wait(seconds=1)
        same = await store.save_draft(DEFAULT_ORG, chat.id, MARIA, "Dear", bench.now)
        second = await store.save_draft(DEFAULT_ORG, chat.id, MARIA, "Dear Ann", bench.now)

        assert first is not None and second is not None
        assert same == first
        assert (first.text, second.text, second.saved_at) == ("Dear", "Dear Ann", bench.now)
        assert second.id != first.id
        assert await store.get_draft(DEFAULT_ORG, chat.id, MARIA) == second
        assert await store.get_draft(DEFAULT_ORG, chat.id, FRONTDESK) is None
        assert await store.get_draft(DEFAULT_ORG, other.id, MARIA) is None
        assert len(await bench.happenings()) == told
        assert await bench.thread(chat.id) == []

    async def test_a_draft_without_text_is_none_and_its_id_never_comes_back(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        first = await store.save_draft(DEFAULT_ORG, chat.id, MARIA, "Dear", bench.now)

        for empty in ("", " \n"):
            assert await store.save_draft(DEFAULT_ORG, chat.id, MARIA, empty, bench.now) is None
        assert await store.get_draft(DEFAULT_ORG, chat.id, MARIA) is None

        again = await store.save_draft(DEFAULT_ORG, chat.id, MARIA, "Dear", bench.now)
        assert first is not None and again is not None
        assert again.id != first.id

    async def test_only_the_draft_that_was_seen_is_dropped(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        seen = await store.save_draft(DEFAULT_ORG, chat.id, MARIA, "Dear", bench.now)
        kept = await store.save_draft(DEFAULT_ORG, chat.id, MARIA, "Dear Ann", bench.now)
        assert seen is not None and kept is not None

        assert not await store.drop_draft(DEFAULT_ORG, seen.id)
        assert not await store.drop_draft(ACME, kept.id)
        assert await store.get_draft(DEFAULT_ORG, chat.id, MARIA) == kept
        assert await store.drop_draft(DEFAULT_ORG, kept.id)
        assert not await store.drop_draft(DEFAULT_ORG, DraftId(kept.id))
        assert await store.get_draft(DEFAULT_ORG, chat.id, MARIA) is None

    async def test_notes_and_drafts_need_a_conversation_of_the_org(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat(ALICE)
        await bench.chat(PhoneNumber("+14155550125"))

        for call in (
            lambda: store.add_note(ACME, chat.id, "hi", MARIA, bench.now, key=None),
            lambda: store.save_draft(ACME, chat.id, MARIA, "hi", bench.now),
            lambda: store.get_draft(ACME, chat.id, MARIA),
        ):
            with pytest.raises(NotFound):
                await call()
        assert await bench.thread(chat.id) == []

    async def _read(self, bench: Bench, chat: ConversationId, up_to: MessageId | None) -> bool:
        return await bench.store.mark_read(DEFAULT_ORG, chat, MARIA, bench.now, up_to=up_to)

    async def _unmark(self, bench: Bench, chat: ConversationId, since: MessageId | None) -> bool:
        return await bench.store.mark_unread(DEFAULT_ORG, chat, MARIA, bench.now, since=since)

    async def _unread(self, bench: Bench, chat: ConversationId) -> tuple[int, MessageId | None]:
        shown = await bench.store.get_conversation(DEFAULT_ORG, chat)
        return shown.unread, shown.read_up_to

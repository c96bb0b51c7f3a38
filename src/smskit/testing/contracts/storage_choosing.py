"""What a store must do to choose conversations, by label, by who has them, by what is unread, and to file many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from smskit.errors import NotFound
from smskit.model.addresses import PhoneNumber
from smskit.model.conversations import Unread
from smskit.model.events import (
    ConversationArchived,
    ConversationAssigned,
    ConversationLabelled,
    ConversationRestored,
    ConversationUnlabelled,
)
from smskit.model.ids import DEFAULT_ORG, Actor, ConversationId, Org
from smskit.model.labels import Label, LabelRecord
from smskit.model.messages import Origin
from smskit.model.statuses import Status
from smskit.storage.base import EVERY, BulkOutcome, Chosen, NewContact, Storage
from smskit.testing.contracts.bench import ALICE, BOB, FRONTDESK, LOBBY, Bench
from smskit.testing.contracts.storage_base import StoreTests

ACME = Org("acme")
MARIA, TIM = Actor("maria"), Actor("tim")
VIP, LATE = Label.of("VIP"), Label.of("late")
MOVED, ALREADY, NEWER, NOT_FOUND = (
    BulkOutcome.MOVED,
    BulkOutcome.ALREADY,
    BulkOutcome.NEWER,
    BulkOutcome.NOT_FOUND,
)


class ChoosingContract(StoreTests):
    """Labels, assignment, the filters of the list, and archiving many at once."""

    async def test_an_actor_has_a_conversation_until_another_gets_it(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        told = len(await bench.happenings())

        moves = [
            await store.assign(DEFAULT_ORG, chat.id, to, FRONTDESK, bench.now)
            for to in (None, MARIA, MARIA, TIM, None)
        ]

        assert moves == [False, True, False, True, True]
        assert (await store.get_conversation(DEFAULT_ORG, chat.id)).assigned_to is None
        assert (await bench.happenings())[told:] == [
            ConversationAssigned(conversation_id=chat.id, assigned_to=to, by=FRONTDESK)
            for to in (MARIA, TIM, None)
        ]

    async def test_a_label_keeps_its_first_spelling_and_is_known_while_something_has_it(
        self, store: Storage, bench: Bench
    ) -> None:
        alice, bob = await bench.chat(), await bench.chat(BOB)
        told = len(await bench.happenings())

        put = [
            await store.label(DEFAULT_ORG, chat.id, Label.of(name), FRONTDESK, bench.now)
            for chat, name in ((alice, "VIP"), (alice, "vip"), (bob, "Vip"), (bob, "late"))
        ]
        await store.set_archived(DEFAULT_ORG, bob.id, archived=True, now=bench.now)

        assert put == [True, False, True, True]
        assert (await store.get_conversation(DEFAULT_ORG, bob.id)).labels == ("late", "VIP")
        assert await store.list_labels(DEFAULT_ORG) == [LabelRecord("late", 0), LabelRecord("VIP", 1)]
        assert await store.list_labels(ACME) == []

        taken = [
            await store.unlabel(DEFAULT_ORG, chat.id, Label.of(name), MARIA, bench.now)
            for chat, name in ((bob, "LATE"), (bob, "late"), (alice, "vip"), (alice, "unheard of"))
        ]

        assert taken == [True, False, True, False]
        assert await store.list_labels(DEFAULT_ORG) == [LabelRecord("VIP", 0)]
        assert [
            what
            for what in (await bench.happenings())[told:]
            if isinstance(what, ConversationLabelled | ConversationUnlabelled)
        ] == [
            ConversationLabelled(conversation_id=alice.id, label="VIP", by=FRONTDESK),
            ConversationLabelled(conversation_id=bob.id, label="VIP", by=FRONTDESK),
            ConversationLabelled(conversation_id=bob.id, label="late", by=FRONTDESK),
            ConversationUnlabelled(conversation_id=bob.id, label="late", by=MARIA),
            ConversationUnlabelled(conversation_id=alice.id, label="VIP", by=MARIA),
        ]

    async def test_what_another_org_has_is_not_found(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()

        with pytest.raises(NotFound):
            await store.assign(ACME, chat.id, MARIA, FRONTDESK, bench.now)
        for change in (store.label, store.unlabel):
            with pytest.raises(NotFound):
                await change(ACME, chat.id, VIP, FRONTDESK, bench.now)
        assert await store.set_archived_many(ACME, [chat.id], archived=True, as_of=None, now=bench.now) == [
            NOT_FOUND
        ]
        assert not (await store.get_conversation(DEFAULT_ORG, chat.id)).archived

    @pytest.mark.parametrize(
        ("chosen", "wanted"),
        [
            (EVERY, "543210"),
            (Chosen(unread=True), "531"),
            (Chosen(unread=False), "420"),
            (Chosen(assigned=True), "4310"),
            (Chosen(assigned=False), "52"),
            (Chosen(assigned_to=MARIA), "310"),
            (Chosen(assigned_to=Actor("nobody")), ""),
            (Chosen(label=VIP), "5210"),
            (Chosen(label=Label.of("vip")), "5210"),
            (Chosen(label=Label.of("unheard of")), ""),
            (Chosen(label=VIP, unread=True), "51"),
            (Chosen(label=VIP, unread=False), "20"),
            (Chosen(label=VIP, assigned_to=MARIA), "10"),
            (Chosen(label=LATE, unread=True, assigned_to=MARIA), "3"),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("archived", [False, True, None], ids=["active", "archived", "both"])
    async def test_the_list_has_what_is_chosen_the_latest_first_page_by_page(
        self, store: Storage, bench: Bench, chosen: Chosen, wanted: str, archived: bool | None
    ) -> None:
        """Six times two: those with even and odd places, of which the second six are archived."""
        chats = await self._twelve(store, bench)
        places = [int(one) for one in wanted]
        of_each = {False: [chats[one] for one in places], True: [chats[6 + one] for one in places]}
        merged = [chat for pair in zip(of_each[True], of_each[False], strict=True) for chat in pair]
        expected = merged if archived is None else of_each[archived]

        for limit in (1, 3, 100):
            assert await self._listed(store, archived, chosen, limit) == expected
            if archived is not None:
                assert await self._chosen(store, archived, chosen, limit) == expected

    async def _twelve(self, store: Storage, bench: Bench) -> Sequence[ConversationId]:
        """Active and archived by turns, a minute apart: 1, 3, 5 unread; 0, 1, 3 Maria's; 0, 1, 2, 5 VIP."""
        found: dict[int, ConversationId] = {}
        for place in range(6):
            for twin in (place, place + 6):
                number = PhoneNumber(f"+1415555{110 + twin:04}")
                chat = await bench.chat(number)
                found[twin] = chat.id
                if place in {1, 3, 5}:
                    await bench.receive("hi", number=number)
                if place in {0, 1, 3, 4}:
                    to = TIM if place == 4 else MARIA
                    await store.assign(DEFAULT_ORG, chat.id, to, FRONTDESK, bench.now)
                if place in {0, 1, 2, 5}:
                    await store.label(DEFAULT_ORG, chat.id, VIP, FRONTDESK, bench.now)
                if place == 3:
                    await store.label(DEFAULT_ORG, chat.id, LATE, FRONTDESK, bench.now)
                if twin > 5:
                    await store.set_archived(DEFAULT_ORG, chat.id, archived=True, now=bench.now)
                bench.wait(minutes=1)
        return [found[twin] for twin in range(12)]

    async def _listed(
        self, store: Storage, archived: bool | None, chosen: Chosen, limit: int
    ) -> Sequence[ConversationId]:
        found: list[ConversationId] = []
        cursor: str | None = None
        while True:
            page = await store.list_conversations(
                DEFAULT_ORG, archived=archived, after=cursor, limit=limit, chosen=chosen
            )
            found += [chat.id for chat in page.items]
            cursor = page.next
            if cursor is None:
                return found

    async def _chosen(
        self, store: Storage, archived: bool, chosen: Chosen, limit: int
    ) -> Sequence[ConversationId]:
        found: list[ConversationId] = []
        cursor: str | None = None
        while True:
            page = await store.choose(
                DEFAULT_ORG, archived=archived, chosen=chosen, after=cursor, limit=limit
            )
            found += page.items
            cursor = page.next
            if cursor is None:
                return found

    async def test_a_labelled_conversation_moves_up_in_its_list_and_out_of_it(
        self, store: Storage, bench: Bench
    ) -> None:
        alice, bob = await bench.chat(), await bench.chat(BOB)
        for chat in (alice, bob):
            await store.label(DEFAULT_ORG, chat.id, VIP, FRONTDESK, bench.now)
        bench.wait(minutes=1)
        await bench.receive("hi")
        first = await self._listed(store, False, Chosen(label=VIP), 10)
        bench.wait(minutes=1)
        await bench.queue(await bench.chat(BOB))
        second = await self._listed(store, False, Chosen(label=VIP), 10)
        await store.set_archived(DEFAULT_ORG, bob.id, archived=True, now=bench.now)

        assert (first, second) == ([alice.id, bob.id], [bob.id, alice.id])
        assert await self._listed(store, False, Chosen(label=VIP), 10) == [alice.id]
        assert await self._listed(store, True, Chosen(label=VIP), 10) == [bob.id]

    async def test_idle_is_what_nothing_came_to_or_went_from_after_a_moment(
        self, store: Storage, bench: Bench
    ) -> None:
        idle, busy = await bench.chat(), await bench.chat(BOB)
        moment = bench.now
        bench.wait(seconds=1)
        await bench.queue(busy)
        await store.label(DEFAULT_ORG, idle.id, VIP, FRONTDESK, bench.now)
        await store.add_note(DEFAULT_ORG, idle.id, "Called.", FRONTDESK, bench.now, key=None)

        for chosen, wanted in (
            (Chosen(idle_since=moment), [idle.id]),
            (Chosen(idle_since=moment, label=VIP), [idle.id]),
            (Chosen(idle_since=moment - timedelta(microseconds=1)), []),
            (Chosen(idle_since=bench.now), [busy.id, idle.id]),
        ):
            assert await self._listed(store, False, chosen, 10) == wanted

    async def test_unread_is_counted_over_conversations_and_by_who_has_them(
        self, store: Storage, bench: Bench
    ) -> None:
        chats = await self._twelve(store, bench)
        await bench.receive("again", number=PhoneNumber("+14155550113"))
        await store.put_contacts(ACME, [NewContact(number=ALICE)], bench.now)

        assert await store.count_unread(DEFAULT_ORG, archived=False, assigned_to=None) == Unread(3, 4)
        assert await store.count_unread(DEFAULT_ORG, archived=True, assigned_to=None) == Unread(3, 3)
        assert await store.count_unread(DEFAULT_ORG, archived=False, assigned_to=MARIA) == Unread(2, 3)
        assert await store.count_unread(DEFAULT_ORG, archived=False, assigned_to=TIM) == Unread(0, 0)
        assert await store.count_unread(ACME, archived=False, assigned_to=None) == Unread(0, 0)
        assert len(set(chats)) == 12

    async def test_many_are_archived_each_with_its_own_outcome_and_again_without_effect(
        self, store: Storage, bench: Bench
    ) -> None:
        alice, bob = await bench.chat(), await bench.chat(BOB)
        gone, before = await bench.chat(PhoneNumber("+14155550125")), bench.now
        await store.set_archived(DEFAULT_ORG, gone.id, archived=True, now=bench.now)
        bench.wait(seconds=1)
        await bench.receive("wait!", number=BOB)
        told = len(await bench.happenings())
        ids = [alice.id, bob.id, gone.id, ConversationId(999), alice.id]

        first = await store.set_archived_many(DEFAULT_ORG, ids, archived=True, as_of=before, now=bench.now)
        again = await store.set_archived_many(DEFAULT_ORG, ids, archived=True, as_of=before, now=bench.now)

        assert first == [MOVED, NEWER, ALREADY, NOT_FOUND, ALREADY]
        assert again == [ALREADY, NEWER, ALREADY, NOT_FOUND, ALREADY]
        assert (await bench.happenings())[told:] == [ConversationArchived(conversation_id=alice.id)]
        assert await self._listed(store, False, EVERY, 10) == [bob.id]

    async def test_only_what_the_contact_wrote_after_the_moment_keeps_a_conversation_active(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("before")
        alice, at = await bench.chat(), bench.now
        lobby = await bench.chat(ALICE, await bench.sender(LOBBY))
        bench.wait(seconds=1)
        await bench.queue(alice, "we wrote")
        await store.add_note(DEFAULT_ORG, alice.id, "a note", FRONTDESK, bench.now, key=None)
        await bench.receive("elsewhere", to=await bench.sender(LOBBY))

        done = await store.set_archived_many(
            DEFAULT_ORG, [alice.id, lobby.id], archived=True, as_of=at, now=bench.now
        )

        assert done == [MOVED, NEWER]

    async def test_archiving_many_touches_nothing_that_waits_to_go(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        later = await bench.queue(chat, "later", due_in=timedelta(days=1))
        drip = await bench.queue(chat, "step", origin=Origin.DRIP, due_in=timedelta(days=2))

        await store.set_archived_many(DEFAULT_ORG, [chat.id], archived=True, as_of=None, now=bench.now)

        assert [await bench.status(one) for one in (later, drip)] == [Status.SCHEDULED] * 2
        bench.wait(days=3)
        assert await bench.send_all() == ["later", "step"]
        assert (await store.get_conversation(DEFAULT_ORG, chat.id)).archived

    async def test_many_are_restored_with_an_event_for_each(self, store: Storage, bench: Bench) -> None:
        alice, bob = await bench.chat(), await bench.chat(BOB)
        await store.set_archived(DEFAULT_ORG, alice.id, archived=True, now=bench.now)
        told = len(await bench.happenings())

        done = await store.set_archived_many(
            DEFAULT_ORG, [alice.id, bob.id], archived=False, as_of=None, now=bench.now
        )

        assert done == [MOVED, ALREADY]
        assert (await bench.happenings())[told:] == [ConversationRestored(conversation_id=alice.id)]

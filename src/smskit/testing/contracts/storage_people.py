"""What a store must do for people with several numbers: merges, and the conversations with a person."""

from __future__ import annotations

import pytest

from smskit.compliance.opt_words import Word
from smskit.errors import Conflict, NotFound, UsageError
from smskit.model.addresses import Address, PhoneNumber
from smskit.model.contacts import ContactRecord
from smskit.model.conversations import ConversationRecord
from smskit.model.events import (
    ContactChanged,
    ContactMerged,
    ContactUnmerged,
)
from smskit.model.ids import DEFAULT_ORG, ContactId, Org
from smskit.storage.base import NewContact, Storage
from smskit.testing.contracts.bench import ALICE, BOB, LOBBY, OFFICE, Bench
from smskit.testing.contracts.storage_base import StoreTests

ACME = Org("acme")
CAROL = PhoneNumber("+14155550125")


class PeopleContract(StoreTests):
    """Contacts that are merged; opt-outs stay with their numbers, and texts with their conversations."""

    async def test_a_merge_takes_over_what_is_lacking_and_nothing_else(
        self, store: Storage, bench: Bench
    ) -> None:
        alice = await _put(bench, NewContact(number=ALICE, name="Alice", attributes={"pet": "Rex"}))
        old = await _put(
            bench,
            NewContact(
                number=BOB, name="A. Moreno", zone="America/Denver", attributes={"pet": "Max", "chair": "2"}
            ),
        )

        assert await store.merge_contacts(DEFAULT_ORG, alice.id, old.id, bench.now)

        merged = await store.get_contact(DEFAULT_ORG, alice.id)
        assert (merged.name, merged.zone, merged.attributes) == (
            "Alice",
            "America/Denver",
            {"pet": "Rex", "chair": "2"},
        )
        extra = await store.get_contact(DEFAULT_ORG, old.id)
        assert (merged.merged_into, extra.merged_into) == (None, alice.id)
        assert (extra.number, extra.name, extra.zone, extra.attributes) == (
            BOB,
            "A. Moreno",
            "America/Denver",
            {"pet": "Max", "chair": "2"},
        )
        assert (await bench.happenings())[-2:] == [
            ContactMerged(contact_id=old.id, into_id=alice.id),
            ContactChanged(contact_id=alice.id),
        ]

    async def test_a_merged_contact_leaves_the_list_and_is_found_by_its_number(
        self, store: Storage, bench: Bench
    ) -> None:
        alice, old, carol = [await _put(bench, NewContact(number=number)) for number in (ALICE, BOB, CAROL)]

        await store.merge_contacts(DEFAULT_ORG, alice.id, old.id, bench.now)

        assert await _numbers(store) == [ALICE, CAROL]
        found = await store.find_contact(DEFAULT_ORG, BOB)
        assert found is not None
        assert (found.id, found.merged_into) == (old.id, alice.id)
        assert [one.id for one in await store.same_person(DEFAULT_ORG, old.id)] == [alice.id, old.id]
        assert [one.id for one in await store.same_person(DEFAULT_ORG, alice.id)] == [alice.id, old.id]
        assert [one.id for one in await store.same_person(DEFAULT_ORG, carol.id)] == [carol.id]

    async def test_whoever_was_merged_before_comes_along(self, store: Storage, bench: Bench) -> None:
        alice, old, oldest = [await _put(bench, NewContact(number=number)) for number in (CAROL, BOB, ALICE)]
        await store.merge_contacts(DEFAULT_ORG, old.id, oldest.id, bench.now)

        await store.merge_contacts(DEFAULT_ORG, alice.id, old.id, bench.now)

        together = await store.same_person(DEFAULT_ORG, oldest.id)
        assert [one.id for one in together] == [alice.id, old.id, oldest.id]
        assert [one.merged_into for one in together] == [None, alice.id, alice.id]
        assert await _numbers(store) == [CAROL]
        assert (await bench.happenings())[-2:] == [
            ContactMerged(contact_id=old.id, into_id=alice.id),
            ContactMerged(contact_id=oldest.id, into_id=alice.id),
        ]

    async def test_merging_the_same_two_again_does_nothing(self, store: Storage, bench: Bench) -> None:
        alice, old = await _put(bench, NewContact(number=ALICE)), await _put(bench, NewContact(number=BOB))
        await store.merge_contacts(DEFAULT_ORG, alice.id, old.id, bench.now)
        before = await bench.happenings()

        assert not await store.merge_contacts(DEFAULT_ORG, alice.id, old.id, bench.now)
        assert await bench.happenings() == before

    async def test_a_contact_is_merged_into_one_that_stands_for_itself_and_only_once(
        self, store: Storage, bench: Bench
    ) -> None:
        alice, old, carol = [await _put(bench, NewContact(number=number)) for number in (ALICE, BOB, CAROL)]
        (stranger,) = await store.put_contacts(ACME, [NewContact(number=ALICE)], bench.now)
        await store.merge_contacts(DEFAULT_ORG, alice.id, old.id, bench.now)
        before = await bench.happenings(None)

        for into, other in ((old.id, carol.id), (carol.id, old.id), (old.id, alice.id)):
            with pytest.raises(Conflict, match=f"merged into contact {alice.id}"):
                await store.merge_contacts(DEFAULT_ORG, into, other, bench.now)
        with pytest.raises(UsageError):
            await store.merge_contacts(DEFAULT_ORG, alice.id, alice.id, bench.now)
        for into, other in ((alice.id, stranger.id), (stranger.id, alice.id), (alice.id, ContactId(999))):
            with pytest.raises(NotFound):
                await store.merge_contacts(DEFAULT_ORG, into, other, bench.now)

        assert await bench.happenings(None) == before

    async def test_an_unmerged_contact_stands_where_it_stood(self, store: Storage, bench: Bench) -> None:
        alice = await _put(bench, NewContact(number=ALICE))
        old = await _put(bench, NewContact(number=BOB, name="Bea"))
        await store.merge_contacts(DEFAULT_ORG, alice.id, old.id, bench.now)

        assert await store.unmerge_contact(DEFAULT_ORG, old.id, bench.now)

        assert await store.get_contact(DEFAULT_ORG, old.id) == old
        assert await _numbers(store) == [ALICE, BOB]
        assert (await bench.happenings())[-1] == ContactUnmerged(contact_id=old.id, from_id=alice.id)
        assert not await store.unmerge_contact(DEFAULT_ORG, old.id, bench.now)
        assert not await store.unmerge_contact(DEFAULT_ORG, alice.id, bench.now)

    @pytest.mark.parametrize("out", ["into", "other"])
    async def test_an_opt_out_stays_with_its_number_through_merge_and_unmerge(
        self, store: Storage, bench: Bench, out: str
    ) -> None:
        alice, old = await _put(bench, NewContact(number=ALICE)), await _put(bench, NewContact(number=BOB))
        await bench.opt_out(ALICE if out == "into" else BOB)
        before = [await store.get_subscription(DEFAULT_ORG, number) for number in (ALICE, BOB)]

        await store.merge_contacts(DEFAULT_ORG, alice.id, old.id, bench.now)
        merged = [await store.get_subscription(DEFAULT_ORG, number) for number in (ALICE, BOB)]
        together = await store.same_person(DEFAULT_ORG, alice.id)
        await store.unmerge_contact(DEFAULT_ORG, old.id, bench.now)

        assert merged == before
        assert [one.opted_out for one in together] == [out == "into", out == "other"]
        assert [await store.get_subscription(DEFAULT_ORG, number) for number in (ALICE, BOB)] == before

    async def test_a_text_from_a_merged_number_is_kept_in_its_own_conversation_and_obeyed(
        self, store: Storage, bench: Bench
    ) -> None:
        new, old = await bench.chat(ALICE), await bench.chat(BOB)
        await store.merge_contacts(DEFAULT_ORG, new.contact_id, old.contact_id, bench.now)

        await bench.receive("my old phone", number=BOB)
        await bench.receive("STOP", number=BOB, word=Word.STOP)

        assert [await bench.thread(chat.id) for chat in (new, old)] == [
            [],
            ["answer to stop", "STOP", "my old phone"],
        ]
        records = await store.same_person(DEFAULT_ORG, new.contact_id)
        assert [record.opted_out for record in records] == [False, True]

    async def test_conversations_with_a_person_are_those_on_all_numbers_latest_first_archived_too(
        self, store: Storage, bench: Bench
    ) -> None:
        chats = await _three_conversations_of_one_person(bench)
        await store.set_archived(DEFAULT_ORG, chats[1].id, archived=True, now=bench.now)
        expected = [chats[2].id, chats[1].id, chats[0].id]

        for contact in {chat.contact_id for chat in chats}:
            assert await _conversations(store, contact, limit=10) == expected
            assert await _conversations(store, contact, limit=1) == expected

    async def test_conversations_with_one_person_are_nobody_elses(self, store: Storage, bench: Bench) -> None:
        chat, other = await bench.chat(ALICE), await bench.chat(BOB)

        assert await _conversations(store, chat.contact_id, limit=10) == [chat.id]
        assert await _conversations(store, other.contact_id, limit=10) == [other.id]

    async def test_a_stranger_has_neither_person_nor_conversations(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()

        for org, contact in ((ACME, chat.contact_id), (DEFAULT_ORG, ContactId(999))):
            with pytest.raises(NotFound):
                await store.same_person(org, contact)
            with pytest.raises(NotFound):
                await store.conversations_with(org, contact, after=None, limit=1)
            with pytest.raises(NotFound):
                await store.unmerge_contact(org, contact, bench.now)


async def _put(bench: Bench, new: NewContact) -> ContactRecord:
    (record,) = await bench.store.put_contacts(DEFAULT_ORG, [new], bench.now)
    return record


async def _numbers(store: Storage) -> list[Address]:
    page = await store.list_contacts(DEFAULT_ORG, after=None, limit=10)
    return [contact.number for contact in page.items]


async def _three_conversations_of_one_person(bench: Bench) -> list[ConversationRecord]:
    """On two numbers of theirs and two of ours, the last one the latest; and one of somebody else."""
    chats = []
    for number, ours in ((ALICE, OFFICE), (BOB, OFFICE), (ALICE, LOBBY)):
        bench.wait(minutes=1)
        chats.append(await bench.chat(number, await bench.sender(ours)))
    await bench.chat(CAROL)
    await bench.store.merge_contacts(DEFAULT_ORG, chats[0].contact_id, chats[1].contact_id, bench.now)
    return chats


async def _conversations(store: Storage, contact: ContactId, *, limit: int) -> list[int]:
    found: list[int] = []
    cursor = None
    while True:
        page = await store.conversations_with(DEFAULT_ORG, contact, after=cursor, limit=limit)
        found += [chat.id for chat in page.items]
        cursor = page.next
        if cursor is None:
            return found

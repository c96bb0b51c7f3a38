"""What a store must do for contacts beyond making them: attributes, imports, and what is told of them."""

from __future__ import annotations

from smskit.compliance.opt_words import Word
from smskit.model.addresses import PhoneNumber
from smskit.model.contacts import ContactRecord, Scope, Source
from smskit.model.events import (
    ContactAdded,
    ContactChanged,
    ConversationStarted,
    OptedOut,
)
from smskit.model.ids import DEFAULT_ORG, Org
from smskit.model.messages import Origin
from smskit.model.statuses import Status
from smskit.storage.base import NewContact, OptOut, Storage
from smskit.testing.contracts.bench import ALICE, BOB, FRONTDESK, Bench
from smskit.testing.contracts.storage_base import StoreTests

ACME = Org("acme")
CAROL = PhoneNumber("+14155550125")


class ContactsContract(StoreTests):
    """Contacts that change and are imported."""

    async def test_attributes_join_those_that_are_known_and_empty_ones_are_removed(
        self, bench: Bench
    ) -> None:
        await _put(bench, NewContact(number=ALICE, attributes={"pet": "Rex", "chair": "2", "plan": "A"}))

        changed = await _put(
            bench, NewContact(number=ALICE, attributes={"pet": "Max", "chair": "", "plan": None, "x": None})
        )

        assert changed.attributes == {"pet": "Max"}

    async def test_an_empty_text_empties_name_and_zone(self, bench: Bench) -> None:
        await _put(bench, NewContact(number=ALICE, name="Alice", zone="America/Denver"))

        changed = await _put(bench, NewContact(number=ALICE, name="", zone=""))

        assert (changed.name, changed.zone) == ("", None)

    async def test_adding_and_changing_a_contact_is_told_once_and_what_changes_nothing_is_not(
        self, bench: Bench
    ) -> None:
        full = NewContact(number=ALICE, name="Alice", attributes={"pet": "Rex"})
        made = await _put(bench, full)
        bench.wait(hours=1)
        same = await _put(bench, full)
        await _put(bench, NewContact(number=ALICE, attributes={"pet": "Max"}))

        assert same == made
        assert await bench.happenings() == [
            ContactAdded(contact_id=made.id),
            ContactChanged(contact_id=made.id),
        ]

    async def test_a_number_that_texts_first_is_added_before_anything_else_is_told_of_it(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("hi")

        contact = await store.find_contact(DEFAULT_ORG, ALICE)
        assert contact is not None
        told = await bench.happenings()
        assert told[0] == ContactAdded(contact_id=contact.id)
        assert isinstance(told[1], ConversationStarted)

    async def test_an_import_says_how_many_are_new_and_fills_in_who_is_known(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("hi", number=ALICE)
        rows = [NewContact(number=ALICE, name="Alice"), NewContact(number=BOB, name="Bob")]

        assert await store.import_contacts(DEFAULT_ORG, rows, bench.now) == 1
        assert await store.import_contacts(DEFAULT_ORG, rows, bench.now) == 0
        assert await _names(store) == ["Alice", "Bob"]

    async def test_an_import_of_no_rows_is_none(self, store: Storage, bench: Bench) -> None:
        assert await store.import_contacts(DEFAULT_ORG, [], bench.now) == 0

    async def test_an_import_may_opt_out_with_all_that_follows(self, store: Storage, bench: Bench) -> None:
        message_id = await bench.queue(await bench.chat(), origin=Origin.BLAST)
        row = NewContact(number=ALICE, opt_out=OptOut(FRONTDESK, Scope.ALL, "imported"))

        await store.import_contacts(DEFAULT_ORG, [row], bench.now)

        contact = await store.find_contact(DEFAULT_ORG, ALICE)
        assert contact is not None
        assert (contact.opted_out, contact.opted_out_by, contact.opted_out_scope) == (
            True,
            Source.HOST,
            Scope.ALL,
        )
        assert await bench.outcome(message_id) == (Status.CANCELED, "opted_out")
        assert OptedOut(number_masked=ALICE.masked, contact_id=contact.id, source=Source.HOST) in (
            await bench.happenings()
        )

    async def test_an_import_neither_narrows_nor_lifts_an_opt_out(self, store: Storage, bench: Bench) -> None:
        await bench.receive("STOP", word=Word.STOP)
        before = await store.get_subscription(DEFAULT_ORG, ALICE)

        for opt_out in (None, OptOut(FRONTDESK, Scope.PROMOTIONAL), OptOut(FRONTDESK)):
            row = NewContact(number=ALICE, name="Alice", opt_out=opt_out)
            await store.import_contacts(DEFAULT_ORG, [row], bench.now)

        assert before is not None
        assert before.source is Source.WORD
        assert await store.get_subscription(DEFAULT_ORG, ALICE) == before

    async def test_attribute_names_are_those_of_contacts_that_are_listed(
        self, store: Storage, bench: Bench
    ) -> None:
        await _put(bench, NewContact(number=ALICE, attributes={"pet": "Rex", "Zoo": "1"}))
        bob = await _put(bench, NewContact(number=BOB, attributes={"pet": "Max", "éclair": "2"}))
        carol = await _put(bench, NewContact(number=CAROL, attributes={"old": "1"}))
        await store.put_contacts(ACME, [NewContact(number=ALICE, attributes={"theirs": "1"})], bench.now)
        await store.merge_contacts(DEFAULT_ORG, bob.id, carol.id, bench.now)
        await _put(bench, NewContact(number=BOB, attributes={"old": ""}))

        assert await store.attribute_names(DEFAULT_ORG) == ["Zoo", "pet", "éclair"]


async def _put(bench: Bench, new: NewContact) -> ContactRecord:
    (record,) = await bench.store.put_contacts(DEFAULT_ORG, [new], bench.now)
    return record


async def _names(store: Storage) -> list[str]:
    return [contact.name for contact in (await store.list_contacts(DEFAULT_ORG, after=None, limit=10)).items]

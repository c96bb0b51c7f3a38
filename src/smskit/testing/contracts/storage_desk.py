"""What a store must do for the desk: policies, senders and contacts."""

from __future__ import annotations

import pytest

from smskit.errors import Conflict, NotFound, UsageError
from smskit.model.addresses import Address, PhoneNumber
from smskit.model.contacts import Source
from smskit.model.conversations import Rate, Sender
from smskit.model.ids import DEFAULT_ORG, ContactId, ConversationId, Org
from smskit.model.policies import Consent, Policy
from smskit.storage.base import NewContact, Storage
from smskit.testing.contracts.bench import ALICE, DRIVER, LOBBY, OFFICE, Bench
from smskit.testing.contracts.storage_base import StoreTests

ACME = Org("acme")


class DeskContract(StoreTests):
    """Policies, senders, contacts."""

    async def test_an_org_without_a_policy_has_none(self, store: Storage) -> None:
        assert await store.get_policy(ACME) is None

    async def test_a_policy_comes_back_as_it_was_saved_with_a_version_that_counts(
        self, store: Storage
    ) -> None:
        policy = Policy(
            brand="Acme", consent=Consent("Reply STOP to end"), stop_words=frozenset({"BASTA", "FINI"})
        )

        first = await store.save_policy(ACME, Policy())
        second = await store.save_policy(ACME, policy)

        assert (first.version, second.version) == (1, 2)
        assert await store.get_policy(ACME) == second
        assert second.policy == policy
        assert await store.get_policy(DEFAULT_ORG) is None

    async def test_declaring_senders_again_changes_nothing_but_their_rates(self, store: Storage) -> None:
        sender = Sender(address=PhoneNumber(OFFICE))
        await store.put_senders(DRIVER, [sender, Sender(address=PhoneNumber(LOBBY))])
        before = await store.list_senders(DEFAULT_ORG)

        await store.put_senders(DRIVER, [Sender(address=sender.address, rate=Rate(per_second=1))])

        assert [one.address.text for one in before] == [OFFICE, LOBBY]
        assert await store.list_senders(DEFAULT_ORG) == before

    async def test_a_sender_of_another_org_is_a_conflict_and_none_of_the_call_is_kept(
        self, store: Storage
    ) -> None:
        await store.put_senders(DRIVER, [Sender(address=PhoneNumber(OFFICE), org=ACME)])

        with pytest.raises(Conflict, match="acme"):
            await store.put_senders(
                DRIVER, [Sender(address=PhoneNumber(LOBBY)), Sender(address=PhoneNumber(OFFICE))]
            )

        assert await store.list_senders(DEFAULT_ORG) == []
        assert [one.address.text for one in await store.list_senders(ACME)] == [OFFICE]

    async def test_a_declared_sender_routes_to_its_org(self, store: Storage) -> None:
        await store.put_senders(DRIVER, [Sender(address=PhoneNumber(OFFICE), org=ACME)])

        routed = await store.route(DRIVER, PhoneNumber(OFFICE), DEFAULT_ORG)

        assert (routed.org, routed.driver, routed.address) == (ACME, DRIVER, PhoneNumber(OFFICE))

    async def test_a_sender_nobody_declared_is_made_for_the_default_org_once(self, store: Storage) -> None:
        routed = await store.route(DRIVER, PhoneNumber(OFFICE), DEFAULT_ORG)

        assert routed.org == DEFAULT_ORG
        assert await store.route(DRIVER, PhoneNumber(OFFICE), ACME) == routed

    async def test_a_contact_is_merged_by_number_and_fields_not_given_stay(
        self, store: Storage, bench: Bench
    ) -> None:
        full = NewContact(number=ALICE, name="Alice", zone="America/Denver", attributes={"chair": "2"})
        (made,) = await store.put_contacts(DEFAULT_ORG, [full], bench.now)
        bench.wait(hours=1)

        (merged,) = await store.put_contacts(DEFAULT_ORG, [NewContact(number=ALICE, name="Al")], bench.now)

        assert merged.id == made.id
        assert (merged.name, merged.zone, merged.attributes) == ("Al", "America/Denver", {"chair": "2"})
        assert (merged.created_at, merged.updated_at) == (made.created_at, bench.now)
        assert await store.find_contact(DEFAULT_ORG, ALICE) == merged

    async def test_the_same_number_twice_in_one_call_is_one_contact(
        self, store: Storage, bench: Bench
    ) -> None:
        twice = [NewContact(number=ALICE, name="Alice"), NewContact(number=ALICE, name="Alicia")]

        first, second = await store.put_contacts(DEFAULT_ORG, twice, bench.now)

        assert first.id == second.id
        page = await store.list_contacts(DEFAULT_ORG, after=None, limit=10)
        assert [contact.name for contact in page.items] == ["Alicia"]

    async def test_an_opt_out_survives_a_new_import_of_the_contact(
        self, store: Storage, bench: Bench
    ) -> None:
        await store.put_contacts(DEFAULT_ORG, [NewContact(number=ALICE)], bench.now)
        await bench.opt_out()

        (again,) = await store.put_contacts(DEFAULT_ORG, [NewContact(number=ALICE, name="Alice")], bench.now)

        assert (again.opted_out, again.opted_out_by) == (True, Source.HOST)

    async def test_contacts_of_orgs_are_apart(self, store: Storage, bench: Bench) -> None:
        (ours,) = await store.put_contacts(DEFAULT_ORG, [NewContact(number=ALICE)], bench.now)
        (theirs,) = await store.put_contacts(ACME, [NewContact(number=ALICE)], bench.now)
        await bench.opt_out()

        assert ours.id != theirs.id
        assert not (await store.get_contact(ACME, theirs.id)).opted_out
        with pytest.raises(NotFound):
            await store.get_contact(DEFAULT_ORG, theirs.id)

    async def test_pages_of_contacts_hold_each_contact_once_in_the_order_they_were_made(
        self, store: Storage, bench: Bench
    ) -> None:
        numbers = [PhoneNumber(f"+1415555{line:04}") for line in (125, 110, 131, 102, 107)]
        await store.put_contacts(DEFAULT_ORG, [NewContact(number=number) for number in numbers], bench.now)
        await store.put_contacts(ACME, [NewContact(number=ALICE)], bench.now)

        seen: list[Address] = []
        cursor = None
        while True:
            page = await store.list_contacts(DEFAULT_ORG, after=cursor, limit=2)
            seen += [contact.number for contact in page.items]
            cursor = page.next
            if cursor is None:
                break

        assert seen == numbers

    async def test_what_does_not_exist_is_not_found(self, store: Storage, bench: Bench) -> None:
        assert await store.find_contact(DEFAULT_ORG, ALICE) is None
        assert await store.get_subscription(DEFAULT_ORG, ALICE) is None
        with pytest.raises(NotFound):
            await store.get_contact(DEFAULT_ORG, ContactId(1))
        with pytest.raises(NotFound):
            await store.get_conversation(DEFAULT_ORG, ConversationId(1))
        with pytest.raises(NotFound):
            await store.list_messages(DEFAULT_ORG, ConversationId(1), after=None, limit=1)
        with pytest.raises(NotFound):
            await store.set_archived(DEFAULT_ORG, ConversationId(1), archived=True, now=bench.now)

    @pytest.mark.parametrize("cursor", ["", "x", "1", "1.2.3", "1.x"])
    async def test_a_cursor_of_no_page_is_a_usage_error(self, store: Storage, cursor: str) -> None:
        with pytest.raises(UsageError, match="cursor"):
            await store.list_conversations(DEFAULT_ORG, archived=False, after=cursor, limit=1)

    @pytest.mark.parametrize("limit", [0, -1, 1001])
    async def test_a_page_of_no_size_is_a_usage_error(self, store: Storage, limit: int) -> None:
        with pytest.raises(UsageError, match="1 to 1000"):
            await store.list_contacts(DEFAULT_ORG, after=None, limit=limit)

"""One person behind several numbers: what a merge joins, what it never touches, and how it is undone."""

from __future__ import annotations

import pytest

from smskit.desk.contacts import Contact
from smskit.errors import Conflict, PermissionDenied, UsageError
from smskit.kit import Kit
from smskit.model.contacts import ChangeKind, Source
from smskit.model.events import ContactAdded, ContactChanged, ContactMerged, ContactUnmerged
from smskit.model.policies import ActorPolicy, Permission, Policy
from smskit.model.statuses import Status
from smskit.testing import Person, World


@pytest.fixture
async def new(kit: Kit, alice: Person) -> Contact:
    """The contact of Alice's number."""
    return await kit.contacts.upsert(alice.number, name="Alice Moreno")


@pytest.fixture
async def old(kit: Kit, bob: Person) -> Contact:
    """The contact of the number that Alice had before."""
    return await kit.contacts.upsert(
        bob.number, name="Alice M.", zone="America/Denver", attributes={"pet": "Rex"}
    )


async def test_an_update_changes_what_is_given_and_tells_of_it_by_id(world: World, new: Contact) -> None:
    await new.update(zone=" America/Denver ", attributes={"pet": " Rex ", "chair": "2"})

    same = await new.update(name=" Al ", attributes={"chair": None})

    assert same is new
    assert (new.name, new.zone, new.attributes) == ("Al", "America/Denver", {"pet": "Rex"})
    told = [event.what for event in await world.events()]
    assert told == [ContactAdded(contact_id=new.id), *[ContactChanged(contact_id=new.id)] * 2]


async def test_an_empty_text_takes_away_what_was_there(old: Contact) -> None:
    await old.update(name="", zone="", attributes={"pet": ""})

    assert (old.name, old.zone, old.attributes) == ("", None, {})


@pytest.mark.parametrize("name", ["number", "Phone", " NAME ", "zone", "subscribed", "", "  "])
async def test_an_attribute_has_a_name_of_its_own(kit: Kit, new: Contact, name: str) -> None:
    with pytest.raises(UsageError):
        await new.update(attributes={name: "x"})
    with pytest.raises(UsageError):
        await kit.contacts.upsert(new.number, attributes={name: "x"})

    assert (await new.refresh()).attributes == {}


async def test_a_zone_that_does_not_exist_changes_nothing(new: Contact) -> None:
    with pytest.raises(UsageError, match="IANA"):
        await new.update(name="Al", zone="Mars/Olympus")

    assert (await new.refresh()).name == "Alice Moreno"


async def test_a_person_keeps_what_is_known_and_gets_what_was_lacking(
    world: World, kit: Kit, new: Contact, old: Contact
) -> None:
    assert await new.absorb(old)
    assert not await new.absorb(old)

    assert (new.name, new.zone, new.attributes) == ("Alice Moreno", "America/Denver", {"pet": "Rex"})
    assert (old.name, old.merged_into, new.merged_into) == ("Alice M.", new.id, None)
    assert [contact.id for contact in (await kit.contacts.list()).items] == [new.id]
    assert [contact.id for contact in await old.same_person()] == [new.id, old.id]
    assert await new.numbers() == await old.numbers() == (new.number, old.number)
    told = [event.what for event in await world.events()]
    assert told[-2:] == [ContactMerged(contact_id=old.id, into_id=new.id), ContactChanged(contact_id=new.id)]


async def test_a_text_to_a_number_goes_to_that_number(
    world: World, alice: Person, bob: Person, new: Contact, old: Contact
) -> None:
    kit = world.kit
    await new.absorb(old)

    for to, text in ((new, "new"), (old, "old"), (bob.number, "typed")):
        await (await kit.conversations.start(to)).send(text)
    await world.advance(minutes=1)

    assert (alice.received, bob.received) == (["new"], ["old", "typed"])


async def test_what_comes_from_the_old_number_is_kept_and_shown_with_the_person(
    kit: Kit, alice: Person, bob: Person, new: Contact, old: Contact
) -> None:
    await alice.texts("from the new phone")
    await new.absorb(old)

    await bob.texts("from the old one")

    chats = (await new.conversations()).items
    assert [chat.number for chat in chats] == [bob.number, alice.number]
    assert [[message.text for message in (await chat.messages()).items] for chat in chats] == [
        ["from the old one"],
        ["from the new phone"],
    ]
    found = await kit.contacts.find(bob.number)
    assert found is not None
    assert (found.id, found.merged_into) == (old.id, new.id)


@pytest.mark.parametrize("stopped", ["new", "old"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_no_merge_lets_automation_reach_a_number_that_opted_out(
    world: World, new: Contact, old: Contact, *, stopped: str, when: str
) -> None:
    contact, kit = new if stopped == "new" else old, world.kit
    person = world.person(contact.number.text)
    if when == "before":
        await person.texts("STOP")
    await new.absorb(old)
    if when == "after":
        await person.texts("STOP")
    await world.advance(minutes=1)
    answers = len(person.received)

    for to in await new.same_person():
        sent = await (await kit.conversations.start(to)).send("Sale!", origin="blast")
        await world.advance(minutes=1)
        expected = Status.BLOCKED if to.id == contact.id else Status.DELIVERED
        assert (await sent.refresh()).status is expected
    await old.unmerge()

    assert len(person.received) == answers
    assert [(await one.refresh()).opted_out for one in (new, old)] == [stopped == "new", stopped == "old"]


async def test_unmerging_brings_a_contact_back_into_the_list(
    world: World, kit: Kit, new: Contact, old: Contact
) -> None:
    before = old.record
    await new.absorb(old)

    assert await old.unmerge()
    assert not await old.unmerge()

    assert old.record == before
    assert [contact.id for contact in (await kit.contacts.list()).items] == [new.id, old.id]
    assert await new.numbers() == (new.number,)
    assert (await world.events())[-1].what == ContactUnmerged(contact_id=old.id, from_id=new.id)


async def test_a_merged_contact_takes_no_other_in_and_is_taken_in_once(
    kit: Kit, new: Contact, old: Contact
) -> None:
    third = await kit.contacts.upsert("+14155550125")
    await new.absorb(old)

    with pytest.raises(Conflict):
        await old.absorb(third)
    with pytest.raises(Conflict):
        await third.absorb(old)
    with pytest.raises(UsageError):
        await new.absorb(new)


async def test_changing_and_merging_contacts_needs_the_permission(
    kit: Kit, new: Contact, old: Contact
) -> None:
    denied = ActorPolicy(denied=frozenset({Permission.MANAGE_CONTACTS}))
    await kit.save_policy(Policy(actors={"tim": denied}))
    tims = await kit.as_actor("tim").contacts.get(new.id)

    with pytest.raises(PermissionDenied):
        await tims.update(name="Tim")
    with pytest.raises(PermissionDenied):
        await tims.absorb(old)
    with pytest.raises(PermissionDenied):
        await tims.unmerge()

    assert [(await one.refresh()).merged_into for one in (new, old)] == [None, None]
    assert new.name == "Alice Moreno"


async def test_conversations_come_in_pages_the_latest_first_and_archived_too(
    world: World, alice: Person, bob: Person, new: Contact, old: Contact
) -> None:
    await new.absorb(old)
    for person in (alice, bob):
        await person.texts("hi")
        await world.advance(minutes=1)
    (latest, earlier) = (await new.conversations()).items
    await latest.archive()

    first = await new.conversations(limit=1)
    second = await new.conversations(limit=1, after=first.next)

    assert [(chat.id, chat.archived) for chat in (*first.items, *second.items)] == [
        (latest.id, True),
        (earlier.id, False),
    ]
    assert (latest.number, earlier.number) == (bob.number, alice.number)


async def test_a_history_says_who_opted_a_number_out_and_in_and_why(
    kit: Kit, alice: Person, new: Contact
) -> None:
    maria = await kit.as_actor("maria").contacts.get(new.id)
    await maria.opt_out(reason="called us")
    await alice.texts("START")
    await alice.texts("STOP")
    (chat,) = (await new.conversations()).items
    words = {message.text: message.id for message in (await chat.messages()).items}

    first = await new.history(limit=2)
    rest = await new.history(limit=2, after=first.next)

    changes = (*first.items, *rest.items)
    assert [(c.kind, c.actor, c.source, c.reason, c.message_id) for c in changes] == [
        (ChangeKind.OPTED_OUT, "contact", Source.WORD, None, words["STOP"]),
        (ChangeKind.OPTED_IN, "contact", Source.WORD, None, words["START"]),
        (ChangeKind.OPTED_OUT, "maria", Source.HOST, "called us", None),
    ]
    assert str(changes[-1]).endswith("UTC opted out by maria, scope all, source host, reason called us")

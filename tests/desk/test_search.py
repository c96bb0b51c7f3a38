"""Search from the desk: handles come back, addresses and moments are read, and a page is full while there is more."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from smskit.errors import NaiveDatetime, NotFound
from smskit.kit import Kit
from smskit.storage.sql import search as searching
from smskit.testing import Person, World


async def test_hits_are_handles_of_a_message_and_its_conversation(
    kit: Kit, world: World, alice: Person
) -> None:
    chat = await kit.conversations.start(alice.number)
    await chat.send("Your crown is ready")
    await chat.archive()
    await world.advance(minutes=1)

    (hit,) = (await kit.search("CROWN", kind="outbound", origin="manual", status="delivered")).items

    assert hit.message.text == "Your crown is ready"
    assert (hit.conversation.id, hit.conversation.archived) == (chat.id, True)
    await hit.conversation.restore()
    assert (await hit.message.refresh()).conversation_id == chat.id


async def test_a_page_is_full_even_if_the_store_gives_it_piece_by_piece(
    kit: Kit, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "CHUNK", 2)
    monkeypatch.setattr(searching, "MOST_LOOKS", 1)
    chat = await kit.conversations.start(alice.number)
    for number in range(9):
        await chat.send(f"crown {number}")

    first = await kit.search("crown", archived=False, limit=5)
    second = await kit.search("crown", archived=False, limit=5, after=first.next)

    assert [hit.message.text for hit in first.items] == [f"crown {number}" for number in (8, 7, 6, 5, 4)]
    assert [hit.message.text for hit in second.items] == [f"crown {number}" for number in (3, 2, 1, 0)]
    assert second.next is None


async def test_a_contact_may_be_a_handle_an_id_or_a_name(kit: Kit, alice: Person, bob: Person) -> None:
    contact = await kit.contacts.upsert(alice.number, name="Alice Moreno")
    for person in (alice, bob):
        await (await kit.conversations.start(person.number)).send(f"crown {person.number}")

    for who in (contact, contact.id, "moreno"):
        hits = (await kit.search("crown", contact=who)).items
        assert [hit.message.text for hit in hits] == [f"crown {alice.number}"]
    assert [one.id for one in (await kit.contacts.search("555 0123")).items] == [contact.id]


async def test_a_sender_is_named_by_its_address(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    await chat.send("crown")

    assert len((await kit.search("crown", sender=chat.sender)).items) == 1
    assert len((await kit.search("crown", sender=chat.sender.text)).items) == 1
    with pytest.raises(NotFound, match="no sender"):
        await kit.search("crown", sender="+14155550199")


async def test_moments_have_a_zone(kit: Kit, world: World, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    sent = await chat.send("crown")

    assert (await kit.search("crown", since=sent.at, until=sent.at + timedelta(seconds=1))).items
    with pytest.raises(NaiveDatetime):
        await kit.search(since=datetime(2027, 1, 1))  # noqa: DTZ001 - that is the point
    with pytest.raises(NaiveDatetime):
        await kit.search(until=datetime(2027, 1, 1))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("field", ["kind", "origin", "status"])
async def test_a_word_that_is_none_of_the_choices_is_a_value_error(kit: Kit, field: str) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        await kit.search(**{field: "nonsense"})  # type: ignore[arg-type]  # a caller's typing error


async def test_a_scheduled_text_that_was_changed_is_found_by_its_new_words_only(
    kit: Kit, world: World, alice: Person
) -> None:
    chat = await kit.conversations.start(alice.number)
    message = await chat.send("an old crown", at=world.clock.now() + timedelta(days=1))
    assert len((await kit.search("crown")).items) == 1

    await message.edit("a new veneer")

    assert (await kit.search("crown")).items == ()
    assert [hit.message.text for hit in (await kit.search("veneer")).items] == ["a new veneer"]

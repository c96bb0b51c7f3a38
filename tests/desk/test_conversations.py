"""Conversations: one per sender and contact, sent once per key, archived and brought back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from smskit.errors import (
    Conflict,
    InvalidAddress,
    InvalidMessage,
    NaiveDatetime,
    NotFound,
    PermissionDenied,
    Refused,
    UsageError,
)
from smskit.kit import Kit
from smskit.model.ids import Actor, ConversationId, MessageId
from smskit.model.messages import Kind, Origin
from smskit.model.policies import ActorPolicy, Consent, Permission, Policy
from smskit.model.statuses import Status
from smskit.storage.base import Page
from smskit.testing import Person, World


async def test_starting_twice_gives_the_same_conversation(kit: Kit, alice: Person) -> None:
    by_number = await kit.conversations.start("+14155550123")
    by_contact = await kit.conversations.start(await kit.contacts.upsert(alice.number))

    assert by_number.id == by_contact.id


async def test_a_text_is_sent_once_however_often_its_key_comes(world: World, kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)

    first = await chat.send("Ready.", key="order-17")
    await world.advance(seconds=5)
    again = await chat.send("Ready.", key="order-17")
    await world.advance(seconds=5)

    assert (again.id, again.status) == (first.id, Status.DELIVERED)
    assert alice.received == ["Ready."]


async def test_a_key_used_again_for_another_text_is_a_conflict(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    await chat.send("Ready.", key="order-17")

    with pytest.raises(Conflict, match="make a new key"):
        await chat.send("Not ready.", key="order-17")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("a\x1ab", "control characters"),
        ("x" * 2000, "max_parts is 10"),
        ("\ud83d", "surrogate pair"),
    ],
    ids=["empty", "blank", "control", "too long", "half a character"],
)
async def test_a_text_nobody_can_send_is_an_error(kit: Kit, alice: Person, text: str, remedy: str) -> None:
    chat = await kit.conversations.start(alice.number)

    with pytest.raises(InvalidMessage, match=remedy):
        await chat.send(text)
    assert (await chat.messages()).items == ()


async def test_a_time_without_a_zone_is_an_error(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)

    with pytest.raises(NaiveDatetime, match="tzinfo"):
        await chat.send("Later.", at=datetime(2027, 1, 5, 9))  # noqa: DTZ001 - that is the point


async def test_a_text_for_later_goes_then(world: World, kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    later = await chat.send("Later.", at=world.clock.now() + timedelta(days=1))

    assert (later.status, later.origin) == (Status.SCHEDULED, Origin.SCHEDULED)
    await world.advance(hours=23)
    assert alice.received == []
    await world.advance(hours=1, minutes=1)
    assert alice.received == ["Later."]


async def test_a_message_can_be_withdrawn_until_it_is_admitted(world: World, kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    message = await chat.send("Oops.")

    assert await message.cancel() is True
    await world.advance(minutes=1)
    assert (await message.refresh()).status is Status.CANCELED
    assert alice.received == []

    sent = await chat.send("Fine.")
    await world.advance(minutes=1)
    assert await sent.cancel() is False


async def test_unknown_ids_are_not_found(kit: Kit) -> None:
    with pytest.raises(NotFound, match="no conversation 99"):
        await kit.conversations.get(ConversationId(99))
    with pytest.raises(NotFound, match="no message 99"):
        await kit.org("default").message(MessageId(99))


async def test_an_archived_conversation_comes_back_when_the_contact_writes(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    assert await chat.archive() is True
    assert await chat.archive() is False
    assert [one.id for one in (await kit.conversations.list(archived=True)).items] == [chat.id]

    await alice.texts("hello?")

    assert not (await chat.refresh()).archived
    assert chat.unread == 1
    await chat.mark_read()
    assert chat.unread == 0


async def test_only_a_persons_text_brings_an_archived_conversation_back(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    await chat.archive()
    await chat.send("Sale!", origin=Origin.BLAST)
    assert (await chat.refresh()).archived

    await chat.send("Are you there?")

    assert not (await chat.refresh()).archived


async def test_the_inbox_shows_the_latest_first_with_its_last_text(
    world: World, kit: Kit, alice: Person, bob: Person
) -> None:
    await kit.conversations.start(alice.number)
    chat = await kit.conversations.start(bob.number)
    await world.advance(seconds=1)
    await alice.texts("me first")

    page = await kit.conversations.list()

    assert [one.number for one in page.items] == [alice.number, bob.number]
    assert (page.items[0].record.last_text, page.items[0].record.last_kind) == ("me first", Kind.INBOUND)
    assert (await chat.messages()) == Page((), None)


async def test_a_thread_pages_newest_first(world: World, kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    for n in range(5):
        await chat.send(f"text {n}")
        await world.advance(seconds=10)

    first = await chat.messages(limit=3)
    rest = await chat.messages(limit=3, after=first.next)

    assert [message.text for message in first.items + rest.items] == [f"text {n}" for n in (4, 3, 2, 1, 0)]
    assert rest.next is None


@pytest.mark.parametrize(("after", "limit"), [("x", 5), ("1", 5), (None, 0), (None, 1001)])
async def test_a_page_that_cannot_be_is_a_usage_error(kit: Kit, after: str | None, limit: int) -> None:
    with pytest.raises(UsageError):
        await kit.conversations.list(after=after, limit=limit)


async def test_a_blocked_text_is_a_value_unless_strict(kit: Kit, alice: Person) -> None:
    await alice.texts("STOP")
    chat = await kit.conversations.start(alice.number)

    blocked = await chat.send("Sale!", origin="blast")

    assert (blocked.status, blocked.code) == (Status.BLOCKED, "opted_out")
    assert "the contact opted out" in str(await blocked.explain())
    with pytest.raises(Refused, match="opted_out"):
        await chat.send("Sale!", origin="blast", strict=True)


async def test_permissions_are_the_actors(kit: Kit, alice: Person) -> None:
    denied = frozenset(Permission)
    await kit.org("default").save_policy(Policy(actors={Actor("intern"): ActorPolicy(denied=denied)}))
    chat = await kit.conversations.start(alice.number)
    intern = kit.as_actor("intern")
    theirs = await intern.conversations.get(chat.id)

    for call in (
        lambda: theirs.send("hi"),
        theirs.archive,
        lambda: intern.conversations.start(alice.number),
        lambda: intern.contacts.upsert("+14155550125"),
        lambda: intern.save_policy(Policy()),
    ):
        with pytest.raises(PermissionDenied, match="intern"):
            await call()
    await chat.send("hi")


async def test_consent_precedes_the_first_text_only(world: World, kit: Kit, alice: Person) -> None:
    await kit.org("default").save_policy(Policy(consent=Consent("Acme. Reply STOP to unsubscribe.")))
    chat = await kit.conversations.start(alice.number)
    first = await chat.send("One.")
    await world.advance(seconds=10)
    await chat.send("Two.")
    await world.advance(seconds=10)

    assert alice.received == ["Acme. Reply STOP to unsubscribe.", "One.", "Two."]
    assert "the consent message goes first" in str(await first.explain())
    assert (await (await chat.contact()).refresh()).consent == "sent"


class TestSeveralSenders:
    @pytest.fixture
    def world_options(self) -> dict[str, object]:
        return {"senders": ["+14155550100", "+14155550101"]}

    async def test_a_new_contact_needs_one_named_and_keeps_it(
        self, world: World, kit: Kit, alice: Person
    ) -> None:
        with pytest.raises(UsageError, match=r"several senders .*default_sender"):
            await kit.conversations.start(alice.number)

        chat = await kit.conversations.start(alice.number, sender="+14155550101")

        assert (await kit.conversations.start(alice.number)).id == chat.id

    async def test_the_policy_names_one_for_new_contacts(self, kit: Kit, alice: Person) -> None:
        await kit.org("default").save_policy(Policy(default_sender="+14155550101"))

        assert (await kit.conversations.start(alice.number)).sender.text == "+14155550101"

    async def test_a_sender_we_do_not_have_is_not_found(self, kit: Kit, alice: Person) -> None:
        with pytest.raises(NotFound, match="it has:"):
            await kit.conversations.start(alice.number, sender="+14155550109")

    async def test_a_contact_who_wrote_is_answered_from_where_they_wrote(
        self, world: World, kit: Kit, alice: Person
    ) -> None:
        second = world.carrier.senders[1].address
        await alice.texts("hello", to=second)

        chat = await kit.conversations.start(alice.number)

        assert chat.sender == second


async def test_a_number_that_cannot_be_texted_is_an_error(kit: Kit) -> None:
    with pytest.raises(InvalidAddress):
        await kit.conversations.start("12")

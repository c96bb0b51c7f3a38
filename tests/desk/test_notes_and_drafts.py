"""Notes, drafts and what is read: what is written and kept in a conversation beside its texts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from smskit.errors import Conflict, InvalidMessage, NotFound, PermissionDenied
from smskit.kit import Kit
from smskit.model.ids import Actor
from smskit.model.messages import Kind, Origin
from smskit.model.policies import ActorPolicy, Permission, Policy
from smskit.model.statuses import Status
from smskit.testing import Person, World


async def test_a_note_is_in_the_thread_and_nowhere_else(world: World, kit: Kit, alice: Person) -> None:
    await alice.texts("hi")
    (chat,) = (await kit.conversations.list()).items
    await chat.archive()
    before = chat.record
    await world.advance(minutes=1)

    note = await kit.as_actor("maria").conversations.get(chat.id)
    written = await note.note("Her son called.\nShe prefers mornings. " + "x" * 9000)
    await world.advance(hours=1)

    assert (written.kind, written.status, written.record.actor) == (Kind.NOTE, Status.NOTED, "maria")
    assert [entry.kind for entry in (await chat.messages()).items] == [Kind.NOTE, Kind.INBOUND]
    assert (await chat.refresh()).record == before
    assert alice.received == []
    assert not await written.cancel()
    with pytest.raises(Conflict):
        await written.send_again()


async def test_a_note_is_found_by_search(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    note = await chat.note("prefers mornings")

    hits = await kit.search("mornings", kind=Kind.NOTE)

    assert [hit.message.id for hit in hits.items] == [note.id]


async def test_a_note_of_one_key_is_written_once(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)

    first = await chat.note("Called.", key="call-7")
    again = await chat.note("Called.", key="call-7")

    assert again.id == first.id
    with pytest.raises(Conflict, match="make a new key"):
        await chat.send("Called.", key="call-7")
    assert [entry.text for entry in (await chat.messages()).items] == ["Called."]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("a\x1ab", "control"),
        ("x" * 10_001, "10000"),
        ("\ud83d", "surrogate"),
    ],
    ids=["empty", "blank", "control", "too long", "half a character"],
)
async def test_a_note_nobody_can_read_is_an_error(kit: Kit, alice: Person, text: str, why: str) -> None:
    chat = await kit.conversations.start(alice.number)

    with pytest.raises(InvalidMessage, match=why):
        await chat.note(text)
    assert (await chat.messages()).items == ()


async def test_each_actor_has_a_draft_of_its_own(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    hers = await kit.as_actor("maria").conversations.get(chat.id)

    await hers.save_draft("Dear Ali")
    await hers.save_draft("Dear Alice")

    kept = await hers.draft()
    assert kept is not None
    assert (kept.text, kept.actor) == ("Dear Alice", "maria")
    assert await chat.draft() is None
    assert await hers.save_draft("") is None
    assert await hers.draft() is None
    for text in ("x" * 10_001, "\ud83d"):
        with pytest.raises(InvalidMessage):
            await hers.save_draft(text)


async def test_sending_does_not_send_the_draft(world: World, kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    kept = await chat.save_draft("Dear Alice")
    await chat.send("Quick one.")
    await world.advance(minutes=1)

    assert alice.received == ["Quick one."]
    assert await chat.draft() == kept


async def test_a_draft_is_sent_and_gone(world: World, kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    await chat.save_draft("Ready.")

    sent = await chat.send_draft()
    await world.advance(minutes=1)

    assert alice.received == ["Ready."]
    assert (await sent.refresh()).status is Status.DELIVERED
    assert await chat.draft() is None
    with pytest.raises(NotFound, match="no draft"):
        await chat.send_draft()


async def test_a_draft_whose_sender_died_before_it_was_dropped_goes_once(
    world: World, kit: Kit, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = await kit.conversations.start(alice.number)
    await chat.save_draft("Ready.")

    async def die(*_: object) -> bool:
        raise RuntimeError("power cut")

    with monkeypatch.context() as dying:
        dying.setattr(kit.storage, "drop_draft", die)
        with pytest.raises(RuntimeError, match="power cut"):
            await chat.send_draft()
    await world.advance(minutes=1)
    await chat.save_draft("Ready.")  # the composer saves again what it shows
    again = await chat.send_draft()
    await world.advance(minutes=1)

    assert alice.received == ["Ready."]
    assert [entry.id for entry in (await chat.messages()).items] == [again.id]
    assert await chat.draft() is None


async def test_a_draft_that_changes_while_it_is_sent_is_kept(
    world: World, kit: Kit, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = await kit.conversations.start(alice.number)
    await chat.save_draft("One.")
    drop = kit.storage.drop_draft

    async def change_first(*args: object) -> bool:
        await chat.save_draft("Two.")
        return await drop(*args)  # type: ignore[arg-type] # passed on as it came

    with monkeypatch.context() as changing:
        changing.setattr(kit.storage, "drop_draft", change_first)
        await chat.send_draft()
    kept = await chat.draft()
    assert kept is not None
    assert kept.text == "Two."
    await chat.send_draft()
    await world.advance(minutes=1)

    assert alice.received == ["One.", "Two."]


async def test_a_draft_that_cannot_be_sent_stays(kit: Kit, alice: Person) -> None:
    await kit.save_policy(
        Policy(actors={Actor("intern"): ActorPolicy(denied=frozenset({Permission.SEND}))}, max_parts=1)
    )
    chat = await kit.conversations.start(alice.number)
    theirs = await kit.as_actor("intern").conversations.get(chat.id)
    await theirs.save_draft("Hi")
    await chat.save_draft("x" * 200)

    with pytest.raises(PermissionDenied):
        await theirs.send_draft()
    with pytest.raises(InvalidMessage):
        await chat.send_draft()

    kept = [await one.draft() for one in (theirs, chat)]
    assert [one.text for one in kept if one is not None] == ["Hi", "x" * 200]
    assert (await chat.messages()).items == ()


async def test_what_comes_while_somebody_reads_stays_unread(kit: Kit, alice: Person) -> None:
    for text in ("one", "two"):
        await alice.texts(text)
    (chat,) = (await kit.conversations.list()).items
    shown = (await chat.messages()).items
    await alice.texts("three")

    assert await chat.mark_read(up_to=shown[0]) is True
    assert chat.unread == 1
    assert await chat.mark_read(up_to=shown[1].id) is False
    assert chat.unread == 1
    assert await chat.mark_read() is True
    assert await chat.mark_read() is False
    assert chat.unread == 0
    assert await chat.mark_unread(since=shown[0]) is True
    assert chat.unread == 2
    assert await chat.mark_read()
    assert await chat.mark_unread()
    assert chat.unread == 1


async def test_a_scheduled_text_that_went_marks_what_stands_before_it(
    world: World, kit: Kit, alice: Person
) -> None:
    """It was stored before what the contact wrote, and stands after it in the thread."""
    chat = await kit.conversations.start(alice.number)
    later = await chat.send("Reminder.", at=world.clock.now() + timedelta(hours=1), origin=Origin.REMINDER)
    await alice.texts("hello?")
    await world.advance(hours=2)
    await alice.texts("thanks")

    await chat.mark_read(up_to=later)

    assert chat.unread == 1


async def test_a_message_of_another_conversation_is_not_found(kit: Kit, alice: Person, bob: Person) -> None:
    await bob.texts("hi")
    (theirs,) = (await kit.conversations.list()).items
    foreign = (await theirs.messages()).items[0]
    chat = await kit.conversations.start(alice.number)

    for call in (chat.mark_read(up_to=foreign), chat.mark_unread(since=foreign)):
        with pytest.raises(NotFound, match="has no message"):
            await call
    assert (await theirs.refresh()).unread == 1

"""What a contact writes, live: in order, without loss, and without asking the store while nothing comes."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import anyio
import pytest

from smskit.desk.conversations import Conversation
from smskit.kit import Kit
from smskit.model.ids import DEFAULT_ORG
from smskit.testing import Person, World
from smskit.testing.settling import settled
from smskit.testing.world import START


async def take(chat: Conversation, count: int, into: list[str]) -> None:
    async for message in chat.replies():
        into.append(message.text)
        if len(into) == count:
            break


async def test_replies_come_in_order_from_now_on(world: World, kit: Kit, alice: Person, bob: Person) -> None:
    await alice.texts("before")
    (chat,) = (await kit.conversations.list()).items
    found: list[str] = []

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take, chat, 3, found)
        await settled(kit.storage)
        await alice.texts("one")
        await bob.texts("elsewhere")
        await chat.note("a note")
        await chat.send("ours")
        await alice.texts("two")
        await alice.texts("three")

    assert found == ["one", "two", "three"]
    assert not kit._hub._watchers


async def test_nothing_is_missed_between_entering_and_asking(kit: Kit, alice: Person) -> None:
    await alice.texts("before")
    (chat,) = (await kit.conversations.list()).items

    async with chat.replies() as replies:
        await alice.texts("one")
        await alice.texts("two")
        first = await anext(replies)
        await alice.texts("three")
        found = [first.text, (await anext(replies)).text, (await anext(replies)).text]

    assert found == ["one", "two", "three"]
    with pytest.raises(StopAsyncIteration):
        await anext(replies)


async def test_what_came_in_a_burst_comes_whole(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    async with chat.replies() as replies:
        for number in range(230):
            await alice.texts(f"{number}")
        found = [(await anext(replies)).text for _ in range(230)]

    assert found == [f"{number}" for number in range(230)]


async def test_leaving_the_block_ends_an_iteration_that_waits(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    found: list[str] = []
    ended = anyio.Event()

    async with anyio.create_task_group() as tasks:
        async with chat.replies() as replies:

            async def follow() -> None:
                found.extend([message.text async for message in replies])
                ended.set()

            tasks.start_soon(follow)
            await alice.texts("one")
        with anyio.fail_after(10):
            await ended.wait()
    await alice.texts("two")

    assert found == ["one"]
    assert not kit._hub._watchers


async def test_replies_after_a_message_begin_with_what_is_there(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    asked = await chat.send("Does Tuesday suit you?")
    await alice.texts("yes")
    await alice.texts("at 9")

    found: list[str] = []
    async for message in chat.replies(after=asked):
        found.append(message.text)
        if len(found) == 2:
            break

    assert found == ["yes", "at 9"]
    assert (await chat.wait_for_reply(after=asked)).text == "yes"


async def test_no_answer_is_too_fast_after_the_text_that_asks(world: World, kit: Kit, alice: Person) -> None:
    alice.answers_with(lambda _: "yes")
    chat = await kit.conversations.start(alice.number)
    asked = await chat.send("Does Tuesday suit you?")
    await world.advance(minutes=1)

    reply = await chat.wait_for_reply(after=asked, timeout=timedelta())

    assert (reply.text, reply.conversation_id) == ("yes", chat.id)


async def test_a_wait_sees_what_comes_from_then_on_in_virtual_time(
    world: World, kit: Kit, alice: Person
) -> None:
    await alice.texts("before")
    (chat,) = (await kit.conversations.list()).items
    replies: list[tuple[str, timedelta]] = []

    async def wait() -> None:
        reply = await chat.wait_for_reply(timeout=timedelta(days=2))
        replies.append((reply.text, world.clock.now() - START))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await world.advance(days=1)
        await alice.texts("sorry, was out")

    assert replies == [("sorry, was out", timedelta(days=1))]


async def test_a_wait_in_vain_ends_at_its_time(world: World, kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    ended: list[timedelta] = []

    async def wait() -> None:
        with pytest.raises(TimeoutError, match=rf"nothing came in conversation {chat.id} within 0:10:00"):
            await chat.wait_for_reply(timeout=timedelta(minutes=10))
        ended.append(world.clock.now() - START)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await world.advance(hours=1)

    assert ended == [timedelta(minutes=10)]
    assert not kit._hub._watchers


async def test_a_hundred_who_wait_do_not_ask_the_store_while_others_write(
    world: World, kit: Kit, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    chats = [await kit.conversations.start(f"+14155552{n:03}") for n in range(100, 200)]
    people = [world.person(f"+14155552{n:03}") for n in range(100, 200)]
    found: dict[str, list[str]] = {chat.number.text: [] for chat in chats}
    asked: Counter[int] = Counter()
    inbound_after = kit.storage.inbound_after

    async def count(org: object, conversation_id: int, **rest: object) -> object:
        asked[conversation_id] += 1
        return await inbound_after(org, conversation_id, **rest)  # type: ignore[arg-type] # as it came

    monkeypatch.setattr(kit.storage, "inbound_after", count)
    async with anyio.create_task_group() as tasks:
        for chat in chats:
            tasks.start_soon(take, chat, 2, found[chat.number.text])
        await settled(kit.storage)
        before = asked.copy()
        for number in range(20):
            await bob.texts(f"noise {number}")
        for text in ("one", "two"):
            for person in people:
                await person.texts(text)

    assert list(found.values()) == [["one", "two"]] * 100
    # Once or twice when it began, then for each text that came and once for what may have come beside it.
    assert max(before.values()) <= 2
    assert max((asked - before).values()) <= 4


async def test_a_reply_is_seen_although_its_event_was_dropped(
    world: World, kit: Kit, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's error would have cancelled the host's whole `async with kit:`."""
    chat = await kit.conversations.start(alice.number)
    replies: list[str] = []
    read_events = kit.storage.read_events

    async def drop_first(*args: object, **kwargs: object) -> object:
        await kit.storage.drop_events(world.clock.now() + timedelta(days=1))
        return await read_events(*args, **kwargs)  # type: ignore[arg-type] # passed on as it came

    async def wait() -> None:
        replies.append((await chat.wait_for_reply(timeout=timedelta(days=1))).text)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await settled(kit.storage)
        with monkeypatch.context() as dropping:
            dropping.setattr(kit.storage, "read_events", drop_first)
            await alice.texts("hi")
        await world.advance(minutes=1)

    assert replies == ["hi"]
    assert (await kit.storage.get_conversation(DEFAULT_ORG, chat.id)).unread == 1

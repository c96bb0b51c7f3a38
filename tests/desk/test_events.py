"""Events as streams: live, and durable by name."""

from __future__ import annotations

import anyio
import pytest

from smskit.errors import EventsLost
from smskit.kit import Kit
from smskit.model.events import ContactAdded, ConversationStarted, Event, MessageReceived
from smskit.model.ids import DEFAULT_ORG
from smskit.testing import Person, World


async def take(kit: Kit, count: int, reader: str | None = None) -> list[Event]:
    found: list[Event] = []
    async for event in kit.events(reader):
        found.append(event)
        if len(found) == count:
            break
    return found


async def test_a_live_reader_sees_what_happens_from_now_on(kit: Kit, alice: Person, bob: Person) -> None:
    await alice.texts("before")
    found: list[Event] = []

    async def read() -> None:
        found.extend(await take(kit, 3))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        await bob.texts("hello")

    assert [type(event.what) for event in found] == [ContactAdded, ConversationStarted, MessageReceived]


async def test_a_named_reader_goes_on_where_it_asked_for_the_next(kit: Kit, alice: Person) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take, kit, 1, "crm")
        await anyio.wait_all_tasks_blocked()
        await alice.texts("one")
    await alice.texts("two")

    first = await take(kit, 2, "crm")
    again = await take(kit, 2, "crm")

    # The last event of each round was not followed by a request for the next, so it comes again.
    assert first[0].position < first[1].position == again[0].position


async def test_a_reader_left_behind_by_retention_is_told(world: World, kit: Kit, alice: Person) -> None:
    with anyio.move_on_after(0):
        await take(kit, 1, "crm")
    await kit.storage.save_position(DEFAULT_ORG, "crm", 0)
    await alice.texts("hello")
    await kit.storage.drop_events(world.clock.now().replace(year=2028))

    with pytest.raises(EventsLost, match="start it anew"):
        await take(kit, 1, "crm")

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from smskit import Kit, Message, Status, VirtualClock
from smskit.drivers.local import Faults
from smskit.errors import StorageUnavailable
from smskit.model.ids import DEFAULT_ORG, MessageId
from smskit.testing import World
from smskit.testing.world import START

if TYPE_CHECKING:
    from tests.engine.conftest import Fails, ScriptedDriver

PATIENT = "+14155550123"

Text = Callable[[Kit, str], Awaitable[MessageId]]


async def test_many_wait_for_the_same_message_with_one_read_for_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await (await world.kit.conversations.start(PATIENT)).send("Hello")
    handles = [await world.kit.org(DEFAULT_ORG).message(message.id) for _ in range(200)]
    reached: list[Status] = []
    reads = [0]
    read_events = world.kit.storage.read_events

    async def count(*args: object, **kwargs: object) -> object:
        reads[0] += 1
        return await read_events(*args, **kwargs)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(world.kit.storage, "read_events", count)

    async def wait(handle: Message) -> None:
        reached.append((await handle.wait_for("delivered")).status)

    async with anyio.create_task_group() as tasks:
        for handle in handles:
            tasks.start_soon(wait, handle)
        await world.advance(minutes=1)

    assert reached == [Status.DELIVERED] * 200
    assert reads[0] < 100
    assert not world.kit._hub._watchers


async def test_a_wait_ends_when_the_message_can_no_longer_get_there() -> None:
    async with World(faults=Faults(refuse=1)) as world:
        message = await (await world.kit.conversations.start(PATIENT)).send("Hello")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(message.wait_for, "delivered")
            await world.advance(minutes=1)

    assert message.status is Status.FAILED


async def test_a_wait_for_what_is_so_already_returns_at_once(world: World) -> None:
    message = await (await world.kit.conversations.start(PATIENT)).send("Hello")
    await message.wait_for("queued", "accepted", timeout=timedelta())

    assert message.status is Status.QUEUED


async def test_a_wait_names_the_message_and_where_it_is_when_its_time_is_over(world: World) -> None:
    message = await (await world.kit.conversations.start(PATIENT)).send("Hello", at=START.replace(year=2028))
    with pytest.raises(TimeoutError, match=rf"message {message.id} is still scheduled"):
        await message.wait_for("delivered", timeout=timedelta())


async def test_waiters_of_several_messages_are_told_of_their_own(world: World) -> None:
    chat = await world.kit.conversations.start(PATIENT)
    messages = [await chat.send(f"{n}", at=START + n * timedelta(minutes=1)) for n in range(1, 6)]
    reached: list[tuple[str, float]] = []

    async def wait(message: Message) -> None:
        await message.wait_for("accepted", timeout=timedelta(hours=1))
        reached.append((message.text, (world.clock.now() - START).total_seconds() // 60))

    async with anyio.create_task_group() as tasks:
        for message in messages:
            tasks.start_soon(wait, message)
        await world.advance(minutes=10)

    assert reached == [(f"{n}", n) for n in range(1, 6)]


async def test_a_store_that_does_not_answer_for_a_moment_does_not_end_the_kit(
    kit: Kit, driver: ScriptedDriver, clock: VirtualClock, text: Text, fails: Fails
) -> None:
    """The hub's error once cancelled the host's whole `async with kit:`."""
    message = await kit.org(DEFAULT_ORG).message(await text(kit, "Hello"))
    left = fails(kit.storage, "read_events", StorageUnavailable("locked"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(message.wait_for, "accepted")
        while not clock.next_deadline or left[0]:
            await anyio.lowlevel.checkpoint()
        await kit.dispatch()
        clock.advance_to(clock.now() + timedelta(seconds=1))

    assert message.status is Status.ACCEPTED

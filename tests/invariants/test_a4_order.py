"""A4: within a conversation and lane messages reach the driver in order, unless flagged."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest

from smskit import Category, Policy, Status
from smskit.drivers.local import Faults
from smskit.errors import Unavailable
from smskit.model.messages import Flag
from smskit.model.traffic import Accepted, Outgoing
from smskit.testing import World
from smskit.testing.world import START

PATIENT = "+14155550123"


def _is_stuck(world: World, monkeypatch: pytest.MonkeyPatch, stuck: str) -> None:
    """The carrier cannot take this text, and takes all others."""
    send = world.carrier.send

    async def picky(message: Outgoing) -> Accepted:
        if message.text == stuck:
            raise Unavailable("not this one", code="busy")
        return await send(message)

    monkeypatch.setattr(world.carrier, "send", picky)


@pytest.mark.parametrize("origin", ["manual", "reminder", "blast"])
@pytest.mark.parametrize("seed", range(3))
async def test_back_off_keeps_the_order(seed: int, origin: str) -> None:
    async with World(
        seed=seed, faults=Faults(throttle=0.6), policy=Policy(hold_for=timedelta(days=1))
    ) as world:
        chats = [await world.kit.conversations.start(f"+1415555012{digit}") for digit in range(3)]
        messages = [await chat.send(f"{n}", origin=origin) for n in range(12) for chat in chats]
        await world.advance(hours=2)
        flags = {(await message.refresh()).flags for message in messages}

    carried: defaultdict[str, list[str]] = defaultdict(list)
    for one in world.carrier.book:
        carried[one.to.text].append(one.text)
    assert list(carried.values()) == [[f"{n}" for n in range(12)]] * 3
    assert flags == {Flag.NONE}


async def test_those_behind_a_stuck_message_wait_for_hold_for_and_then_overtake(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _is_stuck(world, monkeypatch, "stuck")
    patient = world.person(PATIENT)
    chat = await world.kit.conversations.start(PATIENT)
    first, second, third = [await chat.send(text) for text in ("stuck", "second", "third")]
    await world.advance(Policy().hold_for - timedelta(seconds=1))
    before = patient.received
    await world.advance(minutes=1)

    assert before == []
    assert patient.received == ["second", "third"]
    assert (await first.refresh()).flags is Flag.NONE
    assert (await second.refresh()).flags is Flag.OUT_OF_ORDER
    assert (await third.refresh()).flags is Flag.OUT_OF_ORDER
    assert "overtook" in str(await second.explain())


async def test_an_unknown_message_holds_up_those_behind_it_no_longer_than_hold_for() -> None:
    async with World(faults=Faults(silent_before=1)) as world:
        patient = world.person(PATIENT)
        chat = await world.kit.conversations.start(PATIENT)
        first = await chat.send("lost")
        second = await chat.send("second")
        await world.advance(seconds=31)
        world.carrier.faults = Faults()
        await world.advance(minutes=1)
        before = patient.received
        await world.advance(minutes=2)
        await first.refresh()
        await second.refresh()

    assert before == []
    assert patient.received == ["second"]
    assert (first.status, second.status) == (Status.UNKNOWN, Status.DELIVERED)
    assert second.flags is Flag.OUT_OF_ORDER


async def test_a_stuck_conversation_does_not_hold_up_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _is_stuck(world, monkeypatch, "stuck")
    other = world.person("+14155550124")
    await (await world.kit.conversations.start(PATIENT)).send("stuck")
    await (await world.kit.conversations.start(other.number)).send("Hello")
    await world.advance(seconds=5)

    assert other.received == ["Hello"]


async def test_a_message_due_next_week_does_not_hold_up_todays_reply(world: World) -> None:
    patient = world.person(PATIENT)
    chat = await world.kit.conversations.start(PATIENT)
    await chat.send("next week", at=START + timedelta(days=7))
    await chat.send("today")
    await world.advance(minutes=1)
    today = patient.received
    await world.advance(days=8)

    assert today == ["today"]
    assert patient.received == ["today", "next week"]


async def test_a_scheduled_message_stands_in_the_order_of_the_moment_it_goes(world: World) -> None:
    patient = world.person(PATIENT)
    chat = await world.kit.conversations.start(PATIENT)
    scheduled = await chat.send("scheduled first", at=START + timedelta(hours=1))
    await world.advance(minutes=30)
    await chat.send("said before it went")
    await world.advance(hours=1)
    thread = [message.text for message in (await chat.messages()).items]

    assert patient.received == ["said before it went", "scheduled first"]
    assert thread == ["scheduled first", "said before it went"]
    assert (await scheduled.refresh()).flags is Flag.NONE


async def test_a_higher_lane_overtakes_what_is_queued(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _is_stuck(world, monkeypatch, "sale 1")
    patient = world.person(PATIENT)
    chat = await world.kit.conversations.start(PATIENT)
    await chat.send("sale 1", origin="blast")
    await chat.send("sale 2", origin="blast")
    await chat.send("visit", origin="reminder")
    reply = await chat.send("reply")
    await world.advance(seconds=10)

    assert patient.received == ["reply", "visit"]
    assert (await reply.refresh()).flags is Flag.NONE


async def test_a_category_does_not_change_the_lane(world: World) -> None:
    patient = world.person(PATIENT)
    chat = await world.kit.conversations.start(PATIENT)
    await chat.send("one", category=Category.PROMOTIONAL)
    await chat.send("two")
    await world.advance(seconds=10)

    assert patient.received == ["one", "two"]

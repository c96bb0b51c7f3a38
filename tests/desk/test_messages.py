"""Messages: what became of them, part by part, and what a person can still do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from smskit.drivers.local import Faults
from smskit.errors import Conflict
from smskit.kit import Kit
from smskit.model.messages import Flag
from smskit.model.statuses import Status
from smskit.testing import Person, World

LONG = "Please bring your insurance card. " * 12


async def test_parts_are_counted_and_each_has_its_outcome(world: World, kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    message = await chat.send(LONG)
    await world.advance(seconds=10)

    outcomes = await message.part_outcomes()

    assert message.parts == 3
    assert [(one.part, one.status) for one in outcomes] == [(n, Status.DELIVERED) for n in (1, 2, 3)]
    assert (await message.refresh()).status is Status.DELIVERED


async def test_a_refused_part_is_visible_and_keeps_the_whole_from_being_delivered(
    world: World, kit: Kit, alice: Person
) -> None:
    world.carrier.faults = Faults(refuse_part=0.4)
    chat = await kit.conversations.start(alice.number)
    messages = [await chat.send(f"{n} {LONG}") for n in range(8)]
    await world.advance(minutes=1)

    mixed = 0
    for message in messages:
        statuses = {one.status for one in await message.part_outcomes()}
        mixed += statuses == {Status.DELIVERED, Status.REJECTED}
        if Status.REJECTED in statuses:
            assert (await message.refresh()).status is not Status.DELIVERED
    assert mixed


async def test_an_unknown_message_is_sent_again_only_because_a_person_says_so(
    world: World, kit: Kit, alice: Person
) -> None:
    world.carrier.faults = Faults(silent_before=1)
    chat = await kit.conversations.start(alice.number)
    message = await chat.send("Hello")
    await world.advance(days=2)
    assert (await message.refresh()).status is Status.UNKNOWN
    assert alice.received == []

    world.carrier.faults = Faults()
    await message.send_again()
    await world.advance(minutes=1)

    assert alice.received == ["Hello"]
    assert Flag.POSSIBLE_DUPLICATE in (await message.refresh()).flags
    assert "it may have gone out before" in str(await message.explain())
    with pytest.raises(Conflict, match="only an unknown one"):
        await message.send_again()


async def test_waiting_too_long_for_a_status_times_out(kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    message = await chat.send("Hello")

    with pytest.raises(TimeoutError, match="still queued"):
        await message.wait_for("delivered", timeout=timedelta())

"""Long texts of contacts: joined wherever they come in parts, and never shortened in silence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from smskit import Kit, LocalCarrier, Message, PhoneNumber, Policy
from smskit.encoding import Label, segment, take_apart
from smskit.model.events import TextIncomplete
from smskit.model.messages import Flag
from smskit.model.traffic import InboundPart
from smskit.testing import World

ALICE = "+14155550123"
LONG = "Is the 🦷 of 120 € ready? " * 10


async def thread(kit: Kit) -> list[Message]:
    (chat,) = (await kit.conversations.list()).items
    return list((await chat.messages()).items)


async def test_a_long_text_is_one_message(world: World) -> None:
    alice = world.person(ALICE)

    await alice.texts_in_parts(LONG)

    (message,) = await thread(world.kit)
    assert (message.text, message.parts, message.flags) == (LONG, len(segment(LONG).parts), Flag.NONE)


async def test_parts_that_came_before_a_restart_count(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    pieces = take_apart(segment(LONG))
    parts = [
        InboundPart(
            sender=PhoneNumber(ALICE),
            to=PhoneNumber("+14155550100"),
            label=Label(reference=1, total=len(pieces), sequence=place),
            piece=piece,
        )
        for place, piece in enumerate(pieces, start=1)
    ]
    for part in reversed(parts):
        async with Kit(url, drivers=[LocalCarrier(["+14155550100"])]) as kit:
            await kit._receiver.sink(kit.drivers[0])(part)

    async with Kit(url) as kit:
        (message,) = await thread(kit)
    assert message.text == LONG


async def test_a_text_that_stays_incomplete_becomes_an_event_and_says_so(world: World) -> None:
    alice = world.person(ALICE)
    await alice.texts_in_parts("a" * 153 + "b" * 153 + "c", lost={1})
    assert await thread(world.kit) == []

    await world.advance(hours=25)

    told = [event.what for event in await world.kit.storage.read_events(None, after=0, limit=100)]
    (message,) = await thread(world.kit)
    assert message.text == "[part 1 of 3 did not arrive]" + "b" * 153 + "c"
    assert message.flags is Flag.INCOMPLETE
    assert "Parts of it never came" in str(await message.explain())
    assert (
        TextIncomplete(conversation_id=message.conversation_id, message_id=message.id, total=3, missing=(1,))
        in told
    )


@pytest.mark.parametrize("hours", [1, 48])
async def test_policy_says_how_long_parts_wait(hours: int) -> None:
    policy = Policy(parts_wait=timedelta(hours=hours))
    async with World(policy=policy) as world:
        alice = world.person(ALICE)
        await alice.texts_in_parts("a" * 200, lost={2})

        await world.advance(hours=hours, minutes=-1)
        assert await thread(world.kit) == []
        await world.advance(minutes=1)

        assert len(await thread(world.kit)) == 1

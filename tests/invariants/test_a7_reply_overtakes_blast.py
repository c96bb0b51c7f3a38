"""A7: an interactive reply is not delayed by a blast."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import timedelta

import anyio
import pytest

from smskit import Conversation, Kit, LocalCarrier, Origin, PhoneNumber, Rate, Sender, Status
from smskit.drivers.base import Features
from smskit.testing import World

PATIENT = "+14155550123"
LEASE = timedelta(seconds=90)
BACKLOG = 5000
CHATS = 500


@pytest.fixture
async def busy() -> AsyncIterator[Kit]:
    """A Kit with a big bulk backlog."""
    carrier = LocalCarrier(["+14155550100"], features=Features(window=10))
    async with Kit("sqlite://", drivers=[carrier]) as kit:
        chats = [await kit.conversations.start(f"+1{200 + n // 100}55501{n % 100:02}") for n in range(CHATS)]
        async with anyio.create_task_group() as tasks:
            for chat in chats:
                tasks.start_soon(_blast, chat)
        yield kit


async def _blast(chat: Conversation) -> None:
    for number in range(BACKLOG // CHATS):
        await chat.send(f"sale {number}", origin="blast")


async def test_a_reply_goes_in_the_next_claim_whatever_the_backlog(busy: Kit) -> None:
    storage, now = busy.storage, busy.clock.now
    in_hand = (await storage.claim("w", {"local": 10}, now(), lease=LEASE)).claimed[0].message
    reply = await (await busy.conversations.start(PATIENT)).send("Yes, we are open.")
    answer = await (await busy.conversations.get(in_hand.conversation_id)).send("You too.")
    turn = await storage.claim("w", {"local": 10}, now(), lease=LEASE)
    claimed = [one.message for one in turn.claimed]

    assert claimed[0].id == reply.id
    assert len(claimed) == 10
    assert answer.id not in [message.id for message in claimed]  # its conversation has one in hand
    assert {message.origin for message in claimed[1:]} == {Origin.BLAST}


async def test_no_claim_takes_more_than_there_is_room_for(busy: Kit) -> None:
    """What waits stays in the store, so memory does not grow with the blast."""
    sizes = []
    for _ in range(5):
        turn = await busy.storage.claim("w", {"local": 7}, busy.clock.now(), lease=LEASE)
        sizes.append(len(turn.claimed))

    assert sizes == [7] * 5


async def test_the_lanes_go_one_after_another(world: World) -> None:
    people = [f"+1415555012{digit}" for digit in range(9)]
    origins = (Origin.BLAST, Origin.REMINDER, Origin.MANUAL)
    for number, person in enumerate(people):
        await (await world.kit.conversations.start(person)).send(f"{number}", origin=origins[number % 3])
    await world.advance(minutes=1)

    assert [carried.text for carried in world.carrier.book] == list("258147036")


async def test_a_reply_runs_ahead_of_a_senders_rate_while_bulk_waits_for_it() -> None:
    rate = Rate(per_second=1, burst=1, debt=2)
    sender = Sender(address=PhoneNumber.parse("+14155550100"), rate=rate)
    async with World(senders=[sender]) as world:
        for number in range(30):
            chat = await world.kit.conversations.start(f"+141555501{number + 20}")
            await chat.send("sale", origin="blast")
        await world.advance(seconds=9)
        bulk = len(world.carrier.book)
        reply = await (await world.kit.conversations.start(PATIENT)).send("Yes, we are open.")
        await world.advance()
        at_once = (await reply.refresh()).status
        await world.advance(minutes=1)

    moments = [carried.at for carried in world.carrier.book if carried.text == "sale"]
    gaps = {later - earlier for earlier, later in itertools.pairwise(moments)}
    assert bulk == 10
    assert at_once is Status.ACCEPTED
    assert min(gaps) == timedelta(seconds=1)
    assert len(moments) == 30

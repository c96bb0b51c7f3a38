"""A2: whatever dies, each message is in a state with one meaning; none is lost, none goes twice by itself.

Here a worker is lost between two transactions; `tests/crash` kills real processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from smskit import Status
from smskit.drivers.base import Features, Guarantee
from smskit.errors import Conflict
from smskit.model.decisions import DecisionRecord, Outcome, Stage
from smskit.model.messages import Flag
from smskit.storage.base import Claimed, Ruling, Verdict, WasAccepted
from smskit.testing import World

PATIENT = "+14155550123"
LEASE = timedelta(seconds=90)


async def _claim(world: World) -> Sequence[Claimed]:
    """Another worker takes what is due."""
    turn = await world.kit.storage.claim("lost", {"local": 10}, world.clock.now(), lease=LEASE)
    return turn.claimed


async def _admit(world: World, claimed: Claimed) -> None:
    """The other worker admits a message."""
    decision = DecisionRecord(
        outcome=Outcome.ALLOWED,
        rule="allowed",
        reason="no rule objects",
        stage=Stage.ADMISSION,
        at=world.clock.now(),
        policy_version=claimed.facts.policy_version,
        facts_version=claimed.facts.subscription.version,
    )
    rulings = [Ruling(ticket=claimed.ticket, decision=decision)]
    assert await world.kit.storage.admit(rulings, world.clock.now()) == [Verdict.ADMITTED]


async def test_a_message_whose_worker_was_lost_before_admission_is_sent_by_another(world: World) -> None:
    message = await (await world.kit.conversations.start(PATIENT)).send("Hello")
    await _claim(world)
    await world.advance(seconds=89)
    meanwhile = list(world.carrier.book)
    await world.advance(seconds=10)
    await message.refresh()

    assert meanwhile == []
    assert message.status is Status.DELIVERED
    assert len(world.carrier.book) == 1


@pytest.mark.parametrize("arrived", [True, False], ids=["it went out", "it did not"])
@pytest.mark.parametrize("guarantee", Guarantee)
async def test_a_message_whose_worker_was_lost_after_admission_goes_as_its_driver_allows(
    guarantee: Guarantee, *, arrived: bool
) -> None:
    async with World(features=Features(window=1, guarantee=guarantee, receipts=False)) as world:
        message = await (await world.kit.conversations.start(PATIENT)).send("Hello")
        (claimed,) = await _claim(world)
        await _admit(world, claimed)
        if arrived:
            await world.carrier.send(claimed.outgoing)
            world.carrier._due.clear()  # no receipt resolves it
        await world.advance(seconds=89)
        during = (await message.refresh()).status
        await world.advance(seconds=2)
        after = (await message.refresh()).status
        await world.advance(minutes=10)
        await message.refresh()

    taken = len(world.carrier.book)
    assert during is Status.SUBMITTING
    if guarantee is Guarantee.AT_MOST_ONCE:
        assert after is message.status is Status.UNKNOWN
        assert taken == arrived
    else:
        assert message.status.rank > 0
        assert taken == 1


async def test_a_late_answer_of_a_worker_counts_if_nothing_happened_since(world: World) -> None:
    """The process was asleep for longer than its lease; what the carrier told it is still true."""
    message = await (await world.kit.conversations.start(PATIENT)).send("Hello")
    (claimed,) = await _claim(world)
    await _admit(world, claimed)
    accepted = await world.carrier.send(claimed.outgoing)
    world.carrier._due.clear()
    await world.advance(minutes=3)
    doubtful = (await message.refresh()).status
    recorded = await world.kit.storage.record(claimed.ticket, WasAccepted(accepted), world.clock.now())
    await message.refresh()

    assert doubtful is Status.UNKNOWN
    assert recorded
    assert message.status is Status.ACCEPTED


async def test_a_late_answer_is_void_once_another_worker_took_the_message(world: World) -> None:
    message = await (await world.kit.conversations.start(PATIENT)).send("Hello")
    (claimed,) = await _claim(world)
    await world.advance(minutes=3)
    delivered = (await message.refresh()).status
    accepted = await world.carrier.send(claimed.outgoing)
    recorded = await world.kit.storage.record(claimed.ticket, WasAccepted(accepted), world.clock.now())

    assert delivered is Status.DELIVERED
    assert not recorded


async def test_an_unknown_message_goes_again_only_when_a_person_says_so(world: World) -> None:
    message = await (await world.kit.conversations.start(PATIENT)).send("Hello")
    (claimed,) = await _claim(world)
    await _admit(world, claimed)
    await world.advance(days=3)
    before = len(world.carrier.book)
    await message.send_again()
    await world.advance(minutes=1)
    await message.refresh()

    assert before == 0
    assert message.status is Status.DELIVERED
    assert Flag.POSSIBLE_DUPLICATE in message.flags
    with pytest.raises(Conflict):
        await message.send_again()

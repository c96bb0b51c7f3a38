"""A month of drips, replies and failing carriers is the same on asyncio and trio, event by event."""

from __future__ import annotations

import random
from datetime import timedelta

import anyio

from smskit import Consent, DripCampaign, Policy, Step, days, hours
from smskit.drivers.local import Faults
from smskit.testing.world import World

RECALL = DripCampaign("recall", [Step(hours(6), "a"), Step(days(1), "b"), Step(days(3), "c")])
POLICY = Policy(consent=Consent.precede("Acme texts you here. Reply STOP to quit."))
FAULTS = Faults(
    refuse=0.05, throttle=0.1, silent_before=0.05, silent_after=0.05, lose_receipt=0.1, delay_receipt=0.2
)


async def month(seed: int) -> list[str]:
    luck = random.Random(seed)
    async with World(seed=seed, policy=POLICY, faults=FAULTS) as world:
        drip = await world.kit.drips.save(RECALL)
        people = [world.person(f"+141555501{place:02}") for place in range(10, 40)]
        for person in people:
            await drip.apply(person.number)
        for _ in range(60):
            await world.advance(timedelta(hours=luck.uniform(1, 20)))
            await luck.choice(people).texts(luck.choice(["yes", "STOP", "START", "what?"]))
        return [str(event) for event in await world.events()]


def test_the_same_seed_gives_the_same_month_on_both_backends() -> None:
    told = [anyio.run(month, 7, backend=backend) for backend in ("asyncio", "trio")]

    assert told[0] == told[1]
    assert sum("REPLIED" in event for event in told[0]) > 5
    assert anyio.run(month, 8) != told[0]

"""Drip campaigns: putting 10,000 contacts in, and a month of their texts and replies on the virtual clock."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Sequence
from datetime import timedelta

import anyio
from _bench import arguments, folder, machine, number, resident, table

from smskit import DripCampaign, Kit, LocalCarrier, Step, days
from smskit.desk.drips import Drip
from smskit.model.campaigns import Ending, EnrolmentState
from smskit.testing.world import World

RECALL = DripCampaign(
    "recall",
    [
        Step(days(1), "Hi {first_name}, time for a check-up?"),
        Step(days(3), "We have openings."),
        Step(days(5), "Last note."),
    ],
)
REPLY_RATE = 0.3
GROUPS = 50
"""A campaign is applied to so many groups, one after the other within the first week."""


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    machine()
    count = 500 if options.quick else 10_000
    with folder() as path:
        rows = anyio.run(apply_all, str(path / "desk.db"), count)
    table(f"Putting {count:,} contacts into a campaign of three steps", ("", "s", "contacts/s", "MiB"), rows)
    traces = [anyio.run(month, count, backend=backend) for backend in ("asyncio", "trio")]
    rows = [(name, *trace) for name, trace in zip(("asyncio", "trio"), traces, strict=True)]
    table(f"A month of {count:,} contacts", ("", "s", "texts", "replies", "ended by one", "trace"), rows)


async def apply_all(path: str, count: int) -> Sequence[Sequence[str]]:
    async with Kit(f"sqlite:///{path}", drivers=[LocalCarrier(["+14155550100"])]) as kit:
        drip = await kit.drips.save(RECALL)
        for one in range(3 * count):
            await kit.contacts.upsert(number(one), name=f"Person {one}", zone="America/Denver")
        rows, last = [], 0
        for upto in (count // 10, count, 2 * count, 3 * count):
            before, began = resident(), time.perf_counter()
            done = await put_in(drip, range(last, upto))
            took, last = time.perf_counter() - began, upto
            rows.append(
                (f"up to {upto:,}", f"{took:.1f}", f"{done / took:,.0f}", f"{resident() - before:+.1f}")
            )
    return rows


async def put_in(drip: Drip, which: range) -> int:
    return len([one async for one in drip.apply_all(map(number, which)) if one.enrolment is not None])


async def month(count: int) -> Sequence[str]:
    """The same people reply at the same times in every run."""
    luck = random.Random(7)
    began = time.perf_counter()
    replies = 0
    async with World(seed=7, latency=timedelta()) as world:
        drip = await world.kit.drips.save(RECALL)
        for one in range(count):
            await world.kit.contacts.upsert(number(one), name=f"Person {one}", zone="America/Denver")
        for hour in range(24 * 30):
            if hour < GROUPS:
                group = range(hour * count // GROUPS, (hour + 1) * count // GROUPS)
                for one in group:  # one by one, so that there is one order of events
                    await drip.apply(number(one))
            if hour % 24 == 0 and hour // 24 < 6:
                chosen = luck.sample(range(count), int(count * REPLY_RATE / 6))
                for one in chosen:
                    world.carrier.text(number(one), "yes please", at_once=True)
                replies += len(chosen)
            await world.advance(hours=1)
        ended = await answered(drip)
        trace = hashlib.sha256("\n".join(map(str, await world.events())).encode()).hexdigest()[:12]
        texts = len(world.carrier.book)
    return (f"{time.perf_counter() - began:.1f}", f"{texts:,}", f"{replies:,}", f"{ended:,}", trace)


async def answered(drip: Drip) -> int:
    count, cursor = 0, None
    while True:
        page = await drip.enrolments(state=EnrolmentState.ENDED, after=cursor, limit=1000)
        count += sum(one.why is Ending.REPLIED for one in page.items)
        cursor = page.next
        if cursor is None:
            return count


if __name__ == "__main__":
    main()

"""Invariant A1, thousands of times: an opt-out and an admission meet, and exactly one of them wins."""

from __future__ import annotations

import random
from collections import Counter

import anyio

from smskit.clock import VirtualClock
from smskit.model.messages import Flag, Origin
from smskit.model.statuses import Status
from smskit.storage.base import Claimed, Storage, Verdict
from smskit.storage.sqlite import SqliteStorage
from smskit.testing.contracts.bench import Bench
from smskit.testing.contracts.storage_admission import number_of, race

ROUNDS = 2000
AT_ONCE = 50


async def test_an_opt_out_racing_an_admission_thousands_of_times_has_one_winner_each_time(
    anyio_backend: str, clock: VirtualClock
) -> None:
    store: Storage = SqliteStorage(None, lease_clock=clock.now)
    await store.open()
    bench = Bench(store, clock)
    winners: Counter[str] = Counter()
    chance = random.Random(7)

    async def meet(claimed: Claimed) -> None:
        verdict = await race(bench, claimed, opt_out_first=chance.random() < 0.5)
        message = await bench.message(claimed.message.id)
        winners[f"{verdict.value}, {message.status}, {message.flags!r}"] += 1

    for start in range(0, ROUNDS, AT_ONCE):
        for index in range(start, start + AT_ONCE):
            await bench.queue(await bench.chat(number_of(index)), origin=Origin.REMINDER)
        async with anyio.create_task_group() as tasks:
            for claimed in await bench.claim():
                tasks.start_soon(meet, claimed)
    await store.aclose()

    admitted = f"{Verdict.ADMITTED.value}, {Status.SUBMITTING}, {Flag.RACED!r}"
    canceled = f"{Verdict.LOST.value}, {Status.CANCELED}, {Flag.NONE!r}"
    assert set(winners) == {admitted, canceled}
    assert winners.total() == ROUNDS

"""Links: one worker runs a driver's connection, the others enqueue, and it moves when its owner is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from smskit.clock import VirtualClock
from smskit.drivers.base import Features
from smskit.drivers.local import LocalCarrier
from smskit.kit import Kit
from smskit.model.statuses import Status

NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
LINKED = Features(window=5, link=True)
ALICE = "+14155550123"


def a_worker(path: Path, clock: VirtualClock, name: str) -> tuple[Kit, LocalCarrier]:
    carrier = LocalCarrier(["+14155550100"], clock=clock, features=LINKED)
    return Kit(f"sqlite:///{path / 'desk.db'}", drivers=[carrier], clock=clock, worker=name), carrier


async def test_only_the_owner_of_a_link_sends_and_the_other_enqueues(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    (one, first), (two, second) = a_worker(tmp_path, clock, "one"), a_worker(tmp_path, clock, "two")
    async with one, two:
        await one.storage.take_link("local", "one", timedelta(seconds=15))
        message = await (await two.conversations.start(ALICE)).send("Hello")

        await two.tick()
        assert (await message.refresh()).status is Status.QUEUED
        await one.run_until_idle()

        assert (await message.refresh()).status is Status.DELIVERED
        assert (len(first.book), len(second.book)) == (1, 0)


async def test_a_link_moves_when_its_lease_ends(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    (one, _), (two, second) = a_worker(tmp_path, clock, "one"), a_worker(tmp_path, clock, "two")
    async with one, two:
        await one.storage.take_link("local", "one", timedelta(seconds=15))
        message = await (await two.conversations.start(ALICE)).send("Hello")
        clock.advance_to(NOON + timedelta(seconds=16))

        await two.run_until_idle()

        assert (await message.refresh()).status is Status.DELIVERED
        assert len(second.book) == 1


async def test_a_tick_gives_the_link_up_again(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    (one, _), (two, _) = a_worker(tmp_path, clock, "one"), a_worker(tmp_path, clock, "two")
    async with one, two:
        await one.tick()

        assert await two.storage.take_link("local", "two", timedelta(seconds=15))


async def test_a_running_worker_keeps_its_link_and_drops_it_on_the_way_out(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    (one, _), (two, _) = a_worker(tmp_path, clock, "one"), a_worker(tmp_path, clock, "two")
    async with one, two:
        async with one.run():
            message = await (await two.conversations.start(ALICE)).send("Hello")
            await message.wait_for("delivered")
            taken = await two.storage.take_link("local", "two", timedelta(seconds=15))
        after = await two.storage.take_link("local", "two", timedelta(seconds=15))

        assert (taken, after) == (False, True)

"""Handing over: what is begun is finished and recorded, and every way a driver can go wrong has one meaning."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from smskit.drivers.base import Driver, Features, Guarantee
from smskit.drivers.local import Faults, LocalCarrier
from smskit.errors import OutcomeUnknown, Rejected, Unavailable
from smskit.kit import Kit
from smskit.model.statuses import Status
from smskit.model.traffic import Accepted, Outgoing
from smskit.storage.base import Ruling, Verdict
from smskit.testing import World

ALICE = "+14155550123"


class Scripted(Driver):
    """Does with each text what its script says, and remembers what it was given."""

    def __init__(
        self, script: Callable[[Outgoing], Awaitable[Accepted]], features: Features | None = None
    ) -> None:
        super().__init__("scripted", ["+14155550100"], features or Features(window=5))
        self._script = script
        self.given: list[Outgoing] = []

    async def send(self, message: Outgoing) -> Accepted:
        self.given.append(message)
        return await self._script(message)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Rejected("no", code="30006"), Status.FAILED, "30006"),
        (Unavailable("busy", code="429"), Status.QUEUED, "429"),
        (OutcomeUnknown("silence", code="cut"), Status.UNKNOWN, "cut"),
        (RuntimeError("a bug"), Status.UNKNOWN, "driver_error"),
        (TimeoutError(), Status.UNKNOWN, "timeout"),
        (Rejected("out", code="21610", opted_out=True), Status.BLOCKED, "21610"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
async def test_each_error_of_a_driver_has_its_meaning(error: Exception, status: Status, code: str) -> None:
    async def fail(_message: Outgoing) -> Accepted:
        raise error

    async with Kit("sqlite://", drivers=[Scripted(fail)]) as kit:
        chat = await kit.conversations.start(ALICE)
        message = await chat.send("Hello")
        await kit.dispatch()
        await message.refresh()

        assert (message.status, message.code) == (status, code)
        assert (await chat.contact()).opted_out is (code == "21610")


class TestUnavailable:
    @pytest.fixture
    def world_options(self) -> dict[str, Any]:
        return {"faults": Faults(throttle=1)}

    async def test_it_is_tried_again_later_and_goes_when_it_can(self, world: World) -> None:
        alice = world.person(ALICE)
        message = await (await world.kit.conversations.start(ALICE)).send("Hello")
        await world.advance(minutes=30)
        assert (await message.refresh()).status is Status.QUEUED
        tried = world.carrier.book

        world.carrier.faults = Faults()
        await world.advance(minutes=10)

        assert tried == world.carrier.book
        assert alice.received == ["Hello"]

    async def test_it_expires_when_policy_says_so(self, world: World) -> None:
        message = await (await world.kit.conversations.start(ALICE)).send("Hello")

        await world.advance(hours=25)

        assert (await message.refresh()).status is Status.EXPIRED


@pytest.mark.parametrize("guarantee", [Guarantee.IDEMPOTENT, Guarantee.RECONCILABLE])
async def test_a_declared_way_out_resolves_what_is_unknown(guarantee: Guarantee) -> None:
    features = Features(window=1, guarantee=guarantee)
    for faults in (Faults(silent_before=1), Faults(silent_after=1)):
        async with World(faults=faults, features=features) as world:
            alice = world.person(ALICE)
            message = await (await world.kit.conversations.start(ALICE)).send("Hello")
            await world.advance(seconds=29)
            before = await world.kit.message(message.id)
            assert before.status is (Status.DELIVERED if faults.silent_after else Status.SUBMITTING)
            world.carrier.faults = Faults()
            await world.advance(minutes=5)

            assert (await message.refresh()).status is Status.DELIVERED
            assert alice.received == ["Hello"]


async def test_a_worker_keeps_to_the_lease_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between admission and hand-over the process was suspended for longer than the guard allows."""
    async with World() as world:
        message = await (await world.kit.conversations.start(ALICE)).send("Hello")
        admit = world.kit.storage.admit

        async def suspended(rulings: Sequence[Ruling], now: datetime) -> Sequence[Verdict]:
            verdicts = await admit(rulings, now)
            world.clock.advance_to(world.clock.now() + timedelta(seconds=50))
            return verdicts

        monkeypatch.setattr(world.kit.storage, "admit", suspended)
        await world.kit.dispatch()

        assert (await message.refresh()).code == "lease"
        assert world.carrier.book == []


async def test_two_workers_share_a_file_and_send_nothing_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    carriers = [LocalCarrier(["+14155550100"]) for _ in range(2)]
    async with Kit(url, drivers=carriers[:1]) as one, Kit(url, drivers=carriers[1:]) as two:
        chats = [await one.conversations.start(f"+141555501{n:02}") for n in range(1, 41)]
        messages = [await chat.send("Hello") for chat in chats]
        async with one.run(), two.run():
            for message in messages:
                await message.wait_for("delivered")

    texts = [carried.to.text for carrier in carriers for carried in carrier.book]
    assert sorted(texts) == sorted(chat.number.text for chat in chats)

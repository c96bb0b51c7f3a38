"""The local carrier fulfils the driver's contract, and misbehaves only when and as it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from smskit.clock import VirtualClock
from smskit.drivers.base import Features, Guarantee
from smskit.drivers.local import Faults, LocalCarrier
from smskit.drivers.registry import open_driver
from smskit.errors import Rejected, StorageUnavailable, UsageError
from smskit.model.statuses import Status
from smskit.model.traffic import Receipt
from smskit.testing.contracts.drivers import (
    ALICE,
    DriverContract,
    How,
    RecordingSink,
    ScriptedCarrier,
    outgoing,
)

NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)

FAULTS = {
    How.ACCEPT: Faults(),
    How.REFUSE: Faults(refuse=1),
    How.BE_BUSY: Faults(throttle=1),
    How.FALL_SILENT_BEFORE: Faults(silent_before=1),
    How.FALL_SILENT_AFTER: Faults(silent_after=1),
}


class ScriptedLocal(ScriptedCarrier):
    def __init__(self, driver: LocalCarrier, clock: VirtualClock, sink: RecordingSink) -> None:
        self.driver = driver
        self.clock = clock
        self.sink = sink

    async def will(self, how: How) -> None:
        self.driver.faults = FAULTS[how]

    def book(self) -> Sequence[str]:
        return [carried.text for carried in self.driver.book]

    async def person_texts(self, text: str) -> None:
        self.driver.text(ALICE, text)

    async def bring(self) -> None:
        try:
            await self.driver.poll(self.sink)
        except StorageUnavailable:
            return

    async def let_silence_pass(self) -> None:
        end = self.clock.now() + self.driver.features.timeout
        while self.clock.advance_to(end):
            pass


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture(params=list(Guarantee), ids=lambda guarantee: guarantee.value)
def driver(request: pytest.FixtureRequest, clock: VirtualClock, faults: Faults) -> LocalCarrier:
    features = Features(window=3, guarantee=request.param)
    return LocalCarrier(["+14155550100"], clock=clock, features=features, faults=faults)


class TestLocalCarrier(DriverContract):
    @pytest.fixture
    def carrier(self, driver: LocalCarrier, clock: VirtualClock, sink: RecordingSink) -> ScriptedLocal:
        return ScriptedLocal(driver, clock, sink)


def a_carrier(clock: VirtualClock, *, seed: int = 1, faults: Faults | None = None) -> LocalCarrier:
    return LocalCarrier(["+14155550100"], clock=clock, seed=seed, faults=faults)


async def test_a_handset_gets_the_text_and_may_answer_it(clock: VirtualClock) -> None:
    carrier, sink = a_carrier(clock), RecordingSink()
    carrier.handset(ALICE).answers_with = lambda text: f"got {len(text)}"
    await carrier.send(outgoing(carrier, text="hello"))

    await carrier.poll(sink)

    assert carrier.handset(ALICE).received == ["hello"]
    assert "got 5" in [getattr(event, "text", None) for event in sink.events]


async def test_the_same_seed_goes_wrong_in_the_same_way(clock: VirtualClock) -> None:
    async def fates(seed: int) -> list[str]:
        carrier = a_carrier(clock, seed=seed, faults=Faults(refuse=0.5))
        said = []
        for number in range(30):
            try:
                await carrier.send(outgoing(carrier, number=number))
            except Rejected:
                said.append("refused")
            else:
                said.append("accepted")
        return said

    first = await fates(7)

    assert first == await fates(7)
    assert first != await fates(8)


async def test_receipts_can_be_lost_repeated_and_late(clock: VirtualClock) -> None:
    async def reports(faults: Faults) -> list[Status]:
        carrier, sink = a_carrier(clock, faults=faults), RecordingSink()
        await carrier.send(outgoing(carrier))
        await carrier.poll(sink)
        return [event.status for event in sink.events if isinstance(event, Receipt)]

    assert await reports(Faults()) == [Status.SENT, Status.DELIVERED]
    assert await reports(Faults(lose_receipt=1)) == []
    assert await reports(Faults(repeat_receipt=1)) == [Status.SENT] * 2 + [Status.DELIVERED] * 2
    assert await reports(Faults(delay_receipt=1)) == []


async def test_a_text_of_which_a_part_is_lost_or_refused_never_reaches_the_handset(
    clock: VirtualClock,
) -> None:
    for faults in (Faults(lose_part=0.5), Faults(refuse_part=0.5)):
        carrier, sink = a_carrier(clock, seed=3, faults=faults), RecordingSink()
        accepted = await carrier.send(outgoing(carrier, text="x" * 700, parts=5))
        await carrier.poll(sink)

        reported = {event.part for event in sink.events if isinstance(event, Receipt)}
        assert len(accepted.parts) == 5
        assert 0 < len(reported) < 5
        assert carrier.handset(ALICE).received == []


async def test_latency_keeps_events_back_until_they_are_due(clock: VirtualClock) -> None:
    carrier = LocalCarrier(["+14155550100"], clock=clock, latency=timedelta(seconds=2))
    sink = RecordingSink()
    await carrier.send(outgoing(carrier))

    next_due = await carrier.poll(sink)
    assert (sink.events, next_due) == ([], NOON + timedelta(seconds=2))

    clock.advance_to(NOON + timedelta(seconds=4))
    assert await carrier.poll(sink) is None
    assert len(sink.events) == 2


def test_a_url_opens_it() -> None:
    driver = open_driver("local:?sender=%2B14155550100&sender=%2B14155550101&name=lab&seed=4")

    assert isinstance(driver, LocalCarrier)
    assert driver.name == "lab"
    assert [sender.address.text for sender in driver.senders] == ["+14155550100", "+14155550101"]


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("local:", "needs at least one sender"),
        ("local:?sender=%2B14155550100&colour=red", "does not know colour"),
        ("local:?sender=%2B14155550100&seed=x", "whole number"),
        ("pigeon://loft", "known here: local"),
        ("no scheme at all", "a driver is an object or a URL"),
        ("local://h:port/?sender=1", "is no port"),
    ],
)
def test_a_url_that_opens_nothing_says_what_would(url: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=remedy):
        open_driver(url)

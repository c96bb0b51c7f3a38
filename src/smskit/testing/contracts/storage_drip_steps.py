"""What a store must do with the steps of drip campaigns on their way: held back, kept apart, put in once."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from smskit.model.campaigns import DripCampaign, Ending, Step, hours
from smskit.model.events import EnrolmentStarted
from smskit.model.ids import DEFAULT_ORG
from smskit.model.statuses import Status
from smskit.storage.base import Claimed, Storage, Verdict, WasUnavailable, Way
from smskit.testing.contracts.bench import Bench
from smskit.testing.contracts.storage_base import StoreTests
from smskit.testing.contracts.storage_drips import HOURLY, DripBench

SINGLE = DripCampaign("single", [Step(hours(1), "only")])


class DripStepsContract(StoreTests):
    """Steps that a carrier could not take, that wait for others, or whose enrolment was made before."""

    @pytest.fixture
    def drips(self, store: Storage, bench: Bench) -> DripBench:
        return DripBench(store, bench.clock)

    async def test_what_no_carrier_took_is_not_counted_as_sent(self, drips: DripBench) -> None:
        enrolment = await drips.enrol(HOURLY)
        drips.wait(hours=14)

        assert await drips.send_all() == ["step 3"]

        assert (await drips.look(enrolment)).steps_sent == 1

    async def test_a_step_that_nobody_took_is_held_back_by_a_pause_that_came_meanwhile(
        self, drips: DripBench
    ) -> None:
        enrolment = await drips.enrol(SINGLE)
        claimed = await _on_its_way(drips)

        await drips.pause(enrolment)
        await drips.record(claimed, _unavailable(drips))

        drips.wait(minutes=30)
        assert await drips.send_all() == []
        assert await drips.statuses(enrolment) == [Status.SCHEDULED]
        await drips.resume(enrolment)
        assert await drips.send_all() == ["only"]
        assert (await drips.look(enrolment)).why is Ending.FINISHED

    @pytest.mark.parametrize("again", [False, True], ids=["before", "after"])
    async def test_a_step_in_doubt_is_not_sent_again_during_a_pause(
        self, drips: DripBench, again: bool
    ) -> None:
        enrolment = await drips.enrol(SINGLE)
        claimed = await _on_its_way(drips)
        await drips.record(claimed, drips.in_doubt(Way.RESEND))
        drips.wait(minutes=1)
        if again:
            await drips.store.release(drips.now)

        await drips.pause(enrolment)

        drips.wait(minutes=30)
        assert await drips.send_all() == []
        await drips.resume(enrolment)
        assert await drips.send_all() == ["only"]
        assert await drips.send_all() == []

    async def test_a_step_that_fell_out_leaves_the_others_apart(
        self, store: Storage, drips: DripBench
    ) -> None:
        enrolment = await drips.enrol(HOURLY)
        _, second, *_ = await drips.steps(enrolment)
        await store.cancel(DEFAULT_ORG, second.id, drips.now)
        drips.wait(hours=4)

        assert await _book(drips, minutes=240) == [(0, "step 1"), (60, "step 3"), (120, "step 4")]

    async def test_steps_that_a_carrier_could_not_take_come_in_no_burst(self, drips: DripBench) -> None:
        await drips.enrol(HOURLY)
        claimed = await _on_its_way(drips)
        await drips.record(claimed, _unavailable(drips, later=timedelta(hours=3)))

        book = await _book(drips, minutes=480)

        assert [text for _, text in book] == ["step 1", "step 2", "step 3", "step 4"]
        assert book[0] == (180, "step 1")
        assert all(later - sooner >= 60 for (sooner, _), (later, _) in pairwise(book))

    async def test_a_step_that_had_to_queue_keeps_its_distance_to_the_next(self, drips: DripBench) -> None:
        await drips.enrol(HOURLY)
        drips.wait(hours=1)
        await drips.store.release(drips.now)
        drips.wait(minutes=50)
        assert await drips.send_all() == ["step 1"]

        sent = []
        for minute in range(10, 80, 10):
            drips.wait(minutes=10)
            sent += [(minute, text) for text in await drips.send_all()]

        assert sent == [(60, "step 2")]

    async def test_steps_behind_a_consent_message_come_in_no_burst(self, drips: DripBench) -> None:
        await drips.enrol(HOURLY)
        drips.wait(hours=1)
        await drips.store.release(drips.now)
        first = await drips.claim_one()
        await drips.admit(drips.ruling(first, consent_first=True))
        consent = await drips.admitted()
        await drips.record(consent, _unavailable(drips, later=timedelta(hours=2)))

        sent = []
        for minute in range(0, 240, 30):
            sent += [(minute, text) for text in await drips.send_all(consent_first=True)]
            drips.wait(minutes=30)

        assert [(minute, text) for minute, text in sent if text.startswith("step")] == [
            *((120, "step 1"), (180, "step 2")),
        ]

    async def test_a_key_puts_somebody_in_once_however_it_ended(
        self, store: Storage, drips: DripBench
    ) -> None:
        first = await drips.enrol(key="spring")
        await drips.receive("no thanks")

        again = await drips.enrol(key="spring", restart=True)

        assert (again.id, again.why) == (first.id, Ending.REPLIED)
        told = [event.what for event in await store.read_events(None, after=0, limit=100)]
        assert len([what for what in told if isinstance(what, EnrolmentStarted)]) == 1
        assert (await drips.enrol(key="summer")).id != first.id


def _unavailable(drips: DripBench, later: timedelta = timedelta(seconds=1)) -> WasUnavailable:
    return WasUnavailable(code="down", retry_at=drips.now + later)


async def _on_its_way(drips: DripBench) -> Claimed:
    """The first step, handed to the carrier."""
    drips.wait(hours=1)
    await drips.store.release(drips.now)
    claimed = await drips.claim_one()
    assert await drips.admit(drips.ruling(claimed)) is Verdict.ADMITTED
    return claimed


async def _book(drips: DripBench, *, minutes: int) -> list[tuple[int, str]]:
    """What goes in the next minutes, looked at every half hour, and when."""
    sent = []
    for minute in range(0, minutes, 30):
        sent += [(minute, text) for text in await drips.send_all()]
        drips.wait(minutes=30)
    return sent

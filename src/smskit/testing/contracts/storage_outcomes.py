"""What a store must do with a driver's answers: invariant A2."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from smskit.model.events import StatusChanged
from smskit.model.ids import DEFAULT_ORG, Org
from smskit.model.statuses import Status
from smskit.model.traffic import Accepted, PartOutcome
from smskit.storage.base import (
    Answer,
    IsUnknown,
    Storage,
    WasAccepted,
    WasRejected,
    WasUnavailable,
    Way,
)
from smskit.testing.contracts.bench import TAKEN, Bench
from smskit.testing.contracts.storage_base import StoreTests


class OutcomesContract(StoreTests):
    """Record: each answer, and answers that come too late."""

    async def test_an_accepted_message_is_done(self, store: Storage, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())
        bench.wait(seconds=1)

        assert await bench.record(claimed)

        message = await bench.message(claimed.message.id)
        assert (message.status, message.accepted_at) == (Status.ACCEPTED, bench.now)
        assert await store.next_deadline(bench.now) is None

    async def test_a_rejected_message_failed_with_the_carriers_code(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())

        await bench.record(claimed, WasRejected(code="30006"))

        assert await bench.outcome(claimed.message.id) == (Status.FAILED, "30006")
        assert await bench.send_all() == []

    async def test_an_unavailable_message_goes_back_to_its_place_and_is_tried_again(
        self, bench: Bench
    ) -> None:
        claimed = await bench.submitted(await bench.chat())
        retry_at = bench.now + timedelta(seconds=9)

        await bench.record(claimed, WasUnavailable(code="throttled", retry_at=retry_at))

        assert await bench.outcome(claimed.message.id) == (Status.QUEUED, "throttled")
        assert await bench.claim() == ()
        bench.clock.advance_to(retry_at)
        again = await bench.claim_one()
        assert (again.message.id, again.outgoing.attempt) == (claimed.message.id, 2)
        assert again.outgoing.reference == claimed.outgoing.reference

    async def test_an_unavailable_message_expires_if_its_time_runs_out_before_it_may_be_tried_again(
        self, bench: Bench
    ) -> None:
        await bench.queue(await bench.chat(), expires_in=timedelta(minutes=1))
        claimed = await bench.admitted()

        await bench.record(claimed, WasUnavailable(code="down", retry_at=bench.now + timedelta(minutes=1)))

        assert await bench.outcome(claimed.message.id) == (Status.EXPIRED, "down")

    @pytest.mark.parametrize("way", list(Way))
    async def test_a_message_of_unknown_outcome_is_unknown(self, bench: Bench, way: Way) -> None:
        claimed = await bench.submitted(await bench.chat())

        await bench.record(claimed, bench.in_doubt(way))

        assert await bench.outcome(claimed.message.id) == (Status.UNKNOWN, "timeout")
        assert await bench.claim() == ()

    @pytest.mark.parametrize(
        ("outcomes", "status"),
        [
            pytest.param(("accepted", "accepted"), Status.ACCEPTED, id="all accepted"),
            pytest.param(("accepted", "unknown"), Status.UNKNOWN, id="one unknown"),
            pytest.param(("accepted", "rejected"), Status.ACCEPTED, id="one rejected"),
            pytest.param(("rejected", "unknown"), Status.UNKNOWN, id="one rejected, one unknown"),
        ],
    )
    async def test_a_long_text_stands_where_its_lowest_part_stands(
        self, store: Storage, bench: Bench, outcomes: tuple[str, str], status: Status
    ) -> None:
        claimed = await bench.submitted(await bench.chat(), parts=2)
        parts = tuple(
            PartOutcome(part=part, status=Status(outcome)) for part, outcome in enumerate(outcomes, start=1)
        )

        await bench.record(claimed, WasAccepted(Accepted(parts)))

        assert await bench.status(claimed.message.id) is status
        assert await bench.send_all() == []
        assert await store.next_deadline(bench.now) is None

    async def test_what_became_of_each_part_is_kept(self, store: Storage, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat(), parts=2)
        before = await store.part_outcomes(DEFAULT_ORG, claimed.message.id)
        outcomes = (
            PartOutcome(part=1, status=Status.ACCEPTED, carrier_id="id-1"),
            PartOutcome(part=2, status=Status.REJECTED, code="full"),
        )

        await bench.record(claimed, WasAccepted(Accepted(outcomes)))

        assert before == []
        assert await store.part_outcomes(DEFAULT_ORG, claimed.message.id) == list(outcomes)
        assert await store.part_outcomes(Org("acme"), claimed.message.id) == []

    @pytest.mark.parametrize(
        "answer",
        [
            TAKEN,
            WasRejected(code="no", opted_out=True),
            WasUnavailable(code="no", retry_at=attrs.NOTHING),  # type: ignore[arg-type]  # put in below
        ],
        ids=["accepted", "rejected", "unavailable"],
    )
    @pytest.mark.parametrize("void", ["fence", "worker", "recorded"])
    async def test_an_answer_on_a_void_ticket_changes_nothing(
        self, store: Storage, bench: Bench, answer: Answer, void: str
    ) -> None:
        if isinstance(answer, WasUnavailable):
            answer = attrs.evolve(answer, retry_at=bench.now)
        claimed = await bench.submitted(await bench.chat())
        ticket = claimed.ticket
        if void == "fence":
            ticket = attrs.evolve(ticket, fence=ticket.fence + 1)
        elif void == "worker":
            ticket = attrs.evolve(ticket, worker="other")
        else:
            await bench.record(claimed)
        before = await bench.message(claimed.message.id)
        told = await bench.happenings()

        assert not await store.record(ticket, answer, bench.now)

        assert await bench.message(claimed.message.id) == before
        assert await bench.happenings() == told

    async def test_an_answer_for_a_message_that_was_only_claimed_changes_nothing(self, bench: Bench) -> None:
        await bench.queue(await bench.chat())
        claimed = await bench.claim_one()

        assert not await bench.record(claimed)
        assert await bench.status(claimed.message.id) is Status.QUEUED

    async def test_every_change_of_a_status_is_told_once(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())
        await bench.record(claimed, WasUnavailable(code="down", retry_at=bench.now))
        await bench.record(await bench.admitted(), IsUnknown(code=None, way=Way.LEAVE, act_at=bench.now))
        await bench.receipt(Status.DELIVERED, reference=claimed.outgoing.reference)
        await bench.receipt(Status.DELIVERED, reference=claimed.outgoing.reference)

        told = [what.status for what in await bench.happenings() if isinstance(what, StatusChanged)]

        assert told == [Status.QUEUED, Status.UNKNOWN, Status.DELIVERED]

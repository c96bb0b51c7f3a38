"""What a store must do with a driver's answers, and with messages whose answer never came: invariant A2."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from smskit.errors import NotFound
from smskit.model.events import StatusChanged
from smskit.model.ids import DEFAULT_ORG, MessageId, Org
from smskit.model.messages import Flag
from smskit.model.statuses import Status
from smskit.model.traffic import Accepted, PartOutcome
from smskit.storage.base import (
    Answer,
    Claimed,
    IsUnknown,
    Storage,
    WasAccepted,
    WasRejected,
    WasUnavailable,
    Way,
)
from smskit.testing.contracts.bench import ALICE, BOB, DRIVER, FRONTDESK, LEASE, TAKEN, Bench
from smskit.testing.contracts.storage_base import StoreTests


class OutcomesContract(StoreTests):
    """Record, reap, doubts, send again."""

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

    @pytest.mark.parametrize("way", list(Way))
    async def test_a_submitted_message_whose_worker_died_becomes_what_its_driver_can_do(
        self, store: Storage, bench: Bench, way: Way
    ) -> None:
        claimed = await bench.submitted(await bench.chat())
        early = await store.reap(bench.now, {DRIVER: bench.in_doubt(way)})
        bench.clock.advance_to(bench.now + LEASE)

        assert await store.reap(bench.now, {"other": bench.in_doubt(way)}) == 0
        assert await store.reap(bench.now, {DRIVER: bench.in_doubt(way)}) == 1

        assert early == 0
        assert await bench.status(claimed.message.id) is Status.UNKNOWN
        await self._goes_its_way(bench, claimed, way)

    async def _goes_its_way(self, bench: Bench, claimed: Claimed, way: Way) -> None:
        bench.wait(seconds=1)
        sent = await bench.send_all()
        asked = await bench.store.doubts("asker", [DRIVER], bench.now, lease=LEASE)
        assert sent == (["Hello"] if way is Way.RESEND else [])
        references = [doubt.outgoing.reference for doubt in asked]
        assert references == ([claimed.outgoing.reference] if way is Way.ASK else [])

    async def test_messages_of_other_drivers_do_not_keep_ours_from_being_reaped(
        self, store: Storage, bench: Bench
    ) -> None:
        for number, driver in ((ALICE, "other"), (BOB, DRIVER)):
            sender = await bench.sender(f"+1415555010{len(driver)}", driver=driver)
            await bench.queue(await bench.chat(number, sender))
            (claimed,) = await bench.claim(driver=driver)
            await bench.admit(bench.ruling(claimed))
            bench.wait(seconds=1)
        bench.clock.advance_to(bench.now + LEASE)

        assert await store.reap(bench.now, {DRIVER: bench.in_doubt()}, limit=1) == 1

    async def test_the_worker_may_still_answer_after_its_message_was_reaped(
        self, store: Storage, bench: Bench
    ) -> None:
        claimed = await bench.submitted(await bench.chat())
        bench.clock.advance_to(bench.now + LEASE)
        await store.reap(bench.now, {DRIVER: bench.in_doubt()})

        assert await bench.record(claimed)
        assert await bench.status(claimed.message.id) is Status.ACCEPTED

    async def test_a_doubt_is_given_to_one_worker_for_as_long_as_its_lease(
        self, store: Storage, bench: Bench
    ) -> None:
        await self._doubtful(bench, Way.ASK)

        assert await store.doubts("one", [DRIVER], bench.now, lease=LEASE) == []
        bench.wait(seconds=1)
        assert await store.doubts("one", ["other"], bench.now, lease=LEASE) == []
        (first,) = await store.doubts("one", [DRIVER], bench.now, lease=LEASE)
        assert await store.doubts("two", [DRIVER], bench.now, lease=LEASE) == []
        assert await store.next_deadline(bench.now) is not None
        bench.clock.advance_to(bench.now + LEASE)
        (second,) = await store.doubts("two", [DRIVER], bench.now, lease=LEASE)

        assert not await store.record(first.ticket, TAKEN, bench.now)
        assert await store.record(second.ticket, TAKEN, bench.now)

    async def test_a_message_found_at_the_carrier_is_accepted_and_one_proved_missing_is_sent(
        self, store: Storage, bench: Bench
    ) -> None:
        found = await self._doubtful(bench, Way.ASK, "found")
        missing = await self._doubtful(bench, Way.ASK, "missing")
        bench.wait(seconds=1)
        first, second = await store.doubts("asker", [DRIVER], bench.now, lease=LEASE)

        await store.record(first.ticket, TAKEN, bench.now)
        await store.record(second.ticket, WasUnavailable(code="not_found", retry_at=bench.now), bench.now)

        assert await bench.status(found) is Status.ACCEPTED
        assert await bench.status(missing) is Status.QUEUED
        assert await bench.send_all() == ["missing"]

    async def test_a_message_that_is_queued_again_keeps_being_one_that_may_have_gone_out(
        self, store: Storage, bench: Bench
    ) -> None:
        message_id = await self._doubtful(bench, Way.RESEND, expires_in=timedelta(minutes=1))
        bench.wait(minutes=1)
        await store.release(bench.now)

        assert await bench.claim() == ()

        assert await bench.outcome(message_id) == (Status.UNKNOWN, "expired_in_queue")

    async def test_a_person_may_send_an_unknown_message_again_and_it_is_flagged(
        self, store: Storage, bench: Bench
    ) -> None:
        message_id = await self._doubtful(bench, Way.LEAVE, expires_in=timedelta(hours=1))
        bench.wait(days=2)

        assert await store.send_again(DEFAULT_ORG, message_id, FRONTDESK, bench.now)

        message = await bench.message(message_id)
        assert (message.status, message.flags) == (Status.QUEUED, Flag.POSSIBLE_DUPLICATE)
        assert await bench.send_all() == ["Hello"]
        assert not await store.send_again(DEFAULT_ORG, message_id, FRONTDESK, bench.now)
        with pytest.raises(NotFound):
            await store.send_again(Org("acme"), message_id, FRONTDESK, bench.now)

    async def test_what_is_not_unknown_is_not_sent_again(self, store: Storage, bench: Bench) -> None:
        queued = await bench.queue(await bench.chat())

        assert not await store.send_again(DEFAULT_ORG, queued, FRONTDESK, bench.now)
        assert (await bench.message(queued)).flags is Flag.NONE

    async def test_every_change_of_a_status_is_told_once(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())
        await bench.record(claimed, WasUnavailable(code="down", retry_at=bench.now))
        await bench.record(await bench.admitted(), IsUnknown(code=None, way=Way.LEAVE, act_at=bench.now))
        await bench.receipt(Status.DELIVERED, reference=claimed.outgoing.reference)
        await bench.receipt(Status.DELIVERED, reference=claimed.outgoing.reference)

        told = [what.status for what in await bench.happenings() if isinstance(what, StatusChanged)]

        assert told == [Status.QUEUED, Status.UNKNOWN, Status.DELIVERED]

    async def _doubtful(
        self, bench: Bench, way: Way, text: str = "Hello", *, expires_in: timedelta | None = None
    ) -> MessageId:
        chat = await bench.chat(BOB if text == "missing" else ALICE)
        message_id = await bench.queue(chat, text, expires_in=expires_in)
        await bench.record(await bench.admitted(), bench.in_doubt(way))
        return message_id

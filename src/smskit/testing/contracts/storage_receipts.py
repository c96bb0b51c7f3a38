"""What a store must make of receipts, whenever, wherever and however often they come: invariant A3."""

from __future__ import annotations

from datetime import timedelta

import pytest

from smskit.model.ids import DEFAULT_ORG, MessageId
from smskit.model.statuses import Status
from smskit.model.traffic import Accepted, PartOutcome
from smskit.storage.base import Answer, Claimed, Storage, WasAccepted, WasRejected, WasUnavailable, Way
from smskit.testing.contracts.bench import DRIVER, FRONTDESK, LEASE, Bench
from smskit.testing.contracts.storage_base import StoreTests

ID = WasAccepted(Accepted.whole("id-1"))
IDS = WasAccepted(Accepted.each(["id-1", "id-2"]))


class ReceiptsContract(StoreTests):
    """Before and after the record, twice, backwards, per part, by reference, under ids that are used again."""

    async def test_receipts_move_a_message_up_and_never_back(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())
        await bench.record(claimed, ID)
        seen: list[Status] = []

        for status in (Status.SENT, Status.ACCEPTED, Status.DELIVERED, Status.UNDELIVERED, Status.UNKNOWN):
            await bench.receipt(status, "id-1")
            seen.append(await bench.status(claimed.message.id))

        assert seen == [Status.SENT, Status.SENT, *[Status.DELIVERED] * 3]

    async def test_a_receipt_that_comes_before_the_answer_is_not_lost(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())
        await bench.receipt(Status.DELIVERED, "id-1")

        await bench.record(claimed, ID)

        assert await bench.status(claimed.message.id) is Status.DELIVERED

    @pytest.mark.parametrize("answer", ["accepted", "rejected", "unavailable", "unknown"])
    async def test_what_a_receipt_proves_stands_against_every_answer(
        self, store: Storage, bench: Bench, answer: str
    ) -> None:
        claimed = await bench.submitted(await bench.chat())
        await bench.receipt(Status.DELIVERED, "id-1", reference=claimed.outgoing.reference)
        answers: dict[str, Answer] = {
            "accepted": ID,
            "rejected": WasRejected(code="no"),
            "unavailable": WasUnavailable(code="no", retry_at=bench.now),
            "unknown": bench.in_doubt(Way.RESEND),
        }

        assert await bench.record(claimed, answers[answer])

        assert await bench.status(claimed.message.id) is Status.DELIVERED
        bench.wait(hours=1)
        assert await bench.send_all() == []
        assert await store.next_deadline(bench.now) is None

    @pytest.mark.parametrize("doubt", ["recorded", "reaped", "asked", "queued again", "claimed again"])
    async def test_a_receipt_resolves_an_unknown_message_which_is_then_never_sent_again(
        self, store: Storage, bench: Bench, doubt: str
    ) -> None:
        claimed = await bench.submitted(await bench.chat())
        await self._bring_in_doubt(bench, claimed, doubt)

        await bench.receipt(Status.DELIVERED, reference=claimed.outgoing.reference)

        assert await bench.status(claimed.message.id) is Status.DELIVERED
        bench.wait(hours=1)
        await store.reap(bench.now, {DRIVER: bench.in_doubt(Way.RESEND)})
        assert await bench.send_all() == []
        assert not await store.send_again(DEFAULT_ORG, claimed.message.id, FRONTDESK, bench.now)

    async def _bring_in_doubt(self, bench: Bench, claimed: Claimed, doubt: str) -> None:
        if doubt == "reaped":
            bench.clock.advance_to(bench.now + LEASE)
            await bench.store.reap(bench.now, {DRIVER: bench.in_doubt()})
            return
        way = Way.ASK if doubt == "asked" else Way.RESEND
        await bench.record(claimed, bench.in_doubt(way))
        bench.wait(seconds=1)
        if doubt == "asked":
            await bench.store.doubts("asker", [DRIVER], bench.now, lease=LEASE)
        if doubt.endswith("again"):
            await bench.store.release(bench.now)
        if doubt == "claimed again":
            await bench.claim_one()

    async def test_a_receipt_while_it_is_handed_over_again_is_not_lost(
        self, store: Storage, bench: Bench
    ) -> None:
        claimed = await bench.submitted(await bench.chat())
        await bench.record(claimed, bench.in_doubt(Way.RESEND))
        bench.wait(seconds=1)
        await store.release(bench.now)
        again = await bench.admitted()

        await bench.receipt(Status.SENT, reference=claimed.outgoing.reference)
        await bench.record(again, bench.in_doubt(Way.RESEND))

        assert await bench.status(claimed.message.id) is Status.SENT
        bench.wait(hours=1)
        assert await bench.send_all() == []

    async def test_a_receipt_while_the_worker_dies_is_not_lost(self, store: Storage, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())
        await bench.receipt(Status.DELIVERED, reference=claimed.outgoing.reference)
        bench.clock.advance_to(bench.now + LEASE)

        await store.reap(bench.now, {DRIVER: bench.in_doubt(Way.RESEND)})

        assert await bench.status(claimed.message.id) is Status.DELIVERED
        assert await bench.send_all() == []

    async def test_a_long_text_is_delivered_once_every_part_is(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat(), parts=2)
        await bench.record(claimed, IDS)
        seen: list[Status] = []

        for carrier_id, status in (("id-2", "delivered"), ("id-1", "sent"), ("id-1", "delivered")):
            await bench.receipt(Status(status), carrier_id)
            seen.append(await bench.status(claimed.message.id))

        assert seen == [Status.ACCEPTED, Status.SENT, Status.DELIVERED]

    @pytest.mark.parametrize("reference", ["", "1", "1-", "-1", "x-y", "999999-1", "1-zz", "2-1f"])
    async def test_a_receipt_for_nothing_we_know_changes_nothing(self, bench: Bench, reference: str) -> None:
        await bench.chat()
        told = await bench.happenings()

        await bench.receipt(Status.DELIVERED, reference=reference)
        await bench.receipt(Status.DELIVERED, "nobody's", reference=reference)

        assert await bench.happenings() == told

    async def test_a_late_receipt_lifts_a_message_that_was_thought_to_have_failed(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())
        await bench.record(claimed, WasRejected(code="no"))

        await bench.receipt(Status.DELIVERED, reference=claimed.outgoing.reference)

        assert await bench.outcome(claimed.message.id) == (Status.DELIVERED, None)

    async def test_parts_that_were_refused_stay_so_when_the_others_arrive(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat(), parts=2)
        outcomes = (
            PartOutcome(part=1, status=Status.ACCEPTED, carrier_id="id-1"),
            PartOutcome(part=2, status=Status.REJECTED, code="full"),
        )
        await bench.record(claimed, WasAccepted(Accepted(outcomes)))

        await bench.receipt(Status.DELIVERED, "id-1")

        assert await bench.status(claimed.message.id) is Status.REJECTED

    async def test_a_receipt_frees_the_place_of_an_unknown_message_for_the_next_one(
        self, bench: Bench
    ) -> None:
        chat = await bench.chat()
        claimed = await bench.submitted(chat, "first")
        await bench.queue(chat, "second")
        await bench.record(claimed, bench.in_doubt())
        before = await bench.claim()

        await bench.receipt(Status.SENT, reference=claimed.outgoing.reference)

        assert (before, await bench.claimed_texts()) == ((), ["second"])

    async def test_a_message_keeps_the_code_of_what_went_wrong(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())
        await bench.record(claimed, ID)
        receipt_at = bench.now + timedelta(seconds=3)
        bench.clock.advance_to(receipt_at)

        await bench.receipt(Status.UNDELIVERED, "id-1", code="30005")

        message = await bench.message(MessageId(claimed.message.id))
        assert (message.status, message.code, message.settled_at) == (Status.UNDELIVERED, "30005", receipt_at)

"""What a store must make of carriers' ids: of parts, of the whole, together with our reference, and used again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from smskit.model.statuses import Status
from smskit.model.traffic import Accepted
from smskit.storage.base import WasAccepted
from smskit.testing.contracts.bench import BOB, Bench
from smskit.testing.contracts.storage_base import StoreTests

ID = WasAccepted(Accepted.whole("id-1"))
IDS = WasAccepted(Accepted.each(["id-1", "id-2"]))


class CarrierIdsContract(StoreTests):
    """Whose receipt it is, whenever it comes."""

    @pytest.mark.parametrize(
        ("receipts", "status"),
        [
            pytest.param(
                [(1, "delivered"), (2, "undelivered")], Status.UNDELIVERED, id="one part undelivered"
            ),
            pytest.param([(0, "delivered")], Status.DELIVERED, id="the whole"),
            pytest.param([(1, "delivered")], Status.ACCEPTED, id="one part only"),
            pytest.param([(0, "sent"), (1, "delivered")], Status.SENT, id="the whole and one part"),
        ],
    )
    @pytest.mark.parametrize("when", ["before the answer", "after the answer"])
    async def test_parts_under_one_carrier_id_count_the_same_before_and_after_the_answer(
        self, bench: Bench, receipts: Sequence[tuple[int, str]], status: Status, when: str
    ) -> None:
        claimed = await bench.submitted(await bench.chat(), parts=2)
        if when == "after the answer":
            await bench.record(claimed, ID)
        for part, said in receipts:
            await bench.receipt(Status(said), "id-1", part=part)
        if when == "before the answer":
            await bench.record(claimed, ID)

        assert await bench.status(claimed.message.id) is status

    @pytest.mark.parametrize("when", ["before the answer", "after the answer"])
    async def test_a_receipt_for_one_part_does_not_count_for_the_whole(self, bench: Bench, when: str) -> None:
        """A receipt with our reference and the carrier's id of one part, before it is known whose id that is."""
        claimed = await bench.submitted(await bench.chat(), parts=2)
        reference = claimed.outgoing.reference
        if when == "after the answer":
            await bench.record(claimed, IDS)
        await bench.receipt(Status.DELIVERED, "id-2", reference=reference)
        if when == "before the answer":
            await bench.record(claimed, IDS)

        assert await bench.status(claimed.message.id) is Status.ACCEPTED

    @pytest.mark.parametrize("first", ["named", "unnamed"])
    async def test_receipts_with_and_without_our_reference_add_up(self, bench: Bench, first: str) -> None:
        claimed = await bench.submitted(await bench.chat())
        reference = claimed.outgoing.reference
        if first == "named":
            await bench.receipt(Status.SENT, "id-1", reference=reference)
            await bench.receipt(Status.DELIVERED, "id-1")
        else:
            await bench.receipt(Status.DELIVERED, "id-1")
            await bench.receipt(Status.SENT, "id-1", reference=reference)

        await bench.record(claimed, ID)

        assert await bench.status(claimed.message.id) is Status.DELIVERED

    async def test_the_same_id_for_every_part_is_one_message(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat(), parts=2)
        await bench.record(claimed, WasAccepted(Accepted.each(["id-1", "id-1"])))

        await bench.receipt(Status.DELIVERED, "id-1")

        assert await bench.status(claimed.message.id) is Status.DELIVERED

    async def test_a_carrier_id_that_is_used_again_means_the_newest_message(self, bench: Bench) -> None:
        old = await bench.submitted(await bench.chat(), "old")
        await bench.record(old, ID)
        await bench.receipt(Status.DELIVERED, "id-1")
        bench.wait(days=1)
        new = await bench.submitted(await bench.chat(BOB), "new")
        await bench.record(new, ID)
        after_record = await bench.status(new.message.id)

        await bench.receipt(Status.UNDELIVERED, "id-1")

        assert after_record is Status.ACCEPTED
        assert await bench.status(new.message.id) is Status.UNDELIVERED
        assert await bench.status(old.message.id) is Status.DELIVERED

    async def test_a_receipt_under_an_id_used_again_counts_for_a_message_whose_answer_is_still_to_come(
        self, bench: Bench
    ) -> None:
        """It once took the status of the old message for that of the new one."""
        old = await bench.submitted(await bench.chat(), "old")
        await bench.record(old, ID)
        await bench.receipt(Status.DELIVERED, "id-1")
        bench.wait(days=1)
        new = await bench.submitted(await bench.chat(BOB), "new")

        await bench.receipt(Status.UNDELIVERED, "id-1")
        await bench.record(new, ID)

        assert await bench.status(new.message.id) is Status.UNDELIVERED
        assert await bench.status(old.message.id) is Status.DELIVERED

    async def test_our_reference_beats_a_carrier_id_that_another_message_had(self, bench: Bench) -> None:
        old = await bench.submitted(await bench.chat(), "old")
        await bench.record(old, ID)
        new = await bench.submitted(await bench.chat(BOB), "new")
        await bench.record(new, bench.in_doubt())

        await bench.receipt(Status.DELIVERED, "id-1", reference=new.outgoing.reference)

        assert await bench.status(new.message.id) is Status.DELIVERED
        assert await bench.status(old.message.id) is Status.ACCEPTED

    async def test_a_receipt_long_before_a_message_is_not_its_own(self, bench: Bench) -> None:
        await bench.chat()
        await bench.receipt(Status.DELIVERED, "id-1")
        bench.wait(days=1)
        claimed = await bench.submitted(await bench.chat())

        await bench.record(claimed, ID)

        assert await bench.status(claimed.message.id) is Status.ACCEPTED

    async def test_carrier_ids_of_drivers_are_apart(self, bench: Bench) -> None:
        ours = await bench.submitted(await bench.chat())
        await bench.record(ours, ID)
        sender = await bench.sender("+14155550109", driver="other")
        await bench.queue(await bench.chat(BOB, sender))
        (theirs,) = await bench.claim(driver="other")
        await bench.admit(bench.ruling(theirs))
        await bench.record(theirs, ID)

        await bench.receipt(Status.DELIVERED, "id-1")

        assert await bench.status(ours.message.id) is Status.DELIVERED
        assert await bench.status(theirs.message.id) is Status.ACCEPTED

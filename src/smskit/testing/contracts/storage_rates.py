"""What a store must know of rates, room, fairness and time: who goes when not everybody can."""

from __future__ import annotations

from datetime import timedelta

from smskit.model.addresses import PhoneNumber
from smskit.model.conversations import Rate, SenderRecord
from smskit.model.ids import MessageId
from smskit.model.messages import Origin
from smskit.model.statuses import Status
from smskit.storage.base import Storage, WasUnavailable
from smskit.testing.contracts.bench import DRIVER, LEASE, LOBBY, OFFICE, Bench
from smskit.testing.contracts.storage_base import StoreTests


class RatesContract(StoreTests):
    """Rates in parts, room per driver, fairness among senders, time that ran out, the next deadline."""

    async def test_interactive_texts_run_ahead_of_the_rate_as_far_as_its_debt(
        self, store: Storage, bench: Bench
    ) -> None:
        sender = await bench.sender(rate=Rate(per_second=1, burst=1, debt=3))
        await _texts_to_many(bench, sender, 8)

        assert len(await bench.claim()) == 4
        assert await bench.claim() == ()
        assert await store.next_deadline(bench.now) == bench.now + timedelta(seconds=1)
        bench.wait(seconds=1)
        assert len(await bench.claim()) == 1

    async def test_bulk_goes_only_within_the_burst(self, store: Storage, bench: Bench) -> None:
        sender = await bench.sender(rate=Rate(per_second=1, burst=2, debt=10))
        await _texts_to_many(bench, sender, 8, origin=Origin.BLAST)

        assert len(await bench.claim()) == 2
        assert await bench.claim() == ()
        assert await store.next_deadline(bench.now) == bench.now + timedelta(seconds=1)
        bench.wait(seconds=1)
        assert len(await bench.claim()) == 1

    async def test_rates_count_parts(self, bench: Bench) -> None:
        sender = await bench.sender(rate=Rate(per_second=1, burst=6, debt=0))
        await _texts_to_many(bench, sender, 3, parts=3)

        assert len(await bench.claim()) == 2
        bench.wait(seconds=2)
        assert await bench.claim() == ()
        bench.wait(seconds=1)
        assert len(await bench.claim()) == 1

    async def test_a_text_larger_than_the_burst_goes_when_the_bucket_is_full(self, bench: Bench) -> None:
        sender = await bench.sender(rate=Rate(per_second=1, burst=2, debt=0))
        await _texts_to_many(bench, sender, 2, parts=5)

        assert len(await bench.claim()) == 1
        bench.wait(seconds=4)
        assert await bench.claim() == ()
        bench.wait(seconds=1)
        assert len(await bench.claim()) == 1

    async def test_an_urgent_text_that_waits_for_the_rate_is_not_starved_by_small_bulk(
        self, bench: Bench
    ) -> None:
        sender = await bench.sender(rate=Rate(per_second=1, burst=4, debt=0))
        await _texts_to_many(bench, sender, 9, origin=Origin.BLAST)
        await bench.claim()
        urgent = await bench.queue(await bench.chat(PhoneNumber("+14155550199"), sender), "urgent", parts=4)
        claimed: list[MessageId] = []

        for _ in range(4):
            bench.wait(seconds=1)
            claimed += [one.message.id for one in await bench.claim()]

        assert claimed == [urgent]

    async def test_a_sender_without_a_rate_has_none(self, store: Storage, bench: Bench) -> None:
        sender = await bench.sender(rate=Rate(per_second=0.001, burst=1, debt=0))
        await _texts_to_many(bench, sender, 3)
        slow = len(await bench.claim())

        await bench.sender(rate=None)

        assert (slow, len(await bench.claim())) == (1, 2)

    async def test_a_claim_that_takes_nothing_changes_nothing(self, store: Storage, bench: Bench) -> None:
        """Otherwise it would wake the dispatcher that waits for a change, which would claim again, and so on."""
        sender = await bench.sender(rate=Rate(per_second=1, burst=1, debt=0))
        await _texts_to_many(bench, sender, 2)
        await bench.claim()
        beat = store.pulse.next()

        assert await bench.claim() == ()
        assert not beat.is_set()

    async def test_a_driver_gets_no_more_than_it_has_room_for(self, store: Storage, bench: Bench) -> None:
        await _texts_to_many(bench, await bench.sender(), 5)
        other = await bench.sender(LOBBY, driver="other")
        await _texts_to_many(bench, other, 5)

        turn = await store.claim("w", {DRIVER: 2, "other": 1}, bench.now, lease=LEASE)

        assert sorted(one.ticket.driver for one in turn.claimed) == [DRIVER, DRIVER, "other"]
        assert await bench.claim(0) == ()
        assert (await store.claim("w", {"third": 5}, bench.now, lease=LEASE)).claimed == ()

    async def test_senders_share_a_drivers_room(self, bench: Bench) -> None:
        office, lobby = await bench.sender(OFFICE), await bench.sender(LOBBY)
        await _texts_to_many(bench, office, 9, origin=Origin.BLAST)
        await _texts_to_many(bench, lobby, 9, origin=Origin.BLAST)

        senders = [one.outgoing.sender.text for one in await bench.claim(6)]

        assert (senders.count(OFFICE), senders.count(LOBBY)) == (3, 3)

    async def test_senders_take_turns_when_there_is_room_for_one(self, bench: Bench) -> None:
        office, lobby = await bench.sender(OFFICE), await bench.sender(LOBBY)
        await _texts_to_many(bench, office, 9, origin=Origin.BLAST)
        await _texts_to_many(bench, lobby, 9, origin=Origin.BLAST)

        senders = [one.outgoing.sender.text for _ in range(6) for one in await bench.claim(1)]

        assert (senders.count(OFFICE), senders.count(LOBBY)) == (3, 3)

    async def test_room_that_one_sender_does_not_need_is_left_to_the_next_claim(self, bench: Bench) -> None:
        office, lobby = await bench.sender(OFFICE), await bench.sender(LOBBY)
        await _texts_to_many(bench, office, 1)
        await _texts_to_many(bench, lobby, 9)

        counts = [len(await bench.claim(4)) for _ in range(4)]

        assert sum(counts) == 10
        assert all(counts[:3])

    async def test_a_message_whose_time_ran_out_expires_instead_of_going(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        late = await bench.queue(chat, "late", expires_in=timedelta(hours=1))
        bench.wait(hours=1)
        in_time = await bench.queue(chat, "in time", expires_in=timedelta(hours=1))

        turn = await store.claim("w", {DRIVER: 1}, bench.now, lease=LEASE)

        assert (turn.claimed, turn.expired) == ((), 1)
        assert await bench.outcome(late) == (Status.EXPIRED, "expired_in_queue")
        assert (await bench.claim_one()).message.id == in_time

    async def test_the_next_deadline_is_when_a_text_may_be_tried_again(
        self, store: Storage, bench: Bench
    ) -> None:
        claimed = await bench.submitted(await bench.chat())
        lease_end = await store.next_deadline(bench.now)
        retry_at = bench.now + timedelta(seconds=7)
        await bench.record(claimed, WasUnavailable(code=None, retry_at=retry_at))

        assert lease_end == bench.now + LEASE
        assert await store.next_deadline(bench.now) == retry_at
        assert await bench.claim() == ()
        bench.clock.advance_to(retry_at)
        assert len(await bench.claim()) == 1

    async def test_an_empty_queue_has_no_deadline(self, store: Storage, bench: Bench) -> None:
        await bench.chat()

        assert await store.next_deadline(bench.now) is None

    async def test_a_claim_says_when_something_else_is_due(self, store: Storage, bench: Bench) -> None:
        await bench.queue(await bench.chat(), due_in=timedelta(hours=1))
        before = await store.claim("w", {DRIVER: 1}, bench.now, lease=LEASE)
        bench.wait(hours=1)
        after = await store.claim("w", {DRIVER: 1}, bench.now, lease=LEASE)

        assert (before.housekeeping, after.housekeeping) == (False, True)


async def _texts_to_many(
    bench: Bench, sender: SenderRecord, count: int, *, origin: Origin = Origin.MANUAL, parts: int = 1
) -> None:
    for line in range(count):
        chat = await bench.chat(PhoneNumber(f"+1415555{110 + line:04}"), sender)
        await bench.queue(chat, origin=origin, parts=parts)

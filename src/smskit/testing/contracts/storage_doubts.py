"""What a store must do with messages whose outcome nobody knows: invariant A2."""

from __future__ import annotations

from datetime import timedelta

import pytest

from smskit.errors import NotFound
from smskit.model.ids import DEFAULT_ORG, MessageId, Org
from smskit.model.messages import Flag
from smskit.model.statuses import Status
from smskit.storage.base import (
    Claimed,
    Storage,
    WasUnavailable,
    Way,
)
from smskit.testing.contracts.bench import ALICE, BOB, DRIVER, FRONTDESK, LEASE, TAKEN, Bench
from smskit.testing.contracts.storage_base import StoreTests


class DoubtsContract(StoreTests):
    """Reap, doubts, send again."""

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

    async def _doubtful(
        self, bench: Bench, way: Way, text: str = "Hello", *, expires_in: timedelta | None = None
    ) -> MessageId:
        chat = await bench.chat(BOB if text == "missing" else ALICE)
        message_id = await bench.queue(chat, text, expires_in=expires_in)
        await bench.record(await bench.admitted(), bench.in_doubt(way))
        return message_id

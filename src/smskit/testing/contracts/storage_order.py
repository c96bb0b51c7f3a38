"""What a store must keep in order: conversations, lanes, claims, and those who wait behind something stuck."""

from __future__ import annotations

from datetime import timedelta

import anyio
import pytest

from smskit.model.addresses import PhoneNumber
from smskit.model.ids import MessageId
from smskit.model.messages import Flag, Origin
from smskit.model.statuses import Status
from smskit.storage.base import Storage, Verdict, WasUnavailable, Way
from smskit.testing.contracts.bench import ALICE, BOB, DRIVER, LEASE, Bench
from smskit.testing.contracts.storage_base import StoreTests


class OrderContract(StoreTests):
    """Invariant A4: within a conversation and lane messages reach the driver in order, unless flagged."""

    async def test_texts_of_a_conversation_go_one_after_the_other_in_order(self, bench: Bench) -> None:
        chat = await bench.chat()
        for number in range(5):
            await bench.queue(chat, f"{number}")

        assert await bench.claimed_texts() == ["0"]
        assert await bench.claim() == ()

    async def test_the_next_text_goes_once_the_one_before_is_accepted(self, bench: Bench) -> None:
        chat = await bench.chat()
        for number in range(5):
            await bench.queue(chat, f"{number}")

        assert await bench.send_all() == ["0", "1", "2", "3", "4"]

    async def test_conversations_do_not_wait_for_each_other(self, bench: Bench) -> None:
        await bench.queue(await bench.chat(ALICE), "to Alice")
        await bench.queue(await bench.chat(BOB), "to Bob")

        assert await bench.claimed_texts() == ["to Alice", "to Bob"]

    async def test_an_urgent_text_overtakes_what_is_queued(self, bench: Bench) -> None:
        chat = await bench.chat()
        await bench.queue(chat, "blast", origin=Origin.BLAST)
        await bench.queue(chat, "reminder", origin=Origin.REMINDER)
        await bench.queue(chat, "reply")

        assert await bench.send_all() == ["reply", "reminder", "blast"]

    async def test_an_urgent_text_never_overtakes_what_is_in_hand(self, bench: Bench) -> None:
        chat = await bench.chat()
        await bench.queue(chat, "blast", origin=Origin.BLAST)
        blast = await bench.claim_one()
        await bench.queue(chat, "reply")

        assert await bench.claim() == ()
        await bench.admit(bench.ruling(blast))
        assert await bench.claim() == ()
        await bench.record(blast)
        assert await bench.claimed_texts() == ["reply"]

    async def test_an_urgent_text_of_anybody_goes_before_the_blast_of_another_sender(
        self, bench: Bench
    ) -> None:
        """Invariant A7, where the driver has room for one text at a time."""
        for line in range(110, 120):
            await bench.queue(
                await bench.chat(PhoneNumber(f"+1415555{line:04}")), "blast", origin=Origin.BLAST
            )
        lobby = await bench.sender("+14155550101")
        await bench.queue(await bench.chat(ALICE, lobby), "reply")

        assert (await bench.send_all())[0] == "reply"

    async def test_a_message_due_next_week_never_holds_todays_reply(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        await bench.queue(chat, "next week", due_in=timedelta(days=7))
        await bench.queue(chat, "today")

        assert await bench.send_all() == ["today"]
        bench.wait(days=7)
        assert await bench.send_all() == ["next week"]

    async def test_eight_claimers_never_take_the_same_message(self, store: Storage, bench: Bench) -> None:
        wanted = set()
        for line in range(100, 180):
            chat = await bench.chat(PhoneNumber(f"+1415555{line:04}"))
            wanted.add(await bench.queue(chat))
        taken: list[MessageId] = []

        async def work(worker: str) -> None:
            while True:
                turn = await store.claim(worker, {DRIVER: 3}, bench.now, lease=LEASE)
                if not turn.claimed:
                    return
                taken.extend(one.message.id for one in turn.claimed)
                assert all(one.ticket.worker == worker for one in turn.claimed)

        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(work, f"worker-{number}")

        assert sorted(taken) == sorted(wanted)

    async def test_a_stuck_text_holds_up_the_ones_behind_it_no_longer_than_policy_says(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        stuck = await bench.submitted(chat, "stuck")
        behind = await bench.queue(chat, "behind")
        await bench.record(stuck, WasUnavailable(code="down", retry_at=bench.now + timedelta(hours=1)))

        assert await bench.send_all() == []
        assert await store.next_deadline(bench.now) == bench.now + timedelta(minutes=2)
        bench.wait(minutes=2)
        assert await bench.send_all() == ["behind"]
        bench.wait(hours=1)
        assert await bench.send_all() == ["stuck"]
        assert (await bench.message(behind)).flags is Flag.OUT_OF_ORDER
        assert (await bench.message(stuck.message.id)).flags is Flag.NONE

    async def test_a_stuck_text_that_goes_within_its_time_is_not_overtaken(self, bench: Bench) -> None:
        chat = await bench.chat()
        stuck = await bench.submitted(chat, "stuck")
        behind = await bench.queue(chat, "behind")
        await bench.record(stuck, WasUnavailable(code="down", retry_at=bench.now + timedelta(minutes=1)))
        bench.wait(minutes=1)

        assert await bench.send_all() == ["stuck", "behind"]
        assert (await bench.message(behind)).flags is Flag.NONE

    @pytest.mark.parametrize(
        ("way", "later_flags"),
        [
            pytest.param(Way.LEAVE, Flag.NONE, id="which nobody sends again"),
            pytest.param(Way.ASK, Flag.OUT_OF_ORDER, id="which may yet be sent again"),
        ],
    )
    async def test_an_unknown_text_holds_up_the_ones_behind_it_no_longer_than_policy_says(
        self, bench: Bench, way: Way, later_flags: Flag
    ) -> None:
        """What waited behind it overtakes it; what comes later does so only if it may yet be sent again."""
        chat = await bench.chat()
        doubtful = await bench.submitted(chat, "doubtful")
        behind = await bench.queue(chat, "behind")
        await bench.record(doubtful, bench.in_doubt(way))

        assert await bench.send_all() == []
        bench.wait(minutes=2)
        assert await bench.send_all() == ["behind"]
        later = await bench.queue(chat, "later")
        assert await bench.send_all() == ["later"]
        assert (await bench.message(behind)).flags is Flag.OUT_OF_ORDER
        assert (await bench.message(later)).flags is later_flags

    async def test_a_stuck_text_that_the_gate_holds_afterwards_gets_its_turn_again(
        self, store: Storage, bench: Bench
    ) -> None:
        """It once kept the mark of what was overtaken, which made it wait for ever behind the next text."""
        chat = await bench.chat()
        stuck = await bench.submitted(chat, "stuck")
        await bench.record(stuck, WasUnavailable(code="down", retry_at=bench.now))
        again = await bench.claim_one()
        held = bench.ruling(again, until=timedelta(minutes=10))
        assert await bench.admit(held) is Verdict.SETTLED
        bench.wait(minutes=10)
        blocker = await bench.queue(chat, "before")

        await store.release(bench.now)

        assert await bench.status(again.message.id) is Status.QUEUED
        assert await bench.send_all() == ["before", "stuck"]
        assert (await bench.message(blocker)).flags is Flag.NONE

    async def test_a_held_text_gives_up_its_place(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        await bench.queue(chat, "held")
        await bench.queue(chat, "next")
        held = await bench.claim_one()

        await bench.admit(bench.ruling(held, until=timedelta(hours=1)))

        assert await bench.outcome(held.message.id) == (Status.HELD, None)
        assert await bench.send_all() == ["next"]
        bench.wait(hours=1)
        await bench.queue(chat, "after")
        await store.release(bench.now)
        assert await bench.send_all() == ["after", "held"]

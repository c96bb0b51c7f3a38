"""What a store must do whose data can be opened twice, by two processes or one after the other."""

from __future__ import annotations

import anyio
import pytest

from smskit.clock import VirtualClock
from smskit.model.addresses import PhoneNumber
from smskit.model.ids import DEFAULT_ORG, MessageId
from smskit.model.messages import Origin
from smskit.model.statuses import Status
from smskit.storage.base import Storage, Verdict, Wanted
from smskit.testing.contracts.bench import ALICE, CONSENT, DRIVER, FRONTDESK, LEASE, Bench
from smskit.testing.contracts.storage_base import StoreTests

__all__ = ["SharedStorageContract"]


class SharedStorageContract(StoreTests):
    """Two stores on the same data. A subclass gives `store` and `second`, both open."""

    @pytest.fixture
    def second(self) -> Storage:
        msg = "give the contract a fixture `second`: another open store on the data of `store`"
        raise NotImplementedError(msg)

    @pytest.fixture
    def other(self, second: Storage, clock: VirtualClock) -> Bench:
        return Bench(second, clock, worker="other worker")

    async def test_what_one_store_wrote_the_other_reads(self, bench: Bench, other: Bench) -> None:
        message_id = await bench.queue(await bench.chat())

        assert await other.message(message_id) == await bench.message(message_id)
        assert await other.happenings() == await bench.happenings()

    async def test_the_pulse_beats_when_another_store_commits(self, bench: Bench, other: Bench) -> None:
        await bench.chat()
        beat = bench.store.pulse.next()

        await other.receive("hi")

        with anyio.fail_after(10):
            await beat.wait()

    async def test_two_stores_never_claim_the_same_message(self, bench: Bench, other: Bench) -> None:
        for line in range(100, 130):
            await bench.queue(await bench.chat(PhoneNumber(f"+1415555{line:04}")))
        taken: list[int] = []

        async def work(worker: Bench) -> None:
            while claimed := await worker.claim(2):
                taken.extend(one.message.id for one in claimed)

        async with anyio.create_task_group() as tasks:
            for worker in (bench, other) * 4:
                tasks.start_soon(work, worker)

        assert len(taken) == len(set(taken)) == 30

    async def test_an_opt_out_in_one_store_and_an_admission_in_the_other_have_one_winner(
        self, bench: Bench, other: Bench
    ) -> None:
        for line in range(100, 120):
            number = PhoneNumber(f"+1415555{line:04}")
            await bench.queue(await bench.chat(number), origin=Origin.REMINDER)
            claimed = await bench.claim_one()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(bench.admit, bench.ruling(claimed))
                tasks.start_soon(other.opt_out, number)

            message = await bench.message(claimed.message.id)
            assert (message.status, message.flags.name) in (
                (Status.SUBMITTING, "RACED"),
                (Status.CANCELED, "NONE"),
            )
            await bench.record(claimed)

    async def test_first_texts_in_two_stores_give_one_consent_message(
        self, bench: Bench, other: Bench
    ) -> None:
        for line in range(10):
            sender = await bench.sender(f"+1415555010{line}")
            await bench.queue(await bench.chat(ALICE, sender), f"{line}")
        sent: list[str] = []

        async def work(worker: Bench) -> None:
            await worker.send_all(consent_first=True, book=sent)

        async with anyio.create_task_group() as tasks:
            for worker in (bench, other):
                tasks.start_soon(work, worker)
        await bench.send_all(consent_first=True, book=sent)

        assert sorted(sent) == sorted([CONSENT, *(f"{line}" for line in range(10))])
        assert sent[0] == CONSENT

    async def test_one_text_brought_to_two_stores_is_one_message(self, bench: Bench, other: Bench) -> None:
        await bench.chat()
        new: list[bool] = []

        async def bring(where: Bench) -> None:
            new.append((await where.receive("hi", carrier_id="in-1")).new)

        async with anyio.create_task_group() as tasks:
            for where in (bench, other) * 3:
                tasks.start_soon(bring, where)

        assert sorted(new) == [False] * 5 + [True]

    async def test_a_ticket_of_one_store_is_void_once_the_other_took_the_message(
        self, bench: Bench, other: Bench
    ) -> None:
        await bench.queue(await bench.chat())
        mine = await bench.claim_one()
        bench.clock.advance_to(bench.now + LEASE)
        await other.store.reap(other.now, {})

        theirs = await other.admitted()

        assert await bench.admit(bench.ruling(mine)) is Verdict.LOST
        assert not await bench.record(mine)
        assert await other.record(theirs)

    async def test_two_stores_that_search_at_once_index_everything_once(
        self, bench: Bench, other: Bench
    ) -> None:
        for number in range(20):
            await bench.receive(f"crown {number}", number=PhoneNumber(f"+141555501{number:02}"))
        found: list[list[str]] = []

        async def look(where: Bench) -> None:
            page = await where.store.search(DEFAULT_ORG, Wanted(words="crown"), after=None, limit=100)
            found.append([one.message.text for one in page.items])

        async with anyio.create_task_group() as tasks:
            for where in (bench, other) * 3:
                tasks.start_soon(look, where)
        await other.receive("crown 20")
        await look(bench)

        all_of_them = [f"crown {number}" for number in reversed(range(21))]
        assert found == [all_of_them[1:]] * 6 + [all_of_them]

    async def test_unread_is_exact_while_one_store_receives_and_the_other_reads(
        self, bench: Bench, other: Bench
    ) -> None:
        chat = await bench.chat()
        received: list[MessageId] = []

        async def write(where: Bench) -> None:
            for number in range(20):
                text = await where.receive(f"{where.worker} {number}")
                received.append(text.message_id)

        async def read(where: Bench) -> None:
            for _ in range(20):
                up_to = received[-1] if received else None
                await where.store.mark_read(DEFAULT_ORG, chat.id, FRONTDESK, where.now, up_to=up_to)

        async with anyio.create_task_group() as tasks:
            for work in (write, read):
                for where in (bench, other):
                    tasks.start_soon(work, where)

        shown = await bench.store.get_conversation(DEFAULT_ORG, chat.id)
        left = await other.store.inbound_after(DEFAULT_ORG, chat.id, after=shown.read_up_to, limit=100)
        assert (shown.unread, len(received)) == (len(left), 40)
        assert await other.store.mark_read(
            DEFAULT_ORG, chat.id, FRONTDESK, other.now, up_to=max(received)
        ) is bool(left)
        assert (await bench.store.get_conversation(DEFAULT_ORG, chat.id)).unread == 0

    async def test_a_link_is_owned_across_stores(self, store: Storage, second: Storage) -> None:
        assert await store.take_link(DRIVER, "one", LEASE)
        assert not await second.take_link(DRIVER, "two", LEASE)

    async def test_nothing_is_lost_when_a_store_is_closed_and_opened_again(
        self, bench: Bench, other: Bench
    ) -> None:
        chat = await bench.chat()
        await bench.submitted(chat, "on its way")
        await bench.queue(chat, "behind it")
        await bench.receive("hi", carrier_id="in-1")
        await bench.store.aclose()
        bench.clock.advance_to(bench.now + LEASE)

        await other.store.reap(other.now, {DRIVER: other.in_doubt()})

        assert not (await other.receive("hi", carrier_id="in-1")).new
        thread = await other.store.list_messages(DEFAULT_ORG, chat.id, after=None, limit=10)
        assert [(message.text, message.status) for message in thread.items] == [
            ("hi", Status.RECEIVED),
            ("behind it", Status.QUEUED),
            ("on its way", Status.UNKNOWN),
        ]

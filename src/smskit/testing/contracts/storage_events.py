"""What a store must do for those who follow events, and for links that one worker runs at a time."""

from __future__ import annotations

from datetime import timedelta

import anyio
import pytest

from smskit.errors import EventsLost
from smskit.model.events import Event, MessageMade, StatusChanged
from smskit.model.ids import DEFAULT_ORG, Org
from smskit.model.statuses import Status
from smskit.storage.base import Storage
from smskit.testing.contracts.bench import ALICE, LEASE, LOBBY, Bench
from smskit.testing.contracts.storage_base import StoreTests

ACME = Org("acme")


class EventsContract(StoreTests):
    """Events, their readers, and links."""

    async def test_events_stand_in_the_order_of_what_they_tell(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        submitted = await bench.submitted(chat)
        await bench.record(submitted)

        events = await store.read_events(DEFAULT_ORG, after=0, limit=100)

        positions = [event.position for event in events]
        assert positions == sorted(set(positions))
        told = [event.what for event in events if isinstance(event.what, MessageMade | StatusChanged)]
        assert [what.status for what in told] == [Status.QUEUED, Status.ACCEPTED]
        assert all((event.org, event.at) == (DEFAULT_ORG, bench.now) for event in events)

    async def test_an_event_is_read_after_a_position_up_to_a_limit(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.chat()
        await bench.receive("hi")
        everything = await store.read_events(DEFAULT_ORG, after=0, limit=100)

        (second,) = await store.read_events(DEFAULT_ORG, after=everything[0].position, limit=1)

        assert second == everything[1]
        assert await store.read_events(DEFAULT_ORG, after=everything[-1].position, limit=9) == []
        assert await store.last_position() == everything[-1].position

    async def test_an_org_sees_its_own_events_and_nobody_elses(self, store: Storage, bench: Bench) -> None:
        await bench.chat()
        await bench.chat(ALICE, await bench.sender(LOBBY, org=ACME))

        ours = await store.read_events(DEFAULT_ORG, after=0, limit=100)
        theirs = await store.read_events(ACME, after=0, limit=100)
        everybodys = await store.read_events(None, after=0, limit=100)

        assert (len(ours), len(theirs), len(everybodys)) == (2, 2, 4)
        assert everybodys == [*ours, *theirs]

    async def test_nothing_new_appears_before_an_event_that_was_read(
        self, store: Storage, bench: Bench
    ) -> None:
        chats = [await bench.chat(), await bench.chat(ALICE, await bench.sender(LOBBY))]
        read: list[Event] = []
        done = anyio.Event()

        async def write(part: int) -> None:
            for number in range(20):
                await bench.queue(chats[part], f"{part}.{number}")

        async def follow() -> None:
            while True:
                last = done.is_set()
                after = read[-1].position if read else 0
                more = await store.read_events(DEFAULT_ORG, after=after, limit=3)
                read.extend(more)
                if last and not more:
                    return

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)
            async with anyio.create_task_group() as writers:
                for part in range(2):
                    writers.start_soon(write, part)
            done.set()

        assert read == await store.read_events(DEFAULT_ORG, after=0, limit=1000)

    async def test_a_reader_never_goes_back(self, store: Storage) -> None:
        before = await store.reader_position(DEFAULT_ORG, "crm")
        await store.save_position(DEFAULT_ORG, "crm", 7)
        await store.save_position(DEFAULT_ORG, "crm", 3)

        assert before is None
        assert await store.reader_position(DEFAULT_ORG, "crm") == 7
        assert await store.reader_position(DEFAULT_ORG, "bi") is None
        assert await store.reader_position(ACME, "crm") is None

    @pytest.mark.parametrize("org", [DEFAULT_ORG, None])
    async def test_a_reader_behind_dropped_events_hears_that_they_are_lost(
        self, store: Storage, bench: Bench, org: Org | None
    ) -> None:
        await bench.receive("old")
        old = await store.last_position()
        bench.wait(days=31)
        await bench.receive("new")

        dropped = await store.drop_events(bench.now - timedelta(days=30))

        assert dropped == old
        with pytest.raises(EventsLost):
            await store.read_events(org, after=0, limit=10)
        kept = await store.read_events(org, after=old, limit=10)
        assert kept
        assert await store.drop_events(bench.now - timedelta(days=30)) == 0

    async def test_an_org_that_lost_no_events_is_not_told_so(self, store: Storage, bench: Bench) -> None:
        await bench.receive("old")
        bench.wait(days=31)
        await bench.chat(ALICE, await bench.sender(LOBBY, org=ACME))

        await store.drop_events(bench.now)

        assert len(await store.read_events(ACME, after=0, limit=10)) == 2

    async def test_the_newest_position_stays_when_all_events_are_dropped(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("old")
        position = await store.last_position()
        bench.wait(days=31)

        await store.drop_events(bench.now)

        assert await store.last_position() == position
        assert await store.read_events(DEFAULT_ORG, after=position, limit=10) == []

    async def test_the_pulse_beats_when_something_was_committed(self, store: Storage, bench: Bench) -> None:
        await bench.chat()
        beat = store.pulse.next()
        await store.last_position()
        before = beat.is_set()

        await bench.receive("hi")

        assert (before, beat.is_set()) == (False, True)

    async def test_a_link_has_one_worker_until_its_lease_runs_out(self, store: Storage, bench: Bench) -> None:
        assert await store.take_link("modem", "one", LEASE)
        assert await store.take_link("modem", "one", LEASE)
        assert not await store.take_link("modem", "two", LEASE)
        assert await store.take_link("other", "two", LEASE)

        bench.clock.advance_to(bench.now + LEASE)

        assert await store.take_link("modem", "two", LEASE)
        assert not await store.take_link("modem", "one", LEASE)

    async def test_a_link_is_free_when_its_own_worker_drops_it(self, store: Storage) -> None:
        await store.take_link("modem", "one", LEASE)

        await store.drop_link("modem", "two")
        held = not await store.take_link("modem", "two", LEASE)
        await store.drop_link("modem", "one")

        assert held
        assert await store.take_link("modem", "two", LEASE)

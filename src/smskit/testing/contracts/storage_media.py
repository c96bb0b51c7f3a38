"""What a store must do with media: keep links in order, and have each of theirs fetched by one worker at a time."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from smskit.errors import Conflict
from smskit.model.events import MediaLost, MediaStored
from smskit.model.ids import DEFAULT_ORG, MessageId, Org
from smskit.model.media import MediaState
from smskit.model.traffic import MediaLink
from smskit.storage.base import MediaErrand, Storage, WasFetched, WasNotFetched
from smskit.testing.contracts.bench import DRIVER, LEASE, Bench
from smskit.testing.contracts.storage_base import StoreTests

LINKS = (MediaLink(url="https://carrier.example/1", content_type="image/png"), MediaLink(url="cid:2"))
URLS = ("https://acme.example/crown.jpg", "https://acme.example/map.png")
DIGEST = "ab" * 32
FETCHED = WasFetched(digest=DIGEST, size=5, content_type="image/jpeg")


async def claim(store: Storage, bench: Bench, worker: str = "worker", limit: int = 10) -> list[MediaErrand]:
    """What a worker takes to fetch."""
    errands = await store.claim_media(worker, [DRIVER], bench.now, lease=LEASE, limit=limit)
    return list(errands)


async def states(store: Storage, message_id: MessageId) -> list[MediaState]:
    """Where the media of a message are."""
    return [one.state for one in await store.list_media(DEFAULT_ORG, message_id)]


class MediaContract(StoreTests):
    """Media: ours go out as they were given, theirs are fetched once."""

    async def test_media_go_out_in_order_with_their_text(self, store: Storage, bench: Bench) -> None:
        new = attrs.evolve(await bench.text(await bench.chat(), ""), media=URLS)

        message = (await store.enqueue(new, bench.now)).message

        (claimed,) = await bench.claim()
        assert claimed.outgoing.media == URLS
        assert (message.media_count, claimed.message.media_count) == (2, 2)
        records = await store.list_media(DEFAULT_ORG, message.id)
        assert [(one.place, one.url, one.state) for one in records] == [
            (place, url, MediaState.LINKED) for place, url in enumerate(URLS)
        ]
        assert await claim(store, bench) == []

    async def test_a_key_belongs_to_its_media_too(self, store: Storage, bench: Bench) -> None:
        new = attrs.evolve(await bench.text(await bench.chat(), "Look", key="once"), media=URLS)
        first = await store.enqueue(new, bench.now)

        again = await store.enqueue(new, bench.now)

        assert (again.message.id, again.created) == (first.message.id, False)
        for other in (URLS[::-1], ()):
            with pytest.raises(Conflict):
                await store.enqueue(attrs.evolve(new, media=other), bench.now)

    async def test_what_came_waits_to_be_fetched_and_is_told_of_when_it_is_here(
        self, store: Storage, bench: Bench
    ) -> None:
        received = await bench.receive("", media=LINKS)
        message = await bench.message(received.message_id)
        assert (message.text, message.media_count) == ("", 2)
        assert await states(store, message.id) == [MediaState.PENDING] * 2

        first, second = await claim(store, bench)
        assert (first.link, second.link, first.driver, first.tries) == (*LINKS, DRIVER, 0)
        assert first.since == bench.now
        assert await store.settle_media(first, FETCHED, bench.now)
        assert await store.settle_media(second, WasNotFetched(code="gone"), bench.now)

        stored, lost = await store.list_media(DEFAULT_ORG, message.id)
        assert (stored.state, stored.digest, stored.size, stored.content_type) == (
            *(MediaState.STORED, DIGEST, 5),
            "image/jpeg",
        )
        assert (lost.state, lost.digest, lost.code) == (MediaState.LOST, None, "gone")
        told = [event.what for event in await store.read_events(None, after=0, limit=100)]
        chat_id = message.conversation_id
        assert MediaStored(conversation_id=chat_id, message_id=message.id, media_id=stored.id) in told
        assert (
            MediaLost(conversation_id=chat_id, message_id=message.id, media_id=lost.id, code="gone") in told
        )
        assert await claim(store, bench) == []

    async def test_a_repeated_text_brings_its_media_once_also_under_new_links(
        self, store: Storage, bench: Bench
    ) -> None:
        first = await bench.receive("", carrier_id="in-1", media=LINKS)
        fresh = tuple(attrs.evolve(link, url=f"{link.url}?again") for link in LINKS)

        again = await bench.receive("", carrier_id="in-1", media=fresh)

        assert (again.message_id, again.new) == (first.message_id, False)
        assert len(await claim(store, bench)) == len(LINKS)

    async def test_two_workers_never_fetch_the_same(self, store: Storage, bench: Bench) -> None:
        await bench.receive("", media=LINKS)

        (mine,) = await claim(store, bench, "one", limit=1)
        (other,) = await claim(store, bench, "two")

        assert mine.media_id != other.media_id
        assert await claim(store, bench, "three") == []

    async def test_after_a_lost_worker_another_fetches_and_the_first_has_no_say(
        self, store: Storage, bench: Bench
    ) -> None:
        received = await bench.receive("", media=LINKS[:1])
        (lost,) = await claim(store, bench, "lost")
        bench.wait(seconds=LEASE.total_seconds() + 1)

        (errand,) = await claim(store, bench, "next")

        assert not await store.settle_media(lost, FETCHED, bench.now)
        assert await states(store, received.message_id) == [MediaState.PENDING]
        assert await store.settle_media(errand, FETCHED, bench.now)
        assert not await store.settle_media(errand, WasNotFetched(code="late"), bench.now)
        assert await states(store, received.message_id) == [MediaState.STORED]

    async def test_what_could_not_be_fetched_is_due_again_later(self, store: Storage, bench: Bench) -> None:
        received = await bench.receive("", media=LINKS[:1])
        (errand,) = await claim(store, bench)
        later = bench.now + timedelta(minutes=1)

        await store.settle_media(errand, WasNotFetched(code="503", retry_at=later), bench.now)

        assert await claim(store, bench) == []
        assert await store.next_deadline(bench.now) == later
        bench.wait(minutes=1)
        turn = await store.claim(bench.worker, {DRIVER: 1}, bench.now, lease=LEASE)
        assert turn.housekeeping
        (again,) = await claim(store, bench)
        assert again.tries == 1
        (record,) = await store.list_media(DEFAULT_ORG, received.message_id)
        assert (record.state, record.code) == (MediaState.PENDING, "503")

    async def test_only_a_worker_with_its_driver_fetches(self, store: Storage, bench: Bench) -> None:
        await bench.receive("", media=LINKS)

        assert await store.claim_media("worker", ["other"], bench.now, lease=LEASE, limit=9) == []
        assert await store.claim_media("worker", [], bench.now, lease=LEASE, limit=9) == []

    async def test_media_of_a_driver_that_is_not_here_are_no_work(self, store: Storage, bench: Bench) -> None:
        await bench.receive("", media=LINKS)

        for drivers, is_work in (({DRIVER: 0}, True), ({"other": 1}, False), ({}, False)):
            turn = await store.claim("worker", drivers, bench.now, lease=LEASE)
            assert turn.housekeeping is is_work

    async def test_media_belong_to_the_org_of_their_message(self, store: Storage, bench: Bench) -> None:
        received = await bench.receive("", media=LINKS)

        assert await store.list_media(Org("other"), received.message_id) == []

"""Media: sent by URL, and fetched from the carrier until they are here or lost."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from smskit import Features, Kit, LocalCarrier, PhoneNumber, Status, VirtualClock
from smskit.desk.messages import Message
from smskit.engine.media import AT_ONCE, LAST_RETRY, LEASE, LEAST_TRIES
from smskit.errors import (
    InvalidMessage,
    NotFound,
    OutcomeUnknown,
    Rejected,
    StorageUnavailable,
    Unavailable,
    UsageError,
)
from smskit.model.events import MediaStored
from smskit.model.media import MediaState
from smskit.model.traffic import Fetched, Inbound, MediaLink
from smskit.storage import files
from smskit.storage.base import MediaStore
from smskit.storage.files import FileMediaStore, MemoryMediaStore
from smskit.testing.world import World

pytestmark = pytest.mark.anyio

PHOTO = (b"\xff\xd8 a photo", "image/jpeg")
NUMBER = "+14155550123"
URL = "https://acme.example/crown.jpg?for=lee&size=2"


async def last(world: World) -> Message:
    chat = await world.kit.conversations.start(NUMBER)
    return (await chat.messages(limit=1)).items[0]


async def test_a_picture_that_comes_in_is_kept_and_can_be_read(world: World) -> None:
    await world.person(NUMBER).texts("", media=[PHOTO, (b"GIF89a", "image/gif")])

    message = await last(world)
    assert (message.text, message.media_count, message.status) == ("", 2, Status.RECEIVED)
    photo, gif = await message.media()
    assert (photo.state, photo.content_type, photo.size) == (MediaState.STORED, "image/jpeg", len(PHOTO[0]))
    assert (await photo.read(), await gif.read()) == (PHOTO[0], b"GIF89a")


async def test_a_word_with_a_picture_is_still_a_word(world: World) -> None:
    person = world.person(NUMBER)

    await person.texts("STOP", media=[PHOTO])

    contact = await (await world.kit.conversations.start(NUMBER)).contact()
    assert contact.opted_out


async def test_a_picture_goes_out_without_a_text(world: World) -> None:
    person = world.person(NUMBER)
    chat = await world.kit.conversations.start(NUMBER)

    sent = await chat.send(media=[URL])
    await world.advance(minutes=1)

    assert (await sent.refresh()).status is Status.DELIVERED
    assert (person.received, person.handset.media) == ([""], [URL])
    (media,) = await sent.media()
    assert (media.state, media.url) == (MediaState.LINKED, URL)
    with pytest.raises(NotFound):
        await media.read()


async def test_a_long_text_with_a_picture_is_one_part(world: World) -> None:
    chat = await world.kit.conversations.start(NUMBER)

    sent = await chat.send("The crown is ready. " * 20, media=[URL])

    assert sent.parts == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "crown.jpg",
        "ftp://acme.example/a",
        "https:///a",
        "https://acme.example/a b",
        "https://acme.example/\n",
        "javascript:alert(1)",
        "https://acme.example/" + "a" * 2000,
        "https://acme.example/\ud800",
    ],
)
async def test_what_is_no_url_is_refused_at_once(world: World, url: str) -> None:
    chat = await world.kit.conversations.start(NUMBER)

    with pytest.raises(InvalidMessage):
        await chat.send("Look", media=[url])

    assert (await chat.messages()).items == ()


async def test_an_empty_text_without_media_is_refused(world: World) -> None:
    chat = await world.kit.conversations.start(NUMBER)

    with pytest.raises(InvalidMessage):
        await chat.send("  ", media=[])


async def test_half_a_character_is_refused_also_beside_a_picture(world: World) -> None:
    """A text with media was not looked at, and the store failed with an error of its own."""
    chat = await world.kit.conversations.start(NUMBER)

    with pytest.raises(InvalidMessage, match="surrogate"):
        await chat.send("Look \ud83d", media=[URL])

    assert (await chat.messages()).items == ()


async def test_more_media_than_the_driver_takes_are_refused_at_once() -> None:
    async with World(features=Features(media=1)) as world:
        chat = await world.kit.conversations.start(NUMBER)

        with pytest.raises(InvalidMessage, match="takes 1 media"):
            await chat.send("Look", media=[URL, URL])

        assert (await chat.send("Look", media=[URL])).media_count == 1


async def test_a_driver_without_media_that_only_the_worker_knows_refuses_them(tmp_path: Path) -> None:
    path = f"sqlite:///{tmp_path}/desk.db"
    able, unable = (LocalCarrier(["+14155550100"], features=Features(media=most)) for most in (1, 0))
    async with Kit(path, drivers=[able]) as web:
        sent = await (await web.conversations.start(NUMBER)).send("Look", media=[URL])
    async with Kit(path, drivers=[unable]) as worker:
        await worker.run_until_idle()
        message = await worker.message(sent.id)

    assert (message.status, message.code) == (Status.FAILED, "media")
    assert unable.book == []


class Reluctant(LocalCarrier):
    """Gives its media only after some errors."""

    def __init__(self, clock: VirtualClock, *errors: Exception) -> None:
        super().__init__(["+14155550100"], clock=clock)
        self.errors = list(errors)

    async def fetch_media(self, link: MediaLink) -> Fetched:
        if self.errors:
            raise self.errors.pop(0)
        return await super().fetch_media(link)


@asynccontextmanager
async def receiving(
    clock: VirtualClock, *errors: Exception, store: MediaStore | None = None
) -> AsyncIterator[tuple[Kit, Message]]:
    """A Kit that has got a photo, and tried once to fetch it."""
    carrier = Reluctant(clock, *errors)
    async with Kit("sqlite://", drivers=[carrier], clock=clock, media=store) as kit:
        carrier.text(NUMBER, "Look", media=[Fetched(content=PHOTO[0], content_type=PHOTO[1])])
        await kit.run_until_idle()
        chat = await kit.conversations.start(NUMBER)
        yield kit, (await chat.messages()).items[0]


async def state_after(kit: Kit, message: Message, clock: VirtualClock, wait: timedelta) -> MediaState:
    clock.advance_to(clock.now() + wait)
    await kit.run_until_idle()
    (photo,) = await message.media()
    return photo.state


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("not there yet", code="404"), "404"),
        (Unavailable("no"), "unavailable"),
        (OutcomeUnknown("broken", code="broken"), "driver_error"),
        (TimeoutError(), "timeout"),
        (RuntimeError("+14155550123 is in here"), "driver_error"),
    ],
)
async def test_what_cannot_be_fetched_now_is_fetched_later(
    clock: VirtualClock, error: Exception, code: str
) -> None:
    async with receiving(clock, error) as (kit, message):
        (photo,) = await message.media()
        assert (photo.state, photo.record.code) == (MediaState.PENDING, code)
        with pytest.raises(NotFound, match="pending"):
            await photo.read()

        assert await state_after(kit, message, clock, timedelta(seconds=2)) is MediaState.STORED

        (photo,) = await message.media()
        assert (await photo.read(), photo.record.code) == (PHOTO[0], None)


async def test_a_carrier_says_when_to_ask_again(clock: VirtualClock) -> None:
    busy = Unavailable("busy", code="429", retry_after=timedelta(minutes=7))
    async with receiving(clock, busy) as (kit, message):
        assert await state_after(kit, message, clock, timedelta(minutes=6)) is MediaState.PENDING
        assert await state_after(kit, message, clock, timedelta(minutes=1)) is MediaState.STORED


async def test_what_is_gone_is_lost_at_once_and_the_text_stays(clock: VirtualClock) -> None:
    async with receiving(clock, Rejected("gone", code="410")) as (kit, message):
        (photo,) = await message.media()
        assert (photo.state, photo.record.code, message.text) == (MediaState.LOST, "410", "Look")
        assert await state_after(kit, message, clock, timedelta(days=3)) is MediaState.LOST


async def test_after_two_days_without_an_answer_it_is_lost(clock: VirtualClock) -> None:
    errors = [Unavailable("no", code="503") for _ in range(1000)]
    async with receiving(clock, *errors) as (kit, message):
        for _ in range(47):
            assert await state_after(kit, message, clock, timedelta(hours=1)) is MediaState.PENDING

        assert await state_after(kit, message, clock, timedelta(hours=1)) is MediaState.LOST
        (photo,) = await message.media()
        assert photo.record.code == "503"


async def test_after_days_without_a_worker_one_error_loses_nothing(clock: VirtualClock) -> None:
    """Two days counted from the text alone: after a long weekend the first hiccup of the carrier lost a picture."""
    carrier = Reluctant(clock, *(Unavailable("no", code="503") for _ in range(LEAST_TRIES - 1)))
    async with Kit("sqlite://", drivers=[carrier], clock=clock) as kit:
        carrier.text(NUMBER, "Look", media=[Fetched(content=PHOTO[0])])
        await kit.poll()
        message = (await (await kit.conversations.start(NUMBER)).messages()).items[0]
        assert await state_after(kit, message, clock, timedelta(days=3)) is MediaState.PENDING

        for _ in range(LEAST_TRIES - 2):
            assert await state_after(kit, message, clock, LAST_RETRY) is MediaState.PENDING

        assert await state_after(kit, message, clock, LAST_RETRY) is MediaState.STORED


async def test_what_a_driver_says_of_media_may_be_no_text_at_all(clock: VirtualClock) -> None:
    """Half a character in a content type ended the dispatcher, and again after each start."""

    class Odd(LocalCarrier):
        async def fetch_media(self, link: MediaLink) -> Fetched:
            if link.content_type == "b?":
                raise Rejected("no", code="c\ud800")
            return Fetched(content=b"x", content_type="image/\ud800")

    carrier = Odd(["+14155550100"], clock=clock)
    links = [MediaLink(url=f"https://x.example/\ud800{kind}", content_type=kind) for kind in ("a", "b\ud800")]
    sender, to = PhoneNumber(NUMBER), carrier.senders[0].address
    async with Kit("sqlite://", drivers=[carrier], clock=clock) as kit:
        await kit._receiver.receive(carrier, Inbound(sender=sender, to=to, text="Look", media=tuple(links)))
        await kit.run_until_idle()
        (message,) = (await (await kit.conversations.start(NUMBER)).messages()).items
        stored, lost = await message.media()

    assert (stored.state, stored.content_type, stored.url) == (
        *(MediaState.STORED, "image/?"),
        "https://x.example/?a",
    )
    assert (lost.state, lost.record.code) == (MediaState.LOST, "c?")


async def test_a_media_store_that_never_answers_holds_nothing_up(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tick` waited for it for ever, and four of them ended all fetching."""

    class Hanging(MemoryMediaStore):
        async def put(self, content: bytes) -> str:
            await anyio.sleep_forever()
            raise AssertionError

    monkeypatch.setattr("smskit.engine.media.TIMEOUT", timedelta(milliseconds=20))
    with anyio.fail_after(5):
        async with receiving(clock, store=Hanging()) as (_, message):
            (photo,) = await message.media()

    assert (photo.state, photo.record.code) == (MediaState.PENDING, "media_store")


async def test_a_world_over_a_file_waits_for_its_media_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file was written in a thread that nobody waited for, and time went on without it."""
    write = files._write

    def slowly(path: Path, content: bytes) -> None:
        threading.Event().wait(0.1)
        write(path, content)

    monkeypatch.setattr(files, "_write", slowly)
    async with World(storage=f"sqlite:///{tmp_path}/desk.db") as world:
        await world.person(NUMBER).texts("", media=[PHOTO])

        (photo,) = await (await last(world)).media()
        assert photo.state is MediaState.STORED


async def test_leaving_in_the_middle_of_a_fetch_loses_nothing(clock: VirtualClock) -> None:
    class Slow(LocalCarrier):
        asked = anyio.Event()
        free = False

        async def fetch_media(self, link: MediaLink) -> Fetched:
            if not self.free:
                self.asked.set()
                await anyio.sleep_forever()
            return await super().fetch_media(link)

    carrier = Slow(["+14155550100"], clock=clock)
    carrier.asked = anyio.Event()
    async with Kit("sqlite://", drivers=[carrier], clock=clock) as kit:
        async with kit.run():
            carrier.text(NUMBER, "Look", media=[Fetched(content=PHOTO[0], content_type=PHOTO[1])])
            with anyio.fail_after(5):
                await carrier.asked.wait()
        carrier.free = True
        (message,) = (await (await kit.conversations.start(NUMBER)).messages()).items
        assert await state_after(kit, message, clock, timedelta()) is MediaState.PENDING

        assert await state_after(kit, message, clock, LEASE) is MediaState.STORED
        told = [event.what for event in await kit.storage.read_events(None, after=0, limit=99)]

    assert sum(isinstance(what, MediaStored) for what in told) == 1


class Full(MemoryMediaStore):
    """Takes nothing until there is room."""

    room = False

    async def put(self, content: bytes) -> str:
        if not self.room:
            raise StorageUnavailable("the disk is full")
        return await super().put(content)


async def test_a_media_store_that_is_full_is_tried_again(clock: VirtualClock) -> None:
    store = Full()
    async with receiving(clock, store=store) as (kit, message):
        assert await state_after(kit, message, clock, timedelta(minutes=1)) is MediaState.PENDING
        store.room = True

        assert await state_after(kit, message, clock, timedelta(minutes=1)) is MediaState.STORED


async def test_only_a_few_are_fetched_at_once(clock: VirtualClock) -> None:
    most, now = 0, 0

    class Counting(LocalCarrier):
        async def fetch_media(self, link: MediaLink) -> Fetched:
            nonlocal most, now
            now += 1
            most = max(most, now)
            await anyio.wait_all_tasks_blocked()
            now -= 1
            return await super().fetch_media(link)

    carrier = Counting(["+14155550100"], clock=clock)
    async with Kit("sqlite://", drivers=[carrier], clock=clock) as kit:
        for place in range(9):
            photo = Fetched(content=str(place).encode(), content_type="image/png")
            carrier.text(f"+141555501{place:02}", "", media=[photo, photo])
        await kit.run_until_idle()
        states = [
            media.state
            for chat in (await kit.conversations.list()).items
            for media in await (await chat.messages()).items[0].media()
        ]

    assert states == [MediaState.STORED] * 18
    assert most == AT_ONCE


async def test_media_stand_in_a_folder_beside_the_file_or_where_the_host_says(tmp_path: Path) -> None:
    beside = Kit(f"sqlite:///{tmp_path}/desk.db")
    elsewhere = Kit(f"sqlite:///{tmp_path}/desk.db", media=tmp_path / "photos")

    for kit, folder in ((beside, "desk.db-media"), (elsewhere, "photos")):
        assert isinstance(kit.media, FileMediaStore)
        assert kit.media.folder == tmp_path / folder
    assert isinstance(Kit("sqlite://").media, MemoryMediaStore)


async def test_a_worker_that_stays_goes_on_when_a_place_is_free(clock: VirtualClock) -> None:
    carrier = LocalCarrier(["+14155550100"], clock=clock)
    photos = [Fetched(content=str(place).encode()) for place in range(AT_ONCE * 3)]
    async with Kit("sqlite://", drivers=[carrier], clock=clock) as kit, kit.run():
        carrier.text(NUMBER, "", media=photos)
        stored = 0
        async for event in kit.events("test"):
            stored += isinstance(event.what, MediaStored)
            if stored == len(photos):
                return


async def test_media_that_hang_hold_no_text_up(clock: VirtualClock) -> None:
    class Hanging(LocalCarrier):
        async def fetch_media(self, link: MediaLink) -> Fetched:
            await anyio.sleep_forever()
            return await super().fetch_media(link)

    carrier = Hanging(["+14155550100"], clock=clock, features=Features(window=1))
    async with Kit("sqlite://", drivers=[carrier], clock=clock) as kit:
        carrier.text(NUMBER, "", media=[Fetched(content=b"x")])
        await kit.poll()
        for digit in range(3):
            await (await kit.conversations.start(f"+1415555012{digit}")).send("Hello")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(kit.tick)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()

    assert len(carrier.book) == 3


async def test_an_empty_store_of_the_host_is_used() -> None:
    class Bucket(MemoryMediaStore):
        def __len__(self) -> int:
            return 0

    bucket = Bucket()

    assert Kit("sqlite://", media=bucket).media is bucket
    with pytest.raises(UsageError):
        Kit("sqlite://", media="")

"""Media: sent by URL, and fetched from the carrier until they are here or lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from smskit import Features, Kit, LocalCarrier, Status, VirtualClock
from smskit.desk.messages import Message
from smskit.engine.media import AT_ONCE
from smskit.errors import InvalidMessage, NotFound, OutcomeUnknown, Rejected, StorageUnavailable, Unavailable
from smskit.model.media import MediaState
from smskit.model.traffic import Fetched, MediaLink
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

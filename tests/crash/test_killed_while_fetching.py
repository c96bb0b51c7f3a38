"""A worker is killed with SIGKILL between any two steps of fetching what came with texts.

Another one begins anew when the lease has run out. Each of the media is stored once, or lost once, with the bytes that
the carrier has.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import anyio
import attrs
import pytest

from smskit import SystemClock
from smskit.engine.media import AT_ONCE
from smskit.model.events import MediaLost, MediaStored
from smskit.model.ids import DEFAULT_ORG, MediaId
from smskit.model.media import MediaState
from smskit.storage.files import FileMediaStore
from smskit.storage.sqlite import SqliteStorage
from tests.crash.child import MEDIA, content_of

if TYPE_CHECKING:
    from tests.crash.conftest import Workers

PEOPLE = [f"+141555501{n}" for n in range(10, 30)]
TEXTS = [
    {"from": number, "text": "", "id": f"in-{n}", "media": [f"photo {n}", "the same logo", f"gone {n}"]}
    for n, number in enumerate(PEOPLE)
]
SENT = Counter((str(text["from"]), name) for text in TEXTS for name in text["media"])

STEPS = (
    ("inside_add_theirs", 7),
    ("inside__take", 6),
    ("media_claimed", 1),
    ("fetched", 3),
    ("inside__replace", 2),
    ("kept", 3),
    ("inside__stored", 2),
    ("inside__lost", 2),
    ("media_settled", 5),
)
"""From the text to what became of its media, and at which pass the worker dies there."""


@attrs.frozen(kw_only=True)
class Desk:
    """What the store has at the end, whose it is, and what was told of it."""

    contents: Mapping[tuple[str, str], bytes]
    lost: set[tuple[str, str]]
    told: Counter[tuple[type, MediaId]]
    media: Sequence[MediaId]


def _desk(workers: Workers) -> Desk:
    return anyio.run(_read, workers)


async def _read(workers: Workers) -> Desk:
    storage = SqliteStorage(str(workers.folder / "acme.db"), lease_clock=SystemClock().now)
    files = FileMediaStore(workers.folder / MEDIA)
    await storage.open()
    try:
        contents: dict[tuple[str, str], bytes] = {}
        lost: set[tuple[str, str]] = set()
        media: list[MediaId] = []
        page = await storage.list_conversations(DEFAULT_ORG, archived=False, after=None, limit=200)
        for chat in page.items:
            for message in (await storage.list_messages(DEFAULT_ORG, chat.id, after=None, limit=200)).items:
                for one in await storage.list_media(DEFAULT_ORG, message.id):
                    media.append(one.id)
                    whose = chat.number.text, one.url.removeprefix("book:")
                    if one.state is MediaState.LOST:
                        lost.add(whose)
                    elif one.digest is not None:
                        contents[whose] = await files.get(one.digest)
        told: Counter[tuple[type, MediaId]] = Counter()
        after = 0
        while events := await storage.read_events(None, after=after, limit=500):
            after = events[-1].position
            moves = (event.what for event in events)
            told.update(
                (type(what), what.media_id) for what in moves if isinstance(what, MediaStored | MediaLost)
            )
        return Desk(contents=contents, lost=lost, told=told, media=media)
    finally:
        await storage.aclose()


def _is_all_there_once(desk: Desk) -> bool:
    kept = {whose for whose in SENT if not whose[1].startswith("gone")}
    return (
        set(SENT.values()) == {1}
        and desk.contents == {whose: content_of(whose[1]) for whose in kept}
        and desk.lost == set(SENT) - kept
        and sorted(media for _, media in desk.told) == sorted(desk.media)
        and len(desk.media) == len(SENT)
        and set(desk.told.values()) == {1}
    )


def test_killed_at_every_step_all_media_are_stored_or_lost_once(workers: Workers) -> None:
    workers.write_inbound(TEXTS)
    for step, passes in STEPS:
        workers.dies(step, passes)
    workers.finishes()
    fetches = Counter(line["name"] for line in workers.read("fetches"))
    # What was being written when a worker died stays behind, under a name that nobody asks for.
    files = [path for path in (workers.folder / MEDIA).rglob("*") if len(path.name) == 62]

    assert _is_all_there_once(_desk(workers))
    assert len(files) == len(PEOPLE) + 1
    assert sum(fetches.values()) - len(SENT) <= len(STEPS) * AT_ONCE


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_killed_at_any_moment_all_media_are_stored_or_lost_once(workers: Workers, backend: str) -> None:
    luck = random.Random()
    workers.write_inbound(TEXTS)
    for _ in range(5):
        workers.is_killed_after(luck.uniform(0.0, 0.1), backend=backend)
    workers.finishes(backend=backend)

    assert _is_all_there_once(_desk(workers))

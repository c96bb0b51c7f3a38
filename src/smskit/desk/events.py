"""Events as a stream: live, or for a named reader that misses nothing even while it is away."""

from __future__ import annotations

from collections.abc import AsyncIterator

from smskit.desk.office import Office
from smskit.model.events import Event

AT_ONCE = 100


async def live(office: Office) -> AsyncIterator[Event]:
    """Every event from now on."""
    position = await office.storage.last_position()
    async for event in _follow(office, position):
        yield event


async def durable(office: Office, reader: str) -> AsyncIterator[Event]:
    """Every event since the reader was first here, each at least once.

    An event counts as done when the next one is asked for.

    :raises EventsLost: if the reader was away for longer than events are kept.
    """
    position = await office.storage.reader_position(office.org, reader)
    if position is None:
        position = await office.storage.last_position()
        await office.storage.save_position(office.org, reader, position)
    async for event in _follow(office, position):
        yield event
        await office.storage.save_position(office.org, reader, event.position)


async def _follow(office: Office, position: int) -> AsyncIterator[Event]:
    while True:
        beat = office.storage.pulse.next()
        events = await office.storage.read_events(office.org, after=position, limit=AT_ONCE)
        for event in events:
            position = event.position
            yield event
        if not events:
            await beat.wait()

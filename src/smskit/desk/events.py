"""Events as a stream: live, or for a named reader that misses nothing even while it is away."""

from __future__ import annotations

from collections import deque

from smskit.desk.office import Office
from smskit.model.events import Event

AT_ONCE = 100


class EventStream:
    """An asynchronous iterator over an org's events. It may be left at any point; there is nothing to close.

    Without a name it begins with what happens after it is first asked. With one it goes on where the reader of that
    name was, and an event counts as done when the next one is asked for, so that each comes at least once.
    """

    def __init__(self, office: Office, reader: str | None = None) -> None:
        self._office = office
        self._reader = reader
        self._position: int | None = None
        self._buffer: deque[Event] = deque()
        self._given: Event | None = None

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        """The next event, however long it takes.

        :raises EventsLost: if the reader was away for longer than events are kept.
        """
        if self._given is not None and self._reader is not None:
            await self._office.storage.save_position(self._office.org, self._reader, self._given.position)
        self._given = None
        if not self._buffer:
            await self._fill(await self._begin() if self._position is None else self._position)
        self._given = self._buffer.popleft()
        return self._given

    async def _begin(self) -> int:
        storage = self._office.storage
        if self._reader is None:
            return await storage.last_position()
        known = await storage.reader_position(self._office.org, self._reader)
        if known is not None:
            return known
        position = await storage.last_position()
        await storage.save_position(self._office.org, self._reader, position)
        return position

    async def _fill(self, position: int) -> None:
        storage = self._office.storage
        while True:
            beat = storage.pulse.next()
            self._buffer.extend(await storage.read_events(self._office.org, after=position, limit=AT_ONCE))
            if self._buffer:
                self._position = self._buffer[-1].position
                return
            self._position = position
            await beat.wait()

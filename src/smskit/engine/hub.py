"""The hub: tells those who wait for one message that something happened to it, with one read for all of them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import anyio

from smskit.clock import Clock
from smskit.errors import StorageUnavailable
from smskit.model.events import MessageMade, StatusChanged
from smskit.model.ids import MessageId
from smskit.storage.base import Storage

log = logging.getLogger("smskit.engine")

AT_ONCE = 500
LOOK_AGAIN = timedelta(seconds=1)


class Hub:
    """Watches events for as long as somebody watches a message."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._watchers: defaultdict[MessageId, set[Watcher]] = defaultdict(set)
        self._wanted = anyio.Event()

    @contextmanager
    def watch(self, message_id: MessageId) -> Iterator[Watcher]:
        """A watcher that is told of every event of the message from now on."""
        watcher = Watcher()
        self._watchers[message_id].add(watcher)
        self._wanted.set()
        try:
            yield watcher
        finally:
            self._watchers[message_id].discard(watcher)
            if not self._watchers[message_id]:
                del self._watchers[message_id]

    async def run(self) -> None:
        """Follow the events while there are watchers, until cancelled."""
        while True:
            self._wanted = anyio.Event()
            if not self._watchers:
                await self._wanted.wait()
            try:
                await self._follow()
            except StorageUnavailable as error:
                log.warning("the store does not answer; looking again", extra={"why": str(error)})
                await self._clock.sleep_until(self._clock.now() + LOOK_AGAIN)

    async def _follow(self) -> None:
        position = await self._storage.last_position()
        self._tell_all()
        while self._watchers:
            beat = self._storage.pulse.next()
            events = await self._storage.read_events(None, after=position, limit=AT_ONCE)
            for event in events:
                position = event.position
                if isinstance(event.what, StatusChanged | MessageMade):
                    self._tell(event.what.message_id)
            if not events:
                await beat.wait()

    def _tell(self, message_id: MessageId) -> None:
        for watcher in self._watchers.get(message_id, ()):
            watcher.tell()

    def _tell_all(self) -> None:
        """The watchers looked before the hub began to follow: they look once more."""
        for message_id in list(self._watchers):
            self._tell(message_id)


class Watcher:
    """Holds what it was told until it is asked."""

    def __init__(self) -> None:
        self._told = anyio.Event()

    def next(self) -> anyio.Event:
        """Set at the next event after this call, or after the last one."""
        if self._told.is_set():
            self._told = anyio.Event()
        return self._told

    def tell(self) -> None:
        """Something happened."""
        self._told.set()

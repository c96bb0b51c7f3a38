"""The hub: tells those who wait for a message, or for what a contact writes, with one read for all of them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import TypeAlias

import anyio

from smskit.clock import Clock
from smskit.errors import EventsLost, StorageUnavailable
from smskit.model.events import Happening, MessageMade, MessageReceived, StatusChanged
from smskit.model.ids import ConversationId, MessageId
from smskit.storage.base import Storage

log = logging.getLogger("smskit.engine")

AT_ONCE = 500
LOOK_AGAIN = timedelta(seconds=1)


_Topic: TypeAlias = tuple[type, int]
"""A kind of handle, by a record of its events, and an id."""


class Hub:
    """Follows events for as long as somebody watches a message or a conversation."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._watchers: defaultdict[_Topic, set[Watcher]] = defaultdict(set)
        self._wanted = anyio.Event()

    def watch(self, message_id: MessageId) -> AbstractContextManager[Watcher]:
        """A watcher that is told of every event of an outbound message from now on."""
        return self._watch((StatusChanged, message_id))

    def watch_replies(self, conversation_id: ConversationId) -> AbstractContextManager[Watcher]:
        """A watcher that is told of every text that comes in, in the conversation, from now on."""
        return self._watch((MessageReceived, conversation_id))

    @contextmanager
    def _watch(self, topic: _Topic) -> Iterator[Watcher]:
        watcher = Watcher()
        self._watchers[topic].add(watcher)
        self._wanted.set()
        try:
            yield watcher
        finally:
            self._watchers[topic].discard(watcher)
            if not self._watchers[topic]:
                del self._watchers[topic]

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
            except EventsLost:
                continue  # they were dropped before they were read here: the watchers look for themselves

    async def _follow(self) -> None:
        position = await self._storage.last_position()
        self._tell_all()
        while self._watchers:
            beat = self._storage.pulse.next()
            events = await self._storage.read_events(None, after=position, limit=AT_ONCE)
            for event in events:
                position = event.position
                self._tell(_topic(event.what))
            if not events:
                await beat.wait()

    def _tell(self, topic: _Topic | None) -> None:
        for watcher in () if topic is None else self._watchers.get(topic, ()):
            watcher.tell()

    def _tell_all(self) -> None:
        """The watchers looked before the hub began to follow: they look once more."""
        for topic in list(self._watchers):
            self._tell(topic)


def _topic(what: Happening) -> _Topic | None:
    if isinstance(what, StatusChanged | MessageMade):
        return StatusChanged, what.message_id
    if isinstance(what, MessageReceived):
        return MessageReceived, what.conversation_id
    return None


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

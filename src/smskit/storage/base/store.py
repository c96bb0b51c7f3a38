"""A whole store: all its subjects, its life, and the pulse that tells when something changed."""

from __future__ import annotations

from typing import Protocol

import anyio

from smskit.storage.base.daily_work import DailyWork
from smskit.storage.base.desk import Contacts, Conversations, Events, Policies, Senders
from smskit.storage.base.drips import Drips
from smskit.storage.base.media import Media, MediaStore
from smskit.storage.base.people import People
from smskit.storage.base.queue import Inbox, Links, Queue
from smskit.storage.base.search import Search


class Pulse:
    """Tells those who wait that something was committed. Missing a beat is not possible, only joining several."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def next(self) -> anyio.Event:
        """Set at the next commit after this call."""
        return self._event

    def beat(self) -> None:
        """Something was committed. Called in the event loop's thread."""
        self._event.set()
        self._event = anyio.Event()


class Storage(
    Policies,
    Senders,
    Contacts,
    People,
    Conversations,
    DailyWork,
    Queue,
    Inbox,
    Media,
    Drips,
    Search,
    Links,
    Events,
    Protocol,
):
    """Everything a Kit needs of a store.

    A store is opened once, in the event loop that uses it. Its methods may be called by any number of tasks at once.
    Cancelling a caller never cuts a transaction in two: it is carried out, or it was never begun.
    """

    @property
    def media_store(self) -> MediaStore | None:
        """Where media are kept unless the host names another place; None if this store knows of none."""

    @property
    def pulse(self) -> Pulse:
        """Beats at every commit that changed something, also one of another process."""

    async def open(self) -> None:
        """Make ready, creating or upgrading what is kept.

        :raises StorageUnsupported: if it is not a smskit store, or one of a newer smskit.
        :raises StorageUnavailable: if it cannot be reached.
        """

    async def aclose(self) -> None:
        """Finish what was begun and let go. Closing twice does no harm."""

    async def settled(self) -> bool:
        """Return once nothing asked of the store is under way; True if there was something to wait for."""

"""Fetching what came with texts: from the carrier into the media store, again and again until it is there or lost."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import anyio
from anyio.abc import TaskGroup

from smskit.clock import Clock
from smskit.drivers.base import Driver
from smskit.engine.blaming import blame
from smskit.engine.identity import Identity
from smskit.errors import Rejected, StorageUnavailable, Unavailable
from smskit.model.traffic import Fetched
from smskit.storage.base import Fetching, MediaErrand, MediaStore, Storage, WasFetched, WasNotFetched

log = logging.getLogger("smskit.engine")

AT_ONCE = 4
"""What is fetched stands in memory until it is kept."""
TIMEOUT = timedelta(minutes=1)
"""For the carrier, and as much again for the media store."""
LEASE = timedelta(minutes=3)
FIRST_RETRY = timedelta(seconds=2)
LAST_RETRY = timedelta(minutes=30)
PATIENCE = timedelta(hours=48)
"""For so long after a text came a carrier that does not give its media is asked."""
LEAST_TRIES = 12
"""So often it is asked however late it is: there may have been no worker for days."""


class MediaFetching:
    """Fetches media for some drivers, a few at once. Without a store they stay with the carrier."""

    def __init__(
        self,
        storage: Storage,
        store: MediaStore | None,
        clock: Clock,
        drivers: Sequence[Driver],
        worker: Identity,
    ) -> None:
        self._storage = storage
        self._store = store
        self._clock = clock
        self._drivers = {driver.name: driver for driver in drivers}
        self._worker = worker
        self._under_way = 0

    async def begin(self, tasks: TaskGroup, drivers: Sequence[str], now: datetime) -> int:
        """Start fetching what is due over these drivers; how much that is.

        What is cancelled begins anew after the lease.
        """
        room = AT_ONCE - self._under_way
        if self._store is None or room <= 0:
            return 0
        errands = await self._storage.claim_media(self._worker.name, drivers, now, lease=LEASE, limit=room)
        for errand in errands:
            self._under_way += 1
            tasks.start_soon(self._carry_out, errand, self._store)
        return len(errands)

    async def _carry_out(self, errand: MediaErrand, store: MediaStore) -> None:
        try:
            outcome = await self._fetch(errand, store)
        finally:
            # Before the record, whose commit wakes the dispatcher to look for room.
            self._under_way -= 1
        try:
            await self._storage.settle_media(errand, outcome, self._clock.now())
        except StorageUnavailable:
            log.warning("what was fetched could not be recorded", extra={"media_id": errand.media_id})

    async def _fetch(self, errand: MediaErrand, store: MediaStore) -> Fetching:
        driver = self._drivers[errand.driver]
        try:
            with anyio.fail_after(TIMEOUT.total_seconds()):
                fetched = await driver.fetch_media(errand.link)
            return await _kept(fetched, store)
        except Rejected as error:
            return WasNotFetched(code=error.code or "rejected")
        except Unavailable as error:
            return self._later(errand, error.code or "unavailable", error.retry_after or timedelta())
        except StorageUnavailable:
            return self._later(errand, "media_store")
        except TimeoutError:
            return self._later(errand, "timeout")
        except Exception as error:  # noqa: BLE001 - whatever it was, the media are not here
            log.error("media could not be fetched: %s", blame(error), extra={"driver": driver.name})
            return self._later(errand, "driver_error")

    def _later(self, errand: MediaErrand, code: str, wait: timedelta = timedelta()) -> WasNotFetched:
        now = self._clock.now()
        if now - errand.since >= PATIENCE and errand.tries + 1 >= LEAST_TRIES:
            return WasNotFetched(code=code)
        doubled = min(FIRST_RETRY * 2 ** min(errand.tries, 20), LAST_RETRY)
        return WasNotFetched(code=code, retry_at=now + max(wait, doubled))


async def _kept(fetched: Fetched, store: MediaStore) -> WasFetched:
    try:
        with anyio.fail_after(TIMEOUT.total_seconds()):
            digest = await store.put(fetched.content)
    except TimeoutError as error:
        raise StorageUnavailable("the media store does not answer") from error
    return WasFetched(digest=digest, size=len(fetched.content), content_type=fetched.content_type)

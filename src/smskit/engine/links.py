"""Links: each driver runs for as long as the worker does, and one that holds a connection only in one process."""

from __future__ import annotations

import logging
from datetime import timedelta

import anyio

from smskit.clock import Clock
from smskit.drivers.base import Driver
from smskit.engine.beside import beside
from smskit.engine.blaming import blame
from smskit.engine.identity import Identity
from smskit.engine.receiving import Receiver
from smskit.errors import StorageUnavailable
from smskit.storage.base import Storage

log = logging.getLogger("smskit.engine")

LINK_LEASE = timedelta(seconds=15)
RENEW_EVERY = LINK_LEASE / 3


class Links:
    """Runs drivers. A lease says who has a link; who loses it stops before another may begin."""

    def __init__(self, storage: Storage, clock: Clock, receiver: Receiver, worker: Identity) -> None:
        self._storage = storage
        self._clock = clock
        self._receiver = receiver
        self._worker = worker
        self._owned: set[str] = set()

    def owns(self, driver: Driver) -> bool:
        """This worker may send by the driver."""
        return not driver.features.link or driver.name in self._owned

    async def run(self, driver: Driver) -> None:
        """Run a driver until cancelled, beginning anew when it fails."""
        if not driver.features.link:
            await self.serve(driver)
            return
        while True:
            try:
                if await self.take(driver):
                    await self._run_while_owned(driver)
            except StorageUnavailable:
                log.warning("a link's lease could not be written", extra={"driver": driver.name})
            await self._nap(RENEW_EVERY)

    async def serve(self, driver: Driver) -> None:
        """Run a driver that may be run, and begin anew when it fails, until it is done or this is cancelled."""
        sink = self._receiver.sink(driver)
        while True:
            try:
                await driver.run(sink)
            except Exception as error:  # noqa: BLE001 - it is begun anew, whatever it was
                extra = {"driver": driver.name}
                log.error("a driver stopped; it is started again: %s", blame(error), extra=extra)
                await self._nap(timedelta(seconds=1))
            else:
                return

    async def take(self, driver: Driver) -> bool:
        """Take or keep a driver's link; False if another worker has it."""
        if not driver.features.link:
            return True
        if await self._storage.take_link(driver.name, self._worker.name, LINK_LEASE):
            self._owned.add(driver.name)
            return True
        self._owned.discard(driver.name)
        return False

    async def drop(self, driver: Driver) -> None:
        """Give a link up, so that another worker need not wait for the lease to end."""
        if driver.name in self._owned:
            self._owned.discard(driver.name)
            with anyio.CancelScope(shield=True):
                await self._storage.drop_link(driver.name, self._worker.name)

    async def _run_while_owned(self, driver: Driver) -> None:
        try:
            async with beside() as tasks:
                tasks.start_soon(self.serve, driver)
                await self._keep(driver)
        finally:
            await self.drop(driver)

    async def _keep(self, driver: Driver) -> None:
        """Renew the lease in good time; return once it is lost, or could not be renewed while it lasts."""
        until = self._clock.guard() + LINK_LEASE.total_seconds()
        while self._clock.guard() < until - RENEW_EVERY.total_seconds():
            await self._nap(RENEW_EVERY)
            asked = self._clock.guard()
            try:
                if not await self.take(driver):
                    return
            except StorageUnavailable:
                log.warning("a link's lease could not be renewed yet", extra={"driver": driver.name})
            else:
                until = asked + LINK_LEASE.total_seconds()

    async def _nap(self, span: timedelta) -> None:
        await self._clock.sleep_until(self._clock.now() + span)

"""Handing over: what a driver says becomes an answer that the store can record, and doubts are asked about."""

from __future__ import annotations

import logging
import random
from datetime import timedelta

import anyio

from smskit.clock import Clock
from smskit.drivers.base import Driver, Found, Guarantee, NotFoundThere, Reconciliation
from smskit.engine.blaming import blame
from smskit.errors import OutcomeUnknown, Rejected, StorageUnavailable, Unavailable, UsageError
from smskit.model.traffic import Outgoing
from smskit.storage.base import (
    Answer,
    Doubt,
    IsUnknown,
    Storage,
    WasAccepted,
    WasRejected,
    WasUnavailable,
    Way,
)

log = logging.getLogger("smskit.engine")

LEASE = timedelta(seconds=90)
"""How long a claimed message is a worker's. More than twice any driver's time-out."""
FIRST_RETRY = timedelta(seconds=1)
LAST_RETRY = timedelta(minutes=5)
ASK_AFTER = timedelta(seconds=10)

_WAY = {
    Guarantee.IDEMPOTENT: Way.RESEND,
    Guarantee.RECONCILABLE: Way.ASK,
    Guarantee.AT_MOST_ONCE: Way.LEAVE,
}


class HandingOver:
    """Calls drivers, once each time, and understands whatever they do."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def submit(self, driver: Driver, outgoing: Outgoing) -> Answer:
        """Hand one text over; what a driver raises that it must not means that the text may have gone out."""
        now = self._clock.now
        if len(outgoing.media) > driver.features.media:
            return WasRejected(code="media")
        try:
            with anyio.fail_after(driver.features.timeout.total_seconds()):
                return WasAccepted(await driver.send(outgoing))
        except Rejected as error:
            return WasRejected(code=error.code, opted_out=error.opted_out)
        except Unavailable as error:
            wait = max(error.retry_after or timedelta(), backoff(outgoing))
            return WasUnavailable(code=error.code, retry_at=now() + wait)
        except OutcomeUnknown as error:
            return self.unknown(driver, outgoing, error.code)
        except TimeoutError:
            return self.unknown(driver, outgoing, "timeout")
        except Exception as error:  # noqa: BLE001 - whatever it was, the text may have gone out
            log.error("a driver raised what it must not: %s", blame(error), extra={"driver": driver.name})
            return self.unknown(driver, outgoing, "driver_error")

    def unknown(self, driver: Driver, outgoing: Outgoing | None, code: str | None) -> IsUnknown:
        """It may have gone out, and this is what is done about it for a driver with such a guarantee."""
        way = _WAY[driver.features.guarantee]
        wait = backoff(outgoing) if outgoing else FIRST_RETRY
        act_at = self._clock.now() + (ASK_AFTER if way is Way.ASK else wait)
        return IsUnknown(code=code, way=way, act_at=act_at)

    async def ask(self, doubt: Doubt, driver: Driver) -> None:
        """Ask the carrier about a text whose outcome is unknown, and write down what it says."""
        with anyio.CancelScope(shield=True):
            said = await self._reconcile(driver, doubt.outgoing)
            match said:
                case Found(accepted):
                    answer: Answer = WasAccepted(accepted)
                case NotFoundThere(conclusive=True):
                    answer = WasUnavailable(code="not_found_at_carrier", retry_at=self._clock.now())
                case _:
                    answer = self.unknown(driver, doubt.outgoing, "unsure")
            try:
                await self._storage.record(doubt.ticket, answer, self._clock.now())
            except StorageUnavailable:
                # It is asked again when the lease on the doubt has run out.
                log.warning("what a carrier said could not be recorded", extra={"driver": driver.name})

    async def _reconcile(self, driver: Driver, outgoing: Outgoing) -> Reconciliation | None:
        try:
            with anyio.fail_after(driver.features.timeout.total_seconds()):
                return await driver.reconcile(outgoing)
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing is known
            log.error("a carrier could not be asked: %s", blame(error), extra={"driver": driver.name})
            return None


def can_be_served(driver: Driver) -> None:
    """:raises UsageError: if no text can be handed to this driver in time."""
    features = driver.features
    if features.window < 1:
        msg = f"driver {driver.name!r} has a window of {features.window}; it has to take at least one text"
        raise UsageError(msg)
    if not timedelta() < features.timeout < LEASE / 2:
        msg = (
            f"driver {driver.name!r} has a timeout of {features.timeout}; it has to be less than {LEASE / 2}"
        )
        raise UsageError(msg)


def backoff(outgoing: Outgoing) -> timedelta:
    """How long to wait before the next attempt: doubling, with jitter that is a message's own."""
    doubled: int = 2 ** min(outgoing.attempt - 1, 20)
    whole = min(FIRST_RETRY * doubled, LAST_RETRY)
    return whole * random.Random(f"{outgoing.reference}:{outgoing.attempt}").uniform(0.5, 1.0)

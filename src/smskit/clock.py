"""The only place that reads the time: the system's clock, a virtual one, and the clock of leases."""

from __future__ import annotations

import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio
import anyio.lowlevel

from smskit.errors import NaiveDatetime

LONGEST_NAP = timedelta(seconds=60)
"""A sleep looks at the wall clock this often, so that a corrected or suspended clock is noticed."""


class Clock(Protocol):
    """What time it is, and how to wait for a moment. Times are aware and UTC."""

    def now(self) -> datetime:
        """The present moment."""

    def guard(self) -> float:
        """Seconds on a clock that never goes back and counts suspended time; only differences mean anything."""

    async def sleep_until(self, moment: datetime) -> None:
        """Return once `moment` has come; at once, after a checkpoint, if it has passed."""

    async def wait(self, event: anyio.Event, until: datetime | None) -> None:
        """Return once `event` is set or `until` has come, whichever is first."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def guard(self) -> float:
        return time.clock_gettime(_GUARD_CLOCK) if _GUARD_CLOCK is not None else time.monotonic()

    async def sleep_until(self, moment: datetime) -> None:
        await self.wait(anyio.Event(), moment)

    async def wait(self, event: anyio.Event, until: datetime | None) -> None:
        await anyio.lowlevel.checkpoint()
        while not event.is_set():
            left = LONGEST_NAP if until is None else until - self.now()
            if left <= timedelta():
                return
            with anyio.move_on_after(min(left, LONGEST_NAP).total_seconds()):
                await event.wait()


class VirtualClock:
    """A clock that stands still until it is told to go on.

    It holds its sleepers; `next_deadline` says when the first of them is due and `advance_to` moves the
    time and wakes exactly one sleeper that is due, in the order of deadlines, so that whoever drives the
    clock can let everything settle between two of them.
    """

    def __init__(self, start: datetime) -> None:
        self._now = as_utc(start)
        self._sleepers: list[tuple[datetime, int, anyio.CancelScope]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._now

    def guard(self) -> float:
        return self._now.timestamp()

    async def sleep_until(self, moment: datetime) -> None:
        await self.wait(anyio.Event(), moment)

    async def wait(self, event: anyio.Event, until: datetime | None) -> None:
        if until is None:
            await event.wait()
            return
        if until <= self._now:
            await anyio.lowlevel.checkpoint()
            return
        # The scope is the sleeper's own; the event may be shared, and is not the clock's to set.
        with anyio.CancelScope() as nap:
            sleeper = (until, next(self._order), nap)
            heapq.heappush(self._sleepers, sleeper)
            try:
                await event.wait()
            finally:
                if sleeper in self._sleepers:
                    self._sleepers.remove(sleeper)
                    heapq.heapify(self._sleepers)

    @property
    def next_deadline(self) -> datetime | None:
        """When the first sleeper wants to wake; it may have passed already."""
        return self._sleepers[0][0] if self._sleepers else None

    def advance_to(self, moment: datetime) -> bool:
        """Move to `moment` (never back) and wake the first sleeper that is due; True if there was one."""
        self._now = max(self._now, as_utc(moment))
        if not self._sleepers or self._sleepers[0][0] > self._now:
            return False
        heapq.heappop(self._sleepers)[2].cancel()
        return True


def as_utc(moment: datetime) -> datetime:
    """The same moment in UTC.

    :raises NaiveDatetime: if it has no zone, since then it is not a moment.
    """
    if moment.tzinfo is None:
        msg = "a datetime without a zone is not a moment; give it one: datetime(..., tzinfo=ZoneInfo('...'))"
        raise NaiveDatetime(msg)
    return moment.astimezone(UTC)


# CLOCK_BOOTTIME goes on while the machine is suspended; where it is missing, monotonic is the best there is.
_GUARD_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)

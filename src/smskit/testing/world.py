"""A world for tests: a Kit on a virtual clock, a local carrier, and people who text.

Nothing in it takes real time. It takes one step after another, so that the same seed gives the same events
on asyncio and trio.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import anyio

from smskit.clock import VirtualClock
from smskit.compliance.gate import HostRule
from smskit.drivers.base import Features
from smskit.drivers.local import Faults, LocalCarrier
from smskit.engine.beside import beside
from smskit.engine.observing import Observer
from smskit.kit import Kit
from smskit.model.addresses import Address, PhoneNumber
from smskit.model.conversations import Sender
from smskit.model.events import Event
from smskit.model.policies import Policy
from smskit.model.traffic import Fetched
from smskit.storage.base import Storage
from smskit.testing.settling import settled

START = datetime(2027, 1, 4, 17, 0, tzinfo=UTC)
"""When a world begins unless told otherwise: a Monday, 9 in the morning in California."""

FEATURES = Features(window=1, media=10, timeout=timedelta(seconds=30))
"""One text at a time, so that there is one order of events."""


class World:
    """A Kit, its carrier and its clock: `kit`, `carrier` and `clock`."""

    def __init__(
        self,
        *,
        seed: int = 0,
        start: datetime = START,
        policy: Policy | None = None,
        senders: Sequence[Sender | str] = ("+14155550100",),
        rules: Sequence[HostRule] = (),
        observers: Sequence[Observer] = (),
        faults: Faults | None = None,
        features: Features = FEATURES,
        latency: timedelta = timedelta(seconds=1),
        storage: str | Storage = "sqlite://",
    ) -> None:
        self.clock = VirtualClock(start)
        self.carrier = LocalCarrier(
            senders, clock=self.clock, seed=seed, faults=faults, features=features, latency=latency
        )
        self.kit = Kit(
            storage,
            drivers=[self.carrier],
            policy=policy,
            rules=rules,
            observers=observers,
            clock=self.clock,
            worker="world",
        )
        self._carry = _Stepper(self.kit.poll)
        self._dispatch = _Stepper(self.kit.dispatch)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        await self._stack.enter_async_context(self.kit)
        tasks = await self._stack.enter_async_context(beside())
        tasks.start_soon(self._carry.run)
        tasks.start_soon(self._dispatch.run)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        with anyio.CancelScope(shield=True):
            await self._finish()
        return await self._stack.__aexit__(kind, error, trace)

    async def _finish(self) -> None:
        """Let time pass for what is being handed over, since nothing cuts that off."""
        while self._dispatch.is_busy and self.clock.next_deadline is not None:
            self.clock.advance_to(self.clock.next_deadline)
            await settled(self.kit.storage)

    def person(self, number: str, *, zone: str | None = None) -> Person:
        """A person with a phone."""
        return Person(self, PhoneNumber.parse(number), zone)

    async def advance(
        self,
        span: timedelta = timedelta(),
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> None:
        """Let time pass: from one deadline to the next, everything settling at each. Returns when nothing can run."""
        target = self.clock.now() + span + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        while True:
            await self.settle()
            moment = await self._next_deadline()
            if moment is None or moment > target:
                break
            self.clock.advance_to(moment)
        self.clock.advance_to(target)
        await self.settle()

    async def settle(self) -> None:
        """Do all that is due now."""
        while True:
            carried = await self._step(self._carry)
            dispatched = await self._step(self._dispatch)
            if not carried and not dispatched:
                return

    async def events(self) -> Sequence[Event]:
        """Everything that happened in the default org, in order."""
        found: list[Event] = []
        while True:
            after = found[-1].position if found else 0
            more = await self.kit.storage.read_events(None, after=after, limit=500)
            if not more:
                return found
            found += more

    async def _step(self, stepper: _Stepper) -> bool:
        stepper.go()
        await settled(self.kit.storage)
        return stepper.take_result()

    async def _next_deadline(self) -> datetime | None:
        now = self.clock.now()
        deadlines = [
            self.clock.next_deadline,
            self.carrier.next_due,
            await self.kit.storage.next_deadline(now),
        ]
        later = [moment for moment in deadlines if moment is not None and moment > now]
        asleep = self.clock.next_deadline
        return now if asleep is not None and asleep <= now else min(later, default=None)


class Person:
    """Somebody with a phone: texts us, and gets our texts."""

    def __init__(self, world: World, number: PhoneNumber, zone: str | None) -> None:
        self._world = world
        self.number = number
        self.zone = zone
        self.handset = world.carrier.handset(number)

    @property
    def received(self) -> list[str]:
        """The texts on the phone, oldest first."""
        return list(self.handset.received)

    async def texts(
        self, text: str, *, to: Address | None = None, media: Sequence[tuple[bytes, str]] = ()
    ) -> None:
        """Text our sender, and let everything that follows at once happen. Media are contents and their types."""
        carried = [Fetched(content=content, content_type=kind) for content, kind in media]
        self._world.carrier.text(self.number, text, to=to, media=carried, at_once=True)
        await self._world.settle()

    async def texts_in_parts(
        self, text: str, *, to: Address | None = None, lost: Collection[int] = ()
    ) -> None:
        """Send a long text that comes part by part, without those in `lost`, counted from 1."""
        self._world.carrier.text_in_parts(self.number, text, to=to, lost=lost, at_once=True)
        await self._world.settle()

    def answers_with(self, answer: Callable[[str], str | None]) -> None:
        """From now on the phone answers texts by itself."""
        self.handset.answers_with = answer


class _Stepper:
    """A task that does one thing each time it is told to, unless it is still at it."""

    def __init__(self, work: Callable[[], Awaitable[bool]]) -> None:
        self._work = work
        self._told = anyio.Event()
        self._worked = False

    async def run(self) -> None:
        while True:
            await self._told.wait()
            self._worked = await self._work()
            self._told = anyio.Event()

    @property
    def is_busy(self) -> bool:
        return self._told.is_set()

    def go(self) -> None:
        self._told.set()

    def take_result(self) -> bool:
        """Whether it did anything since it was last asked."""
        worked, self._worked = self._worked, False
        return worked

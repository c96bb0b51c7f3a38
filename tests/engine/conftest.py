"""A driver that does what a test says, and a Kit with it on a virtual clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import anyio
import pytest

from smskit import Features, Kit, VirtualClock
from smskit.drivers.base import Driver, Reconciliation, Sink, Unsure
from smskit.model.ids import MessageId
from smskit.model.traffic import Accepted, Outgoing
from smskit.storage.base import Storage
from smskit.testing.settling import settled
from smskit.testing.world import START


class ScriptedDriver(Driver):
    """Accepts every text unless `on_send` does something else; it may be kept from going on by `hold`."""

    def __init__(self, features: Features | None = None, *, name: str = "scripted") -> None:
        super().__init__(name, ["+14155550100"], features or Features(window=5))
        self.given: list[Outgoing] = []
        self.asked: list[Outgoing] = []
        self.on_send: Callable[[Outgoing], Accepted | None] = lambda _message: None
        self.on_ask: Callable[[Outgoing], Reconciliation] = lambda _message: Unsure()
        self.on_run: Callable[[Sink], Awaitable[None]] | None = None
        self.entered = anyio.Event()
        self.hold: anyio.Event | None = None
        self.in_hand = self.most_in_hand = self.runs = 0

    async def send(self, message: Outgoing) -> Accepted:
        self.given.append(message)
        self.in_hand += 1
        self.most_in_hand = max(self.in_hand, self.most_in_hand)
        self.entered.set()
        try:
            if self.hold is not None:
                await self.hold.wait()
            return self.on_send(message) or Accepted.whole(f"c-{message.reference}-{message.attempt}")
        finally:
            self.in_hand -= 1

    async def reconcile(self, message: Outgoing) -> Reconciliation:
        self.asked.append(message)
        return self.on_ask(message)

    async def run(self, sink: Sink) -> None:
        self.runs += 1
        if self.on_run is not None:
            await self.on_run(sink)
        await anyio.sleep_forever()


class Fails:
    """Makes a method of a store fail a number of times before it works."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, storage: Storage, method: str, error: Exception, *, times: int = 1) -> list[int]:
        """`times` counts down in what is given back."""
        real = getattr(storage, method)
        left = [times]

        async def fail(*args: object, **kwargs: object) -> object:
            if left[0] > 0:
                left[0] -= 1
                raise error
            return await real(*args, **kwargs)

        self._monkeypatch.setattr(storage, method, fail)
        return left


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def driver() -> ScriptedDriver:
    return ScriptedDriver()


@pytest.fixture
def new_driver() -> type[ScriptedDriver]:
    """The class, for drivers with features of their own."""
    return ScriptedDriver


@pytest.fixture
async def kit(driver: ScriptedDriver, clock: VirtualClock) -> AsyncIterator[Kit]:
    async with Kit("sqlite://", drivers=[driver], clock=clock, worker="me") as opened:
        yield opened


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Fails:
    return Fails(monkeypatch)


@pytest.fixture
def text(driver: ScriptedDriver) -> Callable[[Kit, str], Awaitable[MessageId]]:
    """Queue a text to the patient."""

    async def send(kit: Kit, words: str) -> MessageId:
        return (await (await kit.conversations.start("+14155550123")).send(words)).id

    return send


@pytest.fixture
def pass_time(clock: VirtualClock) -> Callable[..., Awaitable[None]]:
    """Let time pass for a Kit, which dispatches whenever something is due; or for one that runs by itself."""

    async def go(kit: Kit, span: timedelta, *, running: bool = False) -> None:
        target = clock.now() + span
        while True:
            if running:
                await settled(kit.storage)
            else:
                await kit.dispatch()
            due = None if running else await kit.storage.next_deadline(clock.now())
            moments = [one for one in (clock.next_deadline, due) if one is not None and one <= target]
            if not moments:
                clock.advance_to(target)
                return
            clock.advance_to(min(moments))

    return go

"""The side of the tests over HTTP that is not killed: Twilio, the door that it calls at, and who starts the workers."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import anyio
import attrs
from anyio import to_thread

from smskit import Kind, Kit, Status
from smskit.model.events import Event, StatusChanged
from smskit.model.ids import MessageId
from smskit.model.messages import MessageRecord
from smskit.testing.carriers import TwilioLookalike
from smskit.testing.carriers.server import post_here, serving
from tests.crash.child import SENDER, JumpingClock, Lines
from tests.crash.over_http import PUBLIC, Orders, a_kit, over_http, patient

if TYPE_CHECKING:
    from tests.crash.conftest import Workers

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 60
SILENCES = {"written, not read": False, "written and taken": True}
"""Moments at which a worker is killed from outside, while it waits; and whether Twilio has the texts by then."""


class Door:
    """What stands at the public URL, before whoever serves now."""

    behind = "http://127.0.0.1:9"

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url.startswith(PUBLIC)
        return await post_here(f"{self.behind}/sms{url.removeprefix(PUBLIC)}", headers, body)


@attrs.frozen(kw_only=True)
class Desk:
    """What the store says: messages as their conversations show them, and all that was told."""

    messages: Collection[MessageRecord]
    received: Counter[tuple[str, str]]
    """Texts that came in: from whom, and what."""
    unread: Mapping[str, int]
    told: Collection[Event]

    @property
    def texts(self) -> set[str]:
        """All that was to go out."""
        return {message.text for message in self.messages}

    def having(self, status: Status) -> set[str]:
        """The texts with this status."""
        return {message.text for message in self.messages if message.status is status}

    def counts(self, kind: type) -> int:
        """How often something of this kind was told."""
        return sum(isinstance(event.what, kind) for event in self.told)

    def moves_to(self, status: Status) -> Counter[MessageId]:
        """How often each message was told to move there."""
        moves = (event.what for event in self.told if isinstance(event.what, StatusChanged))
        return Counter(move.message_id for move in moves if move.status is status)


class Practice:
    """Workers that text over Twilio, one after the other, and the Twilio that outlives them."""

    def __init__(self, workers: Workers, twilio: TwilioLookalike, door: Door, backend: str) -> None:
        self.twilio = twilio
        self._door = door
        self._workers = workers
        self._orders: dict[str, Any] = {"base_url": twilio.base_url, "backend": backend}

    async def dies(self, step: str, passes: int, *, window: int = 1, **orders: object) -> None:
        """A worker dies when it is at a step for the n-th time, or when all it has in hand waits for an answer."""
        if step in SILENCES:
            await self._dies_waiting(passes, window=window, after_accepting=SILENCES[step], **orders)
        else:
            await _beside(self._workers.dies, step, passes, window=window, **self._orders, **orders)

    async def is_killed_after(self, seconds: float, **orders: object) -> None:
        """A worker is killed at some moment."""
        await _beside(self._workers.is_killed_after, seconds, **self._orders, **orders)

    async def finishes(self, **orders: object) -> None:
        """A worker does all that is left, long after any lease has run out."""
        await _beside(self._workers.finishes, **self._orders, **orders)

    @asynccontextmanager
    async def host(self, step: str = "", passes: int = 0) -> AsyncIterator[Callable[[], None]]:
        """A process that serves callbacks, and dies at the step, or else with the block. Gives what kills it now."""
        orders = {**self._orders, "serves": True, "step": step, "passes": passes}
        process, self._door.behind = await _beside(self._workers.begins, **orders)
        yield process.kill
        if not step:
            process.kill()
        _, errors = await _beside(process.communicate, timeout=PATIENCE)
        assert process.returncode == -signal.SIGKILL, f"{step} was not reached: {errors}"

    @asynccontextmanager
    async def kit(self, *, timeout: float = 20) -> AsyncIterator[Kit]:
        """A Kit in this process, which serves callbacks over HTTP too."""
        orders = Orders(folder=str(self._workers.folder), base_url=self.twilio.base_url, timeout=timeout)
        async with a_kit(orders) as kit, serving(over_http(kit)) as self._door.behind:
            yield kit

    async def patient_says(self, number: int, *texts: str) -> Counter[tuple[str, str]]:
        """A patient texts all this at once, while what was not heard before comes again."""
        handset = self.twilio.handset(patient(number))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.twilio.deliver, "received")
            for text in texts:
                tasks.start_soon(partial(handset.texts, text, to=SENDER))
        return Counter((handset.number, text) for text in texts)

    def taken(self) -> Counter[str]:
        """How often Twilio took each text."""
        return Counter(message.text for message in self.twilio.messages)

    def in_doubt(self) -> int:
        """How many texts were admitted, and no answer to them was recorded."""
        journal = Lines(self._workers.folder / "journal").read()
        return sum("admitted" in line for line in journal) - sum("recorded" in line for line in journal)

    async def _dies_waiting(
        self, passes: int, *, window: int, after_accepting: bool, **orders: object
    ) -> None:
        self.twilio.behave(times=passes - 1)
        self.twilio.fall_silent(after_accepting=after_accepting, times=1_000)
        process, _ = await _beside(self._workers.begins, window=window, **self._orders, **orders)
        with anyio.fail_after(PATIENCE):
            await self.twilio.until(lambda: self.twilio.silent == window)
            process.kill()
            await self.twilio.until(lambda: not self.twilio.silent)
        await _beside(process.communicate)
        self.twilio.behave()


async def read(kit: Kit) -> Desk:
    """All there is in the store, as people see it."""
    chats = (await kit.conversations.list(limit=200)).items
    threads = {chat.number.text: (await chat.messages(limit=200)).items for chat in chats}
    told: list[Event] = []
    while more := await kit.storage.read_events(None, after=told[-1].position if told else 0, limit=500):
        told += more
    return Desk(
        messages=[one.record for thread in threads.values() for one in thread if one.kind is Kind.OUTBOUND],
        received=Counter(
            (number, one.text)
            for number, thread in threads.items()
            for one in thread
            if one.kind is Kind.INBOUND
        ),
        unread={chat.number.text: chat.unread for chat in chats},
        told=told,
    )


async def a_day_passes(kit: Kit) -> None:
    """All that is to be done within a day is done."""
    assert isinstance(kit.clock, JumpingClock)
    kit.clock.jump_to(kit.clock.now() + timedelta(days=1))
    await kit.run_until_idle()


async def _beside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a thread has done, while Twilio went on."""
    return await to_thread.run_sync(partial(work, *args, **kwargs))

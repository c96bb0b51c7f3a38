"""The Kit: puts the parts together. It holds no rules."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from os import PathLike
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import anyio
import attrs

from smskit.clock import Clock, SystemClock
from smskit.compliance.gate import ComplianceGate, HostRule
from smskit.compliance.rules import BUILT_IN
from smskit.desk.desk import Desk
from smskit.desk.office import Office, Tools
from smskit.drivers.base import Driver, WebhookRequest, WebhookResponse
from smskit.drivers.registry import open_driver
from smskit.engine.beside import beside
from smskit.engine.dispatching import Dispatcher
from smskit.engine.dripping import Dripping
from smskit.engine.editing import Editing
from smskit.engine.hub import Hub
from smskit.engine.identity import Identity
from smskit.engine.judging import Judge, PolicyBook
from smskit.engine.links import Links
from smskit.engine.media import MediaFetching
from smskit.engine.observing import Observer, Observers
from smskit.engine.outgoing import Sending
from smskit.engine.receiving import Receiver
from smskit.engine.routing import Router
from smskit.engine.webhooks import Webhooks
from smskit.engine.writing import Writing
from smskit.engine.zones import zone_data
from smskit.errors import KitClosed, UsageError
from smskit.model.ids import DEFAULT_ORG, SYSTEM, Org
from smskit.model.policies import Policy
from smskit.storage.base import MediaStore, Storage
from smskit.storage.files import FileMediaStore


class Kit(Desk):
    """A texting desk over a store and some drivers.

    Building it does no I/O, so it can stand at module level. `async with kit` opens it, in the event loop that will
    use it. As a desk it is that of the default org, and its actor is the system. `media` is where what comes with
    texts is kept: a folder, or a store of the host's own; with SQLite it is a folder beside the file unless given.
    """

    def __init__(
        self,
        storage: str | Storage,
        *,
        drivers: Sequence[Driver | str] = (),
        policy: Policy | None = None,
        media: MediaStore | str | PathLike[str] | None = None,
        rules: Sequence[HostRule] = (),
        observers: Sequence[Observer] = (),
        clock: Clock | None = None,
        worker: str | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.storage = open_storage(storage, self.clock) if isinstance(storage, str) else storage
        self.media = self.storage.media_store if media is None else open_media(media)
        """Where the content of media is kept; None if the store knows no place and the host named none."""
        self.drivers = tuple(open_driver(driver) for driver in drivers)
        _no_two_alike(self.drivers)
        self._worker = Identity(worker)
        policies = PolicyBook(self.storage, policy or Policy())
        judge, router = Judge(ComplianceGate(BUILT_IN), rules), Router(self.storage)
        observer = Observers(observers)
        self._hub = Hub(self.storage, self.clock)
        writing = Writing(self.drivers)
        self._sending = Sending(
            storage=self.storage,
            clock=self.clock,
            policies=policies,
            judge=judge,
            router=router,
            writing=writing,
            worker=self._worker,
        )
        self._receiver = Receiver(self.storage, self.clock, policies, writing, observer)
        self._links = Links(self.storage, self.clock, self._receiver, self._worker)
        self._webhooks = Webhooks(self._receiver)
        self._dispatcher = Dispatcher(
            storage=self.storage,
            clock=self.clock,
            drivers=self.drivers,
            policies=policies,
            judge=judge,
            sending=self._sending,
            writing=writing,
            observer=observer,
            media=MediaFetching(self.storage, self.media, self.clock, self.drivers, self._worker),
            worker=self._worker,
            owns=self._links.owns,
        )
        tools = Tools(
            storage=self.storage,
            clock=self.clock,
            policies=policies,
            sending=self._sending,
            router=router,
            editing=Editing(self.storage, self.clock, policies, judge, writing),
            dripping=Dripping(self.storage, self.clock, policies, judge, writing),
            hub=self._hub,
            media=self.media,
        )
        super().__init__(Office(tools, DEFAULT_ORG, SYSTEM))
        self._open: AsyncExitStack | None = None

    async def __aenter__(self) -> Self:
        if self._open is not None:
            msg = "this Kit is open already"
            raise UsageError(msg)
        async with AsyncExitStack() as stack:
            self._worker.renew()
            await self.storage.open()
            stack.push_async_callback(self._close)
            await self.storage.rezone(zone_data())
            for driver in self.drivers:
                await self.storage.put_senders(driver.name, driver.senders)
            tasks = await stack.enter_async_context(beside())
            tasks.start_soon(self._hub.run)
            self._open = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        stack, self._open = self._open, None
        return None if stack is None else await stack.__aexit__(kind, error, trace)

    async def _close(self) -> None:
        with anyio.CancelScope(shield=True):
            async with AsyncExitStack() as closing:
                closing.push_async_callback(self.storage.aclose)
                for driver in self.drivers:
                    closing.push_async_callback(driver.aclose)

    def org(self, name: str) -> Desk:
        """The desk of an org, for a host that has many."""
        return Desk(attrs.evolve(self._office, org=Org(name)))

    def run(self) -> Running:
        """Dispatch and receive: `async with kit.run(): ...` beside other work, or `await kit.run()` for ever.

        On the way out, what is being handed over is finished and recorded first.
        """
        return Running(self._run)

    @asynccontextmanager
    async def _run(self) -> AsyncIterator[None]:
        self._must_be_open()
        async with beside() as tasks:
            for driver in self.drivers:
                tasks.start_soon(self._links.run, driver)
            tasks.start_soon(self._dispatcher.run)
            yield

    async def tick(self) -> bool:
        """Do all that is due now and return, for cron and serverless; False if nothing was.

        Drivers that are polled are polled once; links are held only meanwhile, and left alone if another worker
        has them.
        """
        self._must_be_open()
        async with self._links_held():
            dispatched = await self.dispatch()
            return await self.poll() or dispatched

    async def dispatch(self) -> bool:
        """Hand over all that is due now and record the answers; False if nothing was due."""
        self._must_be_open()
        return await self._dispatcher.drain()

    async def poll(self) -> bool:
        """Fetch what there is from drivers that are asked; False if nothing came."""
        self._must_be_open()
        beat = self.storage.pulse.next()
        for driver in self.drivers:
            await driver.poll(self._receiver.sink(driver))
        return beat.is_set()

    async def run_until_idle(self) -> None:
        """Tick until nothing is due any more, for tests."""
        while await self.tick():
            pass

    @asynccontextmanager
    async def _links_held(self) -> AsyncIterator[None]:
        linked = [driver for driver in self.drivers if driver.features.link]
        held = [driver for driver in linked if await self._links.take(driver)]
        try:
            async with beside() as tasks:
                for driver in held:
                    tasks.start_soon(self._links.serve, driver)
                yield
        finally:
            for driver in held:
                await self._links.drop(driver)

    async def receive(self, driver: str, request: WebhookRequest) -> WebhookResponse:
        """Take a carrier's callback: yes only once all it brings is stored. 503 while the Kit is not open."""
        named = next((one for one in self.drivers if one.name == driver), None)
        if named is None:
            return WebhookResponse(status=404)
        if self._open is None:
            return WebhookResponse(status=503)
        return await self._webhooks.receive(named, request)

    def _must_be_open(self) -> None:
        if self._open is None:
            msg = "the Kit is not open; use it inside `async with kit:`"
            raise KitClosed(msg)

    def __repr__(self) -> str:
        return f"Kit({self.storage!r}, drivers={[driver.name for driver in self.drivers]})"


class Running:
    """A Kit at work: a context manager, or something to await for as long as the process lives."""

    def __init__(self, run: Callable[[], contextlib.AbstractAsyncContextManager[None]]) -> None:
        self._run = run
        self._entered: contextlib.AbstractAsyncContextManager[None] | None = None

    async def __aenter__(self) -> None:
        self._entered = self._run()
        await self._entered.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return None if self._entered is None else await self._entered.__aexit__(kind, error, trace)

    def __await__(self) -> Generator[object, None, None]:
        return self._for_ever().__await__()

    async def _for_ever(self) -> None:
        async with self:
            await anyio.sleep_forever()


def open_storage(url: str, clock: Clock) -> Storage:
    """The store a URL names: `sqlite:///file.db` (`sqlite:////absolute/file.db`), or `sqlite://` in memory.

    :raises UsageError: if no store has such a URL.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and not parts.netloc:
        from smskit.storage.sqlite import SqliteStorage

        path = unquote(parts.path)
        return SqliteStorage(path[1:] if path else None, lease_clock=clock.now)
    msg = f"no store for {parts.scheme or 'that'!r}; use sqlite:///file.db, or sqlite:// for memory"
    raise UsageError(msg)


def open_media(media: MediaStore | str | PathLike[str]) -> MediaStore:
    """A store for media as it is, or the one in a folder.

    :raises UsageError: if the folder has no name.
    """
    if not isinstance(media, (str, PathLike)):
        return media
    if not str(media):
        raise UsageError("the folder for media has no name")
    return FileMediaStore(media)


def _no_two_alike(drivers: Sequence[Driver]) -> None:
    names: set[str] = set()
    owners: dict[str, str] = {}
    for driver in drivers:
        if driver.name in names:
            msg = f"two drivers are named {driver.name!r}; give one of them another name"
            raise UsageError(msg)
        names.add(driver.name)
        for sender in driver.senders:
            other = owners.setdefault(sender.address.text, driver.name)
            if other != driver.name:
                msg = f"drivers {other!r} and {driver.name!r} both claim sender {sender.address.masked}"
                raise UsageError(msg)

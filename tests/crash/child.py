"""What the crash tests start and kill: a worker over a file, with a carrier whose book is a file too.

This is no test. It is run as `python child.py '{"folder": ..., "step": "admitted", "passes": 3, ...}'`, does all there
is to do and ends, unless it is killed before.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import anyio
import anyio.lowlevel
import attrs

from smskit import Consent, Features, Kit, PhoneNumber, Policy, SystemClock
from smskit.drivers.base import Driver, Found, Guarantee, NotFoundThere, Reconciliation, Sink
from smskit.encoding import Encoding, Label, Piece
from smskit.errors import Rejected
from smskit.model.traffic import Accepted, Fetched, Inbound, InboundPart, MediaLink, Outgoing
from smskit.storage import files
from smskit.storage.base import Answer, Fetching, MediaErrand, Ruling, Ticket, Turn, Verdict
from smskit.storage.files import FileMediaStore
from smskit.storage.sql import admission, inbox, media, parts, recording
from smskit.storage.sqlite import SqliteStorage

P = ParamSpec("P")
T = TypeVar("T")

SENDER = "+14155550100"
MEDIA = "acme.db-media"
CONSENT = "Acme Dental texts you about your visits. Reply STOP to unsubscribe."

INSIDE = (
    (admission, "_admit"),
    (recording, "apply"),
    (inbox, "_store"),
    (inbox, "_remember"),
    (inbox, "_obey"),
    (inbox, "_answer"),
    (inbox, "cancel_replied"),
    (inbox, "tell"),
    (parts, "keep"),
    (parts, "forget"),
    (inbox, "add_theirs"),
    (media, "_take"),
    (media, "_stored"),
    (media, "_lost"),
    (files, "_replace"),
)
"""Steps inside a transaction or the writing of a file: after one of these the process may die too, as `inside_` and
the name."""


@attrs.frozen(kw_only=True)
class Orders:
    """What the parent wants of this process."""

    folder: str
    backend: str = "asyncio"
    guarantee: str = "at_most_once"
    step: str = ""
    passes: int = 0
    run: int = 1
    texts: int = 0
    """How many texts are to be sent: two to each number. They are sent again, by the same keys, on every run."""
    consent: bool = False


class Death:
    """Kills this process with SIGKILL when it passes a step for the n-th time."""

    def __init__(self, step: str, passes: int) -> None:
        self._step = step
        self._left = passes

    def at(self, step: str) -> None:
        """The process is at this step now."""
        if step != self._step:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def after(self, step: str, work: Callable[P, T]) -> Callable[P, T]:
        """The same work, with a step after it."""

        @wraps(work)
        def carried_out(*args: P.args, **kwargs: P.kwargs) -> T:
            result = work(*args, **kwargs)
            self.at(step)
            return result

        return carried_out


class JumpingClock(SystemClock):
    """The time of day, and how far it has jumped: nothing that waits for a lease takes real time.

    The next process begins where the last one was.
    """

    def __init__(self, file: Path) -> None:
        self._file = Lines(file)
        jumps = self._file.read()
        self._ahead = timedelta(seconds=jumps[-1]["ahead"]) if jumps else timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def guard(self) -> float:
        return super().guard() + self._ahead.total_seconds()

    def jump_to(self, moment: datetime) -> None:
        """Let the time be this at least."""
        self._ahead += max(timedelta(), moment - self.now())
        self._file.write(ahead=self._ahead.total_seconds())


class Lines:
    """Lines of JSON in a file, each on the disk before `write` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, **line: object) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> Sequence[Mapping[str, Any]]:
        """All lines."""
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        return [json.loads(line) for line in lines]


class BookCarrier(Driver):
    """A carrier whose book and whose inbound texts are files, so that they outlive the process that is killed."""

    def __init__(self, orders: Orders, death: Death) -> None:
        features = Features(guarantee=Guarantee(orders.guarantee), window=8, receipts=False)
        super().__init__("book", [SENDER], features)
        folder = Path(orders.folder)
        self._book = Lines(folder / "book")
        self._to_bring = Lines(folder / "inbound")
        self._heard = Lines(folder / "heard")
        self._fetches = Lines(folder / "fetches")
        self._death = death
        self._run = orders.run

    async def send(self, message: Outgoing) -> Accepted:
        known = self._known().get(message.reference)
        if known is not None and self.features.guarantee is Guarantee.IDEMPOTENT:
            return Accepted.whole(known)
        self._death.at("before_write")
        carrier_id = f"c-{message.reference}-{self._run}"
        self._book.write(
            reference=message.reference, id=carrier_id, message=message.message_id, to=message.to.text,
            text=message.text, run=self._run,
        )  # fmt: skip
        self._death.at("written")
        await anyio.lowlevel.checkpoint()
        self._death.at("answered")
        return Accepted.whole(carrier_id)

    async def reconcile(self, message: Outgoing) -> Reconciliation:
        known = self._known().get(message.reference)
        self._death.at("asked")
        return NotFoundThere(conclusive=True) if known is None else Found(Accepted.whole(known))

    async def poll(self, sink: Sink) -> datetime | None:
        """Bring every text that did not hear yes; the first of a process may be one that the last one stored."""
        heard = {line["number"] for line in self._heard.read()}
        waiting = [line for line in self._to_bring.read() if line["number"] not in heard]
        for position, line in enumerate(waiting):
            inbound = self._inbound(line, may_repeat=position == 0 and self._run > 1)
            self._death.at("before_sink")
            await sink(inbound)
            self._death.at("before_yes")
            self._heard.write(number=line["number"])
            self._death.at("after_yes")
            await sink.acknowledged(inbound)
            self._death.at("acknowledged")
        return None

    def _inbound(self, line: Mapping[str, Any], *, may_repeat: bool) -> Inbound | InboundPart:
        sender, to = PhoneNumber(line["from"]), self.senders[0].address
        if "place" not in line:
            return Inbound(
                sender=sender,
                to=to,
                text=line["text"],
                carrier_id=line["id"],
                may_repeat=may_repeat,
                media=tuple(MediaLink(url=f"book:{name}") for name in line.get("media", ())),
            )
        return InboundPart(
            sender=sender,
            to=to,
            label=Label(reference=7, total=line["total"], sequence=line["place"]),
            piece=Piece(Encoding.UCS2, line["text"].encode("utf-16-be")),
            carrier_id=line["id"],
            may_repeat=may_repeat,
        )

    async def fetch_media(self, link: MediaLink) -> Fetched:
        name = link.url.removeprefix("book:")
        self._fetches.write(name=name, run=self._run)
        await anyio.lowlevel.checkpoint()
        if name.startswith("gone"):
            raise Rejected("it is gone", code="410")
        self._death.at("fetched")
        return Fetched(content=content_of(name), content_type="image/png")

    def _known(self) -> Mapping[str, str]:
        return {line["reference"]: line["id"] for line in self._book.read()}


class MortalFiles(FileMediaStore):
    """The real files, with a step after each."""

    def __init__(self, folder: Path, death: Death) -> None:
        super().__init__(folder)
        self._death = death

    async def put(self, content: bytes) -> str:
        digest = await super().put(content)
        self._death.at("kept")
        return digest


class MortalStorage(SqliteStorage):
    """The real store, with steps after its commits, and a journal of what was admitted and recorded."""

    def __init__(self, orders: Orders, death: Death, clock: JumpingClock) -> None:
        super().__init__(str(Path(orders.folder) / "acme.db"), lease_clock=clock.now)
        self.media_store = MortalFiles(Path(orders.folder) / MEDIA, death)
        self._journal = Lines(Path(orders.folder) / "journal")
        self._death = death

    async def claim(self, worker: str, room: Mapping[str, int], now: datetime, *, lease: timedelta) -> Turn:
        turn = await super().claim(worker, room, now, lease=lease)
        if turn.claimed:
            self._death.at("claimed")
        return turn

    async def admit(self, rulings: Sequence[Ruling], now: datetime) -> Sequence[Verdict]:
        verdicts = await super().admit(rulings, now)
        for ruling, verdict in zip(rulings, verdicts, strict=True):
            if verdict is Verdict.ADMITTED:
                self._journal.write(admitted=ruling.ticket.message_id)
        self._death.at("admitted")
        return verdicts

    async def record(self, ticket: Ticket, answer: Answer, now: datetime) -> bool:
        recorded = await super().record(ticket, answer, now)
        if recorded:
            self._journal.write(recorded=ticket.message_id)
        self._death.at("recorded")
        return recorded

    async def claim_media(
        self, worker: str, drivers: Sequence[str], now: datetime, *, lease: timedelta, limit: int
    ) -> Sequence[MediaErrand]:
        errands = await super().claim_media(worker, drivers, now, lease=lease, limit=limit)
        if errands:
            self._death.at("media_claimed")
        return errands

    async def settle_media(self, errand: MediaErrand, outcome: Fetching, now: datetime) -> bool:
        settled = await super().settle_media(errand, outcome, now)
        self._death.at("media_settled")
        return settled


def content_of(name: str) -> bytes:
    """What the carrier has under a name; more than a file takes at once."""
    return sha256(name.encode()).digest() * 10_000


async def work(orders: Orders) -> None:
    """Send what is to be sent, and go on until nothing is left to do at any time."""
    death = Death(orders.step, orders.passes)
    for module, name in INSIDE:
        setattr(module, name, death.after(f"inside_{name}", getattr(module, name)))
    clock = JumpingClock(Path(orders.folder) / "jumps")
    storage = MortalStorage(orders, death, clock)
    consent = Consent.precede(CONSENT) if orders.consent else None
    # Many die with the same consent message in doubt, and each time its lease has to run out.
    policy = Policy(consent=consent, consent_wait=timedelta(days=1))
    async with Kit(storage, drivers=[BookCarrier(orders, death)], policy=policy, clock=clock) as kit:
        async with anyio.create_task_group() as tasks:
            for number in range(orders.texts):
                tasks.start_soon(_send, kit, number)
        print("ready", flush=True)  # noqa: T201 - the parent waits for it
        while True:
            await kit.run_until_idle()
            deadline = await storage.next_deadline(clock.now())
            if deadline is None:
                return
            clock.jump_to(deadline)


async def _send(kit: Kit, number: int) -> None:
    person = number // 2
    chat = await kit.conversations.start(f"+1{200 + person // 90}55501{person % 90:02}")
    await chat.send(f"text {number}", key=f"text-{number}")


if __name__ == "__main__":
    given = Orders(**json.loads(sys.argv[1]))
    anyio.run(work, given, backend=given.backend)

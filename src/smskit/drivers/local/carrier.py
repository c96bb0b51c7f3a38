"""The carrier inside the process, as a driver.

With a seed it misbehaves as real carriers do. What it does to a text depends on the seed and the text's reference
alone, so that the same run goes wrong in the same way.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel

from smskit.clock import Clock, SystemClock
from smskit.drivers.base import Driver, Features, Found, Guarantee, NotFoundThere, Reconciliation, Sink
from smskit.drivers.local.book import Carried, Faults, Handset
from smskit.drivers.registry import DriverUrl
from smskit.encoding import Label, segment, take_apart
from smskit.errors import OutcomeUnknown, Rejected, Unavailable, UsageError
from smskit.model.addresses import Address, PhoneNumber
from smskit.model.conversations import Sender
from smskit.model.statuses import Status
from smskit.model.traffic import (
    Accepted,
    Fetched,
    Inbound,
    InboundPart,
    Incoming,
    MediaLink,
    Outgoing,
    PartOutcome,
    Receipt,
)

_NO_FAULTS = Faults()
_ANY_LUCK = random.Random(0)
"""Where nothing goes wrong it does not matter, and a seeded one takes its time to make."""

_Entry: TypeAlias = tuple[datetime, int, Incoming | Carried]

AT_ONCE = 64
"""How many receipts the carrier has under way at once."""


class LocalCarrier(Driver):
    """The carrier, as a driver. `book` is what it took, whatever the sender was told; `faults` may be changed."""

    def __init__(
        self,
        senders: Sequence[Sender | str],
        *,
        name: str = "local",
        clock: Clock | None = None,
        seed: int = 0,
        faults: Faults | None = None,
        latency: timedelta = timedelta(),
        features: Features | None = None,
    ) -> None:
        super().__init__(name, senders, features or Features(window=100, national_tables=True, media=10))
        self.book: list[Carried] = []
        self._clock = clock or SystemClock()
        self._seed = seed
        self.faults = faults or Faults()
        self._latency = latency
        self._handsets: dict[str, Handset] = {}
        self._taken: dict[str, Accepted] = {}
        self._media: dict[str, Fetched] = {}
        self._ids = itertools.count(1)
        self._due: list[_Entry] = []
        self._order = itertools.count()
        self._more = anyio.Event()
        self._text_after_text = anyio.Lock()
        self._in_hand = 0

    def handset(self, number: str | Address) -> Handset:
        """The phone with this number; it is switched on when first asked for."""
        parsed = PhoneNumber.parse(number) if isinstance(number, str) else number
        return self._handsets.setdefault(parsed.text, Handset(parsed))

    @property
    def next_due(self) -> datetime | None:
        """When the carrier has something to bring."""
        return self._due[0][0] if self._due else None

    def text(
        self,
        sender: str | Address,
        text: str,
        to: Address | None = None,
        *,
        media: Sequence[Fetched] = (),
        at_once: bool = False,
    ) -> Inbound:
        """A person texts one of our senders, the first one unless another is named."""
        inbound = Inbound(
            sender=self.handset(sender).number,
            to=to or self.senders[0].address,
            text=text,
            carrier_id=f"in-{next(self._ids)}",
            sent_at=self._clock.now(),
            media=tuple(self._hold(one) for one in media),
        )
        self._at(self._clock.now() + (timedelta() if at_once else self._latency), inbound)
        return inbound

    def _hold(self, media: Fetched) -> MediaLink:
        url = f"local:media-{next(self._ids)}"
        self._media[url] = media
        return MediaLink(url=url, content_type=media.content_type)

    async def fetch_media(self, link: MediaLink) -> Fetched:
        await anyio.lowlevel.checkpoint()
        if link.url not in self._media:
            raise Rejected("the carrier has no such media", code="gone")
        return self._media[link.url]

    def text_in_parts(
        self,
        sender: str | Address,
        text: str,
        to: Address | None = None,
        *,
        lost: Collection[int] = (),
        at_once: bool = False,
    ) -> tuple[InboundPart, ...]:
        """A person sends a long text, which comes part by part, without those in `lost`, counted from 1."""
        pieces = take_apart(segment(text))
        reference = next(self._ids) & 0xFF
        parts = tuple(
            InboundPart(
                sender=self.handset(sender).number,
                to=to or self.senders[0].address,
                label=Label(reference=reference, total=len(pieces), sequence=place),
                piece=piece,
                carrier_id=f"in-{next(self._ids)}",
                sent_at=self._clock.now(),
            )
            for place, piece in enumerate(pieces, start=1)
            if place not in lost
        )
        for part in parts:
            self._at(self._clock.now() + (timedelta() if at_once else self._latency), part)
        return parts

    async def send(self, message: Outgoing) -> Accepted:
        if self._in_hand >= self.features.window:
            raise Unavailable("the carrier's window is full", code="window")
        self._in_hand += 1
        try:
            return await self._send(message)
        finally:
            self._in_hand -= 1

    async def _send(self, message: Outgoing) -> Accepted:
        await anyio.lowlevel.checkpoint()
        known = self._taken.get(message.reference)
        if known is not None and self.features.guarantee is Guarantee.IDEMPOTENT:
            return known
        luck = self._luck(message.reference, message.attempt)
        if luck.random() < self.faults.refuse:
            raise Rejected("the carrier refuses this text", code="refused")
        if luck.random() < self.faults.throttle:
            raise Unavailable("the carrier is busy", code="throttled", retry_after=timedelta(seconds=5))
        if luck.random() < self.faults.silent_before:
            await self._silence()
        accepted = self._take(message, luck)
        if luck.random() < self.faults.silent_after:
            await self._silence()
        return accepted

    async def reconcile(self, message: Outgoing) -> Reconciliation:
        if self.features.guarantee is not Guarantee.RECONCILABLE:
            return await super().reconcile(message)
        known = self._taken.get(message.reference)
        return NotFoundThere(conclusive=True) if known is None else Found(known)

    async def poll(self, sink: Sink) -> datetime | None:
        """Bring everything that is due, in the order of time; an event that is not stored stays."""
        await self._bring_all_due(sink)
        return self.next_due

    async def run(self, sink: Sink) -> None:
        """As `poll`, for as long as it is not cancelled, with several receipts at once as carriers do."""
        while True:
            more = self._more = anyio.Event()
            async with anyio.create_task_group() as tasks:
                for _ in range(min(AT_ONCE, len(self._due))):
                    tasks.start_soon(self._bring_all_due, sink)
            await self._clock.wait(more, self.next_due)

    async def _bring_all_due(self, sink: Sink) -> None:
        while (entry := self._next_due()) is not None:
            await self._bring(entry, sink)

    def _next_due(self) -> _Entry | None:
        due = bool(self._due) and self._due[0][0] <= self._clock.now()
        return heapq.heappop(self._due) if due else None

    async def _bring(self, entry: _Entry, sink: Sink) -> None:
        event = entry[2]
        if isinstance(event, Carried):
            self._reach(event)
            return
        try:
            if isinstance(event, Receipt):
                await sink(event)
                return
            async with self._text_after_text:
                await sink(event)
        except BaseException:
            heapq.heappush(self._due, entry)
            raise

    async def _silence(self) -> None:
        await self._clock.sleep_until(self._clock.now() + self.features.timeout)
        raise OutcomeUnknown("the carrier did not answer", code="silent")

    def _take(self, message: Outgoing, luck: random.Random) -> Accepted:
        accepted = self._accepted(message, luck)
        now = self._clock.now()
        carried = Carried(
            reference=message.reference,
            sender=message.sender,
            to=message.to,
            text=message.text,
            accepted=accepted,
            at=now,
            media=message.media,
        )
        self.book.append(carried)
        self._taken[message.reference] = accepted
        lost = {part.part for part in accepted.parts if luck.random() < self.faults.lose_part}
        if not lost and all(part.status is Status.ACCEPTED for part in accepted.parts):
            self._at(now + self._latency, carried)
        for part in accepted.parts:
            if part.status is Status.ACCEPTED and part.part not in lost:
                self._report(message, part, now, luck)
        return accepted

    def _accepted(self, message: Outgoing, luck: random.Random) -> Accepted:
        if message.parts == 1:
            return Accepted.whole(f"out-{next(self._ids)}")
        parts = [self._part(part, luck) for part in range(1, message.parts + 1)]
        if all(part.status is Status.REJECTED for part in parts):
            raise Rejected("the carrier refuses every part", code="refused")
        return Accepted(tuple(parts))

    def _part(self, part: int, luck: random.Random) -> PartOutcome:
        if luck.random() < self.faults.refuse_part:
            return PartOutcome(part=part, status=Status.REJECTED, code="refused")
        return PartOutcome(part=part, status=Status.ACCEPTED, carrier_id=f"out-{next(self._ids)}")

    def _report(self, message: Outgoing, part: PartOutcome, now: datetime, luck: random.Random) -> None:
        for step, status in enumerate((Status.SENT, Status.DELIVERED), start=1):
            if luck.random() < self.faults.lose_receipt:
                continue
            receipt = Receipt(
                status=status, carrier_id=part.carrier_id, reference=message.reference, part=part.part
            )
            times = 2 if luck.random() < self.faults.repeat_receipt else 1
            for _ in range(times):
                late = luck.random() < self.faults.delay_receipt
                extra = timedelta(seconds=luck.randrange(3600)) if late else timedelta()
                self._at(now + step * self._latency + extra, receipt)

    def _reach(self, carried: Carried) -> None:
        handset = self.handset(carried.to)
        handset.received.append(carried.text)
        handset.media += carried.media
        answer = handset.answers_with(carried.text) if handset.answers_with else None
        if answer is not None:
            self.text(carried.to, answer, to=carried.sender)

    def _at(self, moment: datetime, event: Incoming | Carried) -> None:
        heapq.heappush(self._due, (moment, next(self._order), event))
        self._more.set()

    def _luck(self, reference: str, attempt: int) -> random.Random:
        if self.faults == _NO_FAULTS:
            return _ANY_LUCK
        return random.Random(f"{self._seed}:{reference}:{attempt}")


def from_url(url: DriverUrl) -> LocalCarrier:
    """`local:?sender=%2B14155550100&sender=...`, with `name` and `seed` as further options."""
    options: Mapping[str, Any] = url.take("sender", "name", "seed")
    senders = options.get("sender", ())
    if not senders:
        msg = "a local carrier needs at least one sender: local:?sender=%2B14155550100"
        raise UsageError(msg)
    seed = url.option("seed") or "0"
    if not seed.isdecimal():
        msg = "the seed of a local carrier is a whole number"
        raise UsageError(msg)
    return LocalCarrier(senders, name=url.option("name") or "local", seed=int(seed))

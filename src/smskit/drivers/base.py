"""The driver interface: hand a text over, bring back what the carrier says, and decide nothing."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

import attrs

from smskit.compliance.opt_words import Word
from smskit.errors import BadCallback, Rejected
from smskit.model.conversations import Sender
from smskit.model.traffic import Accepted, Fetched, Inbound, InboundPart, Incoming, MediaLink, Outgoing

__all__ = [
    "Driver",
    "Features",
    "Found",
    "Guarantee",
    "NotFoundThere",
    "Reconciliation",
    "Sink",
    "Unsure",
    "WebhookRequest",
    "WebhookResponse",
    "WebhookResult",
]


class Guarantee(enum.Enum):
    """What a driver can do about a text whose outcome is unknown."""

    IDEMPOTENT = "idempotent"
    """The carrier sends a repeated reference only once: it is simply sent again."""
    RECONCILABLE = "reconcilable"
    """The carrier can be asked (`Driver.reconcile`)."""
    AT_MOST_ONCE = "at_most_once"
    """Nothing: it stays unknown until a receipt or a person resolves it."""


@attrs.frozen(kw_only=True)
class Features:
    """What a driver can do, as data."""

    guarantee: Guarantee = Guarantee.AT_MOST_ONCE
    window: int = 10
    """How many texts it takes at once."""
    link: bool = False
    """It holds a connection, so one process per database runs it and the others enqueue."""
    answers: frozenset[Word] = frozenset()
    """The words that the carrier answers by itself, so that we must not."""
    national_tables: bool = False
    """It writes texts on the wire itself and can say that they use the national tables of `Outgoing.languages`."""
    media: int = 0
    """How many pictures, videos and the like it sends with a text, by `Outgoing.media`."""
    receipts: bool = True
    inbound: bool = True
    timeout: timedelta = timedelta(seconds=30)
    """After this long without an answer a text's outcome is unknown. Less than half of a worker's lease."""


@attrs.frozen
class Found:
    """The carrier has the text."""

    accepted: Accepted


@attrs.frozen(kw_only=True)
class NotFoundThere:
    """The carrier does not know the text. Only if that is `conclusive` is it sent again."""

    conclusive: bool


@attrs.frozen
class Unsure:
    """The carrier could not be asked, or did not know; ask again later."""


Reconciliation: TypeAlias = Found | NotFoundThere | Unsure


class Sink(Protocol):
    """Where a driver brings what came in."""

    async def __call__(self, event: Incoming) -> None:
        """Return once the event is stored; only then does the driver acknowledge it to the carrier.

        :raises StorageError: if it could not be stored; then the carrier must not hear yes.
        """

    async def acknowledged(self, event: Inbound | InboundPart) -> None:
        """The carrier heard yes. Needed only for texts that have no `carrier_id`."""


@attrs.frozen(kw_only=True)
class WebhookRequest:
    """A callback as it came over HTTP, unparsed: signatures cover the raw target and body."""

    method: str
    raw_target: str = attrs.field(repr=False)
    headers: Sequence[tuple[str, str]] = attrs.field(default=(), repr=False)
    body: bytes = attrs.field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@attrs.frozen(kw_only=True)
class WebhookResponse:
    """What the carrier is answered."""

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(kw_only=True)
class WebhookResult:
    """What a callback brings, and the answer once all of it is stored."""

    events: Sequence[Incoming]
    response: WebhookResponse = WebhookResponse(status=204)


class Driver(ABC):
    """Hands texts to one carrier and brings back what the carrier says.

    A driver translates; it does not decide. It tries once. Retries, routing, opt-out and rate live above it.
    It may be used by any number of tasks at once, up to its window.
    """

    def __init__(self, name: str, senders: Sequence[Sender | str], features: Features) -> None:
        self.name = name
        self.features = features
        self.senders = tuple(Sender.of(sender) for sender in senders)

    @abstractmethod
    async def send(self, message: Outgoing) -> Accepted:
        """Hand over one text and return once the carrier has it.

        Once a part may have left, the answer is `Accepted` with what is known of each part, or `OutcomeUnknown`.

        :raises Rejected: the carrier refused it.
        :raises Unavailable: nothing was accepted; also when the driver cannot take it now, since nothing queues in it.
        :raises OutcomeUnknown: it may have gone out.
        """

    async def run(self, sink: Sink) -> None:
        """Keep the link up and bring what comes in, until cancelled. Drivers without a link return at once."""

    async def poll(self, sink: Sink) -> datetime | None:
        """Bring what is there to fetch now, and say when there may be more; for drivers that are asked."""
        return None

    async def reconcile(self, message: Outgoing) -> Reconciliation:
        """Ask the carrier about a text whose outcome is unknown."""
        return Unsure()

    async def fetch_media(self, link: MediaLink) -> Fetched:
        """Fetch what came with a text, from where the driver said in `Inbound.media`.

        :raises Rejected: it is gone, too large, or somewhere we do not go: it is lost.
        :raises Unavailable: not now. Any other error counts as this one.
        """
        raise Rejected("this driver fetches no media", code="no_media")

    def parse_webhook(self, request: WebhookRequest) -> WebhookResult:
        """What an HTTP callback of the carrier says.

        :raises BadSignature: it is not from the carrier.
        :raises BadCallback: it cannot be read.
        """
        msg = f"driver {self.name!r} has no webhooks"
        raise BadCallback(msg)

    async def aclose(self) -> None:
        """Let go of everything. Closing twice does no harm."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, senders={len(self.senders)})"

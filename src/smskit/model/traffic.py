"""What goes to a carrier and what comes back: the values that drivers translate."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

import attrs

from smskit.encoding import Label, Language, Piece
from smskit.model.addresses import Address
from smskit.model.ids import MessageId
from smskit.model.statuses import Status


@attrs.frozen(kw_only=True)
class Outgoing:
    """One text for a driver to hand over.

    `reference` is ours and the same on every attempt: a driver gives it to the carrier wherever the
    carrier has a place for it, and carriers that honour it send a repeated one only once.
    """

    message_id: MessageId
    reference: str
    sender: Address
    to: Address
    text: str
    parts: int
    expires_at: datetime | None = None
    attempt: int = 1
    languages: frozenset[Language] = frozenset()
    """Whose national tables may be used: `segment(text, languages=...)` gives the parts that were counted."""
    media: tuple[str, ...] = attrs.field(default=(), repr=lambda urls: f"<{len(urls)}>")
    """URLs of pictures, videos and the like, which the carrier fetches. Only for drivers with `Features.media`."""


@attrs.frozen(kw_only=True)
class PartOutcome:
    """What became of one part: `accepted`, `rejected`, or `unknown` when it may have gone out.

    Part 0 is the message as a whole, for carriers that give one id for all parts.
    """

    part: int
    status: Status
    carrier_id: str | None = None
    code: str | None = None


@attrs.frozen
class Accepted:
    """The carrier has the text, or some of its parts. At least one part is not rejected."""

    parts: tuple[PartOutcome, ...]

    @classmethod
    def whole(cls, carrier_id: str | None = None) -> Accepted:
        """All of it, under one id."""
        return cls((PartOutcome(part=0, status=Status.ACCEPTED, carrier_id=carrier_id),))

    @classmethod
    def each(cls, carrier_ids: Iterable[str]) -> Accepted:
        """Every part, each under its own id, in the order of the parts."""
        return cls(
            tuple(
                PartOutcome(part=part, status=Status.ACCEPTED, carrier_id=carrier_id)
                for part, carrier_id in enumerate(carrier_ids, start=1)
            )
        )


@attrs.frozen(kw_only=True)
class MediaLink:
    """A picture, video or the like of a text that came in: where the carrier keeps it until we fetch it."""

    url: str = attrs.field(repr=False)
    content_type: str | None = None
    """What the carrier says it is."""


@attrs.frozen(kw_only=True)
class Fetched:
    """What was found behind a `MediaLink`."""

    content: bytes = attrs.field(repr=False)
    content_type: str | None = None


@attrs.frozen(kw_only=True)
class Inbound:
    """A text that came in.

    `carrier_id` tells one delivery from another. Where a carrier gives none, equal content counts as a
    repetition only if the driver says that it `may_repeat`: the link broke before an earlier one was acknowledged.
    """

    sender: Address
    """Who wrote it."""
    to: Address
    """Which of our senders it came to."""
    text: str
    carrier_id: str | None = None
    may_repeat: bool = False
    sent_at: datetime | None = None
    media: tuple[MediaLink, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The same for equal content from and to the same addresses. Links to media may change, their number not."""
        content = "\x00".join((self.sender.text, self.to.text, self.text, *("" for _ in self.media)))
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:24]


@attrs.frozen(kw_only=True)
class InboundPart:
    """One part of a long text that came in, as it was carried. The store joins it with the others.

    It is told from its repetitions as an `Inbound` is: with neither an id nor `may_repeat`, parts that come again
    after their text was complete are another text, since people do say things twice.
    """

    sender: Address
    to: Address
    label: Label
    piece: Piece
    carrier_id: str | None = None
    may_repeat: bool = False
    sent_at: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """The same for equal content under an equal label, from and to the same addresses."""
        label, piece = self.label, self.piece
        content = (
            *(self.sender.text, self.to.text, label.reference, label.wide, label.total, label.sequence),
            *(piece.encoding.value, piece.shift.locking, piece.shift.single, piece.data.hex()),
        )
        return hashlib.sha256("\x00".join(map(str, content)).encode()).hexdigest()[:24]


@attrs.frozen(kw_only=True)
class Receipt:
    """What a carrier says happened to a message, or to one part of it.

    It names the message by the carrier's id, by our `reference`, or both. `status` is `unknown` for a
    word of the carrier's that has no meaning to us; the word itself stays in `code`, with an error
    code if there is one.
    """

    status: Status
    carrier_id: str | None = None
    reference: str | None = None
    part: int = 0
    code: str | None = None
    at: datetime | None = None
    opted_out: bool = False
    """The carrier says that the number opted out there; with a `status` that ends the message."""


Incoming: TypeAlias = Inbound | InboundPart | Receipt

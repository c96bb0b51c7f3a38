"""Where an outbound message is, and how receipts of its parts move it.

A status that a carrier caused is a pure function of the set of receipts of all parts:
each part stands at the highest status anybody reported for it, and the message stands where its
lowest part stands. Both are joins over one total order with `delivered` at the top, so receipts may come
early, late, twice or in any order and the result is the same and never goes back.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping


class Status(enum.StrEnum):
    """Where a message is."""

    SCHEDULED = "scheduled"
    """Waits for the time a person chose."""
    HELD = "held"
    """Waits for a time the gate named."""
    QUEUED = "queued"
    """Waits for its turn to be handed to a driver."""
    SUBMITTING = "submitting"
    """Admitted: it is being handed over, and can no longer be taken back."""
    UNKNOWN = "unknown"
    """Handed over without an answer: it may have gone out."""
    ACCEPTED = "accepted"
    """The carrier took it."""
    SENT = "sent"
    """The carrier passed it on."""
    EXPIRED = "expired"
    """Its time ran out, here before it was sent or at the carrier."""
    REJECTED = "rejected"
    """The carrier or the network refused it."""
    FAILED = "failed"
    """It could not be sent."""
    UNDELIVERED = "undelivered"
    """The carrier gave up bringing it to the handset."""
    DELIVERED = "delivered"
    """It is on the handset."""
    BLOCKED = "blocked"
    """The gate denied it; nothing was sent."""
    CANCELED = "canceled"
    """Withdrawn before it was admitted."""
    RECEIVED = "received"
    """Inbound: it came from the contact."""
    NOTED = "noted"
    """A note: it goes nowhere."""

    @property
    def is_final(self) -> bool:
        """Nothing we do moves it any more; a late receipt still may, upwards."""
        return self in _FINAL

    @property
    def rank(self) -> int:
        """Its place in the order of what carriers report; 0 for whatever is below `accepted`."""
        return _RANK[self]


_REPORTED = (
    Status.ACCEPTED,
    Status.SENT,
    Status.EXPIRED,
    Status.REJECTED,
    Status.FAILED,
    Status.UNDELIVERED,
    Status.DELIVERED,
)
_RANK: Mapping[Status, int] = dict.fromkeys(Status, 0) | {
    status: rank for rank, status in enumerate(_REPORTED, start=1)
}
_FINAL = frozenset(
    {
        Status.EXPIRED,
        Status.REJECTED,
        Status.FAILED,
        Status.UNDELIVERED,
        Status.DELIVERED,
        Status.BLOCKED,
        Status.CANCELED,
        Status.RECEIVED,
        Status.NOTED,
    }
)


def highest(reports: Iterable[Status]) -> Status:
    """The highest of the reported statuses; `unknown` if there is none."""
    return max(reports, key=_RANK.__getitem__, default=Status.UNKNOWN)


def of_message(parts: int, reports: Mapping[int, Status]) -> Status:
    """Where a message of `parts` parts stands, given the highest report per part.

    Part 0 stands for the message as a whole and counts for every part; parts are numbered from 1.
    """
    whole = reports.get(0, Status.UNKNOWN)
    return min(
        (highest((whole, reports.get(part, Status.UNKNOWN))) for part in range(1, parts + 1)),
        key=_RANK.__getitem__,
    )

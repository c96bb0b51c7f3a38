"""What is due, and when the next thing is: by index, without a look at what merely waits."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

import attrs

from smskit.model.codec import from_micros, to_micros
from smskit.model.messages import Lane
from smskit.storage.sql.tx import Row, Tx

_NEXT_READY_SENDER = (
    "select n.* from smskit_sender n where n.id = "
    "(select min(sender_id) from smskit_outbox where state = 0 and sender_id > ?)"
)

_NEXT_READY = (
    "select due_at, parts from smskit_outbox where sender_id = ? and lane = ? and state = 0 "
    "order by due_at, message_id limit 1"
)

_MEDIA = ("due_at", "smskit_media where due_at is not null")

_TIMERS = (
    ("due_at", "smskit_outbox where state in (5, 6)"),
    ("due_at", "smskit_outbox where state = 4 and way is not null"),
    ("yield_at", "smskit_outbox where yield_at is not null"),
    ("expires_at", "smskit_part where true"),
    _MEDIA,
)


def senders_with_ready(tx: Tx) -> Iterator[Row]:
    """Senders that have ready rows, by hops through the index."""
    last = -1
    while (row := tx.one(_NEXT_READY_SENDER, (last,))) is not None:
        last = row["id"]
        yield row


def housekeeping(tx: Tx, now: int, lease_now: int, drivers: Collection[str]) -> bool:
    """Something is due for release or reap, or to be fetched over one of the drivers."""
    if tx.one("select 1 from smskit_outbox where state in (1, 2) and lease_until <= ? limit 1", (lease_now,)):
        return True
    if tx.one("select 1 from smskit_intake where error is null limit 1"):
        return True
    if _media_due(tx, now, drivers):
        return True
    others = [timer for timer in _TIMERS if timer is not _MEDIA]
    return any(tx.one(f"select 1 from {rows} and {column} <= ? limit 1", (now,)) for column, rows in others)


def _media_due(tx: Tx, now: int, drivers: Collection[str]) -> bool:
    """Those of drivers that are not here are nobody's work here."""
    column, rows = _MEDIA
    here = ", ".join("?" * len(drivers))
    found = tx.one(f"select 1 from {rows} and {column} <= ? and driver in ({here}) limit 1", (now, *drivers))
    return found is not None


def next_deadline(tx: Tx, now: datetime, lease_now: datetime) -> datetime | None:
    """The first moment after now at which anything becomes due."""
    moment = to_micros(now)
    found = [_soonest(tx, column, rows, moment) for column, rows in _TIMERS]
    found += list(_ready_later(tx, moment))
    lease = _soonest(tx, "lease_until", "smskit_outbox where state in (1, 2)", to_micros(lease_now))
    if lease is not None:
        found.append(moment + lease - to_micros(lease_now))
    moments = [one for one in found if one is not None]
    return from_micros(min(moments)) if moments else None


def _soonest(tx: Tx, column: str, rows: str, after: int) -> int | None:
    row = tx.one(f"select min({column}) as soonest from {rows} and {column} > ?", (after,))
    return None if row is None else row["soonest"]


def _ready_later(tx: Tx, now: int) -> Iterator[int]:
    for sender in senders_with_ready(tx):
        bucket = Bucket.of(sender, now)
        for lane in Lane:
            head = tx.one(_NEXT_READY, (sender["id"], lane))
            if head is not None:
                moment = max(head["due_at"], bucket.free_for(lane, head["parts"]))
                if moment > now:
                    yield moment


@attrs.define
class Bucket:
    """A sender's rate by the generic cell rate algorithm (ITU-T I.371, annex A), counted in parts.

    `free_at` is when all that was taken would have been sent at the plain rate.
    """

    sender_id: int
    driver: str
    interval: int
    burst: int
    debt: int
    free_at: int
    served_at: int
    now: int
    has_taken: bool = False
    is_slowed: bool = False
    """Something had to wait: nothing less urgent goes before it."""

    @classmethod
    def of(cls, sender: Row, now: int) -> Bucket:
        """The bucket of a sender's row."""
        return cls(
            sender["id"],
            sender["driver"],
            sender["interval"],
            sender["burst"],
            sender["debt"],
            sender["free_at"],
            sender["served_at"],
            now,
        )

    def free_for(self, lane: Lane, parts: int) -> int:
        """When so many parts may go. A text larger than the bucket goes when the bucket is full."""
        allowed = self.burst + (self.debt if lane is Lane.INTERACTIVE else 0)
        return max(0, self.free_at - max(allowed - parts, 0) * self.interval)

    def take(self, lane: Lane, parts: int) -> bool:
        """Take parts if they may go now."""
        if self.free_for(lane, parts) > self.now:
            self.is_slowed = True
            return False
        self.free_at = max(self.free_at, self.now) + parts * self.interval
        self.has_taken = True
        return True

    def save(self, tx: Tx, served_at: int) -> None:
        """Keep what was taken, and that the sender had its turn."""
        tx.run(
            "update smskit_sender set free_at = ?, served_at = ? where id = ?",
            (self.free_at, served_at, self.sender_id),
        )

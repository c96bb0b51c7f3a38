"""Claiming: which messages a worker takes next, in order, fairly among senders and within their rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import attrs

from smskit.encoding import Language
from smskit.model.addresses import address_of
from smskit.model.codec import from_micros, from_row, to_micros
from smskit.model.ids import MessageId
from smskit.model.messages import Lane, MessageRecord
from smskit.model.statuses import Status
from smskit.model.traffic import Outgoing
from smskit.storage.base import Claimed, Ticket, Turn
from smskit.storage.sql import due
from smskit.storage.sql.facts import COLUMNS, JOINS, facts_of
from smskit.storage.sql.media import urls_of
from smskit.storage.sql.settling import give_up
from smskit.storage.sql.tx import Row, Tx, existing

_CANDIDATES = (
    "select o.message_id, o.conversation_id, o.parts, o.expires_at from smskit_outbox o "
    "where o.sender_id = ? and o.lane = ? and o.state = 0 and o.due_at <= ? and not exists "
    "(select 1 from smskit_outbox b where b.conversation_id = o.conversation_id and b.state in (1, 2)) "
    "order by o.due_at, o.message_id limit ?"
)

_LEASE = (
    "update smskit_outbox set state = 1, worker = ?, fence = fence + 1, lease_until = ? where message_id = ?"
)

_DETAILS = (
    f"select m.*, o.fence, o.tries, o.expires_at, {COLUMNS} from smskit_outbox o "
    "join smskit_message m on m.id = o.message_id join smskit_conversation c on c.id = o.conversation_id "
    f"{JOINS} where o.message_id = ?"
)


def claim(
    tx: Tx, worker: str, room: Mapping[str, int], now: datetime, lease: timedelta, lease_now: datetime
) -> Turn:
    moment, until = to_micros(now), to_micros(lease_now + lease)
    taken = _Taking(tx, room, moment)
    claimed: list[Claimed] = []
    for lane in Lane:
        for message_id in taken.of_lane(lane):
            tx.run(_LEASE, (worker, until, message_id))
            claimed.append(_claimed(tx, worker, message_id))
    taken.save()
    return Turn(
        claimed=tuple(claimed),
        expired=taken.expired,
        housekeeping=due.housekeeping(tx, moment, to_micros(lease_now), room),
    )


class _Taking:
    """The messages that go now: urgent lanes first; among senders, the one whose last turn is longest ago."""

    def __init__(self, tx: Tx, room: Mapping[str, int], now: int) -> None:
        self.expired = 0
        self._tx = tx
        self._now = now
        self._left = dict(room)
        ready = [row for row in due.senders_with_ready(tx) if room.get(row["driver"], 0) > 0]
        ready.sort(key=lambda row: (row["served_at"], row["id"]))
        self._buckets = [due.Bucket.of(row, now) for row in ready]

    def of_lane(self, lane: Lane) -> Iterator[int]:
        """Of each sender as many as its share of its driver's room."""
        others = Counter(bucket.driver for bucket in self._buckets)
        for bucket in self._buckets:
            share = -(-self._left[bucket.driver] // others[bucket.driver])
            others[bucket.driver] -= 1
            if share > 0 and not bucket.is_slowed:
                yield from self._of_sender(bucket, lane, share)

    def _of_sender(self, bucket: due.Bucket, lane: Lane, share: int) -> Iterator[int]:
        conversations: set[int] = set()
        for row in self._tx.all(_CANDIDATES, (bucket.sender_id, lane, self._now, share)):
            if row["expires_at"] is not None and row["expires_at"] <= self._now:
                give_up(self._tx, row["message_id"], Status.EXPIRED, "expired_in_queue", self._now)
                self.expired += 1
            elif row["conversation_id"] not in conversations:
                if not bucket.take(lane, row["parts"]):
                    return
                conversations.add(row["conversation_id"])
                self._left[bucket.driver] -= 1
                yield row["message_id"]

    def save(self) -> None:
        """Keep what was taken, and who had a turn."""
        last = max([self._now - 1, *(bucket.served_at for bucket in self._buckets)])
        for bucket in self._buckets:
            if bucket.has_taken:
                bucket.save(self._tx, last + 1)


def _claimed(tx: Tx, worker: str, message_id: int) -> Claimed:
    row = existing(tx.one(_DETAILS, (message_id,)))
    return Claimed(
        ticket=Ticket(
            message_id=MessageId(message_id), worker=worker, fence=row["fence"], driver=row["driver"]
        ),
        message=from_row(MessageRecord, row),
        outgoing=outgoing(tx, row),
        facts=facts_of(row),
    )


def outgoing(tx: Tx, row: Row) -> Outgoing:
    """What the driver gets to hand over."""
    return Outgoing(
        message_id=MessageId(row["id"]),
        reference=reference(row["id"], row["created_at"]),
        sender=address_of(row["address"]),
        to=address_of(row["number"]),
        text=row["text"],
        parts=row["parts"],
        expires_at=None if row["expires_at"] is None else from_micros(row["expires_at"]),
        attempt=row["tries"] + 1,
        languages=frozenset(Language(int(one)) for one in row["languages"].split(",") if one),
        media=urls_of(tx, row["id"]) if row["media_count"] else (),
    )


def reference(message_id: int, created_at: int) -> str:
    """Our name for a message at the carrier. The time keeps apart messages of different databases."""
    return f"{message_id}-{created_at:x}"


@attrs.frozen
class Referenced:
    """The message that a reference of ours names."""

    message_id: int
    created_at: int

    @classmethod
    def read(cls, text: str) -> Referenced | None:
        """None if it is no reference of ours."""
        number, dash, moment = text.partition("-")
        try:
            return cls(int(number), int(moment, 16)) if dash else None
        except ValueError:
            return None

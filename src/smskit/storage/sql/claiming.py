"""Claiming: which messages a worker takes next, in order, fairly among senders and within their rates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import attrs

from smskit.model.addresses import PhoneNumber, address_of
from smskit.model.codec import from_micros, from_row, to_micros
from smskit.model.ids import MessageId
from smskit.model.messages import Lane, MessageRecord
from smskit.model.statuses import Status
from smskit.model.traffic import Outgoing
from smskit.storage.base import Claimed, Ticket, Turn
from smskit.storage.sql import due
from smskit.storage.sql.facts import COLUMNS, JOINS, facts_of
from smskit.storage.sql.settling import settle
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
    claimed: list[Claimed] = []
    for sender, share in _shares(tx, room):
        for message_id in _take(tx, sender, share, moment):
            tx.run(_LEASE, (worker, until, message_id))
            claimed.append(_claimed(tx, worker, message_id))
    return Turn(claimed=tuple(claimed), housekeeping=due.housekeeping(tx, moment, to_micros(lease_now)))


def _shares(tx: Tx, room: Mapping[str, int]) -> Iterator[tuple[Row, int]]:
    """Senders with something to send, and how much of its driver's room each may take."""
    senders = [row for row in due.senders_with_ready(tx) if room.get(row["driver"], 0) > 0]
    left = dict(room)
    for position, sender in enumerate(senders):
        others = sum(1 for other in senders[position:] if other["driver"] == sender["driver"])
        share = -(-left[sender["driver"]] // others)
        if share > 0:
            left[sender["driver"]] -= share
            yield sender, share


def _take(tx: Tx, sender: Row, share: int, now: int) -> Iterator[int]:
    """The messages of one sender that go now: the urgent lanes first, as far as its rate allows."""
    bucket = due.Bucket.of(sender, now)
    for lane in Lane:
        conversations: set[int] = set()
        for row in tx.all(_CANDIDATES, (sender["id"], lane, now, share)):
            if row["expires_at"] is not None and row["expires_at"] <= now:
                settle(tx, row["message_id"], Status.EXPIRED, "expired_in_queue", now)
            elif row["conversation_id"] not in conversations:
                if not bucket.take(lane, row["parts"]):
                    break
                conversations.add(row["conversation_id"])
                share -= 1
                yield row["message_id"]
        if share <= 0:
            break
    bucket.save(tx)


def _claimed(tx: Tx, worker: str, message_id: int) -> Claimed:
    row = existing(tx.one(_DETAILS, (message_id,)))
    return Claimed(
        ticket=Ticket(
            message_id=MessageId(message_id), worker=worker, fence=row["fence"], driver=row["driver"]
        ),
        message=from_row(MessageRecord, row),
        outgoing=outgoing(row),
        facts=facts_of(row),
    )


def outgoing(row: Row) -> Outgoing:
    """What the driver gets to hand over."""
    return Outgoing(
        message_id=MessageId(row["id"]),
        reference=reference(row["id"], row["created_at"]),
        sender=address_of(row["address"]),
        to=PhoneNumber(row["number"]),
        text=row["text"],
        parts=row["parts"],
        expires_at=None if row["expires_at"] is None else from_micros(row["expires_at"]),
        attempt=row["tries"] + 1,
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

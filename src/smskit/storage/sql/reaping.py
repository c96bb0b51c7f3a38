"""Release and reap: what time does to messages that wait, and to those whose worker died."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from smskit.model.codec import to_micros
from smskit.model.ids import Actor, MessageId, Org
from smskit.model.messages import Flag
from smskit.model.statuses import Status
from smskit.storage.base import Answer, Doubt, Ticket
from smskit.storage.sql import outbox, recording, settling
from smskit.storage.sql.canceling import flag
from smskit.storage.sql.claiming import outgoing
from smskit.storage.sql.ledger import write_change
from smskit.storage.sql.messages import get_message
from smskit.storage.sql.outbox import State
from smskit.storage.sql.tx import Row, Tx

_DUE: Sequence[tuple[str, str]] = (
    ("parked", "state = 5 and due_at <= ?"),
    ("after", "state = 6 and due_at <= ?"),
    ("stuck", "yield_at is not null and yield_at <= ?"),
    ("resend", "state = 4 and way = 'resend' and due_at <= ?"),
)


def release(tx: Tx, now: datetime, limit: int) -> int:
    moment = to_micros(now)
    count = 0
    for what, where in _DUE:
        rows = tx.all(
            f"select message_id, conversation_id, lane from smskit_outbox where {where} "
            "order by message_id limit ?",
            (moment, limit),
        )
        for row in rows:
            _RELEASE[what](tx, row, moment)
        count += len(rows)
    return count


def _unconfirmed(tx: Tx, row: Row, now: int) -> None:
    settling.settle(tx, row["message_id"], Status.FAILED, "consent_unconfirmed", now)


def _give_way(tx: Tx, row: Row, _now: int) -> None:
    outbox.yield_place(tx, row["message_id"])


def _again(tx: Tx, row: Row, now: int) -> None:
    tx.run(
        "update smskit_outbox set state = ?, way = null, due_at = ? where message_id = ?",
        (State.READY, now, row["message_id"]),
    )
    settling.move(tx, row["message_id"], Status.QUEUED, "sent_again", now)


_RELEASE: Mapping[str, Callable[[Tx, Row, int], None]] = {
    "parked": settling.release,
    "after": _unconfirmed,
    "stuck": _give_way,
    "resend": _again,
}


def reap(tx: Tx, now: datetime, ways: Mapping[str, Answer], limit: int, lease_now: datetime) -> int:
    rows = tx.all(
        recording.IN_HAND + "where o.state in (1, 2) and o.lease_until <= ? order by o.lease_until limit ?",
        (to_micros(lease_now), limit),
    )
    count = 0
    for row in rows:
        count += row["state"] == State.CLAIMED or row["driver"] in ways
        if row["state"] == State.CLAIMED:
            tx.run(
                "update smskit_outbox set state = ?, worker = null, lease_until = null where message_id = ?",
                (State.READY, row["message_id"]),
            )
        elif row["driver"] in ways:
            recording.apply(tx, row, ways[row["driver"]], to_micros(now))
    return count


def doubts(tx: Tx, worker: str, drivers: Sequence[str], now: datetime, lease: timedelta) -> Sequence[Doubt]:
    moment = to_micros(now)
    rows = tx.all(
        "select m.*, o.fence, o.tries, o.expires_at, n.driver, n.address, k.number from smskit_outbox o "
        "join smskit_message m on m.id = o.message_id join smskit_sender n on n.id = o.sender_id "
        "join smskit_conversation c on c.id = o.conversation_id join smskit_contact k on k.id = c.contact_id "
        "where o.state = 4 and o.way = 'ask' and o.due_at <= ? order by o.due_at limit 100",
        (moment,),
    )
    return [_ask(tx, row, worker, moment, lease) for row in rows if row["driver"] in drivers]


def _ask(tx: Tx, row: Row, worker: str, now: int, lease: timedelta) -> Doubt:
    """Take it: nobody else asks for as long as the lease."""
    tx.run(
        "update smskit_outbox set worker = ?, fence = fence + 1, due_at = ? where message_id = ?",
        (worker, now + lease // timedelta(microseconds=1), row["id"]),
    )
    ticket = Ticket(
        message_id=MessageId(row["id"]), worker=worker, fence=row["fence"] + 1, driver=row["driver"]
    )
    return Doubt(ticket=ticket, outgoing=outgoing(row))


def send_again(tx: Tx, org: Org, message_id: MessageId, actor: Actor, now: datetime) -> bool:
    get_message(tx, org, message_id)
    row = tx.one(
        "select message_id, conversation_id, lane from smskit_outbox where message_id = ? and state = 4",
        (message_id,),
    )
    if row is None:
        return False
    moment = to_micros(now)
    outbox.give_up_place(tx, message_id, State.PARKED, moment)
    tx.run(
        "update smskit_outbox set way = null, yielded = 0, yield_at = null, expires_at = expires_at + ? - "
        "(select created_at from smskit_message where id = message_id) where message_id = ?",
        (moment, message_id),
    )
    flag(tx, message_id, Flag.POSSIBLE_DUPLICATE)
    change = {"change": "sent_again", "message": str(message_id)}
    write_change(tx, org, None, actor=actor, change=change, now=moment)
    settling.release(tx, row, moment)
    return True

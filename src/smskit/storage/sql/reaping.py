"""Release and reap: what time does to messages that wait, and to those whose worker died."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from smskit.model.codec import to_micros
from smskit.model.ids import Actor, MessageId, Org
from smskit.model.messages import Flag
from smskit.model.statuses import Status
from smskit.storage.base import Answer, Doubt, Ticket
from smskit.storage.sql import dripping, outbox, recording, settling
from smskit.storage.sql.canceling import flag
from smskit.storage.sql.claiming import outgoing
from smskit.storage.sql.ledger import write_change
from smskit.storage.sql.messages import get_message
from smskit.storage.sql.outbox import State
from smskit.storage.sql.tx import Row, Tx

# Each says its partial index's condition word for word, or SQLite would not use it.
_ROWS = "select message_id, conversation_id, lane, state from smskit_outbox "
_PARKED = (
    "select message_id, conversation_id, lane, state, expires_at, enrolment_id from smskit_outbox "
    "where state in (5, 6) and due_at <= ? order by due_at, message_id limit ?"
)
_STUCK = _ROWS + "where yield_at is not null and yield_at <= ? order by yield_at, message_id limit ?"
_RESEND = (
    _ROWS + "where state = 4 and way is not null and way = 'resend' and due_at <= ? "
    "order by due_at, message_id limit ?"
)


def release(tx: Tx, now: datetime, limit: int) -> int:
    moment = to_micros(now)
    count = 0
    for due, act in ((_PARKED, _unpark), (_STUCK, _give_way), (_RESEND, _again)):
        rows = tx.all(due, (moment, limit))
        for row in rows:
            act(tx, row, moment)
        count += len(rows)
    return count


def _unpark(tx: Tx, row: Row, now: int) -> None:
    if row["state"] == State.AFTER:
        settling.give_up(tx, row["message_id"], Status.FAILED, "consent_unconfirmed", now)
    elif row["enrolment_id"] is None:
        settling.release(tx, row, now)
    else:
        _unpark_step(tx, row, now)


def _unpark_step(tx: Tx, row: Row, now: int) -> None:
    """A drip step goes unless it is too late, and not in a burst with the one before."""
    earliest = dripping.earliest(tx, row["message_id"], now)
    if row["expires_at"] is not None and row["expires_at"] <= now:
        settling.give_up(tx, row["message_id"], Status.EXPIRED, "too_late", now)
    elif earliest > now:
        tx.run("update smskit_outbox set due_at = ? where message_id = ?", (earliest, row["message_id"]))
    else:
        settling.release(tx, row, now)


def _give_way(tx: Tx, row: Row, _now: int) -> None:
    outbox.yield_place(tx, row["message_id"])


def _again(tx: Tx, row: Row, now: int) -> None:
    tx.run(
        "update smskit_outbox set state = ?, way = null, due_at = ? where message_id = ?",
        (State.READY, now, row["message_id"]),
    )
    settling.move(tx, row["message_id"], Status.QUEUED, "sent_again", now)


def reap(tx: Tx, now: datetime, ways: Mapping[str, Answer], limit: int, lease_now: datetime) -> int:
    rows = tx.all(
        recording.IN_HAND + "where o.state in (1, 2) and o.lease_until <= ? "
        f"and (o.state = 1 or n.driver in ({_marks(ways)})) order by o.lease_until limit ?",
        (to_micros(lease_now), *ways, limit),
    )
    for row in rows:
        if row["state"] == State.CLAIMED:
            tx.run(
                "update smskit_outbox set state = ?, worker = null, lease_until = null where message_id = ?",
                (State.READY, row["message_id"]),
            )
        else:
            recording.apply(tx, row, ways[row["driver"]], to_micros(now))
    return len(rows)


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


def doubts(tx: Tx, worker: str, drivers: Sequence[str], now: datetime, lease: timedelta) -> Sequence[Doubt]:
    moment = to_micros(now)
    rows = tx.all(
        "select m.*, o.fence, o.tries, o.expires_at, n.driver, n.address, k.number from smskit_outbox o "
        "join smskit_message m on m.id = o.message_id join smskit_sender n on n.id = o.sender_id "
        "join smskit_conversation c on c.id = o.conversation_id join smskit_contact k on k.id = c.contact_id "
        "where o.state = 4 and o.way is not null and o.way = 'ask' and o.due_at <= ? "
        f"and n.driver in ({_marks(drivers)}) order by o.due_at limit 100",
        (moment, *drivers),
    )
    return [_ask(tx, row, worker, moment, lease) for row in rows]


def _ask(tx: Tx, row: Row, worker: str, now: int, lease: timedelta) -> Doubt:
    """Take it: nobody else asks for as long as the lease."""
    tx.run(
        "update smskit_outbox set worker = ?, fence = fence + 1, due_at = ? where message_id = ?",
        (worker, now + lease // timedelta(microseconds=1), row["id"]),
    )
    ticket = Ticket(
        message_id=MessageId(row["id"]), worker=worker, fence=row["fence"] + 1, driver=row["driver"]
    )
    return Doubt(ticket=ticket, outgoing=outgoing(tx, row))


_ANEW = (
    "update smskit_outbox set way = null, expires_at = ? + expires_at - "
    "(select max(created_at, coalesce(due_at, 0)) from smskit_message where id = smskit_outbox.message_id) "
    "where message_id = ?"
)
"""It has as much time as it had at first."""


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
    tx.run(_ANEW, (moment, message_id))
    flag(tx, message_id, Flag.POSSIBLE_DUPLICATE)
    change = {"change": "sent_again", "message": str(message_id)}
    write_change(tx, org, None, actor=actor, change=change, now=moment)
    settling.release(tx, row, moment)
    return True

"""Recording: what the driver said of a message that was admitted."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from smskit.model.codec import to_micros
from smskit.model.messages import Flag
from smskit.model.statuses import Status
from smskit.storage.base import (
    Answer,
    IsUnknown,
    Ticket,
    WasAccepted,
    WasRejected,
    WasUnavailable,
    Way,
)
from smskit.storage.sql import outbox, receipts, subscriptions
from smskit.storage.sql.enrolments import finish_if_done
from smskit.storage.sql.outbox import State
from smskit.storage.sql.settling import give_up, move, settle, went_in_part
from smskit.storage.sql.tx import Row, Tx

IN_HAND = (
    "select o.message_id, o.conversation_id, o.state, o.lane, o.expires_at, o.order_no, o.enrolment_id, "
    "m.org, m.origin, m.status, m.flags, m.parts, m.code, m.admitted_at, n.driver, n.address, k.number "
    "from smskit_outbox o join smskit_message m on m.id = o.message_id "
    "join smskit_sender n on n.id = o.sender_id join smskit_conversation c on c.id = o.conversation_id "
    "join smskit_contact k on k.id = c.contact_id "
)


def record(tx: Tx, ticket: Ticket, answer: Answer, now: datetime) -> bool:
    row = tx.one(
        IN_HAND + "where o.message_id = ? and o.worker = ? and o.fence = ? and o.state in (2, 4)",
        (ticket.message_id, ticket.worker, ticket.fence),
    )
    if row is None:
        return False
    apply(tx, row, answer, to_micros(now))
    return True


def apply(tx: Tx, row: Row, answer: Answer, now: int) -> None:
    """Bring a message that was handed over to where the answer puts it, and never below what receipts said."""
    if isinstance(answer, WasAccepted):
        receipts.write_outcomes(tx, row, answer.accepted)
    status, code = receipts.standing(tx, row["message_id"], row["parts"])
    if status.rank > Status(row["status"]).rank:
        settle(tx, row["message_id"], status, code, now)
    elif status.rank > 0:
        outbox.remove(tx, row["message_id"], now)
    else:
        _follow(tx, row, answer, now)
    if isinstance(answer, WasRejected) and answer.opted_out:
        subscriptions.heed_carrier(tx, row, answer.code, now)


def _follow(tx: Tx, row: Row, answer: Answer, now: int) -> None:
    match answer:
        case WasAccepted():
            settle(tx, row["message_id"], Status.UNKNOWN, "parts_unknown", now)
        case WasRejected():
            _rejected(tx, row, answer, now)
        case WasUnavailable():
            _back_off(tx, row, answer, now)
        case IsUnknown():
            _doubt(tx, row, answer, now)
        case _:
            assert_never(answer)


def _rejected(tx: Tx, row: Row, answer: WasRejected, now: int) -> None:
    """It failed; unless a person had it sent again, since then the first attempt may still have gone out."""
    status, code = Status.FAILED, answer.code or "rejected"
    if answer.opted_out:
        status, code = Status.BLOCKED, answer.code or "opted_out_at_carrier"
    if row["flags"] & Flag.POSSIBLE_DUPLICATE:
        status = Status.UNKNOWN
    settle(tx, row["message_id"], status, code, now)


def _back_off(tx: Tx, row: Row, answer: WasUnavailable, now: int) -> None:
    """Nothing was accepted. It keeps its place until those behind it have waited too long."""
    retry_at = to_micros(answer.retry_at)
    if row["state"] == State.UNKNOWN:
        tx.run("update smskit_outbox set doubt = 0 where message_id = ?", (row["message_id"],))
    if went_in_part(tx, row["message_id"]):
        settle(tx, row["message_id"], Status.UNKNOWN, answer.code, now)
    elif row["flags"] & Flag.RACED:
        give_up(tx, row["message_id"], Status.CANCELED, "raced", now)
    elif row["expires_at"] is not None and retry_at >= row["expires_at"]:
        give_up(tx, row["message_id"], Status.EXPIRED, answer.code or "unavailable", now)
    else:
        tx.run(_STAY, (State.READY, retry_at, None, now, row["message_id"]))
        move(tx, row["message_id"], Status.QUEUED, answer.code, now)


def _doubt(tx: Tx, row: Row, answer: IsUnknown, now: int) -> None:
    """It may have gone out. What an opt-out or reply withdrew is not sent again whatever the driver can do."""
    if row["flags"] & Flag.RACED:
        outbox.remove(tx, row["message_id"], now)
    else:
        way = None if answer.way is Way.LEAVE else answer.way.value
        tx.run(_STAY, (State.UNKNOWN, to_micros(answer.act_at), way, now, row["message_id"]))
        tx.run("update smskit_outbox set doubt = 1 where message_id = ?", (row["message_id"],))
        if row["enrolment_id"] is not None:
            finish_if_done(tx, row["enrolment_id"], now)
    move(tx, row["message_id"], Status.UNKNOWN, answer.code, now)


_STAY = (
    "update smskit_outbox set state = ?, due_at = ?, way = ?, tries = tries + 1, lease_until = null, "
    "yield_at = case when yielded = 0 then coalesce(yield_at, ? + hold_for) end where message_id = ?"
)

"""Recording: what the driver said of a message that was admitted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from smskit.model.addresses import PhoneNumber
from smskit.model.codec import to_micros
from smskit.model.ids import Org
from smskit.model.messages import Flag, Origin
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
from smskit.storage.sql.outbox import State
from smskit.storage.sql.settling import consent_in_doubt, move, settle
from smskit.storage.sql.tx import Row, Tx

IN_HAND = (
    "select o.message_id, o.conversation_id, o.state, o.lane, o.expires_at, o.order_no, m.org, m.origin, m.status, "
    "m.flags, m.parts, m.code, m.admitted_at, n.driver, n.address, k.number "
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
    known = Status(row["status"])
    match answer:
        case WasAccepted(accepted):
            _accepted(tx, row, receipts.write_outcomes(tx, row, accepted), now)
        case _ if known.rank > 0:
            outbox.remove(tx, row["message_id"])
        case WasRejected():
            _rejected(tx, row, answer, now)
        case WasUnavailable():
            _back_off(tx, row, answer, now)
        case IsUnknown():
            _doubt(tx, row, answer, now)
        case _:
            assert_never(answer)


def _accepted(tx: Tx, row: Row, status: Status, now: int) -> None:
    if Status(row["status"]).rank > 0:
        receipts.refresh(tx, row["message_id"], None, now)
        outbox.remove(tx, row["message_id"])
        return
    settle(tx, row["message_id"], status, None, now)
    if status is Status.UNKNOWN and row["origin"] == Origin.CONSENT:
        consent_in_doubt(tx, row["message_id"], now)


def _rejected(tx: Tx, row: Row, answer: WasRejected, now: int) -> None:
    if not answer.opted_out:
        settle(tx, row["message_id"], Status.FAILED, answer.code or "rejected", now)
        return
    settle(tx, row["message_id"], Status.BLOCKED, answer.code or "opted_out_at_carrier", now)
    number = PhoneNumber(row["number"])
    subscriptions.block(tx, row["org"], number.e164, row["driver"], row["address"], answer.code, now)
    subscriptions.follow_carrier(tx, Org(row["org"]), number, now)


def _back_off(tx: Tx, row: Row, answer: WasUnavailable, now: int) -> None:
    """Nothing was accepted. It keeps its place until those behind it have waited too long."""
    retry_at = to_micros(answer.retry_at)
    if row["flags"] & Flag.RACED:
        settle(tx, row["message_id"], Status.CANCELED, "raced", now)
    elif row["expires_at"] is not None and retry_at >= row["expires_at"]:
        settle(tx, row["message_id"], Status.EXPIRED, answer.code or "unavailable", now)
    else:
        _stay(tx, row, {"state": State.READY, "due_at": retry_at, "way": None}, now)
        move(tx, row["message_id"], Status.QUEUED, answer.code, now)


def _doubt(tx: Tx, row: Row, answer: IsUnknown, now: int) -> None:
    """It may have gone out. What an opt-out or reply withdrew is not sent again whatever the driver can do."""
    if row["flags"] & Flag.RACED:
        outbox.remove(tx, row["message_id"])
    else:
        way = None if answer.way is Way.LEAVE else answer.way.value
        state = {"state": State.UNKNOWN, "due_at": to_micros(answer.act_at), "way": way}
        _stay(tx, row, state, now)
    move(tx, row["message_id"], Status.UNKNOWN, answer.code, now)
    if row["origin"] == Origin.CONSENT:
        consent_in_doubt(tx, row["message_id"], now)


def _stay(tx: Tx, row: Row, state: Mapping[str, object], now: int) -> None:
    tx.run(
        "update smskit_outbox set state = ?, due_at = ?, way = ?, tries = tries + 1, lease_until = null, "
        "yield_at = case when yielded = 0 then coalesce(yield_at, ? + hold_for) end where message_id = ?",
        (
            *(state["state"], state["due_at"], state["way"]),
            *(now, row["message_id"]),
        ),
    )

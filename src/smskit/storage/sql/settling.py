"""Settling a message, and what its end means for those that wait for it: consent messages and their texts."""

from __future__ import annotations

from smskit.model.contacts import ConsentState
from smskit.model.events import StatusChanged
from smskit.model.ids import ConversationId, MessageId
from smskit.model.messages import Origin
from smskit.model.statuses import Status
from smskit.storage.sql import outbox
from smskit.storage.sql.consents import set_consent
from smskit.storage.sql.events import tell
from smskit.storage.sql.tx import Row, Tx, existing

_NEVER_WENT = frozenset({Status.BLOCKED, Status.CANCELED, Status.EXPIRED, Status.FAILED, Status.REJECTED})
"""What ends so before the carrier took it never went out. If it was a consent message, the claim is free again."""


def settle(tx: Tx, message_id: int, status: Status, code: str | None, now: int) -> None:
    """The carrier's word on a message: it is taken out of the queue and stands at `status`."""
    outbox.remove(tx, message_id, now)
    move(tx, message_id, status, code, now)


def give_up(tx: Tx, message_id: int, status: Status, code: str | None, now: int) -> None:
    """Our own end of a message. One that may have gone out before is not said to have ended here: it is unknown."""
    doubtful = outbox.remove(tx, message_id, now)
    move(tx, message_id, Status.UNKNOWN if doubtful else status, code, now)


def move(tx: Tx, message_id: int, status: Status, code: str | None, now: int) -> None:
    """A message stands at a new status; whoever waits for it is told."""
    accepted = now if _is_taken(tx, message_id, status) else None
    row = existing(
        tx.one(
            "update smskit_message set status = ?, code = ?, settled_at = ?, "
            "accepted_at = coalesce(accepted_at, ?) where id = ? returning org, conversation_id, origin",
            (status, code, now, accepted, message_id),
        )
    )
    tell(
        tx,
        row["org"],
        StatusChanged(
            conversation_id=ConversationId(row["conversation_id"]),
            message_id=MessageId(message_id),
            status=status,
            code=code,
        ),
        now,
    )
    if row["origin"] == Origin.CONSENT:
        _consent_moved(tx, message_id, status, now)


def _is_taken(tx: Tx, message_id: int, status: Status) -> bool:
    """The carrier has it, or had it: without a word of the carrier, what expired or failed did so here."""
    if status not in _NEVER_WENT:
        return status.rank > 0
    known = tx.one("select 1 from smskit_carrier_ref where message_id = ? limit 1", (message_id,))
    return status.rank > 0 and known is not None


def went_in_part(tx: Tx, message_id: int) -> bool:
    """A part of it is with the carrier, or may be, whatever became of the others."""
    said = tx.all("select status from smskit_carrier_ref where message_id = ?", (message_id,))
    return any(Status(row["status"]) not in _NEVER_WENT for row in said)


def consent_in_doubt(tx: Tx, message_id: int, now: int) -> None:
    """The texts behind a consent message whose outcome is unknown wait no longer than their policy says."""
    tx.run(
        "update smskit_outbox set due_at = coalesce(due_at, ? + consent_wait) where after_id = ? and state = ?",
        (now, message_id, outbox.State.AFTER),
    )


def _consent_moved(tx: Tx, message_id: int, status: Status, now: int) -> None:
    claim = tx.one(
        "select s.org, s.number from smskit_message m join smskit_conversation c on c.id = m.conversation_id "
        "join smskit_contact k on k.id = c.contact_id "
        "join smskit_subscription s on s.org = k.org and s.number = k.number "
        "where m.id = ? and s.consent_message_id = m.id and s.consent = 'claimed'",
        (message_id,),
    )
    if claim is None:
        return
    if status is Status.UNKNOWN:
        consent_in_doubt(tx, message_id, now)
    elif status in _NEVER_WENT and not went_in_part(tx, message_id):
        set_consent(tx, claim["org"], claim["number"], ConsentState.NONE, None)
        for waiting in _behind(tx, message_id):
            give_up(tx, waiting["message_id"], Status.FAILED, "consent_not_sent", now)
    elif status.rank > 0:
        set_consent(tx, claim["org"], claim["number"], ConsentState.SENT, message_id)
        for waiting in _behind(tx, message_id):
            release(tx, waiting, now)


def release(tx: Tx, waiting: Row, now: int) -> None:
    """A parked or deferred row becomes sendable, and stands in the thread where it is sent."""
    outbox.give_place(tx, waiting["message_id"], waiting["conversation_id"], waiting["lane"], now)
    row = existing(
        tx.one(
            "update smskit_message set at = ?, status = 'queued' where id = ? returning org, status",
            (now, waiting["message_id"]),
        )
    )
    tx.run(
        "update smskit_conversation set last_message_id = ?, last_at = max(last_at, ?) where id = ?",
        (waiting["message_id"], now, waiting["conversation_id"]),
    )
    tell(
        tx,
        row["org"],
        StatusChanged(
            conversation_id=ConversationId(waiting["conversation_id"]),
            message_id=MessageId(waiting["message_id"]),
            status=Status.QUEUED,
        ),
        now,
    )


def _behind(tx: Tx, message_id: int) -> list[Row]:
    return list(
        tx.all(
            "select message_id, conversation_id, lane from smskit_outbox "
            "where after_id = ? and state = 6 order by message_id",
            (message_id,),
        )
    )

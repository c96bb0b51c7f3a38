"""Messages: stored once per key, and put in the queue in the same transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from smskit.errors import Conflict, NotFound
from smskit.model.codec import from_row, to_micros
from smskit.model.decisions import DecisionRecord, Outcome
from smskit.model.events import MessageMade
from smskit.model.ids import MessageId, Org
from smskit.model.messages import MessageRecord, Origin
from smskit.model.statuses import Status
from smskit.storage.base import Enqueued, NewMessage
from smskit.storage.sql.conversations import MESSAGE, restore
from smskit.storage.sql.events import tell
from smskit.storage.sql.ledger import write_decision
from smskit.storage.sql.outbox import State
from smskit.storage.sql.tx import Row, Tx, existing


def get_message(tx: Tx, org: Org, message_id: MessageId) -> MessageRecord:
    row = tx.one(f"select {MESSAGE} from smskit_message where id = ? and org = ?", (message_id, org))
    if row is None:
        msg = f"org {org!r} has no message {message_id}"
        raise NotFound(msg)
    return from_row(MessageRecord, row)


def enqueue(tx: Tx, new: NewMessage, now: datetime, intake_id: int | None) -> Enqueued:
    if intake_id is not None and not tx.run("delete from smskit_intake where id = ?", (intake_id,)):
        return Enqueued(_of_key(tx, new), created=False)
    return put(tx, new, to_micros(now))


def put(tx: Tx, new: NewMessage, now: int) -> Enqueued:
    """Store a message and queue it, within a transaction that does more."""
    conversation = tx.one(
        "select sender_id, archived from smskit_conversation where id = ? and org = ?",
        (new.conversation_id, new.org),
    )
    if conversation is None:
        msg = f"org {new.org!r} has no conversation {new.conversation_id}"
        raise NotFound(msg)
    status = _first_status(new, now)
    row = _insert(tx, new, status, now)
    if row is None:
        return Enqueued(_of_key(tx, new), created=False)
    if conversation["archived"] and new.origin is Origin.MANUAL:
        restore(tx, new.org, new.conversation_id, now)
    if status is not Status.BLOCKED:
        _queue(tx, new, row["id"], conversation["sender_id"], status, now)
    _show(tx, new, row["id"], status, now)
    write_decision(tx, new.org, row["id"], new.decision, now)
    made = MessageMade(
        conversation_id=new.conversation_id, message_id=row["id"], origin=new.origin, status=status
    )
    tell(tx, new.org, made, now)
    return Enqueued(from_row(MessageRecord, row), created=True)


def _first_status(new: NewMessage, now: int) -> Status:
    if new.decision.outcome is Outcome.DENIED:
        return Status.BLOCKED
    if new.due_at is not None and to_micros(new.due_at) > now:
        return Status.SCHEDULED
    return Status.HELD if new.decision.outcome is Outcome.HELD else Status.QUEUED


def _insert(tx: Tx, new: NewMessage, status: Status, now: int) -> Row | None:
    blocked = status is Status.BLOCKED
    return tx.one(
        "insert into smskit_message (org, conversation_id, kind, origin, category, lane, status, text, parts, actor, "
        "key, at, created_at, due_at, settled_at, code) "
        "values (?, ?, 'outbound', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        f"on conflict (org, key) where key is not null do nothing returning {MESSAGE}",
        (
            *(new.org, new.conversation_id, new.origin, new.category, new.lane, status),
            *(new.text, new.parts, new.actor, new.key, now, now),
            to_micros(new.due_at) if new.due_at else None,
            now if blocked else None,
            new.decision.rule if blocked else None,
        ),
    )


def _queue(tx: Tx, new: NewMessage, message_id: int, sender_id: int, status: Status, now: int) -> None:
    """A sendable message gets its place at once; it waits if another is before it in conversation and lane."""
    parked = status is not Status.QUEUED
    row = existing(tx.one(_PLACE, (new.conversation_id, new.lane, new.conversation_id)))
    first = State.READY if row["free"] else State.WAITING
    tx.run(
        "insert into smskit_outbox (message_id, conversation_id, sender_id, lane, state, due_at, expires_at, parts, "
        "order_no, gist, hold_for, consent_wait) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(message_id, new.conversation_id, sender_id, new.lane),
            State.PARKED if parked else first,
            _due(new.decision, new.due_at, now),
            to_micros(new.expires_at) if new.expires_at else None,
            new.parts,
            None if parked else row["next_order"],
            new.decision.gist,
            new.terms.hold_for // _MICROSECOND,
            new.terms.consent_wait // _MICROSECOND,
        ),
    )


_MICROSECOND = timedelta(microseconds=1)

_PLACE = (
    "select next_order, not exists (select 1 from smskit_outbox where conversation_id = ? and lane = ? "
    "and order_no is not null and yielded = 0) as free from smskit_conversation where id = ?"
)


def _due(decision: DecisionRecord, due_at: datetime | None, now: int) -> int:
    moments = [to_micros(moment) for moment in (due_at, decision.until) if moment is not None]
    return max([now, *moments])


def _show(tx: Tx, new: NewMessage, message_id: int, status: Status, now: int) -> None:
    """The list shows the latest message; one that is scheduled shows when it goes."""
    if status is not Status.SCHEDULED:
        tx.run(
            "update smskit_conversation set next_order = next_order + 1, last_message_id = ?, "
            "last_at = max(last_at, ?) where id = ?",
            (message_id, now, new.conversation_id),
        )


def _of_key(tx: Tx, new: NewMessage) -> MessageRecord:
    row = existing(
        tx.one(f"select {MESSAGE} from smskit_message where org = ? and key = ?", (new.org, new.key))
    )
    if (row["conversation_id"], row["text"]) != (new.conversation_id, new.text):
        msg = (
            f"the key of message {row['id']} was used again for another text or conversation; make a new key"
        )
        raise Conflict(msg)
    return from_row(MessageRecord, row)

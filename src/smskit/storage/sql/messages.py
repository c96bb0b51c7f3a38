"""Messages: stored once per key, and put in the queue in the same transaction."""

from __future__ import annotations

from datetime import datetime

from smskit.encoding import transliterate
from smskit.errors import Conflict, NotFound
from smskit.model.codec import from_micros, from_row, to_micros
from smskit.model.decisions import DecisionRecord, Outcome
from smskit.model.events import MessageMade
from smskit.model.ids import MessageId, Org
from smskit.model.messages import Flag, Kind, MessageRecord, Origin
from smskit.model.statuses import Status
from smskit.storage.base import Enqueued, NewMessage
from smskit.storage.sql import outbox
from smskit.storage.sql.conversations import MESSAGE, restore
from smskit.storage.sql.events import tell
from smskit.storage.sql.ledger import write_decision
from smskit.storage.sql.media import add_ours, urls_of
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
        if tx.one("select 1 from smskit_message where org = ? and key = ?", (new.org, new.key)) is None:
            msg = f"intake row {intake_id} is gone, and no message was made of it"
            raise NotFound(msg)
        return Enqueued(_of_key(tx, new), created=False)
    return put(tx, new, to_micros(now))


def put(tx: Tx, new: NewMessage, now: int) -> Enqueued:
    """Store a message and queue it, within a transaction that does more."""
    place = tx.one(_PLACE, (new.conversation_id, new.lane, new.conversation_id, new.org))
    if place is None:
        msg = f"org {new.org!r} has no conversation {new.conversation_id}"
        raise NotFound(msg)
    status = _first_status(new, now)
    message = _insert(tx, new, status, now)
    if message is None:
        return Enqueued(_of_key(tx, new), created=False)
    if place["archived"] and new.origin is Origin.MANUAL:
        restore(tx, new.org, new.conversation_id, now)
    if status is not Status.BLOCKED:
        _queue(tx, new, message.id, place, status, now)
    _show(tx, new, message.id, status, now)
    write_decision(tx, new.org, message.id, new.decision, now)
    made = MessageMade(
        conversation_id=new.conversation_id, message_id=message.id, origin=new.origin, status=status
    )
    tell(tx, new.org, made, now)
    return Enqueued(message, created=True)


def _first_status(new: NewMessage, now: int) -> Status:
    if new.decision.outcome is Outcome.DENIED:
        return Status.BLOCKED
    if new.due_at is not None and to_micros(new.due_at) > now:
        return Status.SCHEDULED
    return Status.HELD if new.decision.outcome is Outcome.HELD else Status.QUEUED


def _insert(tx: Tx, new: NewMessage, status: Status, now: int) -> MessageRecord | None:
    blocked = status is Status.BLOCKED
    due_at = None if new.due_at is None else to_micros(new.due_at)
    code = new.decision.rule if blocked else None
    row = tx.one(
        "insert into smskit_message (org, conversation_id, kind, origin, category, lane, status, text, parts, actor, "
        "key, at, created_at, due_at, settled_at, code, languages, media_count, "
        "local_due, enrolment_id, step) "
        "values (?, ?, 'outbound', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "on conflict (org, key) where key is not null do nothing returning id",
        (
            *(new.org, new.conversation_id, new.origin, new.category, new.lane, status),
            *(new.text, new.parts, new.actor, new.key, now, now),
            *(due_at, now if blocked else None, code, ",".join(map(str, sorted(new.languages)))),
            *(len(new.media), new.local_due.text if new.local_due else None, new.enrolment_id, new.step),
        ),
    )
    if row is None:
        return None
    add_ours(tx, row["id"], new.media)
    moment = from_micros(now)
    return MessageRecord(
        id=MessageId(row["id"]),
        org=new.org,
        conversation_id=new.conversation_id,
        kind=Kind.OUTBOUND,
        origin=new.origin,
        category=new.category,
        status=status,
        text=new.text,
        parts=new.parts,
        actor=new.actor,
        key=new.key,
        at=moment,
        created_at=moment,
        due_at=None if due_at is None else from_micros(due_at),
        admitted_at=None,
        accepted_at=None,
        settled_at=moment if blocked else None,
        code=code,
        flags=Flag.NONE,
        after_id=None,
        local_due=new.local_due,
        enrolment_id=new.enrolment_id,
        step=new.step,
        media_count=len(new.media),
    )


def _queue(tx: Tx, new: NewMessage, message_id: int, place: Row, status: Status, now: int) -> None:
    """A sendable message gets its place at once; it waits if another is before it in conversation and lane."""
    parked = status is not Status.QUEUED
    first = State.READY if place["free"] else State.WAITING
    tx.run(
        "insert into smskit_outbox (message_id, conversation_id, sender_id, lane, state, due_at, expires_at, parts, "
        "order_no, gist, hold_for, consent_wait, enrolment_id) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(message_id, new.conversation_id, place["sender_id"], new.lane),
            State.PARKED if parked else first,
            _due(new.decision, new.due_at, now),
            to_micros(new.expires_at) if new.expires_at else None,
            new.parts,
            None if parked else place["next_order"],
            new.decision.gist,
            *(outbox.micros(new.terms.hold_for), outbox.micros(new.terms.consent_wait), new.enrolment_id),
        ),
    )


_PLACE = (
    "select sender_id, archived, next_order, not exists (select 1 from smskit_outbox where conversation_id = ? "
    "and lane = ? and order_no is not null and yielded = 0) as free from smskit_conversation where id = ? and org = ?"
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
        tx.one(
            f"select {MESSAGE}, coalesce(asked_text, text) as asked from smskit_message where org = ? and key = ?",
            (new.org, new.key),
        )
    )
    # Smart encoding may have come into the policy, or gone, since the key was first used.
    is_same = row["kind"] == Kind.OUTBOUND and transliterate(row["asked"]) == transliterate(new.text)
    if row["conversation_id"] != new.conversation_id or not is_same or urls_of(tx, row["id"]) != new.media:
        msg = (
            f"the key of message {row['id']} was used again for another text or conversation; make a new key"
        )
        raise Conflict(msg)
    return from_row(MessageRecord, row)

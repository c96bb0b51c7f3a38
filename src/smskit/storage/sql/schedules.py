"""Scheduled messages: changed until a worker claims them, and moved when a zone's rules change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zlib import crc32

from smskit.errors import Conflict, UsageError
from smskit.model.codec import from_row, to_micros
from smskit.model.events import MessageEdited
from smskit.model.ids import ConversationId, MessageId, Org
from smskit.model.local_time import LocalTime
from smskit.model.messages import MessageRecord, Written
from smskit.model.statuses import Status
from smskit.storage.base import MessageEdit
from smskit.storage.sql import outbox
from smskit.storage.sql.events import tell
from smskit.storage.sql.indexing import reword
from smskit.storage.sql.ledger import write_decision
from smskit.storage.sql.messages import get_message
from smskit.storage.sql.outbox import State
from smskit.storage.sql.tx import Tx

_OPEN = (
    "select 1 from smskit_outbox where message_id = ? and state in (0, 3, 5, 6) and doubt = 0 "
    "and enrolment_id is null"
)


def edit(tx: Tx, change: MessageEdit, now: datetime) -> MessageRecord:
    message = get_message(tx, change.org, change.message_id)
    if tx.one(_OPEN, (message.id,)) is None:
        msg = f"message {message.id} can no longer be changed: a worker has it, it is over, or it is a drip step"
        raise Conflict(msg)
    _rewrite(tx, change, message)
    if change.due_at is not None:
        _move(tx, change, to_micros(now))
    write_decision(tx, change.org, message.id, change.decision, to_micros(now))
    told = MessageEdited(conversation_id=message.conversation_id, message_id=message.id)
    tell(tx, change.org, told, to_micros(now))
    return get_message(tx, change.org, message.id)


def _rewrite(tx: Tx, change: MessageEdit, message: MessageRecord) -> None:
    origin = change.origin or message.origin
    tx.run("update smskit_outbox set gist = ? where message_id = ?", (change.decision.gist, message.id))
    reword(tx, message.id, change.written.text if change.written else message.text, origin)
    tx.run("update smskit_message set origin = ? where id = ?", (origin, message.id))
    if change.written is not None:
        _put_text(tx, message.id, change.written)


def _put_text(tx: Tx, message_id: MessageId, written: Written) -> None:
    """The key of a message stands for the text that was first given with it."""
    tx.run(
        "update smskit_message set asked_text = coalesce(asked_text, text), text = ?, parts = ?, languages = ? "
        "where id = ?",
        (written.text, written.parts, ",".join(map(str, sorted(written.languages))), message_id),
    )
    tx.run("update smskit_outbox set parts = ? where message_id = ?", (written.parts, message_id))


def _move(tx: Tx, change: MessageEdit, now: int) -> None:
    """It gives up its place, and gets another one when its new time comes."""
    due_at = to_micros(change.due_at) if change.due_at else now
    outbox.give_up_place(tx, change.message_id, State.PARKED, max(now, due_at))
    lane = None if change.origin is None else change.origin.lane
    tx.run(
        "update smskit_outbox set expires_at = ?, after_id = null, lane = coalesce(?, lane) where message_id = ?",
        (None if change.expires_at is None else to_micros(change.expires_at), lane, change.message_id),
    )
    tx.run(
        "update smskit_message set due_at = ?, local_due = ?, after_id = null, status = ?, "
        "lane = coalesce(?, lane) where id = ?",
        (
            *(due_at, change.local_due.text if change.local_due else None),
            *(Status.SCHEDULED, lane, change.message_id),
        ),
    )


def list_scheduled(tx: Tx, org: Org, conversation_id: ConversationId, limit: int) -> Sequence[MessageRecord]:
    rows = tx.all(
        "select m.* from smskit_outbox o join smskit_message m on m.id = o.message_id "
        "where o.conversation_id = ? and m.org = ? and o.state = 5 order by m.due_at, m.id limit ?",
        (conversation_id, org, limit),
    )
    return [from_row(MessageRecord, row) for row in rows]


def rezone(tx: Tx, zone_data: str) -> int:
    """Move what was meant as a local time, unless that was done for this release of the zones' rules."""
    mark = crc32(zone_data.encode())
    known = tx.one("select value from smskit_mark where name = 'zone_data'")
    if known is not None and known["value"] == mark:
        return 0
    tx.run(
        "insert into smskit_mark (name, value) values ('zone_data', ?) "
        "on conflict (name) do update set value = excluded.value",
        (mark,),
    )
    rows = tx.all(
        "select m.id, m.local_due, m.due_at from smskit_outbox o join smskit_message m on m.id = o.message_id "
        "where o.state = 5 and m.local_due is not null"
    )
    return sum(_resolve(tx, row["id"], row["local_due"], row["due_at"]) for row in rows)


def _resolve(tx: Tx, message_id: int, local_due: str, due_at: int) -> bool:
    """By as much as its time moved, so do its place in the queue, unless it is paused, and its end."""
    shift = _moment(LocalTime.read(local_due), due_at) - due_at
    if shift:
        tx.run("update smskit_message set due_at = due_at + ? where id = ?", (shift, message_id))
        tx.run(
            "update smskit_outbox set due_at = due_at + ?, expires_at = expires_at + ? where message_id = ?",
            (shift, shift, message_id),
        )
    return bool(shift)


def _moment(local: LocalTime, known: int) -> int:
    """When it is by the rules that are here. These may lack a zone that others have: then it stays as it was."""
    try:
        return to_micros(local.moment)
    except UsageError:
        return known

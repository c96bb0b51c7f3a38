"""What is read: one position for each conversation, after which every inbound message is unread.

Positions are ids: an id is given when a message is stored, so what came while somebody was reading is always after.
The count beside the position is made anew with each move, once the row is ours; what comes in adds one to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.errors import NotFound
from smskit.model.codec import from_row, to_micros
from smskit.model.conversations import Unread
from smskit.model.events import ReadPositionMoved
from smskit.model.ids import Actor, ConversationId, MessageId, Org
from smskit.model.messages import Kind, MessageRecord
from smskit.storage.sql.conversations import MESSAGE, must_exist
from smskit.storage.sql.events import tell
from smskit.storage.sql.tx import Row, Tx, existing


def mark_read(
    tx: Tx, org: Org, conversation_id: ConversationId, by: Actor, now: datetime, up_to: MessageId | None
) -> bool:
    must_exist(tx, org, conversation_id)
    position = _inbound_at(tx, conversation_id, up_to, before=True)
    moved = position is not None and tx.run(
        "update smskit_conversation set read_up_to = ? where id = ? and coalesce(read_up_to, 0) < ?",
        (position, conversation_id, position),
    )
    if moved:
        _count_anew(tx, org, conversation_id, by, to_micros(now))
    return bool(moved)


def mark_unread(
    tx: Tx, org: Org, conversation_id: ConversationId, by: Actor, now: datetime, since: MessageId | None
) -> bool:
    must_exist(tx, org, conversation_id)
    first = _inbound_at(tx, conversation_id, since, before=False)
    moved = first is not None and tx.run(
        "update smskit_conversation set read_up_to = (select max(id) from smskit_message "
        "where conversation_id = ? and kind = 'inbound' and id < ?) where id = ? and read_up_to >= ?",
        (conversation_id, first, conversation_id, first),
    )
    if moved:
        _count_anew(tx, org, conversation_id, by, to_micros(now))
    return bool(moved)


def _count_anew(tx: Tx, org: Org, conversation_id: ConversationId, by: Actor, now: int) -> None:
    row = existing(
        tx.one(
            "update smskit_conversation set unread = (select count(*) from smskit_message m "
            "where m.conversation_id = smskit_conversation.id and m.kind = 'inbound' "
            "and m.id > coalesce(smskit_conversation.read_up_to, 0)) where id = ? returning read_up_to, unread",
            (conversation_id,),
        )
    )
    told = ReadPositionMoved(
        conversation_id=conversation_id, up_to=row["read_up_to"], unread=row["unread"], by=by
    )
    tell(tx, org, told, now)


def _inbound_at(tx: Tx, conversation_id: int, message_id: int | None, *, before: bool) -> int | None:
    """The message if the contact wrote it, else the next one before or after it in the thread; None: the last."""
    if message_id is None:
        return _last(tx, conversation_id)
    entry = _entry(tx, conversation_id, message_id)
    if entry["kind"] == Kind.INBOUND:
        return message_id
    than, order = ("<", "desc") if before else (">", "asc")
    row = tx.one(
        f"select id from smskit_message where conversation_id = ? and (at, id) {than} (?, ?) "
        f"and kind = 'inbound' order by at {order}, id {order} limit 1",
        (conversation_id, entry["at"], entry["id"]),
    )
    return None if row is None else int(row["id"])


def _entry(tx: Tx, conversation_id: int, message_id: int) -> Row:
    row = tx.one(
        "select id, kind, at from smskit_message where id = ? and conversation_id = ?",
        (message_id, conversation_id),
    )
    if row is None:
        msg = f"conversation {conversation_id} has no message {message_id}"
        raise NotFound(msg)
    return row


def _last(tx: Tx, conversation_id: int) -> int | None:
    row = tx.one(
        "select id from smskit_message where conversation_id = ? and kind = 'inbound' order by id desc limit 1",
        (conversation_id,),
    )
    return None if row is None else int(row["id"])


def count_unread(tx: Tx, org: Org, archived: bool, assigned_to: Actor | None) -> Unread:
    mine, params = ("", ()) if assigned_to is None else ("and assigned_to = ?", (assigned_to,))
    row = tx.one(
        "select count(*) as conversations, coalesce(sum(unread), 0) as messages from smskit_conversation "
        f"where org = ? and archived = ? and unread > 0 {mine}",
        (org, archived, *params),
    )
    return from_row(Unread, existing(row))


def last_inbound(tx: Tx, org: Org, conversation_id: ConversationId) -> MessageId | None:
    must_exist(tx, org, conversation_id)
    last = _last(tx, conversation_id)
    return None if last is None else MessageId(last)


def inbound_after(
    tx: Tx, org: Org, conversation_id: ConversationId, after: MessageId | None, limit: int
) -> Sequence[MessageRecord]:
    must_exist(tx, org, conversation_id)
    rows = tx.all(
        f"select {MESSAGE} from smskit_message where conversation_id = ? and kind = 'inbound' and id > ? "
        "order by id limit ?",
        (conversation_id, after or 0, limit),
    )
    return [from_row(MessageRecord, row) for row in rows]

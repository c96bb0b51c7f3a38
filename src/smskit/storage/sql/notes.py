"""Notes in threads, and drafts: what is written in a conversation and does not go out."""

from __future__ import annotations

from datetime import datetime

from smskit.errors import Conflict
from smskit.model.codec import from_row, to_micros
from smskit.model.conversations import DraftRecord
from smskit.model.events import NoteWritten
from smskit.model.ids import Actor, ConversationId, DraftId, Org
from smskit.model.messages import Kind, MessageRecord
from smskit.storage.sql.conversations import MESSAGE, must_exist
from smskit.storage.sql.events import tell
from smskit.storage.sql.tx import Row, Tx, existing


def add_note(
    tx: Tx,
    org: Org,
    conversation_id: ConversationId,
    text: str,
    actor: Actor,
    now: datetime,
    key: str | None,
) -> MessageRecord:
    must_exist(tx, org, conversation_id)
    moment = to_micros(now)
    row = tx.one(
        "insert into smskit_message (org, conversation_id, kind, status, text, parts, actor, key, at, created_at, "
        "settled_at) values (?, ?, 'note', 'noted', ?, 0, ?, ?, ?, ?, ?) "
        f"on conflict (org, key) where key is not null do nothing returning {MESSAGE}",
        (org, conversation_id, text, actor, key, moment, moment, moment),
    )
    if row is None:
        return from_row(MessageRecord, _of_key(tx, org, conversation_id, text, key))
    note = from_row(MessageRecord, row)
    tell(tx, org, NoteWritten(conversation_id=conversation_id, message_id=note.id, by=actor), moment)
    return note


def _of_key(tx: Tx, org: Org, conversation_id: int, text: str, key: str | None) -> Row:
    row = existing(tx.one(f"select {MESSAGE} from smskit_message where org = ? and key = ?", (org, key)))
    if (row["kind"], row["conversation_id"], row["text"]) != (Kind.NOTE, conversation_id, text):
        msg = (
            f"the key of message {row['id']} was used again for another text or conversation; make a new key"
        )
        raise Conflict(msg)
    return row


def save_draft(
    tx: Tx, org: Org, conversation_id: ConversationId, actor: Actor, text: str, now: datetime
) -> DraftRecord | None:
    kept = get_draft(tx, org, conversation_id, actor)
    if kept is not None and kept.text == text:
        return kept
    tx.run("delete from smskit_draft where conversation_id = ? and actor = ?", (conversation_id, actor))
    if not text.strip():
        return None
    row = tx.one(
        "insert into smskit_draft (org, conversation_id, actor, text, saved_at) values (?, ?, ?, ?, ?) returning *",
        (org, conversation_id, actor, text, to_micros(now)),
    )
    return from_row(DraftRecord, existing(row))


def get_draft(tx: Tx, org: Org, conversation_id: ConversationId, actor: Actor) -> DraftRecord | None:
    must_exist(tx, org, conversation_id)
    row = tx.one(
        "select * from smskit_draft where conversation_id = ? and actor = ?", (conversation_id, actor)
    )
    return None if row is None else from_row(DraftRecord, row)


def drop_draft(tx: Tx, org: Org, draft_id: DraftId) -> bool:
    return bool(tx.run("delete from smskit_draft where id = ? and org = ?", (draft_id, org)))

"""Conversations and their threads, read by keyset pages from rows that are kept ready for the list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from smskit.errors import NotFound
from smskit.model.codec import from_row, to_micros
from smskit.model.conversations import ConversationRecord
from smskit.model.events import ConversationArchived, ConversationRestored, ConversationStarted
from smskit.model.ids import ContactId, ConversationId, Org, SenderId
from smskit.model.messages import MessageRecord
from smskit.storage.base import Page
from smskit.storage.sql import cursors
from smskit.storage.sql.events import tell
from smskit.storage.sql.tx import Row, Tx, existing

COLUMNS = (
    "c.id, c.org, c.contact_id, k.number, k.name, n.address as sender, c.archived, c.unread, c.last_at, "
    "c.last_message_id, m.kind as last_kind, m.status as last_status, m.text as last_text, c.created_at, "
    "c.assigned_to, c.read_up_to, (select json_group_array(l.name) from smskit_labelled d "
    "join smskit_label l on l.id = d.label_id where d.conversation_id = c.id) as labels"
)
JOINS = (
    "join smskit_contact k on k.id = c.contact_id "
    "join smskit_sender n on n.id = c.sender_id left join smskit_message m on m.id = c.last_message_id "
)
_SELECT = f"select {COLUMNS} from smskit_conversation c {JOINS}"
"""A conversation record, of whatever has the conversation as `c`."""

MESSAGE = (
    "id, org, conversation_id, kind, origin, category, status, text, parts, actor, key, at, created_at, due_at, "
    "admitted_at, accepted_at, settled_at, code, flags, after_id, local_due, enrolment_id, step, media_count"
)
"""The columns of a message record."""


def start_conversation(
    tx: Tx, org: Org, sender: SenderId, contact: ContactId, now: datetime
) -> ConversationRecord:
    for what, one in (("sender", sender), ("contact", contact)):
        if tx.one(f"select 1 from smskit_{what} where id = ? and org = ?", (one, org)) is None:
            msg = f"org {org!r} has no {what} {one}"
            raise NotFound(msg)
    conversation_id = open_conversation(tx, org, sender, contact, to_micros(now))
    return get_conversation(tx, org, ConversationId(conversation_id))


def open_conversation(tx: Tx, org: str, sender: int, contact: int, now: int) -> int:
    """The active conversation of the two: made, restored or as it is."""
    conversation_id = find_or_make(tx, org, sender, contact, now)
    restore(tx, org, conversation_id, now)
    return conversation_id


def find_or_make(tx: Tx, org: str, sender: int, contact: int, now: int, *, archived: bool = False) -> int:
    """The conversation of the two as it is, or made."""
    row = tx.one(
        "select id from smskit_conversation where sender_id = ? and contact_id = ?", (sender, contact)
    )
    if row is not None:
        return int(row["id"])
    row = existing(
        tx.one(
            "insert into smskit_conversation (org, sender_id, contact_id, archived, last_at, created_at) "
            "values (?, ?, ?, ?, ?, ?) returning id",
            (org, sender, contact, archived, now, now),
        )
    )
    tell(tx, org, ConversationStarted(conversation_id=row["id"], contact_id=ContactId(contact)), now)
    return int(row["id"])


def restore(tx: Tx, org: str, conversation_id: int, now: int) -> bool:
    """Bring an archived conversation back; False if it was active."""
    restored = tx.run(
        "update smskit_conversation set archived = 0 where id = ? and archived = 1", (conversation_id,)
    )
    if restored:
        tell(tx, org, ConversationRestored(conversation_id=ConversationId(conversation_id)), now)
    return bool(restored)


def get_conversation(tx: Tx, org: Org, conversation_id: ConversationId) -> ConversationRecord:
    row = tx.one(_SELECT + "where c.id = ? and c.org = ?", (conversation_id, org))
    if row is None:
        raise _no_conversation(org, conversation_id)
    return record(row)


def of_ids(tx: Tx, org: Org, ids: str) -> Sequence[ConversationRecord]:
    """The org's of a JSON list of ids, in no order."""
    # Asked for the org too, SQLite would rather go through all that the org has.
    rows = tx.all(_SELECT + "where c.id in (select value from json_each(?))", (ids,))
    return [record(row) for row in rows if row["org"] == org]


def last_sender(tx: Tx, org: Org, contact: ContactId) -> SenderId | None:
    row = tx.one(
        "select sender_id from smskit_conversation where contact_id = ? and org = ? "
        "order by last_at desc limit 1",
        (contact, org),
    )
    return None if row is None else SenderId(row["sender_id"])


def set_archived(tx: Tx, org: Org, conversation_id: ConversationId, archived: bool, now: datetime) -> bool:
    must_exist(tx, org, conversation_id)
    return (archive if archived else restore)(tx, org, conversation_id, to_micros(now))


def archive(tx: Tx, org: str, conversation_id: int, now: int) -> bool:
    """Take a conversation out of the active list; False if it was not there. Nothing else changes."""
    archived = tx.run(
        "update smskit_conversation set archived = 1 where id = ? and archived = 0", (conversation_id,)
    )
    if archived:
        tell(tx, org, ConversationArchived(conversation_id=ConversationId(conversation_id)), now)
    return bool(archived)


def list_messages(
    tx: Tx, org: Org, conversation_id: ConversationId, after: str | None, limit: int
) -> Page[MessageRecord]:
    must_exist(tx, org, conversation_id)
    key = cursors.read(after, 2)
    further = "" if key is None else "and (at, id) < (?, ?) "
    rows = tx.all(
        f"select {MESSAGE} from smskit_message where conversation_id = ? {further}"
        "order by at desc, id desc limit ?",
        (conversation_id, *(key or ()), limit),
    )
    page = cursors.page(rows, limit, lambda row: (row["at"], row["id"]))
    return Page(tuple(from_row(MessageRecord, row) for row in page.items), page.next)


def record(row: Row) -> ConversationRecord:
    """The record of a row of `COLUMNS`."""
    labels = () if row["labels"] == "[]" else sorted(json.loads(row["labels"]), key=str.casefold)
    return from_row(ConversationRecord, {**row, "labels": labels})


def must_exist(tx: Tx, org: str, conversation_id: int) -> None:
    """:raises NotFound: if the org has no such conversation."""
    if tx.one("select 1 from smskit_conversation where id = ? and org = ?", (conversation_id, org)) is None:
        raise _no_conversation(org, conversation_id)


def _no_conversation(org: str, conversation_id: int) -> NotFound:
    return NotFound(f"org {org!r} has no conversation {conversation_id}")

"""Labels on conversations, and who has which. A label is known for as long as a conversation has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.model.codec import from_row, to_micros
from smskit.model.events import ConversationAssigned, ConversationLabelled, ConversationUnlabelled
from smskit.model.ids import Actor, ConversationId, Org
from smskit.model.labels import Label, LabelRecord
from smskit.storage.sql.choosing import label_id
from smskit.storage.sql.conversations import must_exist
from smskit.storage.sql.events import tell
from smskit.storage.sql.tx import Tx, existing


def assign(
    tx: Tx, org: Org, conversation_id: ConversationId, to: Actor | None, by: Actor, now: datetime
) -> bool:
    must_exist(tx, org, conversation_id)
    moved = tx.run(
        "update smskit_conversation set assigned_to = ? where id = ? and assigned_to is not ?",
        (to, conversation_id, to),
    )
    if moved:
        told = ConversationAssigned(conversation_id=conversation_id, assigned_to=to, by=by)
        tell(tx, org, told, to_micros(now))
    return bool(moved)


def label(tx: Tx, org: Org, conversation_id: ConversationId, label: Label, by: Actor, now: datetime) -> bool:
    must_exist(tx, org, conversation_id)
    known = existing(
        tx.one(
            "insert into smskit_label (org, key, name) values (?, ?, ?) "
            "on conflict (org, key) do update set name = name returning id, name",
            (org, label.key, label.name),
        )
    )
    put = tx.run(
        "insert into smskit_labelled (conversation_id, label_id, archived, last_at) "
        "select id, ?, archived, last_at from smskit_conversation where id = ? on conflict do nothing",
        (known["id"], conversation_id),
    )
    if put:
        told = ConversationLabelled(conversation_id=conversation_id, label=known["name"], by=by)
        tell(tx, org, told, to_micros(now))
    return bool(put)


def unlabel(
    tx: Tx, org: Org, conversation_id: ConversationId, label: Label, by: Actor, now: datetime
) -> bool:
    must_exist(tx, org, conversation_id)
    known = label_id(tx, org, label)
    taken = tx.run(
        "delete from smskit_labelled where conversation_id = ? and label_id = ?", (conversation_id, known)
    )
    if taken:
        row = existing(tx.one("select name from smskit_label where id = ?", (known,)))
        told = ConversationUnlabelled(conversation_id=conversation_id, label=row["name"], by=by)
        tell(tx, org, told, to_micros(now))
        _forget_unless_used(tx, known)
    return bool(taken)


def _forget_unless_used(tx: Tx, known: int | None) -> None:
    tx.run(
        "delete from smskit_label where id = ? and not exists "
        "(select 1 from smskit_labelled where label_id = smskit_label.id)",
        (known,),
    )


def list_labels(tx: Tx, org: Org) -> Sequence[LabelRecord]:
    rows = tx.all(
        "select name, (select count(*) from smskit_labelled where label_id = l.id and archived = 0) "
        "as conversations from smskit_label l where org = ? order by key",
        (org,),
    )
    return [from_row(LabelRecord, row) for row in rows]

"""Deleting a conversation: its messages go for good, and what others rely on stays.

Contact, subscription and ledger stay, and so do the ids under which carriers brought texts: a callback that comes
again brings nothing back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.errors import Conflict
from smskit.model.codec import to_micros
from smskit.model.conversations import DeletionPlan
from smskit.model.events import ConversationDeleted
from smskit.model.ids import ContactId, ConversationId, MessageId, Org
from smskit.storage.sql import indexing
from smskit.storage.sql.canceling import cancel_conversation
from smskit.storage.sql.conversations import get_conversation
from smskit.storage.sql.events import tell
from smskit.storage.sql.tx import Tx, existing

_OF_MESSAGES = "message_id in (select id from smskit_message where conversation_id = ?)"

_GONE = (
    f"delete from smskit_media where {_OF_MESSAGES}",
    f"delete from smskit_carrier_ref where {_OF_MESSAGES}",
    "delete from smskit_message where conversation_id = ?",
    "delete from smskit_draft where conversation_id = ?",
    "delete from smskit_labelled where conversation_id = ?",
    "delete from smskit_conversation where id = ?",
)


def plan_deletion(tx: Tx, org: Org, conversation_id: ConversationId) -> DeletionPlan:
    get_conversation(tx, org, conversation_id)
    counts = existing(
        tx.one(
            "select count(*) as messages, coalesce(sum(media_count), 0) as media, "
            "(select count(*) from smskit_outbox where conversation_id = ?) as unsent "
            "from smskit_message where conversation_id = ?",
            (conversation_id, conversation_id),
        )
    )
    return DeletionPlan(messages=counts["messages"], media=counts["media"], unsent=counts["unsent"])


def delete_conversation(tx: Tx, org: Org, conversation_id: ConversationId, now: datetime) -> Sequence[str]:
    chat, moment = get_conversation(tx, org, conversation_id), to_micros(now)
    if tx.one("select 1 from smskit_outbox where conversation_id = ? and state = 2", (conversation_id,)):
        raise Conflict(f"a text of conversation {conversation_id} is just being handed over; try again soon")
    cancel_conversation(tx, conversation_id, moment)
    _keep_consent(tx, org, conversation_id)
    for row in tx.all("select id from smskit_message where conversation_id = ?", (conversation_id,)):
        indexing.forget(tx, MessageId(row["id"]))
    digests = _digests(tx, conversation_id)
    for statement in _GONE:
        tx.run(statement, (conversation_id,))
    told = ConversationDeleted(conversation_id=conversation_id, contact_id=ContactId(chat.contact_id))
    tell(tx, org, told, moment)
    return [one for one in digests if tx.one("select 1 from smskit_media where digest = ?", (one,)) is None]


def _keep_consent(tx: Tx, org: Org, conversation_id: ConversationId) -> None:
    """A consent message that may have gone out counts as one that did: there will be no second one."""
    tx.run(
        "update smskit_subscription set consent = 'sent', version = version + 1 where org = ? "
        "and number = (select k.number from smskit_conversation c join smskit_contact k on k.id = c.contact_id "
        "where c.id = ?) and consent = 'claimed' "
        "and consent_message_id in (select id from smskit_message where conversation_id = ?)",
        (org, conversation_id, conversation_id),
    )


def _digests(tx: Tx, conversation_id: ConversationId) -> Sequence[str]:
    rows = tx.all(
        f"select distinct digest from smskit_media where digest is not null and {_OF_MESSAGES}",
        (conversation_id,),
    )
    return [row["digest"] for row in rows]

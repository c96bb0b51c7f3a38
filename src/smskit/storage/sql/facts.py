"""Facts: what the gate has to know of a recipient, with the versions that a decision is good for."""

from __future__ import annotations

from smskit.compliance.gate import Facts
from smskit.errors import NotFound
from smskit.model.addresses import address_of
from smskit.model.codec import from_row
from smskit.model.contacts import Subscription
from smskit.model.ids import ConversationId, Org
from smskit.storage.sql.tx import Row, Tx

COLUMNS = (
    "k.number, s.opted_out, s.scope, s.source, s.changed_at, s.consent, s.consent_message_id, s.version, "
    "n.driver, n.address, exists (select 1 from smskit_block b where b.org = c.org and b.number = k.number "
    "  and b.driver = n.driver and b.address = n.address) as blocked, "
    "coalesce((select version from smskit_policy where org = c.org), 0) as policy_version "
)

JOINS = (
    "join smskit_contact k on k.id = c.contact_id join smskit_sender n on n.id = c.sender_id "
    "join smskit_subscription s on s.org = k.org and s.number = k.number "
)
"""From a conversation `c` to its contact, sender and subscription."""


def facts(tx: Tx, org: Org, conversation_id: ConversationId) -> Facts:
    row = tx.one(
        f"select c.org, {COLUMNS} from smskit_conversation c {JOINS} where c.id = ? and c.org = ?",
        (conversation_id, org),
    )
    if row is None:
        msg = f"org {org!r} has no conversation {conversation_id}"
        raise NotFound(msg)
    return facts_of(row)


def facts_of(row: Row) -> Facts:
    """The facts in a row that has the columns above."""
    return Facts(
        subscription=from_row(Subscription, row),
        sender=address_of(row["address"]),
        blocked_by_carrier=bool(row["blocked"]),
        policy_version=row["policy_version"],
    )

"""What an opt-out or a reply withdraws: everything automated that is not admitted yet, wherever it waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.errors import NotFound
from smskit.model.codec import to_micros
from smskit.model.contacts import Scope
from smskit.model.ids import MessageId, Org
from smskit.model.messages import Category, Flag, Origin
from smskit.model.statuses import Status
from smskit.storage.sql import outbox
from smskit.storage.sql.outbox import State
from smskit.storage.sql.settling import give_up
from smskit.storage.sql.tx import Row, Tx

_LIVE = (
    "select o.message_id, o.state, m.origin, m.category from smskit_conversation c "
    "join smskit_outbox o on o.conversation_id = c.id join smskit_message m on m.id = o.message_id "
    "where c.contact_id = ?"
)


def cancel_automated(tx: Tx, contact: int, scope: str, now: int) -> None:
    """An opt-out withdraws automated messages, or only promotional ones if it covers no more."""
    rows = [
        row
        for row in tx.all(_LIVE, (contact,))
        if Origin(row["origin"]).is_automated
        and (scope == Scope.ALL or row["category"] == Category.PROMOTIONAL)
    ]
    _cancel(tx, rows, "opted_out", now)


def cancel_replied(tx: Tx, contact: int, now: int) -> None:
    """A reply withdraws the drip steps that are left."""
    rows = [row for row in tx.all(_LIVE, (contact,)) if row["origin"] == Origin.DRIP]
    _cancel(tx, rows, "replied", now)


def cancel(tx: Tx, org: Org, message_id: MessageId, now: datetime) -> bool:
    if tx.one("select 1 from smskit_message where id = ? and org = ?", (message_id, org)) is None:
        msg = f"org {org!r} has no message {message_id}"
        raise NotFound(msg)
    row = tx.one("select state, doubt from smskit_outbox where message_id = ?", (message_id,))
    if row is None or row["doubt"] or row["state"] in (State.SUBMITTING, State.UNKNOWN):
        return False
    give_up(tx, message_id, Status.CANCELED, "canceled", to_micros(now))
    return True


def _cancel(tx: Tx, rows: Sequence[Row], why: str, now: int) -> None:
    # Texts behind a consent message come first, before its own end reaches them.
    for row in sorted(rows, key=lambda row: (row["state"] != State.AFTER, row["message_id"])):
        if row["state"] == State.SUBMITTING:
            flag(tx, row["message_id"], Flag.RACED)
        elif row["state"] == State.UNKNOWN:
            outbox.remove(tx, row["message_id"])
        elif tx.one("select 1 from smskit_outbox where message_id = ?", (row["message_id"],)):
            give_up(tx, row["message_id"], Status.CANCELED, why, now)


def flag(tx: Tx, message_id: int, value: Flag) -> None:
    """Mark a message, besides what it is marked with."""
    tx.run("update smskit_message set flags = flags | ? where id = ?", (int(value), message_id))

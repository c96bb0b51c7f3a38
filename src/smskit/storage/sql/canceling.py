"""What an opt-out or a reply withdraws: everything automated that is not admitted yet, wherever it waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.errors import NotFound
from smskit.model.campaigns import Ending, StopOn
from smskit.model.codec import to_micros
from smskit.model.contacts import Scope
from smskit.model.ids import MessageId, Org
from smskit.model.messages import Category, Flag, Origin
from smskit.model.statuses import Status
from smskit.storage.sql import enrolments, outbox
from smskit.storage.sql.outbox import State
from smskit.storage.sql.settling import give_up
from smskit.storage.sql.tx import Row, Tx, existing

_LIVE = (
    "select o.message_id, o.state, o.conversation_id, o.enrolment_id, m.origin, m.category, "
    "(select stop_on from smskit_enrolment where id = o.enrolment_id) as stop_on "
    "from smskit_conversation c join smskit_outbox o on o.conversation_id = c.id "
    "join smskit_message m on m.id = o.message_id where c.contact_id "
)

_UNSENT = (
    "select 1 from smskit_outbox where message_id = ? and state in (0, 1, 3, 5) and doubt = 0 "
    "and not exists (select 1 from smskit_outbox where after_id = ?)"
)


def cancel_automated(tx: Tx, contact: int, scope: str, now: int) -> None:
    """An opt-out withdraws automated messages, or only promotional ones if it covers no more."""
    rows = [
        row
        for row in tx.all(_LIVE + "= ?", (contact,))
        if Origin(row["origin"]).is_automated
        and (scope == Scope.ALL or row["category"] == Category.PROMOTIONAL)
    ]
    _withdraw(tx, rows, Ending.OPTED_OUT, now)


def cancel_replied(tx: Tx, contact: int, conversation: int, now: int, by: int | None = None) -> None:
    """A reply withdraws the drip steps that are left for the person, but for those that wait for one elsewhere.

    Somebody who has several numbers, merged into one contact, replies for all of them.
    """
    person = tx.one("select coalesce(merged_into, id) as id from smskit_contact where id = ?", (contact,))
    whose = (existing(person)["id"],) * 2
    rows = [
        row
        for row in tx.all(_LIVE + "in (select id from smskit_contact where id = ? or merged_into = ?)", whose)
        if row["origin"] == Origin.DRIP
        and (row["stop_on"] != StopOn.SAME_CONVERSATION or row["conversation_id"] == conversation)
    ]
    _withdraw(tx, rows, Ending.REPLIED, now, by)


def cancel_steps(tx: Tx, enrolment_id: int, why: Ending, now: int) -> None:
    """What is left of an enrolment that ended."""
    rows = tx.all(
        "select message_id, state, enrolment_id from smskit_outbox where enrolment_id = ?", (enrolment_id,)
    )
    _cancel(tx, rows, why, now)


def cancel_conversation(tx: Tx, conversation_id: int, now: int) -> None:
    """All that is to go in a conversation that is about to be deleted."""
    rows = tx.all(
        "select message_id, state, enrolment_id from smskit_outbox where conversation_id = ?",
        (conversation_id,),
    )
    _withdraw(tx, rows, Ending.DELETED, now)


def _withdraw(tx: Tx, rows: Sequence[Row], why: Ending, now: int, by: int | None = None) -> None:
    """Cancel messages, and end what they are steps of before its last one does."""
    for enrolment_id in dict.fromkeys(row["enrolment_id"] for row in rows if row["enrolment_id"]):
        enrolments.end(tx, enrolment_id, why, now, by)
    _cancel(tx, rows, why, now)


def cancel(tx: Tx, org: Org, message_id: MessageId, now: datetime) -> bool:
    if tx.one("select 1 from smskit_message where id = ? and org = ?", (message_id, org)) is None:
        msg = f"org {org!r} has no message {message_id}"
        raise NotFound(msg)
    row = tx.one("select state, doubt from smskit_outbox where message_id = ?", (message_id,))
    if row is None or row["doubt"] or row["state"] in (State.SUBMITTING, State.UNKNOWN):
        return False
    _give_up(tx, message_id, "canceled", to_micros(now))
    return True


def _cancel(tx: Tx, rows: Sequence[Row], why: str, now: int) -> None:
    # Texts behind a consent message come first, before its own end reaches them.
    for row in sorted(rows, key=lambda row: (row["state"] != State.AFTER, row["message_id"])):
        if row["state"] == State.SUBMITTING:
            flag(tx, row["message_id"], Flag.RACED)
        elif row["state"] == State.UNKNOWN:
            outbox.remove(tx, row["message_id"], now)
        elif tx.one("select 1 from smskit_outbox where message_id = ?", (row["message_id"],)):
            _give_up(tx, row["message_id"], why, now)


def _give_up(tx: Tx, message_id: int, why: str, now: int) -> None:
    """Cancel one, and with the last text behind a consent message that message too, while it has not gone."""
    consent = existing(tx.one("select after_id from smskit_outbox where message_id = ?", (message_id,)))[
        "after_id"
    ]
    give_up(tx, message_id, Status.CANCELED, why, now)
    if consent is not None and tx.one(_UNSENT, (consent, consent)):
        give_up(tx, consent, Status.CANCELED, why, now)


def flag(tx: Tx, message_id: int, value: Flag) -> None:
    """Mark a message, besides what it is marked with."""
    tx.run("update smskit_message set flags = flags | ? where id = ?", (int(value), message_id))

"""Admission: the statement that lets a message go to the wire, or keeps it from going."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from smskit.model.campaigns import EnrolmentState
from smskit.model.codec import from_micros, to_micros
from smskit.model.contacts import ConsentState
from smskit.model.decisions import DecisionRecord, Outcome, Stage
from smskit.model.ids import ConversationId, Org
from smskit.model.messages import Category, Flag, Lane, Origin, Written
from smskit.model.statuses import Status
from smskit.storage.base import NewMessage, Ruling, Terms, Ticket, Verdict
from smskit.storage.sql import dripping, outbox
from smskit.storage.sql.canceling import flag
from smskit.storage.sql.consents import set_consent
from smskit.storage.sql.ledger import write_decision
from smskit.storage.sql.messages import put
from smskit.storage.sql.outbox import State
from smskit.storage.sql.settling import consent_in_doubt, give_up, move
from smskit.storage.sql.tx import Row, Tx

_STANDS = (
    "select o.conversation_id, o.lane, o.order_no, o.gist, o.expires_at, o.hold_for, o.consent_wait, "
    "m.org, m.actor, m.parts, m.status, k.number, s.version, s.consent, s.consent_message_id, "
    "coalesce((select version from smskit_policy where org = m.org), 0) as policy_version, "
    "(select state from smskit_enrolment where id = o.enrolment_id) as enrolment "
    "from smskit_outbox o join smskit_message m on m.id = o.message_id "
    "join smskit_conversation c on c.id = o.conversation_id join smskit_contact k on k.id = c.contact_id "
    "join smskit_subscription s on s.org = k.org and s.number = k.number "
    "where o.message_id = ? and o.worker = ? and o.fence = ? and o.state = 1 and o.lease_until > ?"
)

_OVERTAKES = (
    "select 1 from smskit_outbox "
    "where conversation_id = ? and lane = ? and yielded = 1 and order_no < ? "
    "and (state <> 4 or way is not null) limit 1"
)


def admit(tx: Tx, rulings: Sequence[Ruling], now: datetime, lease_now: datetime) -> Sequence[Verdict]:
    return [_apply(tx, ruling, to_micros(now), to_micros(lease_now)) for ruling in rulings]


def _apply(tx: Tx, ruling: Ruling, now: int, lease_now: int) -> Verdict:
    ticket, decision = ruling.ticket, ruling.decision
    row = tx.one(_STANDS, (ticket.message_id, ticket.worker, ticket.fence, lease_now))
    if row is None:
        return Verdict.LOST
    if row["enrolment"] == EnrolmentState.PAUSED:
        dripping.hold_back(tx, ticket.message_id, row["status"], now)
        return Verdict.SETTLED
    if (row["version"], row["policy_version"]) != (decision.facts_version, decision.policy_version):
        return Verdict.STALE
    if row["gist"] != decision.gist:
        _note(tx, row, ticket.message_id, decision, now)
    if decision.outcome is Outcome.DENIED:
        give_up(tx, ticket.message_id, Status.BLOCKED, decision.rule, now)
        return Verdict.SETTLED
    if decision.until is not None:
        _hold(tx, ticket.message_id, decision.until, now)
        return Verdict.SETTLED
    if decision.consent_first and row["consent"] != ConsentState.SENT:
        _put_behind_consent(tx, ruling, row, now)
        return Verdict.SETTLED
    _admit(tx, row, ticket, now)
    return Verdict.ADMITTED


def _admit(tx: Tx, row: Row, ticket: Ticket, now: int) -> None:
    message_id = ticket.message_id
    tx.run("update smskit_outbox set state = 2 where message_id = ?", (message_id,))
    tx.run(
        "update smskit_message set status = 'submitting', admitted_at = ?, via = ? where id = ?",
        (now, ticket.driver, message_id),
    )
    if tx.one(_OVERTAKES, (row["conversation_id"], row["lane"], row["order_no"])):
        flag(tx, message_id, Flag.OUT_OF_ORDER)


def _note(tx: Tx, row: Row, message_id: int, decision: DecisionRecord, now: int) -> None:
    write_decision(tx, row["org"], message_id, decision, now)
    tx.run("update smskit_outbox set gist = ? where message_id = ?", (decision.gist, message_id))


def _hold(tx: Tx, message_id: int, until: datetime, now: int) -> None:
    outbox.give_up_place(tx, message_id, State.PARKED, to_micros(until))
    move(tx, message_id, Status.HELD, None, now)


def _put_behind_consent(tx: Tx, ruling: Ruling, row: Row, now: int) -> None:
    """The pair: the consent message goes, and the text goes after it. One claim for all texts to a number."""
    consent_id = row["consent_message_id"]
    if row["consent"] == ConsentState.NONE:
        consent_id = _claim_consent(tx, ruling, row, now)
    outbox.hasten(tx, consent_id, row["lane"], now)
    message_id = ruling.ticket.message_id
    outbox.give_up_place(tx, message_id, State.AFTER, None)
    tx.run("update smskit_outbox set after_id = ? where message_id = ?", (consent_id, message_id))
    tx.run("update smskit_message set after_id = ?, status = 'queued' where id = ?", (consent_id, message_id))
    doubtful = tx.one("select 1 from smskit_message where id = ? and status = 'unknown'", (consent_id,))
    if doubtful:
        consent_in_doubt(tx, consent_id, now)


def _claim_consent(tx: Tx, ruling: Ruling, row: Row, now: int) -> int:
    decision, written = ruling.decision, ruling.consent or Written("")
    consent = NewMessage(
        org=Org(row["org"]),
        conversation_id=ConversationId(row["conversation_id"]),
        text=written.text,
        parts=written.parts,
        languages=written.languages,
        origin=Origin.CONSENT,
        category=Category.TRANSACTIONAL,
        lane=Lane(row["lane"]),
        actor=row["actor"],
        terms=Terms(
            hold_for=timedelta(microseconds=row["hold_for"]),
            consent_wait=timedelta(microseconds=row["consent_wait"]),
        ),
        key=f"consent:{row['number']}:{ruling.ticket.message_id}:{ruling.ticket.fence}",
        expires_at=None if row["expires_at"] is None else from_micros(row["expires_at"]),
        decision=DecisionRecord(
            outcome=Outcome.ALLOWED,
            rule="consent_message",
            reason="it has to precede the first text to this number",
            stage=Stage.MADE,
            at=decision.at,
            policy_version=decision.policy_version,
            facts_version=decision.facts_version,
        ),
    )
    message = put(tx, consent, now).message
    set_consent(tx, row["org"], row["number"], ConsentState.CLAIMED, message.id)
    return message.id

"""Putting contacts into campaigns, and holding back, letting go and cancelling their steps."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from smskit.compliance.gate import Facts
from smskit.errors import AlreadyEnrolled, EnrolmentRefused, NotFound
from smskit.model.campaigns import DripCampaign, Ending, EnrolmentRecord
from smskit.model.codec import to_micros
from smskit.model.contacts import Scope
from smskit.model.events import EnrolmentPaused, EnrolmentResumed, EnrolmentStarted
from smskit.model.ids import ContactId, ConversationId, EnrolmentId, Org, SenderId
from smskit.model.messages import Category
from smskit.model.statuses import Status
from smskit.storage.base import NewEnrolment
from smskit.storage.sql import canceling, enrolments, facts, outbox
from smskit.storage.sql.conversations import find_or_make
from smskit.storage.sql.events import tell
from smskit.storage.sql.messages import put
from smskit.storage.sql.outbox import State
from smskit.storage.sql.settling import move
from smskit.storage.sql.tx import Tx, existing


def facts_of(tx: Tx, org: Org, contact: ContactId, sender: SenderId) -> Facts:
    row = tx.one(
        f"select c.org, {facts.COLUMNS} from (select ? as org, ? as contact_id, ? as sender_id) c {facts.JOINS} "
        "where k.org = c.org and n.org = c.org",
        (org, contact, sender),
    )
    if row is None:
        msg = f"org {org!r} has no contact {contact} or no sender {sender}"
        raise NotFound(msg)
    return facts.facts_of(row)


def enrol(tx: Tx, new: NewEnrolment, now: datetime, restart: bool) -> EnrolmentRecord:
    moment, org = to_micros(now), new.campaign.org
    known = _of_key(tx, new)
    if known is not None:
        return enrolments.get_enrolment(tx, org, known)
    _must_be_in(tx, org, new.contact_id, new.campaign.campaign)
    running = tx.one(
        "select id from smskit_enrolment where campaign_id = ? and contact_id = ? and state <> 'ended'",
        (new.campaign.id, new.contact_id),
    )
    if running is not None:
        if not restart:
            raise AlreadyEnrolled(running["id"])
        _end(tx, running["id"], Ending.RESTARTED, moment)
    conversation_id = find_or_make(tx, org, new.sender_id, new.contact_id, moment, archived=True)
    enrolment_id = _insert(tx, new, conversation_id, moment)
    for place, step in enumerate(new.steps, start=1):
        message = attrs.evolve(
            step,
            conversation_id=ConversationId(conversation_id),
            enrolment_id=enrolment_id,
            step=place,
        )
        put(tx, message, moment)
    return enrolments.get_enrolment(tx, org, enrolment_id)


def _of_key(tx: Tx, new: NewEnrolment) -> EnrolmentId | None:
    row = tx.one(
        "select id from smskit_enrolment where campaign_id = ? and contact_id = ? and key = ?",
        (new.campaign.id, new.contact_id, new.key),
    )
    return None if row is None else EnrolmentId(row["id"])


def _must_be_in(tx: Tx, org: Org, contact: int, campaign: DripCampaign) -> None:
    """The subscription is read here, where an opt-out meets it."""
    row = tx.one(
        "select s.opted_out, s.scope from smskit_contact k "
        "join smskit_subscription s on s.org = k.org and s.number = k.number where k.id = ? and k.org = ?",
        (contact, org),
    )
    if row is None:
        msg = f"org {org!r} has no contact {contact}"
        raise NotFound(msg)
    covers = row["scope"] == Scope.ALL or campaign.category is Category.PROMOTIONAL
    if row["opted_out"] and covers:
        raise EnrolmentRefused("the contact opted out, and gets no drip campaigns until it texts START")


def _insert(tx: Tx, new: NewEnrolment, conversation_id: int, now: int) -> EnrolmentId:
    campaign = new.campaign
    row = existing(
        tx.one(
            "insert into smskit_enrolment (org, campaign_id, version, contact_id, conversation_id, actor, state, "
            "stop_on, spacing, zone, key, steps, started_at) values (?, ?, ?, ?, ?, ?, 'active', ?, ?, ?, ?, ?, ?) "
            "returning id",
            (
                *(campaign.org, campaign.id, campaign.version, new.contact_id, conversation_id, new.actor),
                *(campaign.campaign.stop_on, outbox.micros(campaign.campaign.spacing)),
                *(new.zone, new.key, len(new.steps), now),
            ),
        )
    )
    started = EnrolmentStarted(
        enrolment_id=EnrolmentId(row["id"]),
        contact_id=new.contact_id,
        conversation_id=ConversationId(conversation_id),
    )
    tell(tx, campaign.org, started, now)
    return started.enrolment_id


def end_enrolment(tx: Tx, org: Org, enrolment_id: EnrolmentId, why: Ending, now: datetime) -> bool:
    _must_exist(tx, org, enrolment_id)
    return _end(tx, enrolment_id, why, to_micros(now))


def _end(tx: Tx, enrolment_id: int, why: Ending, now: int) -> bool:
    ended = enrolments.end(tx, enrolment_id, why, now)
    if ended:
        canceling.cancel_steps(tx, enrolment_id, why, now)
    return ended


def pause_enrolment(tx: Tx, org: Org, enrolment_id: EnrolmentId, now: datetime) -> bool:
    _must_exist(tx, org, enrolment_id)
    moment = to_micros(now)
    if not _set_state(tx, enrolment_id, "active", "paused"):
        return False
    for row in tx.all(_LEFT, (enrolment_id,)):
        hold_back(tx, row["message_id"], row["status"], moment)
    tell(tx, org, EnrolmentPaused(enrolment_id=enrolment_id), moment)
    return True


def hold_back(tx: Tx, message_id: int, status: str, now: int) -> None:
    """Park a step of a paused enrolment, until that goes on."""
    outbox.give_up_place(tx, message_id, State.PARKED, None)
    if status != Status.SCHEDULED:
        move(tx, message_id, Status.SCHEDULED, "paused", now)


def resume_enrolment(tx: Tx, org: Org, enrolment_id: EnrolmentId, now: datetime) -> bool:
    _must_exist(tx, org, enrolment_id)
    if not _set_state(tx, enrolment_id, "paused", "active"):
        return False
    for row in tx.all(_HELD_BACK, (enrolment_id,)):
        tx.run("update smskit_outbox set due_at = ? where message_id = ?", (row["due_at"], row["message_id"]))
        tx.run("update smskit_message set code = null where id = ?", (row["message_id"],))
    tell(tx, org, EnrolmentResumed(enrolment_id=enrolment_id), to_micros(now))
    return True


def earliest(tx: Tx, message_id: int, now: int) -> int:
    """When a step may go after the last one before it that went or is to go."""
    row = tx.one(_EARLIEST, (now, _AT_ONCE, message_id))
    return 0 if row is None else int(row["moment"])


_AT_ONCE = timedelta(minutes=1) // timedelta(microseconds=1)
"""A step that was admitted so soon after its release was not late, and keeps none of the others waiting."""

_EARLIEST = (
    "select case when o.state in (0, 1, 3, 6) then ? when o.state = 5 then coalesce(o.due_at, b.due_at) "
    "when b.admitted_at > b.at + ? then b.admitted_at else b.at end "
    "+ max(0, min(e.spacing, m.due_at - b.due_at)) as moment from smskit_message m "
    "join smskit_enrolment e on e.id = m.enrolment_id "
    "join smskit_message b on b.enrolment_id = m.enrolment_id and b.step < m.step "
    "left join smskit_outbox o on o.message_id = b.id "
    "where m.id = ? and b.status not in ('expired', 'blocked', 'canceled') order by b.step desc limit 1"
)
"""While the one before is queued nobody knows when it goes: look again after the spacing, lest both go at once."""


def _set_state(tx: Tx, enrolment_id: int, before: str, after: str) -> bool:
    return bool(
        tx.run(
            "update smskit_enrolment set state = ? where id = ? and state = ?", (after, enrolment_id, before)
        )
    )


_LEFT = (
    "select o.message_id, m.status from smskit_outbox o join smskit_message m on m.id = o.message_id "
    "where o.enrolment_id = ? and o.state not in (2, 4) order by o.message_id"
)
"""The steps that are not on their way. What comes back from there, admission holds back."""

_HELD_BACK = (
    "select o.message_id, m.due_at from smskit_outbox o join smskit_message m on m.id = o.message_id "
    "where o.enrolment_id = ? and o.state = 5 and o.due_at is null order by o.message_id"
)


def _must_exist(tx: Tx, org: Org, enrolment_id: int) -> None:
    if tx.one("select 1 from smskit_enrolment where id = ? and org = ?", (enrolment_id, org)) is None:
        raise enrolments.no_enrolment(org, enrolment_id)

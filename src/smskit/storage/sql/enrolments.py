"""Enrolments: how they end, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence

from smskit.errors import NotFound
from smskit.model.campaigns import Ending, EnrolmentRecord, EnrolmentState
from smskit.model.codec import from_row
from smskit.model.events import EnrolmentEnded
from smskit.model.ids import CampaignId, ContactId, EnrolmentId, MessageId, Org
from smskit.model.messages import MessageRecord
from smskit.storage.base import Page
from smskit.storage.sql import cursors
from smskit.storage.sql.events import tell
from smskit.storage.sql.tx import Tx

_SELECT = (
    "select e.*, c.name, (select count(*) from smskit_message m where m.enrolment_id = e.id "
    "and m.accepted_at is not null) as steps_sent, case when e.state = 'active' then (select min(o.due_at) "
    "from smskit_outbox o where o.enrolment_id = e.id and o.state <> 4) end as next_at "
    "from smskit_enrolment e join smskit_campaign c on c.id = e.campaign_id "
)

_FINISH = (
    "update smskit_enrolment set state = 'ended', ended_at = ?, why = 'finished' where id = ? "
    "and state <> 'ended' and not exists (select 1 from smskit_outbox where enrolment_id = smskit_enrolment.id "
    "and (state <> 4 or way is not null)) returning org"
)
"""A step of which nobody knows whether it went, and of which nobody asks, is no step that is left."""


def finish_if_done(tx: Tx, enrolment_id: int, now: int) -> None:
    """Nothing is left of it, unless it ended before."""
    row = tx.one(_FINISH, (now, enrolment_id))
    if row is not None:
        tell(tx, row["org"], _ended(enrolment_id, Ending.FINISHED, None), now)


def end(tx: Tx, enrolment_id: int, why: Ending, now: int, by: int | None = None) -> bool:
    """It is over from now on; False if it was before. Its messages are the caller's."""
    row = tx.one(
        "update smskit_enrolment set state = 'ended', ended_at = ?, why = ?, by_message_id = ? "
        "where id = ? and state <> 'ended' returning org",
        (now, why, by, enrolment_id),
    )
    if row is not None:
        tell(tx, row["org"], _ended(enrolment_id, why, by), now)
    return row is not None


def _ended(enrolment_id: int, why: Ending, by: int | None) -> EnrolmentEnded:
    return EnrolmentEnded(
        enrolment_id=EnrolmentId(enrolment_id),
        why=why,
        by_message_id=None if by is None else MessageId(by),
    )


def get_enrolment(tx: Tx, org: Org, enrolment_id: EnrolmentId) -> EnrolmentRecord:
    row = tx.one(_SELECT + "where e.id = ? and e.org = ?", (enrolment_id, org))
    if row is None:
        raise no_enrolment(org, enrolment_id)
    return from_row(EnrolmentRecord, row)


def list_enrolments(
    tx: Tx,
    org: Org,
    campaign_id: CampaignId | None,
    contact_id: ContactId | None,
    state: EnrolmentState | None,
    after: str | None,
    limit: int,
) -> Page[EnrolmentRecord]:
    key = cursors.read(after, 1)
    # By campaign or contact there are few, so that the org's list is no help.
    narrow = campaign_id is not None or contact_id is not None
    asked = {
        "+e.org = ?" if narrow else "e.org = ?": org,
        "e.campaign_id = ?": campaign_id,
        "e.contact_id = ?": contact_id,
        "e.state = ?": state,
        "e.id < ?": None if key is None else key[0],
    }
    wanted = {condition: value for condition, value in asked.items() if value is not None}
    rows = tx.all(
        f"{_SELECT}where {' and '.join(wanted)} order by e.id desc limit ?", (*wanted.values(), limit)
    )
    return cursors.page([from_row(EnrolmentRecord, row) for row in rows], limit, lambda record: (record.id,))


def steps_of(tx: Tx, org: Org, enrolment_id: EnrolmentId) -> Sequence[MessageRecord]:
    rows = tx.all(
        "select * from smskit_message where enrolment_id = ? and org = ? order by step", (enrolment_id, org)
    )
    return [from_row(MessageRecord, row) for row in rows]


def no_enrolment(org: Org, enrolment_id: int) -> NotFound:
    """The org has none of this id."""
    return NotFound(f"org {org!r} has no enrolment {enrolment_id}")

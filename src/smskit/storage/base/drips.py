"""Drip campaigns, and the contacts that are in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from smskit.compliance.gate import Facts
from smskit.model.campaigns import CampaignRecord, DripCampaign, Ending, EnrolmentRecord, EnrolmentState
from smskit.model.ids import Actor, CampaignId, ContactId, EnrolmentId, Org, SenderId
from smskit.model.messages import MessageRecord
from smskit.storage.base.values import NewMessage, Page


@attrs.frozen(kw_only=True)
class NewEnrolment:
    """A contact to be put into a campaign, with a message for each step in order."""

    campaign: CampaignRecord
    contact_id: ContactId
    sender_id: SenderId
    actor: Actor
    zone: str
    key: str | None = None
    steps: tuple[NewMessage, ...]
    """The store gives them their conversation."""


class Drips(Protocol):
    """Campaigns by name and version, and enrolments. Steps are messages in the queue like any other."""

    async def save_campaign(
        self, org: Org, campaign: DripCampaign, actor: Actor, now: datetime
    ) -> CampaignRecord:
        """Make a campaign, or its next version unless it is the same as the current one."""

    async def get_campaign(self, org: Org, name: str) -> CampaignRecord:
        """The current version. :raises NotFound: if the org has no such campaign."""

    async def get_version(self, org: Org, campaign_id: CampaignId, version: int) -> CampaignRecord:
        """One version. :raises NotFound: if there is none."""

    async def list_campaigns(self, org: Org, *, after: str | None, limit: int) -> Page[CampaignRecord]:
        """The campaigns in their current versions, in the order they were made."""

    async def facts_of(self, org: Org, contact: ContactId, sender: SenderId) -> Facts:
        """What the gate has to know of a contact on a sender, whether they have a conversation or not.

        :raises NotFound: if the org has no such contact or sender.
        """

    async def enrol(self, new: NewEnrolment, now: datetime, *, restart: bool) -> EnrolmentRecord:
        """Put a contact in: the enrolment and the messages of its steps, scheduled.

        Under a key that the contact was put in with before, nothing is done: that enrolment comes back, over or not.
        With `restart` an enrolment in the same campaign that is not over ends before. A conversation that is made for
        it, or is archived, stays out of the active list until the contact writes.

        :raises AlreadyEnrolled: if there is one that is not over, without `restart`.
        :raises EnrolmentRefused: if the contact opted out of such messages.
        """

    async def get_enrolment(self, org: Org, enrolment_id: EnrolmentId) -> EnrolmentRecord:
        """:raises NotFound: if the org has no such enrolment."""

    async def list_enrolments(
        self,
        org: Org,
        *,
        campaign_id: CampaignId | None,
        contact_id: ContactId | None,
        state: EnrolmentState | None,
        after: str | None,
        limit: int,
    ) -> Page[EnrolmentRecord]:
        """Enrolments, the newest first."""

    async def end_enrolment(self, org: Org, enrolment_id: EnrolmentId, why: Ending, now: datetime) -> bool:
        """Cancel what is left; False if it was over. A step that is admitted goes, and is marked as raced."""

    async def pause_enrolment(self, org: Org, enrolment_id: EnrolmentId, now: datetime) -> bool:
        """Hold back what is not admitted; False unless it was active."""

    async def resume_enrolment(self, org: Org, enrolment_id: EnrolmentId, now: datetime) -> bool:
        """Let the steps go at the times they were planned for; False unless it was paused.

        Those whose time has passed go at once, with their spacing, or expire where that was too long ago.
        """

    async def steps_of(self, org: Org, enrolment_id: EnrolmentId) -> Sequence[MessageRecord]:
        """The messages of its steps, in order."""

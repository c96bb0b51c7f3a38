"""Enrolments: contacts in drip campaigns, followed, held back and taken out one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.desk.messages import Message
from smskit.desk.office import Office
from smskit.model.campaigns import Ending, EnrolmentRecord, EnrolmentState
from smskit.model.ids import CampaignId, ContactId, EnrolmentId
from smskit.model.policies import Permission
from smskit.storage.base import Page


class Enrolment:
    """One contact in one campaign, as known when the handle was made or refreshed."""

    def __init__(self, office: Office, record: EnrolmentRecord) -> None:
        self._office = office
        self.record = record
        """The whole snapshot."""

    @property
    def id(self) -> EnrolmentId:
        return self.record.id

    @property
    def contact_id(self) -> ContactId:
        return self.record.contact_id

    @property
    def state(self) -> EnrolmentState:
        return self.record.state

    @property
    def why(self) -> Ending | None:
        """Why it ended."""
        return self.record.why

    @property
    def next_at(self) -> datetime | None:
        """When the next step is due."""
        return self.record.next_at

    async def refresh(self) -> Enrolment:
        """Look again; gives the handle itself."""
        self.record = await self._office.storage.get_enrolment(self._office.org, self.id)
        return self

    async def steps(self) -> Sequence[Message]:
        """The messages of the steps, in order, with where each is and why."""
        records = await self._office.storage.steps_of(self._office.org, self.id)
        return [Message(self._office, record) for record in records]

    async def cancel(self) -> bool:
        """Cancel what is left; False if it was over. A step that is just being handed over may still go."""
        office = await self._allowed()
        ended = await office.storage.end_enrolment(office.org, self.id, Ending.CANCELED, office.now())
        await self.refresh()
        return ended

    async def pause(self) -> bool:
        """Hold back what is left until `resume`; False unless it was active."""
        office = await self._allowed()
        paused = await office.storage.pause_enrolment(office.org, self.id, office.now())
        await self.refresh()
        return paused

    async def resume(self) -> bool:
        """Let the steps go at the times they were planned for; False unless it was paused.

        The pause shifts nothing: what it made too late expires, as after any downtime.
        """
        office = await self._allowed()
        resumed = await office.storage.resume_enrolment(office.org, self.id, office.now())
        await self.refresh()
        return resumed

    async def _allowed(self) -> Office:
        await self._office.require(Permission.RUN_DRIPS)
        return self._office

    def __repr__(self) -> str:
        return f"Enrolment({self.id}, {self.state})"


async def list_enrolments(
    office: Office,
    *,
    campaign_id: CampaignId | None = None,
    contact_id: ContactId | None = None,
    state: EnrolmentState | str | None,
    after: str | None,
    limit: int,
) -> Page[Enrolment]:
    """A page of them, the newest first."""
    page = await office.storage.list_enrolments(
        office.org,
        campaign_id=campaign_id,
        contact_id=contact_id,
        state=None if state is None else EnrolmentState(state),
        after=after,
        limit=limit,
    )
    return Page(tuple(Enrolment(office, record) for record in page.items), page.next)

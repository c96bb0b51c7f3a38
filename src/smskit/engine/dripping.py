"""Drip campaigns applied: what each step will be for one contact, and putting the contact in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import attrs

from smskit.clock import Clock
from smskit.compliance.gate import Facts, Request
from smskit.engine.judging import Judge, PolicyBook
from smskit.engine.outgoing import terms_of
from smskit.engine.writing import Writing
from smskit.errors import EnrolmentRefused
from smskit.model.campaigns import CampaignRecord, DripPreview, EnrolmentRecord, PlannedStep, Step
from smskit.model.contacts import ContactRecord
from smskit.model.decisions import Outcome, Stage
from smskit.model.ids import Actor, ConversationId, SenderId
from smskit.model.local_time import LocalTime, zone_of
from smskit.model.messages import Origin, Written
from smskit.model.policies import Policy, PolicyRecord
from smskit.model.templates import values_of
from smskit.storage.base import NewEnrolment, NewMessage, Storage

_LATER = ConversationId(0)
"""The store knows the conversation when it makes the messages."""


@attrs.frozen(kw_only=True)
class _Plan:
    """One campaign for one contact, from now on."""

    preview: DripPreview
    steps: tuple[NewMessage, ...]


@attrs.frozen(kw_only=True)
class _Draft:
    """A step for one contact, before it is known when its turn comes. Moments are UTC, since they are counted with."""

    step: Step
    written: Written
    at: datetime
    local: LocalTime | None


@attrs.frozen(kw_only=True)
class Recipient:
    """Who is to be put in, and from which of our senders."""

    contact: ContactRecord
    sender_id: SenderId


class Dripping:
    """Plans campaigns and applies them. A preview and an application at the same moment say the same."""

    def __init__(
        self, storage: Storage, clock: Clock, policies: PolicyBook, judge: Judge, writing: Writing
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._policies = policies
        self._judge = judge
        self._writing = writing

    async def preview(self, campaign: CampaignRecord, to: Recipient, actor: Actor) -> DripPreview:
        """What would be sent.

        :raises MissingField: if the contact lacks a value that a step asks for.
        :raises InvalidMessage: if a step cannot be sent from this sender.
        """
        return (await self._plan(campaign, to, actor, self._clock.now())).preview

    async def apply(
        self, campaign: CampaignRecord, to: Recipient, actor: Actor, *, restart: bool, key: str | None
    ) -> EnrolmentRecord:
        """Put the contact in.

        :raises EnrolmentRefused: if the contact opted out, or a rule denies a step.
        :raises AlreadyEnrolled: without `restart`, if the contact is in it already.
        """
        now = self._clock.now()
        plan = await self._plan(campaign, to, actor, now)
        for step in plan.preview.steps:
            if step.decision.outcome is Outcome.DENIED:
                raise EnrolmentRefused(f"rule {step.decision.rule!r}: {step.decision.reason}")
        new = NewEnrolment(
            campaign=campaign,
            contact_id=to.contact.id,
            sender_id=to.sender_id,
            actor=actor,
            zone=plan.preview.zone,
            key=key,
            steps=plan.steps,
        )
        return await self._storage.enrol(new, now, restart=restart)

    async def _plan(self, campaign: CampaignRecord, to: Recipient, actor: Actor, now: datetime) -> _Plan:
        org = campaign.org
        facts = await self._storage.facts_of(org, to.contact.id, to.sender_id)
        record = await self._policies.at_least(org, facts.policy_version)
        planner = _Planner(campaign, to.contact, actor, facts, record, now)
        drafts = [planner.draft(step, self._writing) for step in campaign.campaign.steps]
        steps: list[PlannedStep] = []
        messages: list[NewMessage] = []
        before: _Draft | None = None
        for draft in sorted(drafts, key=lambda draft: draft.at):
            turn = planner.turn(draft, before, steps)
            step = await self._judged(planner, draft, turn)
            steps.append(step)
            messages.append(planner.message(draft, step))
            before = draft
        return _Plan(preview=planner.preview(tuple(steps), self._writing), steps=tuple(messages))

    async def _judged(self, planner: _Planner, draft: _Draft, turn: datetime) -> PlannedStep:
        decision = await self._judge.judge(
            planner.request(draft), planner.facts, planner.record, turn, Stage.MADE
        )
        zone = zone_of(planner.zone)
        return PlannedStep(
            at=draft.at.astimezone(zone),
            goes_at=(decision.until or turn).astimezone(zone),
            text=draft.written.text,
            parts=draft.written.parts,
            media=draft.step.media,
            decision=attrs.evolve(decision, at=planner.now),
        )


@attrs.frozen
class _Planner:
    """What all steps of a plan share."""

    campaign: CampaignRecord
    contact: ContactRecord
    actor: Actor
    facts: Facts
    record: PolicyRecord
    now: datetime

    @property
    def policy(self) -> Policy:
        return self.record.policy

    @property
    def zone(self) -> str:
        """The contact's, or the policy's for contacts whose own is not known."""
        return self.contact.zone or self.policy.zone

    def draft(self, step: Step, writing: Writing) -> _Draft:
        text = step.text.render(values_of(self.contact))
        written = writing.sendable(text, step.media, self.facts.sender, self.policy)
        at, local = step.delay.after(self.now, self.zone)
        return _Draft(step=step, written=written, at=at, local=local)

    def turn(self, draft: _Draft, before: _Draft | None, planned: Sequence[PlannedStep]) -> datetime:
        """When a step is judged: at its time, unless the one before it is held and both would come in a burst."""
        if before is None:
            return draft.at
        gap = min(self.campaign.campaign.spacing, draft.at - before.at)
        return max(draft.at, planned[-1].goes_at.astimezone(UTC) + gap)

    def request(self, draft: _Draft) -> Request:
        return Request(
            org=self.campaign.org,
            actor=self.actor,
            origin=Origin.DRIP,
            category=self.campaign.campaign.category,
            text=draft.written.text,
            parts=draft.written.parts,
            media=len(draft.step.media),
        )

    def message(self, draft: _Draft, planned: PlannedStep) -> NewMessage:
        campaign = self.campaign.campaign
        return NewMessage(
            org=self.campaign.org,
            conversation_id=_LATER,
            text=draft.written.text,
            parts=draft.written.parts,
            languages=draft.written.languages,
            media=draft.step.media,
            origin=Origin.DRIP,
            category=campaign.category,
            lane=Origin.DRIP.lane,
            actor=self.actor,
            key=None,
            decision=planned.decision,
            terms=terms_of(self.policy),
            due_at=draft.at,
            local_due=draft.local,
            expires_at=planned.goes_at.astimezone(UTC) + campaign.max_lateness,
        )

    def preview(self, steps: tuple[PlannedStep, ...], writing: Writing) -> DripPreview:
        consent = self.policy.consent_for(self.actor)
        first = consent is not None and any(step.decision.consent_first for step in steps)
        return DripPreview(
            name=self.campaign.campaign.name,
            version=self.campaign.version,
            zone=self.zone,
            consent=writing.write(consent.text, self.facts.sender, self.policy).text
            if first and consent
            else None,
            steps=steps,
        )

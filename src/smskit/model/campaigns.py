"""Drip campaigns: steps at set times after a contact was put in, until the contact replies."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime, timedelta

import attrs

from smskit.errors import UsageError
from smskit.model.decisions import DecisionRecord
from smskit.model.ids import Actor, CampaignId, ContactId, ConversationId, EnrolmentId, MessageId, Org
from smskit.model.local_time import LocalTime, zone_of
from smskit.model.media import must_be_url
from smskit.model.messages import Category
from smskit.model.templates import Template

MOST_STEPS = 100
LONGEST_DELAY = timedelta(days=36_525)


@attrs.frozen
class Delay:
    """How long after the application: days by the contact's calendar and clock, and then time that elapses."""

    days: int = 0
    elapsed: timedelta = timedelta()

    def __attrs_post_init__(self) -> None:
        if self.days < 0 or self.elapsed < timedelta():
            raise UsageError("a delay is not negative")
        if self.days > LONGEST_DELAY.days or self.length > LONGEST_DELAY:
            raise UsageError("a delay is a century at most")

    def __add__(self, other: Delay) -> Delay:
        return Delay(self.days + other.days, self.elapsed + other.elapsed)

    @property
    def length(self) -> timedelta:
        """Nearly how long it is: a day of the calendar may have 23 hours, or 25."""
        return timedelta(days=self.days) + self.elapsed

    def after(self, start: datetime, zone: str) -> tuple[datetime, LocalTime | None]:
        """The moment it ends, and the local time where it is one of the contact's calendar."""
        if not self.days:
            return start + self.elapsed, None
        wall = start.astimezone(zone_of(zone)).replace(tzinfo=None, fold=0)
        local = LocalTime(wall, zone).plus_days(self.days)
        return local.moment + self.elapsed, None if self.elapsed else local


def days(count: int) -> Delay:
    """So many days later at the same time of day, whatever the clocks do between."""
    return Delay(days=count)


def weeks(count: int) -> Delay:
    """So many times seven days."""
    return Delay(days=7 * count)


def hours(count: float) -> Delay:
    """So many hours of elapsed time."""
    return Delay(elapsed=timedelta(hours=count))


def minutes(count: float) -> Delay:
    """So many minutes of elapsed time."""
    return Delay(elapsed=timedelta(minutes=count))


def _template(text: Template | str) -> Template:
    return text if isinstance(text, Template) else Template(text)


def _in_turn(urls: Iterable[str]) -> tuple[str, ...]:
    return tuple(urls)


@attrs.frozen
class Step:
    """One text of a campaign, at a time counted from the application and not from the step before."""

    delay: Delay
    text: Template = attrs.field(converter=_template)
    media: tuple[str, ...] = attrs.field(default=(), converter=_in_turn)

    def __attrs_post_init__(self) -> None:
        for url in self.media:
            must_be_url(url)


class StopOn(enum.StrEnum):
    """Which reply of a contact cancels what is left."""

    ANY_REPLY = "any_reply"
    """One to any sender of the org."""
    SAME_CONVERSATION = "same_conversation"


def _in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    return tuple(sorted(steps, key=lambda step: step.delay.length))


@attrs.frozen
class DripCampaign:
    """A campaign as it is defined. Steps stand in the order of their delays; of equal ones, as they were given.

    For a contact they go in the order of their moments, since a day of the calendar may have 23 hours, or 25.
    """

    name: str
    steps: tuple[Step, ...] = attrs.field(converter=_in_order)
    stop_on: StopOn = attrs.field(default=StopOn.ANY_REPLY, converter=StopOn, kw_only=True)
    category: Category = attrs.field(default=Category.PROMOTIONAL, converter=Category, kw_only=True)
    max_lateness: timedelta = attrs.field(default=timedelta(hours=12), kw_only=True)
    """A step that could not go for longer than this does not go at all."""
    spacing: timedelta = attrs.field(default=timedelta(hours=1), kw_only=True)
    """Late steps keep this distance, or their planned one if that is less, so that they never come in a burst."""

    def __attrs_post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > 200:
            raise UsageError("a campaign has a name, of 200 characters at most")
        if not 1 <= len(self.steps) <= MOST_STEPS:
            raise UsageError(f"a campaign has one step at least and {MOST_STEPS} at most")
        if self.max_lateness <= timedelta() or self.spacing < timedelta():
            raise UsageError("max_lateness is more than nothing, and spacing is not negative")


@attrs.frozen(kw_only=True)
class CampaignRecord:
    """A campaign as it is stored: its definition in one version. Saving another definition makes the next version."""

    id: CampaignId
    org: Org
    version: int
    campaign: DripCampaign
    saved_at: datetime
    saved_by: Actor


class EnrolmentState(enum.StrEnum):
    """Where an enrolment is."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class Ending(enum.StrEnum):
    """Why an enrolment ended."""

    FINISHED = "finished"
    """Every step went, or had its end otherwise."""
    REPLIED = "replied"
    OPTED_OUT = "opted_out"
    CANCELED = "canceled"
    """By hand."""
    DELETED = "deleted"
    """Its conversation was."""
    RESTARTED = "restarted"
    """The contact was put in anew."""


@attrs.frozen(kw_only=True)
class EnrolmentRecord:
    """One contact in one campaign, in the version that was current when it was put in."""

    id: EnrolmentId
    org: Org
    campaign_id: CampaignId
    name: str
    """The campaign's."""
    version: int
    contact_id: ContactId
    conversation_id: ConversationId
    actor: Actor
    state: EnrolmentState
    zone: str
    started_at: datetime
    steps: int
    steps_sent: int
    """How many the carrier took."""
    next_at: datetime | None
    """When the next step is due; None if none is left, or while it is paused."""
    ended_at: datetime | None
    why: Ending | None
    by_message_id: MessageId | None
    """The reply that ended it."""


@attrs.frozen(kw_only=True)
class PlannedStep:
    """What a step will be for one contact."""

    at: datetime
    """What its delay says, in the contact's zone."""
    goes_at: datetime
    """When it goes: later if the gate holds it, or the one before it and both would come in a burst."""
    text: str
    parts: int
    media: tuple[str, ...]
    decision: DecisionRecord
    """What the gate says of it, as of its turn. It is asked again before the step goes."""


@attrs.frozen(kw_only=True)
class DripPreview:
    """What applying a campaign to a contact would send, if the contact does not reply."""

    name: str
    version: int
    zone: str
    consent: str | None
    """The consent message that goes before the first step."""
    steps: tuple[PlannedStep, ...]

    def __str__(self) -> str:
        consent = [] if self.consent is None else [f"first: {self.consent}"]
        return "\n".join((f"{self.name!r}, version {self.version}", *consent, *map(_line, self.steps)))


def _line(step: PlannedStep) -> str:
    until = f", held until {step.goes_at:%Y-%m-%d %H:%M %Z}" if step.goes_at != step.at else ""
    parts = "1 part" if step.parts == 1 else f"{step.parts} parts"
    return f"{step.at:%a %Y-%m-%d %H:%M %Z}, {parts}{until}: {step.text}"

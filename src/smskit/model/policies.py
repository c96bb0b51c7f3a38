"""Policies: what an org wants, and what its actors may do. Data, versioned, overridden per actor."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

import attrs

from smskit.encoding import Language
from smskit.errors import PermissionDenied, UsageError
from smskit.model.ids import Actor
from smskit.model.local_time import zone_of

T = TypeVar("T", int, timedelta)

STOP_ANSWER = "You are unsubscribed and will get no more messages. Reply START to subscribe again."
START_ANSWER = "You are subscribed again. Reply HELP for help or STOP to unsubscribe."
HELP_ANSWER = "Reply STOP to unsubscribe."


class Permission(enum.StrEnum):
    """What an actor may be kept from doing."""

    SEND = "send"
    RUN_DRIPS = "run_drips"
    """Save drip campaigns, apply them, and pause or cancel what was applied."""
    ARCHIVE = "archive"
    DELETE = "delete"
    """Delete conversations for good."""
    ASSIGN = "assign"
    LABEL = "label"
    WRITE_NOTES = "write_notes"
    MANAGE_CONTACTS = "manage_contacts"
    OPT_OUT_CONTACTS = "opt_out_contacts"
    EXPORT = "export"
    """Take what the desk knows out as a file."""
    RESOLVE_UNKNOWN = "resolve_unknown"
    MANAGE_POLICY = "manage_policy"


class ToOptedOut(enum.StrEnum):
    """What becomes of a manual text to a contact who opted out."""

    WARN = "warn"
    ALLOW = "allow"
    BLOCK = "block"


def _names_a_way_out(_consent: object, _field: object, text: str) -> None:
    if "STOP" not in text.upper():
        msg = "a consent message has to say how to opt out, for example: Reply STOP to unsubscribe."
        raise UsageError(msg)


def _between(least: T, most: T) -> Callable[[object, attrs.Attribute[T], T], None]:
    def check(_policy: object, field: attrs.Attribute[T], value: T) -> None:
        if not least <= value <= most:
            msg = f"a policy's {field.name} is from {least} to {most}"
            raise UsageError(msg)

    return check


@attrs.frozen
class Consent:
    """The consent message: who texts, why, and how to opt out."""

    text: str = attrs.field(validator=_names_a_way_out)

    @classmethod
    def precede(cls, text: str) -> Consent:
        """It goes before the first text to a number and does not wait for an answer."""
        return cls(text)


@attrs.frozen(kw_only=True)
class ActorPolicy:
    """What differs for one actor."""

    requires_consent: bool | None = None
    """Whether the org's consent message applies to this actor; None: as for everybody."""
    denied: frozenset[Permission] = frozenset()


@attrs.frozen(kw_only=True)
class Policy:
    """What an org wants. The defaults are those of a desk without special wishes."""

    brand: str = ""
    """Put before the answers to STOP, START and HELP."""
    default_region: str | None = None
    """ISO 3166 region in which numbers without a leading + are read."""
    default_sender: str | None = None
    """The sender for contacts who know none of ours yet; not needed while the org has only one."""
    consent: Consent | None = None
    """The consent message, if one must precede the first text to a number."""
    to_opted_out: ToOptedOut = attrs.field(default=ToOptedOut.WARN, converter=ToOptedOut)
    """Manual texts to contacts who opted out. Automated ones never go."""
    zone: str = attrs.field(default="UTC", validator=lambda _policy, _field, name: zone_of(name))
    """The IANA zone of contacts whose own is not known."""
    drips: bool = True
    """Drip campaigns may be applied."""
    stop_words: frozenset[str] = frozenset()
    """The org's own words that opt out, besides the built-in ones."""
    start_words: frozenset[str] = frozenset()
    help_words: frozenset[str] = frozenset()
    stop_answer: str = STOP_ANSWER
    start_answer: str = START_ANSWER
    help_answer: str = HELP_ANSWER
    max_parts: int = attrs.field(default=10, validator=_between(1, 255))
    """A text of more parts is refused."""
    smart_encoding: bool = False
    """Replace typographic quotes, dashes and the like in what is sent, where that saves parts."""
    languages: frozenset[Language] = frozenset()
    """Whose national GSM tables may be used where they save parts and the driver can say so to handsets."""
    consent_wait: timedelta = timedelta(minutes=5)
    """How long a text waits for a consent message whose outcome is unknown."""
    hold_for: timedelta = timedelta(minutes=2)
    """How long a stuck message holds up the ones behind it in its conversation."""
    retry_for: timedelta = timedelta(hours=24)
    """How long a message is tried while its driver is unavailable; then it expires."""
    parts_wait: timedelta = attrs.field(
        default=timedelta(hours=24), validator=_between(timedelta(minutes=1), timedelta(days=30))
    )
    """How long the first part of a contact's long text waits for the others; then it is shown with its gaps."""
    actors: Mapping[str, ActorPolicy] = attrs.field(factory=dict)
    """What differs for actors, by their names."""

    def consent_for(self, actor: Actor) -> Consent | None:
        """The consent message that applies to what this actor sends."""
        own = self.actors.get(actor, ActorPolicy()).requires_consent
        return None if own is False else self.consent

    def require(self, actor: Actor, permission: Permission) -> None:
        """Return if the actor has the permission.

        :raises PermissionDenied: if it does not.
        """
        if permission in self.actors.get(actor, ActorPolicy()).denied:
            raise PermissionDenied(actor, permission.value)

    def answer(self, text: str) -> str:
        """A system answer with the brand before it."""
        return f"{self.brand}: {text}" if self.brand else text


@attrs.frozen
class PolicyRecord:
    """A policy as it is stored. Version 0 is the one the Kit was built with."""

    version: int
    policy: Policy

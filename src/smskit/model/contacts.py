"""Contacts, and whether they may be texted: the subscription of a number to an org."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime

import attrs

from smskit.model.addresses import Address
from smskit.model.ids import Actor, ContactId, MessageId, Org


class Scope(enum.StrEnum):
    """What an opt-out covers."""

    ALL = "all"
    PROMOTIONAL = "promotional"


class Source(enum.StrEnum):
    """What put a subscription where it is."""

    DEFAULT = "default"
    """The number was seen for the first time."""
    WORD = "word"
    """The contact texted STOP, START or the like."""
    HOST = "host"
    """A person or program on our side."""
    CARRIER = "carrier"
    """The carrier said that the contact opted out there."""


class ConsentState(enum.StrEnum):
    """Where the consent message of a number is."""

    NONE = "none"
    CLAIMED = "claimed"
    """One is on its way, or may have gone out; there will be no second one."""
    SENT = "sent"
    """The carrier accepted it."""


@attrs.frozen(kw_only=True)
class Subscription:
    """Whether a number may be texted by an org. It belongs to the number, not to a contact row.

    `version` grows with every change; a decision is good only for the version it was made on.
    """

    org: Org
    number: Address
    opted_out: bool
    scope: Scope
    source: Source
    changed_at: datetime
    consent: ConsentState
    consent_message_id: MessageId | None
    version: int


@attrs.frozen(kw_only=True)
class ContactRecord:
    """A person with one phone number."""

    id: ContactId
    org: Org
    number: Address
    name: str
    zone: str | None
    """IANA name of the zone the person lives in, if known."""
    attributes: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    opted_out: bool
    opted_out_by: Source
    consent: ConsentState
    opted_out_scope: Scope = Scope.ALL
    """What the opt-out covers, if there is one."""
    merged_into: ContactId | None = None
    """The contact that stands for the person, if this is another number of theirs."""


class ChangeKind(enum.StrEnum):
    """What happened to a subscription."""

    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    BLOCKED_BY_CARRIER = "blocked_by_carrier"
    """The carrier refuses texts from one of our senders to the number."""
    CARRIER_BLOCK_LIFTED = "carrier_block_lifted"
    """The contact's START to that sender ended it."""
    CONSENT_SENT = "consent_sent"
    """The carrier accepted the consent message."""


@attrs.frozen(kw_only=True)
class SubscriptionChange:
    """One change of a subscription, as the ledger keeps it for good: what, when, by whom and why."""

    at: datetime
    kind: ChangeKind
    actor: Actor
    """Who did it: an actor of the host, `contact` or `carrier`; of a consent message, who sent the text behind it."""
    scope: Scope | None = None
    source: Source | None = None
    reason: str | None = None
    """What the actor gave as the reason."""
    code: str | None = None
    """The carrier's code."""
    driver: str | None = None
    sender: Address | None = None
    """Our sender that the carrier's block is about."""
    message_id: MessageId | None = None
    """The text that did it: the contact's word, or the consent message."""

    def __str__(self) -> str:
        """The change in words, without a number or a text."""
        details = (
            ("scope", self.scope),
            ("source", self.source),
            ("reason", self.reason),
            ("code", self.code),
            ("driver", self.driver),
            ("message", self.message_id),
        )
        said = "".join(f", {name} {value}" for name, value in details if value is not None)
        return f"{self.at:%Y-%m-%d %H:%M:%S %Z} {self.kind.replace('_', ' ')} by {self.actor}{said}"

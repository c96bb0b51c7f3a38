"""Contacts, and whether they may be texted: the subscription of a number to an org."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime

import attrs

from smskit.model.addresses import Address
from smskit.model.ids import ContactId, MessageId, Org


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

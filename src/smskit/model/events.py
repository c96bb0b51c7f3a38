"""Events: what happened, told in the transaction in which it happened."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import attrs

from smskit.model.contacts import Source
from smskit.model.ids import ContactId, ConversationId, MediaId, MessageId, Org
from smskit.model.messages import Origin
from smskit.model.statuses import Status


@attrs.frozen(kw_only=True)
class ConversationStarted:
    """A conversation was made."""

    conversation_id: ConversationId
    contact_id: ContactId


@attrs.frozen(kw_only=True)
class ConversationArchived:
    """A conversation left the active list."""

    conversation_id: ConversationId


@attrs.frozen(kw_only=True)
class ConversationRestored:
    """An archived conversation came back."""

    conversation_id: ConversationId


@attrs.frozen(kw_only=True)
class MessageReceived:
    """A contact wrote."""

    conversation_id: ConversationId
    message_id: MessageId


@attrs.frozen(kw_only=True)
class TextIncomplete:
    """Parts of a long text of a contact never came. What did come is in the message, with a note for each gap."""

    conversation_id: ConversationId
    message_id: MessageId
    total: int
    missing: tuple[int, ...]
    """Which parts, counted from 1."""


@attrs.frozen(kw_only=True)
class MediaStored:
    """Media that a contact sent are here now."""

    conversation_id: ConversationId
    message_id: MessageId
    media_id: MediaId


@attrs.frozen(kw_only=True)
class MediaLost:
    """Media that a contact sent cannot be had; `code` says why."""

    conversation_id: ConversationId
    message_id: MessageId
    media_id: MediaId
    code: str


@attrs.frozen(kw_only=True)
class MessageMade:
    """An outbound message was stored; `status` says where it begins."""

    conversation_id: ConversationId
    message_id: MessageId
    origin: Origin
    status: Status


@attrs.frozen(kw_only=True)
class StatusChanged:
    """An outbound message moved."""

    conversation_id: ConversationId
    message_id: MessageId
    status: Status
    code: str | None = None


@attrs.frozen(kw_only=True)
class OptedOut:
    """A number may no longer be texted by automation."""

    number_masked: str
    contact_id: ContactId | None
    source: Source


@attrs.frozen(kw_only=True)
class OptedIn:
    """A number that had opted out came back by its own word."""

    number_masked: str
    contact_id: ContactId | None
    source: Source


@attrs.frozen(kw_only=True)
class IntakeRefused:
    """A row that a host put into the intake cannot become a message; it stays there with its error."""

    intake_id: int
    error: str


Happening: TypeAlias = (
    ConversationStarted
    | ConversationArchived
    | ConversationRestored
    | MessageReceived
    | TextIncomplete
    | MediaStored
    | MediaLost
    | MessageMade
    | StatusChanged
    | OptedOut
    | OptedIn
    | IntakeRefused
)


@attrs.frozen(kw_only=True)
class Event:
    """A happening with its place in the one order of all events."""

    position: int
    org: Org
    at: datetime
    what: Happening

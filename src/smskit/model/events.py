"""Events: what happened, told in the transaction in which it happened."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import attrs

from smskit.model.campaigns import Ending
from smskit.model.contacts import Source
from smskit.model.ids import Actor, ContactId, ConversationId, EnrolmentId, MediaId, MessageId, Org
from smskit.model.messages import Origin
from smskit.model.statuses import Status


@attrs.frozen(kw_only=True)
class ContactAdded:
    """A contact was made: by hand, by an import, or because a number was met for the first time."""

    contact_id: ContactId


@attrs.frozen(kw_only=True)
class ContactChanged:
    """The name, zone or attributes of a contact are no longer what they were."""

    contact_id: ContactId


@attrs.frozen(kw_only=True)
class ContactMerged:
    """A contact counts as another number of the person `into_id` from now on."""

    contact_id: ContactId
    into_id: ContactId


@attrs.frozen(kw_only=True)
class ContactUnmerged:
    """A contact that was merged into `from_id` stands for itself again."""

    contact_id: ContactId
    from_id: ContactId


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
class ConversationAssigned:
    """A conversation was given to an actor; to nobody, if `assigned_to` is None."""

    conversation_id: ConversationId
    assigned_to: Actor | None
    by: Actor


@attrs.frozen(kw_only=True)
class ConversationLabelled:
    """A label was put on a conversation."""

    conversation_id: ConversationId
    label: str
    by: Actor


@attrs.frozen(kw_only=True)
class ConversationUnlabelled:
    """A label was taken off a conversation."""

    conversation_id: ConversationId
    label: str
    by: Actor


@attrs.frozen(kw_only=True)
class ReadPositionMoved:
    """Somebody read a conversation, or marked it as unread; `unread` is what is left."""

    conversation_id: ConversationId
    up_to: MessageId | None
    """The last inbound message that counts as read."""
    unread: int
    by: Actor


@attrs.frozen(kw_only=True)
class NoteWritten:
    """A note was put into a thread."""

    conversation_id: ConversationId
    message_id: MessageId
    by: Actor


@attrs.frozen(kw_only=True)
class ConversationDeleted:
    """A conversation is gone, with its messages. The contact and its subscription stay."""

    conversation_id: ConversationId
    contact_id: ContactId


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
class MessageEdited:
    """The text or the time of a message was changed before it went."""

    conversation_id: ConversationId
    message_id: MessageId


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
class EnrolmentStarted:
    """A contact was put into a drip campaign."""

    enrolment_id: EnrolmentId
    contact_id: ContactId
    conversation_id: ConversationId


@attrs.frozen(kw_only=True)
class EnrolmentPaused:
    """The steps that are left wait until somebody resumes them."""

    enrolment_id: EnrolmentId


@attrs.frozen(kw_only=True)
class EnrolmentResumed:
    """The steps that are left go at their times again."""

    enrolment_id: EnrolmentId


@attrs.frozen(kw_only=True)
class EnrolmentEnded:
    """Nothing more of the campaign goes to the contact."""

    enrolment_id: EnrolmentId
    why: Ending
    by_message_id: MessageId | None = None
    """The reply that ended it."""


@attrs.frozen(kw_only=True)
class IntakeRefused:
    """A row that a host put into the intake cannot become a message; it stays there with its error."""

    intake_id: int
    error: str


Happening: TypeAlias = (
    ContactAdded
    | ContactChanged
    | ContactMerged
    | ContactUnmerged
    | ConversationStarted
    | ConversationArchived
    | ConversationRestored
    | ConversationDeleted
    | ConversationAssigned
    | ConversationLabelled
    | ConversationUnlabelled
    | ReadPositionMoved
    | NoteWritten
    | MessageReceived
    | TextIncomplete
    | MediaStored
    | MediaLost
    | MessageMade
    | MessageEdited
    | StatusChanged
    | OptedOut
    | OptedIn
    | EnrolmentStarted
    | EnrolmentPaused
    | EnrolmentResumed
    | EnrolmentEnded
    | IntakeRefused
)


@attrs.frozen(kw_only=True)
class Event:
    """A happening with its place in the one order of all events."""

    position: int
    org: Org
    at: datetime
    what: Happening

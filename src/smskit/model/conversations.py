"""Conversations: the exchange between one of our senders and one contact."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from smskit.errors import UsageError
from smskit.model.addresses import Address, parse_address
from smskit.model.ids import (
    DEFAULT_ORG,
    Actor,
    ContactId,
    ConversationId,
    DraftId,
    MessageId,
    Org,
    SenderId,
)
from smskit.model.messages import Kind
from smskit.model.statuses import Status


@attrs.frozen(kw_only=True)
class Rate:
    """How fast a sender may send, counted in parts.

    Interactive messages may run `debt` parts ahead of the rate; bulk goes only within `burst`.
    """

    per_second: float
    burst: int = 1
    debt: int = 10

    def __attrs_post_init__(self) -> None:
        if self.per_second <= 0 or self.burst < 1 or self.debt < 0:
            msg = "a rate needs per_second > 0, burst >= 1 and debt >= 0"
            raise UsageError(msg)

    @property
    def interval(self) -> timedelta:
        """The time one part takes."""
        return timedelta(seconds=1 / self.per_second)


@attrs.frozen(kw_only=True)
class Sender:
    """One of our own addresses on one driver, and the org whose texts come and go there."""

    address: Address
    org: Org = DEFAULT_ORG
    rate: Rate | None = None

    @classmethod
    def of(cls, sender: Sender | str) -> Sender:
        """A sender as it is, or one made from its address in text."""
        return sender if isinstance(sender, Sender) else cls(address=parse_address(sender))


@attrs.frozen(kw_only=True)
class SenderRecord:
    """A sender as it is stored."""

    id: SenderId
    org: Org
    driver: str
    address: Address


@attrs.frozen(kw_only=True)
class DeletionPlan:
    """What deleting a conversation takes away for good."""

    messages: int
    media: int
    unsent: int
    """How many of the messages are still to go; they are canceled."""


@attrs.frozen(kw_only=True)
class ConversationRecord:
    """A conversation as the inbox shows it: who, what was last said, and what is unread."""

    id: ConversationId
    org: Org
    contact_id: ContactId
    number: Address
    name: str
    sender: Address
    archived: bool
    unread: int
    last_at: datetime
    """When the last text came or went, or the conversation was started."""
    last_message_id: MessageId | None
    last_kind: Kind | None
    last_status: Status | None
    last_text: str | None
    created_at: datetime
    assigned_to: Actor | None
    labels: tuple[str, ...]
    """By name."""
    read_up_to: MessageId | None
    """The last inbound message that was read; `unread` counts those after it."""


@attrs.frozen(kw_only=True)
class DraftRecord:
    """A text that an actor began to write in a conversation and has not sent."""

    id: DraftId
    """Another one whenever the text changes."""
    conversation_id: ConversationId
    actor: Actor
    text: str
    saved_at: datetime


@attrs.frozen
class Unread:
    """So many conversations have unread messages, and so many these are."""

    conversations: int
    messages: int

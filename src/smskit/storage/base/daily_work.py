"""The daily work on conversations: notes, drafts, labels, who has which, what is read, and filing many at once."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from smskit.model.conversations import DraftRecord, Unread
from smskit.model.ids import Actor, ConversationId, DraftId, MessageId, Org
from smskit.model.labels import Label, LabelRecord
from smskit.model.messages import MessageRecord
from smskit.storage.base.values import Page


@attrs.frozen(kw_only=True)
class Chosen:
    """Which conversations are meant; what is None does not matter."""

    unread: bool | None = None
    """Whether something in it is unread."""
    assigned: bool | None = None
    """Whether anybody has it."""
    assigned_to: Actor | None = None
    label: Label | None = None
    idle_since: datetime | None = None
    """Nothing came or went after this moment."""


EVERY = Chosen()


class BulkOutcome(enum.Enum):
    """What became of one conversation of many that were to be archived or restored."""

    MOVED = "moved"
    """It was archived, or restored."""
    ALREADY = "already"
    """It was so before."""
    NEWER = "newer"
    """It was left active: the contact wrote after the moment as of which it was to be archived."""
    NOT_FOUND = "not_found"
    """The org has no such conversation."""


class DailyWork(Protocol):
    """What people do with conversations besides texting. Each method raises NotFound for one that the org lacks."""

    async def choose(
        self, org: Org, *, archived: bool, chosen: Chosen, after: str | None, limit: int
    ) -> Page[ConversationId]:
        """Ids of conversations, the one with the latest message first."""

    async def set_archived_many(
        self,
        org: Org,
        ids: Sequence[ConversationId],
        *,
        archived: bool,
        as_of: datetime | None,
        now: datetime,
    ) -> Sequence[BulkOutcome]:
        """Archive or restore, and tell what became of each, in order; one that is missing is no error here.

        With `as_of`, what the contact wrote to after that moment is not archived.
        """

    async def assign(
        self, org: Org, conversation_id: ConversationId, to: Actor | None, by: Actor, now: datetime
    ) -> bool:
        """Give it to an actor, or to nobody; False if it was so already."""

    async def label(
        self, org: Org, conversation_id: ConversationId, label: Label, by: Actor, now: datetime
    ) -> bool:
        """Put a label on it; False if it has it. Where the label is known, its name stays as it was first written."""

    async def unlabel(
        self, org: Org, conversation_id: ConversationId, label: Label, by: Actor, now: datetime
    ) -> bool:
        """Take a label off; False if it does not have it. A label that nothing has is no longer known."""

    async def list_labels(self, org: Org) -> Sequence[LabelRecord]:
        """The labels that conversations have, by name."""

    async def mark_read(
        self, org: Org, conversation_id: ConversationId, by: Actor, now: datetime, *, up_to: MessageId | None
    ) -> bool:
        """Move the read position to an inbound message, or to the last one before another entry; None: to the end.

        False if it is there or further already: it never goes back here. What is stored meanwhile stays unread.

        :raises NotFound: also if the conversation has no such message.
        """

    async def mark_unread(
        self, org: Org, conversation_id: ConversationId, by: Actor, now: datetime, *, since: MessageId | None
    ) -> bool:
        """Move the read position back, before an inbound message or the first one after another entry.

        None: before the last one. False if what it would make unread is unread already, or there is nothing.

        :raises NotFound: also if the conversation has no such message.
        """

    async def count_unread(self, org: Org, *, archived: bool, assigned_to: Actor | None) -> Unread:
        """How many conversations have unread messages, and how many these are."""

    async def last_inbound(self, org: Org, conversation_id: ConversationId) -> MessageId | None:
        """The last message that the contact wrote."""

    async def inbound_after(
        self, org: Org, conversation_id: ConversationId, *, after: MessageId | None, limit: int
    ) -> Sequence[MessageRecord]:
        """What the contact wrote, stored after a message, in the order in which it was stored.

        Nothing ever appears before what was read.
        """

    async def add_note(
        self,
        org: Org,
        conversation_id: ConversationId,
        text: str,
        actor: Actor,
        now: datetime,
        *,
        key: str | None,
    ) -> MessageRecord:
        """Put a note into the thread. It changes nothing else; the same key again gives the same note.

        :raises Conflict: if the key belongs to another text or conversation.
        """

    async def save_draft(
        self, org: Org, conversation_id: ConversationId, actor: Actor, text: str, now: datetime
    ) -> DraftRecord | None:
        """Keep the actor's one draft in a conversation; without text there is none any more.

        Another text gets an id that was never used before.
        """

    async def get_draft(self, org: Org, conversation_id: ConversationId, actor: Actor) -> DraftRecord | None:
        """The actor's draft."""

    async def drop_draft(self, org: Org, draft_id: DraftId) -> bool:
        """Forget a draft; False if it was changed or dropped since."""

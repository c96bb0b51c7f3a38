"""Search: messages by what they say, and contacts by name or number."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import attrs

from smskit.model.contacts import ContactRecord
from smskit.model.conversations import ConversationRecord
from smskit.model.ids import ContactId, Org, SenderId
from smskit.model.messages import Kind, MessageRecord, Origin
from smskit.model.statuses import Status
from smskit.storage.base.values import Page


@attrs.frozen(kw_only=True)
class Wanted:
    """What is searched for; what is None does not matter."""

    words: str = ""
    """All of them occur, the last one also as the beginning of a word; between quotes, side by side."""
    kind: Kind | None = None
    origin: Origin | None = None
    status: Status | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Before this moment."""
    archived: bool | None = None
    contact: ContactId | str | None = None
    """One contact, or words as in `search_contacts`."""
    sender: SenderId | None = None


@attrs.frozen
class Found:
    """A message that was searched for, and the conversation it is in."""

    message: MessageRecord
    conversation: ConversationRecord


class Search(Protocol):
    """Search, without regard to case and accents, in all that was stored before the call."""

    async def search(self, org: Org, wanted: Wanted, *, after: str | None, limit: int) -> Page[Found]:
        """Messages, the newest first, also those of archived conversations.

        Nothing is too odd to be searched for: what is no word is left out. A page may have fewer than `limit`, even
        none, when much had to be looked at; as long as it has a `next`, there may be more.

        :raises StorageUnsupported: if the store has no full-text search.
        """

    async def search_contacts(
        self, org: Org, words: str, *, after: str | None, limit: int
    ) -> Page[ContactRecord]:
        """Contacts in whose name or number all the words occur, in the order they were made.

        Digits may be grouped in any way. Fewer than three letters or digits match the beginning of a name or number.

        :raises StorageUnsupported: as `search` does.
        """

"""People who have several numbers: contacts that count as one person, and what was exchanged with that person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from smskit.model.contacts import ContactRecord
from smskit.model.conversations import ConversationRecord
from smskit.model.ids import ContactId, Org
from smskit.storage.base.values import Page


class People(Protocol):
    """Contacts that are merged. A merge is a pointer: each keeps its number, subscription and conversations."""

    async def merge_contacts(self, org: Org, into: ContactId, other: ContactId, now: datetime) -> bool:
        """Let `other` count as another number of the person `into`, with all that were merged into it.

        What `into` lacks of name, zone and attributes it takes over; `other` stays as it is. False if it is so already.

        :raises Conflict: if one of them is merged into another contact.
        :raises NotFound: if the org has no such contact.
        :raises UsageError: if the two are one.
        """

    async def unmerge_contact(self, org: Org, contact: ContactId, now: datetime) -> bool:
        """Let a contact stand for itself again; False if it does. What was taken over from it stays taken over.

        :raises NotFound: if the org has no such contact.
        """

    async def same_person(self, org: Org, contact: ContactId) -> Sequence[ContactRecord]:
        """All contacts of the person that a contact is of: first the one that stands for it, then by age.

        :raises NotFound: if the org has no such contact.
        """

    async def conversations_with(
        self, org: Org, contact: ContactId, *, after: str | None, limit: int
    ) -> Page[ConversationRecord]:
        """The conversations with that person, on all its numbers, the latest first, archived ones too.

        :raises NotFound: if the org has no such contact.
        """

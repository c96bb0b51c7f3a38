"""What the desk keeps: policies, senders, contacts, conversations and the events that tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from smskit.model.addresses import Address
from smskit.model.contacts import ContactRecord, Scope, Source, Subscription, SubscriptionChange
from smskit.model.conversations import ConversationRecord, DeletionPlan, Sender, SenderRecord
from smskit.model.events import Event
from smskit.model.ids import Actor, ContactId, ConversationId, Org, SenderId
from smskit.model.messages import MessageRecord
from smskit.model.policies import Policy, PolicyRecord
from smskit.storage.base.daily_work import EVERY, Chosen
from smskit.storage.base.values import NewContact, Page


class Policies(Protocol):
    """Policies of orgs, versioned."""

    async def get_policy(self, org: Org) -> PolicyRecord | None:
        """The org's policy, or None if it never saved one."""

    async def save_policy(self, org: Org, policy: Policy) -> PolicyRecord:
        """Replace the org's policy; its version becomes one more than the last, beginning with 1."""


class Senders(Protocol):
    """Our own addresses: which driver each is on and whose texts come there."""

    async def put_senders(self, driver: str, senders: Sequence[Sender]) -> None:
        """Make the senders that are missing and update the rates of those that are not.

        :raises Conflict: if one belongs to another org already; none is changed then.
        """

    async def list_senders(self, org: Org) -> Sequence[SenderRecord]:
        """The org's senders, oldest first."""

    async def route(self, driver: str, address: Address, default: Org) -> SenderRecord:
        """The sender a text came to. One that nobody declared is made for the default org: no text is lost."""


class Contacts(Protocol):
    """Contacts and the subscriptions of their numbers."""

    async def put_contacts(
        self, org: Org, contacts: Sequence[NewContact], now: datetime
    ) -> Sequence[ContactRecord]:
        """Make or update contacts by number, all or none; no number is opted in by it."""

    async def import_contacts(self, org: Org, contacts: Sequence[NewContact], now: datetime) -> int:
        """The same for many, of whom nothing is to be read back; how many of them are new."""

    async def get_contact(self, org: Org, contact_id: ContactId) -> ContactRecord:
        """:raises NotFound: if the org has no such contact."""

    async def find_contact(self, org: Org, number: Address) -> ContactRecord | None:
        """The contact with this number."""

    async def list_contacts(self, org: Org, *, after: str | None, limit: int) -> Page[ContactRecord]:
        """Contacts in the order they were made, without those that are merged into another."""

    async def attribute_names(self, org: Org) -> Sequence[str]:
        """The names of all attributes of the contacts that are listed, sorted."""

    async def get_subscription(self, org: Org, number: Address) -> Subscription | None:
        """The subscription of a number that was seen before."""

    async def subscription_history(
        self, org: Org, number: Address, *, after: str | None, limit: int
    ) -> Page[SubscriptionChange]:
        """What became of a number's subscription and consent message, newest first. Nothing is ever dropped."""

    async def opt_out(
        self,
        org: Org,
        number: Address,
        *,
        scope: Scope,
        source: Source,
        actor: Actor,
        now: datetime,
        reason: str | None = None,
    ) -> bool:
        """Opt a number out and cancel its automated messages that are not admitted; False if it was out already.

        Whichever of this and an admission commits first wins; a message that was admitted is flagged as raced.
        """


class Conversations(Protocol):
    """Conversations and their threads."""

    async def start_conversation(
        self, org: Org, sender: SenderId, contact: ContactId, now: datetime
    ) -> ConversationRecord:
        """The one conversation of the two, made if it is missing and restored if it is archived."""

    async def get_conversation(self, org: Org, conversation_id: ConversationId) -> ConversationRecord:
        """:raises NotFound: if the org has no such conversation."""

    async def list_conversations(
        self, org: Org, *, archived: bool | None, after: str | None, limit: int, chosen: Chosen = EVERY
    ) -> Page[ConversationRecord]:
        """Conversations, the one with the latest text first; both active and archived ones if `archived` is None."""

    async def last_sender(self, org: Org, contact: ContactId) -> SenderId | None:
        """The sender of the contact's conversation with the latest message."""

    async def set_archived(
        self, org: Org, conversation_id: ConversationId, *, archived: bool, now: datetime
    ) -> bool:
        """Archive or restore; False if it was so already. :raises NotFound: if there is none."""

    async def plan_deletion(self, org: Org, conversation_id: ConversationId) -> DeletionPlan:
        """What deleting it would take away. :raises NotFound: if there is none."""

    async def delete_conversation(
        self, org: Org, conversation_id: ConversationId, now: datetime
    ) -> Sequence[str]:
        """Delete it with its messages, and cancel what was to go. Contact, subscription and ledger stay.

        Gives the digests of media that nothing refers to any more. A text that comes again is known and not stored;
        a new one begins a new conversation.

        :raises Conflict: while one of its texts is being handed over.
        :raises NotFound: if there is none.
        """

    async def list_messages(
        self, org: Org, conversation_id: ConversationId, *, after: str | None, limit: int
    ) -> Page[MessageRecord]:
        """The thread, newest first."""


class Events(Protocol):
    """Events in one order that never shifts, and how far each named reader has come."""

    async def read_events(self, org: Org | None, *, after: int, limit: int) -> Sequence[Event]:
        """The org's events, or those of all orgs, after a position, in order.

        Nothing new ever appears before an event that was read.

        :raises EventsLost: if events after that position have been dropped.
        """

    async def last_position(self) -> int:
        """The position of the newest event."""

    async def reader_position(self, org: Org, reader: str) -> int | None:
        """Where a named reader is; None if it was never here."""

    async def save_position(self, org: Org, reader: str, position: int) -> None:
        """The reader is done with everything up to the position. It never goes back."""

    async def drop_events(self, before: datetime) -> int:
        """Drop what is older, whether it was read or not; how many there were."""

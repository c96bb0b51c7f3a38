"""A desk: one org, one actor, and all that the actor may do there."""

from __future__ import annotations

from datetime import datetime

from smskit.clock import as_utc
from smskit.desk.contacts import Contact, Contacts
from smskit.desk.drips import Drips
from smskit.desk.events import EventStream
from smskit.desk.inbox import Conversations
from smskit.desk.messages import Message
from smskit.desk.office import Office
from smskit.desk.search import Hit, search
from smskit.model.addresses import Address, parse_address
from smskit.model.ids import Actor, ContactId, MessageId, SenderId
from smskit.model.messages import Kind, Origin
from smskit.model.policies import Permission, Policy
from smskit.model.statuses import Status
from smskit.storage.base import Page, Wanted


class Desk:
    """Where an actor of an org works."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.contacts = Contacts(office)
        """The org's address book."""
        self.conversations = Conversations(office)
        """The org's inbox."""
        self.drips = Drips(office)
        """The org's drip campaigns."""

    def as_actor(self, actor: str) -> Desk:
        """The same desk for another actor, with that actor's permissions."""
        return Desk(Office(self._office.tools, self._office.org, Actor(actor)))

    async def message(self, message_id: MessageId) -> Message:
        """:raises NotFound: if the org has no such message."""
        return Message(self._office, await self._office.storage.get_message(self._office.org, message_id))

    async def search(
        self,
        words: str = "",
        *,
        kind: Kind | str | None = None,
        origin: Origin | str | None = None,
        status: Status | str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        archived: bool | None = None,
        contact: Contact | ContactId | str | None = None,
        sender: Address | str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Hit]:
        """A page of messages in which all the words occur, the newest first, also of archived conversations.

        Case and accents do not matter. The last word may be the beginning of one; what stands between quotes occurs
        side by side. There is no other syntax. Without words, the rest alone chooses; words that hold neither letters
        nor digits are not found. `page.next` continues.

        `since` and `until` are compared with `message.at`; `until` itself is no longer included. `contact` is a
        contact, its id, or what `contacts.search` understands: the messages with all whom it finds.

        :raises NaiveDatetime: if `since` or `until` has no zone.
        :raises NotFound: if the org has no such sender.
        :raises StorageUnsupported: if the store has no full-text search.
        """
        wanted = Wanted(
            words=words,
            kind=None if kind is None else Kind(kind),
            origin=None if origin is None else Origin(origin),
            status=None if status is None else Status(status),
            since=None if since is None else as_utc(since),
            until=None if until is None else as_utc(until),
            archived=archived,
            contact=contact.id if isinstance(contact, Contact) else contact,
            sender=None if sender is None else await self._sender(sender),
        )
        return await search(self._office, wanted, after, limit)

    async def _sender(self, address: Address | str) -> SenderId:
        office = self._office
        region = (await office.policy()).default_region
        named = parse_address(address, region) if isinstance(address, str) else address
        return (await office.tools.router.find(office.org, named)).id

    async def policy(self) -> Policy:
        """The org's policy."""
        return await self._office.policy()

    async def save_policy(self, policy: Policy) -> None:
        """Replace the org's policy, for all processes; messages not yet admitted are judged by it.

        :raises PermissionDenied: if the actor may not.
        """
        await self._office.require(Permission.MANAGE_POLICY)
        await self._office.storage.save_policy(self._office.org, policy)

    def events(self, reader: str | None = None) -> EventStream:
        """What happens in the org: live, or with a name every event since that reader was first here."""
        return EventStream(self._office, reader)

"""Conversations: start, list, read, send, archive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.desk.contacts import Contact
from smskit.desk.messages import Message
from smskit.desk.office import Office
from smskit.engine.outgoing import Draft
from smskit.errors import Refused
from smskit.model.addresses import Address, PhoneNumber, parse_address
from smskit.model.conversations import ConversationRecord
from smskit.model.ids import ContactId, ConversationId
from smskit.model.messages import Category, Origin
from smskit.model.policies import Permission
from smskit.model.statuses import Status
from smskit.storage.base import NewContact, Page


class Conversation:
    """The exchange with one contact from one of our senders."""

    def __init__(self, office: Office, record: ConversationRecord) -> None:
        self._office = office
        self.record = record
        """The whole snapshot."""

    @property
    def id(self) -> ConversationId:
        return self.record.id

    @property
    def contact_id(self) -> ContactId:
        return self.record.contact_id

    @property
    def number(self) -> Address:
        return self.record.number

    @property
    def name(self) -> str:
        """The contact's name; empty if none is known."""
        return self.record.name

    @property
    def sender(self) -> Address:
        return self.record.sender

    @property
    def archived(self) -> bool:
        return self.record.archived

    @property
    def unread(self) -> int:
        return self.record.unread

    async def refresh(self) -> Conversation:
        """Look again; gives the handle itself."""
        self.record = await self._office.storage.get_conversation(self._office.org, self.id)
        return self

    async def contact(self) -> Contact:
        """The contact of this conversation."""
        record = await self._office.storage.get_contact(self._office.org, self.contact_id)
        return Contact(self._office, record)

    async def send(
        self,
        text: str = "",
        *,
        media: Sequence[str] = (),
        key: str | None = None,
        origin: Origin | str = Origin.MANUAL,
        category: Category | str | None = None,
        at: datetime | None = None,
        strict: bool = False,
    ) -> Message:
        """Send a text. It may come back `blocked`, as a value; its consent message goes first when policy asks.

        The same `key` again gives the same message back and sends nothing, so a caller may repeat the call.
        `media` are URLs of pictures, videos and the like, which the carrier fetches; a text with media may be empty.
        `origin` tells automated texts from a person's; `at` sends it later.

        :raises InvalidMessage: if the text is empty, unsafe or too long, or the sender takes no such media.
        :raises Conflict: if the key belongs to another text or conversation.
        :raises NaiveDatetime: if `at` has no zone.
        :raises PermissionDenied: if the actor may not send.
        :raises Refused: with `strict`, if the gate denied it.
        """
        draft = Draft(
            org=self._office.org,
            actor=self._office.actor,
            conversation_id=self.id,
            text=text,
            media=tuple(media),
            origin=Origin.SCHEDULED if at is not None and origin == Origin.MANUAL else Origin(origin),
            category=None if category is None else Category(category),
            key=key,
            due_at=at,
        )
        message = Message(self._office, (await self._office.tools.sending.send(draft)).message)
        if strict and message.status is Status.BLOCKED:
            last = (await message.explain()).decisions[-1]
            raise Refused(message.id, last.rule, last.reason)
        return message

    async def messages(self, *, after: str | None = None, limit: int = 50) -> Page[Message]:
        """A page of the thread, newest first; `page.next` continues."""
        page = await self._office.storage.list_messages(self._office.org, self.id, after=after, limit=limit)
        return Page(tuple(Message(self._office, record) for record in page.items), page.next)

    async def archive(self) -> bool:
        """Hide it from the active list; False if it was hidden. What the contact writes brings it back."""
        return await self._set_archived(archived=True)

    async def restore(self) -> bool:
        """Bring it back to the active list; False if it was there."""
        return await self._set_archived(archived=False)

    async def _set_archived(self, *, archived: bool) -> bool:
        office = self._office
        await office.require(Permission.ARCHIVE)
        moved = await office.storage.set_archived(office.org, self.id, archived=archived, now=office.now())
        await self.refresh()
        return moved

    async def mark_read(self) -> None:
        """Nothing in it is unread any more."""
        await self._office.storage.mark_read(self._office.org, self.id)
        await self.refresh()

    def __repr__(self) -> str:
        return f"Conversation({self.id}, {self.number.masked})"


class Conversations:
    """The org's inbox."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def start(
        self, to: str | Address | Contact, *, sender: str | Address | None = None
    ) -> Conversation:
        """The conversation with a number or contact: made if there is none, restored if it is archived.

        Without a sender it is the one the contact knows, else the policy's default one, else the org's only one.

        :raises InvalidAddress: if the number cannot be read.
        :raises UsageError: if the org has several senders and none is named; it lists them.
        """
        office = self._office
        policy = await office.require(Permission.SEND)
        region = policy.default_region
        wanted = parse_address(sender, region) if isinstance(sender, str) else sender
        contact_id = to.id if isinstance(to, Contact) else await self._meet(to, region)
        route = await office.tools.router.pick(office.org, contact_id, wanted, policy)
        record = await office.storage.start_conversation(office.org, route.id, contact_id, office.now())
        return Conversation(office, record)

    async def get(self, conversation_id: ConversationId) -> Conversation:
        """:raises NotFound: if the org has no such conversation."""
        record = await self._office.storage.get_conversation(self._office.org, conversation_id)
        return Conversation(self._office, record)

    async def list(
        self, *, archived: bool = False, after: str | None = None, limit: int = 50
    ) -> Page[Conversation]:
        """A page of the active or the archived conversations, the latest first; `page.next` continues."""
        page = await self._office.storage.list_conversations(
            self._office.org, archived=archived, after=after, limit=limit
        )
        return Page(tuple(Conversation(self._office, record) for record in page.items), page.next)

    async def _meet(self, to: str | Address, region: str | None) -> ContactId:
        number = PhoneNumber.parse(to, region) if isinstance(to, str) else to
        known = await self._office.storage.find_contact(self._office.org, number)
        if known is not None:
            return known.id
        (made,) = await self._office.storage.put_contacts(
            self._office.org, [NewContact(number=number)], self._office.now()
        )
        return made.id

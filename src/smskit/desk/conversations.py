"""A conversation: texts, notes and drafts, who has it, what is read, and whether it is in the active list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from smskit.desk.contacts import Contact
from smskit.desk.deleting import Deletion, plan_deletion
from smskit.desk.messages import Message
from smskit.desk.notes import save_draft, write_note
from smskit.desk.office import Office
from smskit.desk.replies import Replies, wait_for_reply
from smskit.engine.outgoing import Draft
from smskit.errors import NotFound, Refused, UsageError
from smskit.model.addresses import Address
from smskit.model.conversations import ConversationRecord, DraftRecord
from smskit.model.ids import Actor, ContactId, ConversationId, MessageId, Org
from smskit.model.labels import Label
from smskit.model.messages import Category, Origin
from smskit.model.policies import Permission
from smskit.model.statuses import Status
from smskit.storage.base import Page


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
        """How many messages of the contact come after what was read."""
        return self.record.unread

    @property
    def assigned_to(self) -> Actor | None:
        """The actor who has it."""
        return self.record.assigned_to

    @property
    def labels(self) -> tuple[str, ...]:
        """By name."""
        return self.record.labels

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

    async def mark_read(self, *, up_to: Message | MessageId | None = None) -> bool:
        """What is shown is read, up to a message of it; without one, all that is stored by now. False if it was.

        What came while it was being read stays unread. The position never goes back, but for `mark_unread`.

        :raises NotFound: if the message is of another conversation.
        """
        office = self._office
        moved = await office.storage.mark_read(
            office.org, self.id, office.actor, office.now(), up_to=_id(up_to)
        )
        await self.refresh()
        return moved

    async def mark_unread(self, *, since: Message | MessageId | None = None) -> bool:
        """What the contact wrote is unread again, from a message on; without one, the last text. False if it was.

        :raises NotFound: if the message is of another conversation.
        """
        office = self._office
        moved = await office.storage.mark_unread(
            office.org, self.id, office.actor, office.now(), since=_id(since)
        )
        await self.refresh()
        return moved

    async def assign(self, actor: str) -> bool:
        """Give it to an actor, whoever has it; False if that actor has it already.

        :raises PermissionDenied: if the actor who does this may not.
        :raises UsageError: if it names nobody.
        """
        if not actor:
            raise UsageError("name an actor, or unassign the conversation")
        return await self._assign(Actor(actor))

    async def unassign(self) -> bool:
        """Nobody has it any more; False if nobody had it."""
        return await self._assign(None)

    async def _assign(self, to: Actor | None) -> bool:
        office = self._office
        await office.require(Permission.ASSIGN)
        moved = await office.storage.assign(office.org, self.id, to, office.actor, office.now())
        await self.refresh()
        return moved

    async def label(self, name: str) -> bool:
        """Put a label on it; False if it has it. Case does not matter: a known label keeps its spelling.

        :raises PermissionDenied: if the actor may not.
        :raises UsageError: if it is empty, holds control characters, or has more than 50 characters.
        """
        return await self._relabel(self._office.storage.label, name)

    async def unlabel(self, name: str) -> bool:
        """Take a label off; False if it does not have it."""
        return await self._relabel(self._office.storage.unlabel, name)

    async def _relabel(
        self,
        change: Callable[[Org, ConversationId, Label, Actor, datetime], Awaitable[bool]],
        name: str,
    ) -> bool:
        office = self._office
        await office.require(Permission.LABEL)
        changed = await change(office.org, self.id, Label.of(name), office.actor, office.now())
        await self.refresh()
        return changed

    async def plan_deletion(self) -> Deletion:
        """What deleting it would take away; nothing is gone until `await deletion.confirm()`.

        :raises PermissionDenied: if the actor may not.
        """
        return await plan_deletion(self._office, self.id)

    async def note(self, text: str, *, key: str | None = None) -> Message:
        """Write a note into the thread: for us alone, it never goes out.

        It is not unread, brings no archived conversation back, moves nothing in the list, and cancels no drip; the
        list goes on showing the last text. The same `key` again gives the same note back.

        :raises Conflict: if the key belongs to another text or conversation.
        :raises InvalidMessage: if it is empty, has more than 10,000 characters, or holds control characters.
        :raises PermissionDenied: if the actor may not.
        """
        return await write_note(self._office, self.id, text, key)

    async def save_draft(self, text: str) -> DraftRecord | None:
        """Keep what the actor began to write here, in place of what was kept; an empty text keeps nothing.

        Every actor has one draft in a conversation, which nobody else sees.

        :raises InvalidMessage: if it has more than 10,000 characters, or holds half a surrogate pair.
        """
        return await save_draft(self._office, self.id, text)

    async def draft(self) -> DraftRecord | None:
        """What the actor began to write here."""
        return await self._office.storage.get_draft(self._office.org, self.id, self._office.actor)

    async def send_draft(self) -> Message:
        """Send the actor's draft as `send` does, and then forget it, unless it was changed meanwhile.

        Broken off anywhere, it may be called again: one text is sent once. What cannot be sent stays a draft; what
        is blocked stands in the thread.

        :raises NotFound: if there is no draft, which may be since it was sent.
        """
        draft = await self.draft()
        if draft is None:
            raise NotFound(f"actor {self._office.actor!r} has no draft in conversation {self.id}")
        message = await self.send(draft.text, key=f"draft:{draft.id}")
        await self._office.storage.drop_draft(self._office.org, draft.id)
        return message

    def replies(self, *, after: Message | MessageId | None = None) -> Replies:
        """What the contact writes, as it comes: after a message, or from now on.

        `async with chat.replies() as replies:` begins at once, so that nothing is missed before the first is asked.
        """
        return Replies(self._office, self.id, _id(after))

    async def wait_for_reply(
        self, *, after: Message | MessageId | None = None, timeout: timedelta = timedelta(minutes=1)
    ) -> Message:
        """Return the first text that comes after a message, or after this call.

        `after` the text that asks, no answer is too fast to be seen.

        :raises TimeoutError: if none came in time, on the Kit's clock.
        """
        return await wait_for_reply(self._office, self.id, _id(after), timeout)

    def __repr__(self) -> str:
        return f"Conversation({self.id}, {self.number.masked})"


def _id(message: Message | MessageId | None) -> MessageId | None:
    return message.id if isinstance(message, Message) else message

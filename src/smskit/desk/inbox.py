"""The inbox: conversations started, listed, counted, chosen and filed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from smskit.desk.bulk import Bulk, Matching, Selection
from smskit.desk.contacts import Contact
from smskit.desk.conversations import Conversation
from smskit.desk.office import Office
from smskit.model.addresses import Address, PhoneNumber, parse_address
from smskit.model.conversations import Unread
from smskit.model.ids import Actor, ContactId, ConversationId
from smskit.model.labels import Label, LabelRecord
from smskit.model.policies import Permission
from smskit.storage.base import Chosen, NewContact, Page


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
        self,
        *,
        archived: bool | None = False,
        unread: bool | None = None,
        assigned: bool | None = None,
        assigned_to: str | None = None,
        label: str | None = None,
        idle_for: timedelta | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Conversation]:
        """A page of conversations, the one with the latest text first; `page.next` continues.

        They are the active ones, the archived ones, or with `archived=None` both. What else is given narrows it:
        whether something is `unread`, whether anybody has it (`assigned`), who has it, a label, and for how long
        nothing came or went. To find conversations by what was said, `search`.
        """
        office = self._office
        matching = _matching(
            unread=unread, assigned=assigned, assigned_to=assigned_to, label=label, idle_for=idle_for
        )
        page = await office.storage.list_conversations(
            office.org, archived=archived, after=after, limit=limit, chosen=matching.at(office.now())
        )
        return Page(tuple(Conversation(office, record) for record in page.items), page.next)

    async def unread(self, *, archived: bool = False, assigned_to: str | None = None) -> Unread:
        """How many active conversations, or an actor's, have unread messages, and how many these are."""
        actor = None if assigned_to is None else Actor(assigned_to)
        return await self._office.storage.count_unread(self._office.org, archived=archived, assigned_to=actor)

    async def labels(self) -> Sequence[LabelRecord]:
        """The labels that conversations have, by name, each with the number of active ones that have it."""
        return await self._office.storage.list_labels(self._office.org)

    def archive(
        self, conversations: Iterable[Conversation | ConversationId], *, as_of: datetime | None = None
    ) -> Bulk:
        """Archive many. `await` it for a report, or iterate over it for what becomes of each, in their order.

        With `as_of`, those to which the contact wrote after that moment are left active.

        :raises NaiveDatetime: if `as_of` has no zone.
        :raises PermissionDenied: when it begins, if the actor may not.
        """
        return Bulk(office=self._office, whom=map(_id, conversations), archived=True, as_of=as_of)

    def restore(self, conversations: Iterable[Conversation | ConversationId]) -> Bulk:
        """Bring many back to the active list; else as `archive`."""
        return Bulk(office=self._office, whom=map(_id, conversations), archived=False)

    def where(
        self,
        *,
        unread: bool | None = None,
        assigned: bool | None = None,
        assigned_to: str | None = None,
        label: str | None = None,
        idle_for: timedelta | None = None,
    ) -> Selection:
        """The conversations of which all that is given is true, as in `list`, to be archived or restored.

        :raises UsageError: if the label cannot be one.
        """
        matching = _matching(
            unread=unread, assigned=assigned, assigned_to=assigned_to, label=label, idle_for=idle_for
        )
        return Selection(self._office, matching)

    async def _meet(self, to: str | Address, region: str | None) -> ContactId:
        number = PhoneNumber.parse(to, region) if isinstance(to, str) else to
        known = await self._office.storage.find_contact(self._office.org, number)
        if known is not None:
            return known.id
        (made,) = await self._office.storage.put_contacts(
            self._office.org, [NewContact(number=number)], self._office.now()
        )
        return made.id


def _matching(
    *,
    unread: bool | None,
    assigned: bool | None,
    assigned_to: str | None,
    label: str | None,
    idle_for: timedelta | None,
) -> Matching:
    chosen = Chosen(
        unread=unread,
        assigned=assigned,
        assigned_to=None if assigned_to is None else Actor(assigned_to),
        label=None if label is None else Label.of(label),
    )
    return Matching(chosen=chosen, idle_for=idle_for)


def _id(conversation: Conversation | ConversationId) -> ConversationId:
    return conversation.id if isinstance(conversation, Conversation) else conversation

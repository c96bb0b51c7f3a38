"""A desk: one org, one actor, and all that the actor may do there."""

from __future__ import annotations

from smskit.desk.contacts import Contacts
from smskit.desk.conversations import Conversations
from smskit.desk.events import EventStream
from smskit.desk.messages import Message
from smskit.desk.office import Office
from smskit.model.ids import Actor, MessageId
from smskit.model.policies import Permission, Policy


class Desk:
    """Where an actor of an org works."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.contacts = Contacts(office)
        self.conversations = Conversations(office)

    def as_actor(self, actor: str) -> Desk:
        """The same desk for another actor."""
        return Desk(Office(self._office.tools, self._office.org, Actor(actor)))

    async def message(self, message_id: MessageId) -> Message:
        """:raises NotFound: if the org has no such message."""
        return Message(self._office, await self._office.storage.get_message(self._office.org, message_id))

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

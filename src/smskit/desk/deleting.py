"""Deleting a conversation, in two steps: look at what goes, and confirm."""

from __future__ import annotations

from smskit.desk.office import Office
from smskit.model.conversations import DeletionPlan
from smskit.model.ids import ConversationId
from smskit.model.policies import Permission


class Deletion:
    """What deleting a conversation takes away, as of now. Nothing is gone until `confirm`."""

    def __init__(self, office: Office, conversation_id: ConversationId, plan: DeletionPlan) -> None:
        self._office = office
        self.conversation_id = conversation_id
        self.plan = plan
        """How much goes."""

    async def confirm(self) -> None:
        """Delete the conversation with all that is in it by now. This cannot be undone.

        What was to go is canceled, drip campaigns among it. Contact, subscription and ledger stay, and a text that
        the contact sends from now on begins a new conversation.

        :raises Conflict: while one of its texts is being handed over; then nothing is deleted.
        :raises NotFound: if it is gone already.
        :raises PermissionDenied: if the actor may not.
        """
        office = self._office
        await office.require(Permission.DELETE)
        unused = await office.storage.delete_conversation(office.org, self.conversation_id, office.now())
        if (store := office.tools.media) is not None:
            for digest in unused:
                await store.drop(digest)

    def __repr__(self) -> str:
        return f"Deletion({self.conversation_id}, {self.plan.messages} messages)"


async def plan_deletion(office: Office, conversation_id: ConversationId) -> Deletion:
    """The first step."""
    await office.require(Permission.DELETE)
    return Deletion(office, conversation_id, await office.storage.plan_deletion(office.org, conversation_id))

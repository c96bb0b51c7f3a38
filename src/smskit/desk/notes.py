"""Notes and drafts: what is written in a conversation and does not go out."""

from __future__ import annotations

from smskit.compliance.rules import unsafe_text
from smskit.desk.messages import Message
from smskit.desk.office import Office
from smskit.errors import InvalidMessage
from smskit.model.conversations import DraftRecord
from smskit.model.ids import ConversationId
from smskit.model.policies import Permission

LONGEST = 10_000
"""Characters of a note or a draft."""


async def write_note(office: Office, conversation_id: ConversationId, text: str, key: str | None) -> Message:
    """Put a note into the thread.

    :raises InvalidMessage: if it is empty, too long, or holds what cannot be shown.
    :raises PermissionDenied: if the actor may not.
    """
    await office.require(Permission.WRITE_NOTES)
    _must_fit("note", text)
    why = unsafe_text(text)
    if why is not None:
        raise InvalidMessage(f"{why}; give a note that a person can read")
    record = await office.storage.add_note(
        office.org, conversation_id, text, office.actor, office.now(), key=key
    )
    return Message(office, record)


async def save_draft(office: Office, conversation_id: ConversationId, text: str) -> DraftRecord | None:
    """Keep the actor's draft; without text there is none.

    :raises InvalidMessage: if it is too long, or holds half a character.
    """
    _must_fit("draft", text)
    return await office.storage.save_draft(office.org, conversation_id, office.actor, text, office.now())


def _must_fit(what: str, text: str) -> None:
    if len(text) > LONGEST:
        raise InvalidMessage(f"a {what} has at most {LONGEST} characters, not {len(text)}")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidMessage(f"the {what} holds half of a surrogate pair")

"""Search: messages that were found, with the conversation each is in."""

from __future__ import annotations

import attrs

from smskit.desk.conversations import Conversation
from smskit.desk.messages import Message
from smskit.desk.office import Office
from smskit.storage.base import Found, Page, Wanted


@attrs.frozen
class Hit:
    """A message that was found, and its conversation."""

    message: Message
    conversation: Conversation


async def search(office: Office, wanted: Wanted, after: str | None, limit: int) -> Page[Hit]:
    """A full page of what is wanted, unless there is no more; a store may stop earlier to take breath."""
    found: list[Found] = []
    while True:
        page = await office.storage.search(office.org, wanted, after=after, limit=limit - len(found))
        found += page.items
        after = page.next
        if after is None or len(found) == limit:
            return Page(tuple(_hit(office, one) for one in found), after)


def _hit(office: Office, found: Found) -> Hit:
    return Hit(Message(office, found.message), Conversation(office, found.conversation))

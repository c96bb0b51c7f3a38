"""What a contact writes, text by text, as it comes."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from smskit.desk.messages import Message
from smskit.desk.office import Office
from smskit.engine.hub import Watcher
from smskit.model.ids import ConversationId, MessageId
from smskit.model.messages import MessageRecord

AT_ONCE = 100


class Replies:
    """An asynchronous iterator over what the contact writes in one conversation, in the order in which it is stored.

    It begins after a message, or with what comes once it is entered (`async with`) or first asked. Entered, it ends
    when the block is left, also for a task that waits for the next text just then. It may be left at any point
    otherwise, too: there is nothing to close. While nothing comes it asks the store for nothing.
    """

    def __init__(self, office: Office, conversation_id: ConversationId, after: MessageId | None) -> None:
        self._office = office
        self._conversation_id = conversation_id
        self._after = after
        self._begun = after is not None
        self._buffer: deque[MessageRecord] = deque()
        self._watcher: Watcher | None = None
        self._left = False

    async def __aenter__(self) -> Self:
        await self._begin()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left = True
        if self._watcher is not None:
            self._watcher.tell()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        """The next text, however long it takes."""
        message = await self.next_until(None)
        if message is None:
            raise StopAsyncIteration
        return message

    async def next_until(self, deadline: datetime | None) -> Message | None:
        """The next text; None if there is none by then, on the Kit's clock, or once the block is left."""
        office, clock = self._office, self._office.tools.clock
        await self._begin()
        with office.tools.hub.watch_replies(self._conversation_id) as self._watcher:
            while not self._left:
                told = self._watcher.next()
                if await self._look():
                    return Message(office, self._buffer.popleft())
                if deadline is not None and clock.now() >= deadline:
                    return None
                await clock.wait(told, deadline)
        return None

    async def _begin(self) -> None:
        if not self._begun:
            office = self._office
            self._after = await office.storage.last_inbound(office.org, self._conversation_id)
            self._begun = True

    async def _look(self) -> bool:
        """Whether there is one to give. The store is only asked again once all that it gave is given."""
        if not self._buffer:
            office = self._office
            self._buffer += await office.storage.inbound_after(
                office.org, self._conversation_id, after=self._after, limit=AT_ONCE
            )
            if self._buffer:
                self._after = self._buffer[-1].id
        return bool(self._buffer)


async def wait_for_reply(
    office: Office, conversation_id: ConversationId, after: MessageId | None, timeout: timedelta
) -> Message:
    """The first text that comes after a message, or after this call.

    :raises TimeoutError: if none came in time.
    """
    deadline = office.now() + timeout
    reply = await Replies(office, conversation_id, after).next_until(deadline)
    if reply is None:
        msg = f"nothing came in conversation {conversation_id} within {timeout}"
        raise TimeoutError(msg)
    return reply

"""Message handles: where a text is, why, and what can still be done about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from smskit.desk.media import Media
from smskit.desk.office import Office
from smskit.errors import Conflict
from smskit.model.decisions import Explanation
from smskit.model.ids import ConversationId, MessageId
from smskit.model.messages import Flag, Kind, MessageRecord, Origin
from smskit.model.policies import Permission
from smskit.model.statuses import Status
from smskit.model.traffic import PartOutcome


class Message:
    """One entry of a conversation, as it was when the handle was made or refreshed."""

    def __init__(self, office: Office, record: MessageRecord) -> None:
        self._office = office
        self.record = record
        """The whole snapshot."""

    @property
    def id(self) -> MessageId:
        return self.record.id

    @property
    def conversation_id(self) -> ConversationId:
        return self.record.conversation_id

    @property
    def kind(self) -> Kind:
        return self.record.kind

    @property
    def origin(self) -> Origin | None:
        return self.record.origin

    @property
    def status(self) -> Status:
        return self.record.status

    @property
    def text(self) -> str:
        return self.record.text

    @property
    def parts(self) -> int:
        """How many SMS the text takes."""
        return self.record.parts

    @property
    def media_count(self) -> int:
        """How many pictures, videos and the like it has."""
        return self.record.media_count

    @property
    def code(self) -> str | None:
        """Why it was blocked, canceled or failed, in one word."""
        return self.record.code

    @property
    def flags(self) -> Flag:
        return self.record.flags

    @property
    def at(self) -> datetime:
        """Its place in the thread."""
        return self.record.at

    async def refresh(self) -> Message:
        """Look again; gives the handle itself."""
        self.record = await self._office.storage.get_message(self._office.org, self.id)
        return self

    async def explain(self) -> Explanation:
        """Why the message is where it is, from the stored decisions; `str()` of it is for people."""
        await self.refresh()
        decisions = await self._office.storage.decisions(self._office.org, self.id)
        return Explanation(self.status.value, tuple(decisions), tuple(_notes(self.record)))

    async def part_outcomes(self) -> Sequence[PartOutcome]:
        """What is known of each part of a long text, in order; part 0 stands for the whole.

        The message itself stands where its lowest part stands, so a failed part shows here first.
        """
        return await self._office.storage.part_outcomes(self._office.org, self.id)

    async def media(self) -> Sequence[Media]:
        """The pictures, videos and the like of it, in order, as they are now."""
        records = await self._office.storage.list_media(self._office.org, self.id)
        return [Media(self._office, record) for record in records]

    async def wait_for(self, *statuses: Status | str, timeout: timedelta = timedelta(minutes=1)) -> Message:
        """Return once the message reached one of the statuses, or is final without having reached one.

        :raises TimeoutError: if neither happened in time.
        """
        wanted = {Status(status) for status in statuses}
        clock = self._office.tools.clock
        deadline = clock.now() + timeout
        with self._office.tools.hub.watch(self.id) as watcher:
            while True:
                told = watcher.next()
                await self.refresh()
                if self.status in wanted or self.status.is_final:
                    return self
                if clock.now() >= deadline:
                    msg = f"message {self.id} is still {self.status} after {timeout}"
                    raise TimeoutError(msg)
                await clock.wait(told, deadline)

    async def cancel(self) -> bool:
        """Withdraw it; False if it is admitted already, or at its end."""
        await self._office.require(Permission.SEND)
        canceled = await self._office.storage.cancel(self._office.org, self.id, self._office.now())
        await self.refresh()
        return canceled

    async def edit(self, text: str | None = None, *, at: datetime | None = None) -> Message:
        """Change the text or the time of a message that no worker has claimed yet; gives the handle itself.

        A time in a zone, as by `zoneinfo`, keeps its hour there when the zone's rules change.

        :raises Conflict: if it is too late, or it is a step of a drip campaign.
        :raises InvalidMessage: if the text is empty, unsafe or too long.
        :raises NaiveDatetime: if `at` has no zone.
        :raises Refused: if the gate denies it so. It stays as it was.
        """
        editing = self._office.tools.editing
        self.record = await editing.edit(self.record, text, at, self._office.actor)
        return self

    async def send_again(self) -> Message:
        """Send an unknown message again although it may have gone out; it is flagged as a possible duplicate.

        :raises Conflict: if it is not waiting as unknown.
        """
        office = self._office
        await office.require(Permission.RESOLVE_UNKNOWN)
        if not await office.storage.send_again(office.org, self.id, office.actor, office.now()):
            msg = (
                f"message {self.id} is {self.status}; only an unknown one that nothing withdrew is sent again"
            )
            raise Conflict(msg)
        return await self.refresh()

    def __repr__(self) -> str:
        return f"Message({self.id}, {self.kind}, {self.status})"


def _notes(record: MessageRecord) -> Iterable[str]:
    if record.code is not None:
        yield f"Code: {record.code}."
    if record.after_id is not None:
        yield f"It goes after consent message {record.after_id}."
    if Flag.RACED in record.flags:
        yield "It was admitted before an opt-out or reply that was stored while it was on its way."
    if Flag.OUT_OF_ORDER in record.flags:
        yield "It overtook a message that was stuck."
    if Flag.POSSIBLE_DUPLICATE in record.flags:
        yield "A person had it sent again although it may have gone out before."
    if Flag.INCOMPLETE in record.flags:
        yield "Parts of it never came; the text says where."

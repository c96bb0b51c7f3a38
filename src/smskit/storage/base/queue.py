"""The queue of outbound messages, what comes back for them, and who runs which link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from smskit.compliance.gate import Facts
from smskit.model.decisions import DecisionRecord
from smskit.model.ids import Actor, ConversationId, MessageId, Org, SenderId
from smskit.model.messages import MessageRecord
from smskit.model.traffic import Inbound, InboundPart, PartOutcome, Receipt
from smskit.storage.base.values import (
    Answer,
    Doubt,
    Enqueued,
    IntakeRow,
    MessageEdit,
    NewMessage,
    Reading,
    Received,
    Ruling,
    Ticket,
    Turn,
    Verdict,
)


class Queue(Protocol):
    """A message's way from the desk to a driver: enqueue, claim, admit, record; release and reap beside it."""

    async def facts(self, org: Org, conversation_id: ConversationId) -> Facts:
        """What the gate has to know. :raises NotFound: if there is no such conversation."""

    async def enqueue(self, new: NewMessage, now: datetime, *, intake_id: int | None = None) -> Enqueued:
        """Store a message and put it in the queue, unless its decision denies or holds it.

        The same key again gives the message of that key back and does nothing. With `intake_id` the intake
        row is gone in the same transaction.

        :raises Conflict: if the key belongs to another text or conversation.
        :raises NotFound: if there is no such conversation.
        """

    async def claim(self, worker: str, room: Mapping[str, int], now: datetime, *, lease: timedelta) -> Turn:
        """Take messages that are due, for each driver up to its room, and lease them to the worker.

        Interactive before transactional before bulk; within a conversation and lane in order; never one whose
        conversation has another in hand; as many parts as the sender's rate allows. No two claims take the same.
        Messages whose time ran out become `expired`.
        """

    async def admit(self, rulings: Sequence[Ruling], now: datetime) -> Sequence[Verdict]:
        """Let messages go to the wire, or hold, block or defer them, as was decided.

        A ruling counts only if the lease stands and the facts have the versions it was made on.
        """

    async def record(self, ticket: Ticket, answer: Answer, now: datetime) -> bool:
        """Write down what the driver said; False if the ticket is void, and then nothing is done.

        What receipts already said stays: a message that a receipt proves sent is never queued again.
        """

    async def release(self, now: datetime, limit: int = 500) -> int:
        """Make sendable what is due: scheduled, held, and what waited too long behind something stuck."""

    async def reap(self, now: datetime, ways: Mapping[str, Answer], limit: int = 500) -> int:
        """Settle messages whose lease ran out: claimed ones go back, submitted ones become unknown.

        `ways` gives the answer that is recorded for the submitted ones of each driver; those of other drivers wait
        for a worker that knows theirs.
        """

    async def doubts(
        self, worker: str, drivers: Sequence[str], now: datetime, *, lease: timedelta
    ) -> Sequence[Doubt]:
        """Take unknown messages whose carrier is to be asked now, and lease them to the worker."""

    async def next_deadline(self, now: datetime) -> datetime | None:
        """The first moment after `now` at which anything in the queue becomes due."""

    async def get_message(self, org: Org, message_id: MessageId) -> MessageRecord:
        """:raises NotFound: if the org has no such message."""

    async def part_outcomes(self, org: Org, message_id: MessageId) -> Sequence[PartOutcome]:
        """What is known of each part, in order; part 0 stands for the whole. Empty until a carrier said something."""

    async def decisions(self, org: Org, message_id: MessageId) -> Sequence[DecisionRecord]:
        """The decisions on a message, oldest first. They outlive the message."""

    async def cancel(self, org: Org, message_id: MessageId, now: datetime) -> bool:
        """Withdraw a message that is not admitted; False if it is too late."""

    async def edit(self, change: MessageEdit, now: datetime) -> MessageRecord:
        """Change a message that no worker has claimed.

        :raises Conflict: if it is too late, or it is the step of an enrolment.
        :raises NotFound: if the org has no such message.
        """

    async def list_scheduled(
        self, org: Org, conversation_id: ConversationId, limit: int
    ) -> Sequence[MessageRecord]:
        """What waits for its time in a conversation, the soonest first."""

    async def rezone(self, zone_data: str) -> int:
        """Work out the moments of local times anew, once for each release of the zones' rules; how many moved."""

    async def send_again(self, org: Org, message_id: MessageId, actor: Actor, now: datetime) -> bool:
        """Queue an unknown message again because a person says so; it is flagged. False if it is not unknown."""

    async def intake(self, limit: int) -> Sequence[IntakeRow]:
        """Rows that hosts put in, oldest first, without those that were refused."""

    async def refuse_intake(self, intake_id: int, org: Org, error: str, now: datetime) -> None:
        """Keep a row that cannot become a message, with its error, and tell of it."""


class Inbox(Protocol):
    """What carriers bring."""

    async def receive(
        self, driver: str, sender_id: SenderId, inbound: Inbound, reading: Reading, now: datetime
    ) -> Received:
        """Store a text with everything that follows from it, or recognise it as a repetition.

        In one transaction: contact and conversation are found or made, the text is stored, the conversation
        restored, the number opted out or in, automated messages cancelled, one answer queued, events written.
        """

    async def receive_part(
        self,
        driver: str,
        sender_id: SenderId,
        part: InboundPart,
        now: datetime,
        *,
        read: Callable[[str], Reading],
        patience: timedelta,
    ) -> Received | None:
        """Keep a part of a long text, or, with the last one, store the text as `receive` does; None until then.

        `read` is pure and reads the joined text. The first part already counts as a reply. A part that is here
        already changes nothing. Another piece under its number, or a part that comes when the patience with the
        first is over, begins another text, and the earlier one is given up as in `give_up_parts`.
        """

    async def give_up_parts(self, now: datetime, limit: int = 100) -> int:
        """Store texts of which parts did not come within the patience: flagged, with a note for each gap.

        If what came is one of the built-in words for STOP and nothing else, it opts out, and is not answered.
        """

    async def acknowledged(self, driver: str, inbound: Inbound | InboundPart) -> None:
        """The carrier knows that we have the text; equal content from now on is a new text."""

    async def apply_receipt(self, driver: str, receipt: Receipt, now: datetime) -> None:
        """Store a receipt, also one for a message not recorded yet, and move the message if it goes up."""


class Links(Protocol):
    """Which worker runs a driver's link: one at a time, by lease."""

    async def take_link(self, driver: str, worker: str, lease: timedelta) -> bool:
        """Take the link, or keep it if it is ours already; False if another worker has it."""

    async def drop_link(self, driver: str, worker: str) -> None:
        """Give the link up if it is ours."""

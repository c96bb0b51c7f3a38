"""The store itself: each method hands one function, whole, to a runner that carries out transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from smskit.compliance.gate import Facts
from smskit.model.addresses import Address
from smskit.model.contacts import ContactRecord, Scope, Source, Subscription
from smskit.model.conversations import ConversationRecord, Sender, SenderRecord
from smskit.model.decisions import DecisionRecord
from smskit.model.events import Event
from smskit.model.ids import Actor, ContactId, ConversationId, MessageId, Org, SenderId
from smskit.model.media import MediaRecord
from smskit.model.messages import MessageRecord
from smskit.model.policies import Policy, PolicyRecord
from smskit.model.traffic import Inbound, InboundPart, PartOutcome, Receipt
from smskit.storage.base import (
    Answer,
    Doubt,
    Enqueued,
    Fetching,
    IntakeRow,
    MediaErrand,
    MediaStore,
    NewContact,
    NewMessage,
    Page,
    Pulse,
    Reading,
    Received,
    Ruling,
    Ticket,
    Turn,
    Verdict,
)
from smskit.storage.sql import (
    admission,
    canceling,
    claiming,
    contacts,
    conversations,
    due,
    events,
    facts,
    inbox,
    intake,
    ledger,
    links,
    media,
    messages,
    policies,
    reaping,
    receipts,
    recording,
    senders,
    subscriptions,
)
from smskit.storage.sql.cursors import checked
from smskit.storage.sql.tx import Tx

P = ParamSpec("P")
T = TypeVar("T")


class Runner(Protocol):
    """Carries out transactions: one function, one transaction, all of it or nothing."""

    pulse: Pulse

    async def open(self) -> None: ...

    async def aclose(self) -> None: ...

    async def settled(self) -> bool: ...

    async def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T: ...

    async def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T: ...


class SqlStorage:
    """The built-in store. What each method promises stands in `smskit.storage.base`."""

    media_store: MediaStore | None = None

    def __init__(self, runner: Runner, lease_clock: Callable[[], datetime]) -> None:
        self._runner = runner
        self._read = runner.read
        self._write = runner.write
        self._lease_now = lease_clock

    @property
    def pulse(self) -> Pulse:
        return self._runner.pulse

    async def open(self) -> None:
        await self._runner.open()

    async def aclose(self) -> None:
        await self._runner.aclose()

    async def settled(self) -> bool:
        return await self._runner.settled()

    async def get_policy(self, org: Org) -> PolicyRecord | None:
        return await self._read(policies.get_policy, org)

    async def save_policy(self, org: Org, policy: Policy) -> PolicyRecord:
        return await self._write(policies.save_policy, org, policy)

    async def put_senders(self, driver: str, new: Sequence[Sender]) -> None:
        await self._write(senders.put_senders, driver, new)

    async def list_senders(self, org: Org) -> Sequence[SenderRecord]:
        return await self._read(senders.list_senders, org)

    async def route(self, driver: str, address: Address, default: Org) -> SenderRecord:
        return await self._write(senders.route, driver, address, default)

    async def put_contacts(
        self, org: Org, new: Sequence[NewContact], now: datetime
    ) -> Sequence[ContactRecord]:
        return await self._write(contacts.put_contacts, org, new, now)

    async def get_contact(self, org: Org, contact_id: ContactId) -> ContactRecord:
        return await self._read(contacts.get_contact, org, contact_id)

    async def find_contact(self, org: Org, number: Address) -> ContactRecord | None:
        return await self._read(contacts.find_contact, org, number)

    async def list_contacts(self, org: Org, *, after: str | None, limit: int) -> Page[ContactRecord]:
        return await self._read(contacts.list_contacts, org, after, checked(limit))

    async def get_subscription(self, org: Org, number: Address) -> Subscription | None:
        return await self._read(subscriptions.get_subscription, org, number)

    async def opt_out(
        self, org: Org, number: Address, *, scope: Scope, source: Source, actor: Actor, now: datetime
    ) -> bool:
        return await self._write(subscriptions.opt_out, org, number, scope, source, actor, now)

    async def start_conversation(
        self, org: Org, sender: SenderId, contact: ContactId, now: datetime
    ) -> ConversationRecord:
        return await self._write(conversations.start_conversation, org, sender, contact, now)

    async def get_conversation(self, org: Org, conversation_id: ConversationId) -> ConversationRecord:
        return await self._read(conversations.get_conversation, org, conversation_id)

    async def list_conversations(
        self, org: Org, *, archived: bool, after: str | None, limit: int
    ) -> Page[ConversationRecord]:
        return await self._read(conversations.list_conversations, org, archived, after, checked(limit))

    async def last_sender(self, org: Org, contact: ContactId) -> SenderId | None:
        return await self._read(conversations.last_sender, org, contact)

    async def set_archived(
        self, org: Org, conversation_id: ConversationId, *, archived: bool, now: datetime
    ) -> bool:
        return await self._write(conversations.set_archived, org, conversation_id, archived, now)

    async def mark_read(self, org: Org, conversation_id: ConversationId) -> None:
        await self._write(conversations.mark_read, org, conversation_id)

    async def list_messages(
        self, org: Org, conversation_id: ConversationId, *, after: str | None, limit: int
    ) -> Page[MessageRecord]:
        return await self._read(conversations.list_messages, org, conversation_id, after, checked(limit))

    async def facts(self, org: Org, conversation_id: ConversationId) -> Facts:
        return await self._read(facts.facts, org, conversation_id)

    async def enqueue(self, new: NewMessage, now: datetime, *, intake_id: int | None = None) -> Enqueued:
        return await self._write(messages.enqueue, new, now, intake_id)

    async def claim(self, worker: str, room: Mapping[str, int], now: datetime, *, lease: timedelta) -> Turn:
        return await self._write(claiming.claim, worker, room, now, lease, self._lease_now())

    async def admit(self, rulings: Sequence[Ruling], now: datetime) -> Sequence[Verdict]:
        return await self._write(admission.admit, rulings, now, self._lease_now())

    async def record(self, ticket: Ticket, answer: Answer, now: datetime) -> bool:
        return await self._write(recording.record, ticket, answer, now)

    async def release(self, now: datetime, limit: int = 500) -> int:
        return await self._write(reaping.release, now, limit)

    async def reap(self, now: datetime, ways: Mapping[str, Answer], limit: int = 500) -> int:
        return await self._write(reaping.reap, now, ways, limit, self._lease_now())

    async def doubts(
        self, worker: str, drivers: Sequence[str], now: datetime, *, lease: timedelta
    ) -> Sequence[Doubt]:
        return await self._write(reaping.doubts, worker, drivers, now, lease)

    async def next_deadline(self, now: datetime) -> datetime | None:
        return await self._read(due.next_deadline, now, self._lease_now())

    async def get_message(self, org: Org, message_id: MessageId) -> MessageRecord:
        return await self._read(messages.get_message, org, message_id)

    async def part_outcomes(self, org: Org, message_id: MessageId) -> Sequence[PartOutcome]:
        return await self._read(receipts.part_outcomes, org, message_id)

    async def decisions(self, org: Org, message_id: MessageId) -> Sequence[DecisionRecord]:
        return await self._read(ledger.decisions, org, message_id)

    async def cancel(self, org: Org, message_id: MessageId, now: datetime) -> bool:
        return await self._write(canceling.cancel, org, message_id, now)

    async def send_again(self, org: Org, message_id: MessageId, actor: Actor, now: datetime) -> bool:
        return await self._write(reaping.send_again, org, message_id, actor, now)

    async def intake(self, limit: int) -> Sequence[IntakeRow]:
        return await self._read(intake.intake, limit)

    async def refuse_intake(self, intake_id: int, org: Org, error: str, now: datetime) -> None:
        await self._write(intake.refuse_intake, intake_id, org, error, now)

    async def receive(
        self, driver: str, sender_id: SenderId, inbound: Inbound, reading: Reading, now: datetime
    ) -> Received:
        return await self._write(inbox.receive, driver, sender_id, inbound, reading, now)

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
        return await self._write(inbox.receive_part, driver, sender_id, part, now, read, patience)

    async def give_up_parts(self, now: datetime, limit: int = 100) -> int:
        return await self._write(inbox.give_up_parts, now, limit)

    async def acknowledged(self, driver: str, inbound: Inbound | InboundPart) -> None:
        await self._write(inbox.acknowledged, driver, inbound)

    async def apply_receipt(self, driver: str, receipt: Receipt, now: datetime) -> None:
        await self._write(receipts.apply_receipt, driver, receipt, now)

    async def list_media(self, org: Org, message_id: MessageId) -> Sequence[MediaRecord]:
        return await self._read(media.list_media, org, message_id)

    async def claim_media(
        self, worker: str, drivers: Sequence[str], now: datetime, *, lease: timedelta, limit: int
    ) -> Sequence[MediaErrand]:
        return await self._write(media.claim_media, worker, drivers, now, lease, limit)

    async def settle_media(self, errand: MediaErrand, outcome: Fetching, now: datetime) -> bool:
        return await self._write(media.settle_media, errand, outcome, now)

    async def take_link(self, driver: str, worker: str, lease: timedelta) -> bool:
        return await self._write(links.take_link, driver, worker, lease, self._lease_now())

    async def drop_link(self, driver: str, worker: str) -> None:
        await self._write(links.drop_link, driver, worker)

    async def read_events(self, org: Org | None, *, after: int, limit: int) -> Sequence[Event]:
        return await self._read(events.read_events, org, after, checked(limit))

    async def last_position(self) -> int:
        return await self._read(events.last_position)

    async def reader_position(self, org: Org, reader: str) -> int | None:
        return await self._read(events.reader_position, org, reader)

    async def save_position(self, org: Org, reader: str, position: int) -> None:
        await self._write(events.save_position, org, reader, position)

    async def drop_events(self, before: datetime) -> int:
        return await self._write(events.drop_events, before)

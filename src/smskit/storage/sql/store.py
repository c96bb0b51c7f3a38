"""The store itself: each method hands one function, whole, to a runner that carries out transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from smskit.compliance.gate import Facts
from smskit.model.addresses import Address
from smskit.model.campaigns import CampaignRecord, DripCampaign, Ending, EnrolmentRecord, EnrolmentState
from smskit.model.contacts import ContactRecord, Scope, Source, Subscription, SubscriptionChange
from smskit.model.conversations import (
    ConversationRecord,
    DeletionPlan,
    DraftRecord,
    Sender,
    SenderRecord,
    Unread,
)
from smskit.model.decisions import DecisionRecord
from smskit.model.events import Event
from smskit.model.ids import (
    Actor,
    CampaignId,
    ContactId,
    ConversationId,
    DraftId,
    EnrolmentId,
    MessageId,
    Org,
    SenderId,
)
from smskit.model.labels import Label, LabelRecord
from smskit.model.media import MediaRecord
from smskit.model.messages import MessageRecord
from smskit.model.policies import Policy, PolicyRecord
from smskit.model.traffic import Inbound, InboundPart, PartOutcome, Receipt
from smskit.storage.base import (
    EVERY,
    Answer,
    BulkOutcome,
    Chosen,
    Doubt,
    Enqueued,
    Fetching,
    Found,
    IntakeRow,
    MediaErrand,
    MediaStore,
    MessageEdit,
    NewContact,
    NewEnrolment,
    NewMessage,
    Page,
    Pulse,
    Reading,
    Received,
    Ruling,
    Ticket,
    Turn,
    Verdict,
    Wanted,
)
from smskit.storage.sql import (
    admission,
    campaigns,
    canceling,
    choosing,
    claiming,
    contacts,
    conversations,
    deleting,
    dripping,
    due,
    enrolments,
    events,
    facts,
    filing,
    inbox,
    indexing,
    intake,
    labels,
    ledger,
    links,
    media,
    messages,
    notes,
    people,
    policies,
    reading,
    reaping,
    receipts,
    recording,
    schedules,
    search,
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

    async def import_contacts(self, org: Org, new: Sequence[NewContact], now: datetime) -> int:
        return await self._write(contacts.import_contacts, org, new, now)

    async def attribute_names(self, org: Org) -> Sequence[str]:
        return await self._read(contacts.attribute_names, org)

    async def get_contact(self, org: Org, contact_id: ContactId) -> ContactRecord:
        return await self._read(contacts.get_contact, org, contact_id)

    async def find_contact(self, org: Org, number: Address) -> ContactRecord | None:
        return await self._read(contacts.find_contact, org, number)

    async def list_contacts(self, org: Org, *, after: str | None, limit: int) -> Page[ContactRecord]:
        return await self._read(contacts.list_contacts, org, after, checked(limit))

    async def get_subscription(self, org: Org, number: Address) -> Subscription | None:
        return await self._read(subscriptions.get_subscription, org, number)

    async def subscription_history(
        self, org: Org, number: Address, *, after: str | None, limit: int
    ) -> Page[SubscriptionChange]:
        return await self._read(ledger.history, org, number, after, checked(limit))

    async def opt_out(
        self,
        org: Org,
        number: Address,
        *,
        scope: Scope,
        source: Source,
        actor: Actor,
        now: datetime,
        reason: str | None = None,
    ) -> bool:
        return await self._write(subscriptions.opt_out, org, number, scope, source, actor, now, reason)

    async def merge_contacts(self, org: Org, into: ContactId, other: ContactId, now: datetime) -> bool:
        return await self._write(people.merge_contacts, org, into, other, now)

    async def unmerge_contact(self, org: Org, contact: ContactId, now: datetime) -> bool:
        return await self._write(people.unmerge_contact, org, contact, now)

    async def same_person(self, org: Org, contact: ContactId) -> Sequence[ContactRecord]:
        return await self._read(people.same_person, org, contact)

    async def conversations_with(
        self, org: Org, contact: ContactId, *, after: str | None, limit: int
    ) -> Page[ConversationRecord]:
        return await self._read(people.conversations_with, org, contact, after, checked(limit))

    async def start_conversation(
        self, org: Org, sender: SenderId, contact: ContactId, now: datetime
    ) -> ConversationRecord:
        return await self._write(conversations.start_conversation, org, sender, contact, now)

    async def get_conversation(self, org: Org, conversation_id: ConversationId) -> ConversationRecord:
        return await self._read(conversations.get_conversation, org, conversation_id)

    async def list_conversations(
        self, org: Org, *, archived: bool | None, after: str | None, limit: int, chosen: Chosen = EVERY
    ) -> Page[ConversationRecord]:
        return await self._read(choosing.list_conversations, org, archived, after, checked(limit), chosen)

    async def last_sender(self, org: Org, contact: ContactId) -> SenderId | None:
        return await self._read(conversations.last_sender, org, contact)

    async def set_archived(
        self, org: Org, conversation_id: ConversationId, *, archived: bool, now: datetime
    ) -> bool:
        return await self._write(conversations.set_archived, org, conversation_id, archived, now)

    async def plan_deletion(self, org: Org, conversation_id: ConversationId) -> DeletionPlan:
        return await self._read(deleting.plan_deletion, org, conversation_id)

    async def delete_conversation(
        self, org: Org, conversation_id: ConversationId, now: datetime
    ) -> Sequence[str]:
        return await self._write(deleting.delete_conversation, org, conversation_id, now)

    async def list_messages(
        self, org: Org, conversation_id: ConversationId, *, after: str | None, limit: int
    ) -> Page[MessageRecord]:
        return await self._read(conversations.list_messages, org, conversation_id, after, checked(limit))

    async def choose(
        self, org: Org, *, archived: bool, chosen: Chosen, after: str | None, limit: int
    ) -> Page[ConversationId]:
        return await self._read(choosing.choose, org, archived, chosen, after, checked(limit))

    async def set_archived_many(
        self,
        org: Org,
        ids: Sequence[ConversationId],
        *,
        archived: bool,
        as_of: datetime | None,
        now: datetime,
    ) -> Sequence[BulkOutcome]:
        return await self._write(filing.set_archived_many, org, ids, archived, as_of, now)

    async def assign(
        self, org: Org, conversation_id: ConversationId, to: Actor | None, by: Actor, now: datetime
    ) -> bool:
        return await self._write(labels.assign, org, conversation_id, to, by, now)

    async def label(
        self, org: Org, conversation_id: ConversationId, label: Label, by: Actor, now: datetime
    ) -> bool:
        return await self._write(labels.label, org, conversation_id, label, by, now)

    async def unlabel(
        self, org: Org, conversation_id: ConversationId, label: Label, by: Actor, now: datetime
    ) -> bool:
        return await self._write(labels.unlabel, org, conversation_id, label, by, now)

    async def list_labels(self, org: Org) -> Sequence[LabelRecord]:
        return await self._read(labels.list_labels, org)

    async def mark_read(
        self, org: Org, conversation_id: ConversationId, by: Actor, now: datetime, *, up_to: MessageId | None
    ) -> bool:
        return await self._write(reading.mark_read, org, conversation_id, by, now, up_to)

    async def mark_unread(
        self, org: Org, conversation_id: ConversationId, by: Actor, now: datetime, *, since: MessageId | None
    ) -> bool:
        return await self._write(reading.mark_unread, org, conversation_id, by, now, since)

    async def count_unread(self, org: Org, *, archived: bool, assigned_to: Actor | None) -> Unread:
        return await self._read(reading.count_unread, org, archived, assigned_to)

    async def last_inbound(self, org: Org, conversation_id: ConversationId) -> MessageId | None:
        return await self._read(reading.last_inbound, org, conversation_id)

    async def inbound_after(
        self, org: Org, conversation_id: ConversationId, *, after: MessageId | None, limit: int
    ) -> Sequence[MessageRecord]:
        return await self._read(reading.inbound_after, org, conversation_id, after, checked(limit))

    async def add_note(
        self,
        org: Org,
        conversation_id: ConversationId,
        text: str,
        actor: Actor,
        now: datetime,
        *,
        key: str | None,
    ) -> MessageRecord:
        return await self._write(notes.add_note, org, conversation_id, text, actor, now, key)

    async def save_draft(
        self, org: Org, conversation_id: ConversationId, actor: Actor, text: str, now: datetime
    ) -> DraftRecord | None:
        return await self._write(notes.save_draft, org, conversation_id, actor, text, now)

    async def get_draft(self, org: Org, conversation_id: ConversationId, actor: Actor) -> DraftRecord | None:
        return await self._read(notes.get_draft, org, conversation_id, actor)

    async def drop_draft(self, org: Org, draft_id: DraftId) -> bool:
        return await self._write(notes.drop_draft, org, draft_id)

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

    async def edit(self, change: MessageEdit, now: datetime) -> MessageRecord:
        return await self._write(schedules.edit, change, now)

    async def list_scheduled(
        self, org: Org, conversation_id: ConversationId, limit: int
    ) -> Sequence[MessageRecord]:
        return await self._read(schedules.list_scheduled, org, conversation_id, checked(limit))

    async def rezone(self, zone_data: str) -> int:
        return await self._write(schedules.rezone, zone_data)

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

    async def save_campaign(
        self, org: Org, campaign: DripCampaign, actor: Actor, now: datetime
    ) -> CampaignRecord:
        return await self._write(campaigns.save_campaign, org, campaign, actor, now)

    async def get_campaign(self, org: Org, name: str) -> CampaignRecord:
        return await self._read(campaigns.get_campaign, org, name)

    async def get_version(self, org: Org, campaign_id: CampaignId, version: int) -> CampaignRecord:
        return await self._read(campaigns.get_version, org, campaign_id, version)

    async def list_campaigns(self, org: Org, *, after: str | None, limit: int) -> Page[CampaignRecord]:
        return await self._read(campaigns.list_campaigns, org, after, checked(limit))

    async def facts_of(self, org: Org, contact: ContactId, sender: SenderId) -> Facts:
        return await self._read(dripping.facts_of, org, contact, sender)

    async def enrol(self, new: NewEnrolment, now: datetime, *, restart: bool) -> EnrolmentRecord:
        return await self._write(dripping.enrol, new, now, restart)

    async def get_enrolment(self, org: Org, enrolment_id: EnrolmentId) -> EnrolmentRecord:
        return await self._read(enrolments.get_enrolment, org, enrolment_id)

    async def list_enrolments(
        self,
        org: Org,
        *,
        campaign_id: CampaignId | None,
        contact_id: ContactId | None,
        state: EnrolmentState | None,
        after: str | None,
        limit: int,
    ) -> Page[EnrolmentRecord]:
        return await self._read(
            enrolments.list_enrolments, org, campaign_id, contact_id, state, after, checked(limit)
        )

    async def end_enrolment(self, org: Org, enrolment_id: EnrolmentId, why: Ending, now: datetime) -> bool:
        return await self._write(dripping.end_enrolment, org, enrolment_id, why, now)

    async def pause_enrolment(self, org: Org, enrolment_id: EnrolmentId, now: datetime) -> bool:
        return await self._write(dripping.pause_enrolment, org, enrolment_id, now)

    async def resume_enrolment(self, org: Org, enrolment_id: EnrolmentId, now: datetime) -> bool:
        return await self._write(dripping.resume_enrolment, org, enrolment_id, now)

    async def steps_of(self, org: Org, enrolment_id: EnrolmentId) -> Sequence[MessageRecord]:
        return await self._read(enrolments.steps_of, org, enrolment_id)

    async def search(self, org: Org, wanted: Wanted, *, after: str | None, limit: int) -> Page[Found]:
        await self._bring_index_up_to_date()
        return await self._read(search.search, org, wanted, after, checked(limit))

    async def search_contacts(
        self, org: Org, words: str, *, after: str | None, limit: int
    ) -> Page[ContactRecord]:
        await self._bring_index_up_to_date()
        return await self._read(search.search_contacts, org, words, after, checked(limit))

    async def _bring_index_up_to_date(self) -> None:
        last = await self._read(indexing.behind)
        while last is not None and not await self._write(indexing.catch_up, last):
            pass

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

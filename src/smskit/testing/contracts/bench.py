"""A bench to test a store on: people, texts, rulings and answers in one line each, on a clock of the test's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import attrs

from smskit.clock import VirtualClock
from smskit.compliance.gate import Facts
from smskit.compliance.opt_words import Word
from smskit.model.addresses import Address, PhoneNumber
from smskit.model.contacts import ConsentState, Scope, Source
from smskit.model.conversations import ConversationRecord, Rate, Sender, SenderRecord
from smskit.model.decisions import DecisionRecord, Outcome, Stage
from smskit.model.ids import DEFAULT_ORG, Actor, ConversationId, MessageId, Org
from smskit.model.messages import MessageRecord, Origin, Written
from smskit.model.statuses import Status
from smskit.model.traffic import Accepted, Inbound, InboundPart, MediaLink, Receipt
from smskit.storage.base import (
    Answer,
    Claimed,
    IsUnknown,
    NewContact,
    NewMessage,
    Reading,
    Received,
    Ruling,
    Storage,
    SystemAnswer,
    Terms,
    Verdict,
    WasAccepted,
    Way,
)

START = datetime(2027, 1, 4, 17, 0, tzinfo=UTC)
ALICE = PhoneNumber("+14155550123")
BOB = PhoneNumber("+14155550124")
OFFICE = "+14155550100"
LOBBY = "+14155550101"
DRIVER = "carrier"
FRONTDESK = Actor("frontdesk")
LEASE = timedelta(seconds=90)
PARTS_WAIT = timedelta(hours=24)
TERMS = Terms(hold_for=timedelta(minutes=2), consent_wait=timedelta(minutes=5))
CONSENT = "Acme texts you here. Reply STOP to unsubscribe."
TAKEN = WasAccepted(Accepted.whole())


class Bench:
    """What the tests of a store say in one line."""

    def __init__(self, store: Storage, clock: VirtualClock, worker: str = "worker") -> None:
        self.store = store
        self.clock = clock
        self.worker = worker

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def wait(self, **span: float) -> None:
        """Let time pass, for messages and for leases."""
        self.clock.advance_to(self.now + timedelta(**span))

    async def sender(
        self, address: str = OFFICE, *, driver: str = DRIVER, rate: Rate | None = None, org: Org = DEFAULT_ORG
    ) -> SenderRecord:
        sender = Sender(address=PhoneNumber(address), org=org, rate=rate)
        await self.store.put_senders(driver, [sender])
        return await self.store.route(driver, sender.address, org)

    async def chat(self, number: Address = ALICE, sender: SenderRecord | None = None) -> ConversationRecord:
        """The conversation of a sender and a person, both made if they are missing."""
        sender = sender or await self.sender()
        (contact,) = await self.store.put_contacts(sender.org, [NewContact(number=number)], self.now)
        return await self.store.start_conversation(sender.org, sender.id, contact.id, self.now)

    def decision(
        self,
        facts: Facts,
        outcome: Outcome = Outcome.ALLOWED,
        *,
        until: timedelta | None = None,
        consent_first: bool = False,
    ) -> DecisionRecord:
        return DecisionRecord(
            outcome=outcome,
            rule="of_the_test",
            reason="the test says so",
            stage=Stage.ADMISSION,
            at=self.now,
            policy_version=facts.policy_version,
            facts_version=facts.subscription.version,
            until=None if until is None else self.now + until,
            consent_first=consent_first,
        )

    async def text(
        self,
        chat: ConversationRecord,
        text: str = "Hello",
        *,
        origin: Origin = Origin.MANUAL,
        parts: int = 1,
        key: str | None = None,
        due_in: timedelta | None = None,
        expires_in: timedelta | None = None,
        outcome: Outcome = Outcome.ALLOWED,
        until: timedelta | None = None,
    ) -> NewMessage:
        """A text that was judged, ready to be enqueued."""
        facts = await self.store.facts(chat.org, chat.id)
        return NewMessage(
            org=chat.org,
            conversation_id=chat.id,
            text=text,
            parts=parts,
            origin=origin,
            category=origin.category,
            lane=origin.lane,
            actor=FRONTDESK,
            key=key or f"{chat.id}:{text}:{origin}",
            decision=self.decision(facts, outcome, until=until),
            terms=TERMS,
            due_at=None if due_in is None else self.now + due_in,
            expires_at=None if expires_in is None else self.now + expires_in,
        )

    async def queue(
        self,
        chat: ConversationRecord,
        text: str = "Hello",
        *,
        origin: Origin = Origin.MANUAL,
        parts: int = 1,
        due_in: timedelta | None = None,
        expires_in: timedelta | None = None,
    ) -> MessageId:
        """Enqueue a text that nothing objects to."""
        new = await self.text(chat, text, origin=origin, parts=parts, due_in=due_in, expires_in=expires_in)
        return (await self.store.enqueue(new, self.now)).message.id

    async def claim(self, room: int = 100, *, driver: str = DRIVER) -> Sequence[Claimed]:
        turn = await self.store.claim(self.worker, {driver: room}, self.now, lease=LEASE)
        return turn.claimed

    async def claim_one(self) -> Claimed:
        (claimed,) = await self.claim()
        return claimed

    async def claimed_texts(self, room: int = 100) -> list[str]:
        return [one.message.text for one in await self.claim(room)]

    def ruling(
        self,
        claimed: Claimed,
        outcome: Outcome = Outcome.ALLOWED,
        *,
        until: timedelta | None = None,
        consent_first: bool = False,
        facts: Facts | None = None,
    ) -> Ruling:
        decision = self.decision(facts or claimed.facts, outcome, until=until, consent_first=consent_first)
        return Ruling(
            ticket=claimed.ticket, decision=decision, consent=Written(CONSENT) if consent_first else None
        )

    async def admit(self, ruling: Ruling) -> Verdict:
        (verdict,) = await self.store.admit([ruling], self.now)
        return verdict

    async def admitted(self) -> Claimed:
        """The one message that is due, on its way to the carrier."""
        claimed = await self.claim_one()
        assert await self.admit(self.ruling(claimed)) is Verdict.ADMITTED
        return claimed

    async def submitted(self, chat: ConversationRecord, text: str = "Hello", *, parts: int = 1) -> Claimed:
        """A new text on its way to the carrier."""
        await self.queue(chat, text, parts=parts)
        return await self.admitted()

    async def record(self, claimed: Claimed, answer: Answer = TAKEN) -> bool:
        return await self.store.record(claimed.ticket, answer, self.now)

    async def send_all(self, *, consent_first: bool = False, book: list[str] | None = None) -> list[str]:
        """Play the dispatcher with a carrier that takes everything; the texts in the order it got them."""
        sent = [] if book is None else book
        while True:
            released = await self.store.release(self.now)
            claimed = await self.claim(1)
            if not claimed and not released:
                return sent
            for one in claimed:
                if await self._judge(one, consent_first=consent_first) is Verdict.ADMITTED:
                    sent.append(one.message.text)
                    await self.record(one)

    async def _judge(self, claimed: Claimed, *, consent_first: bool) -> Verdict:
        verdict = Verdict.STALE
        while verdict is Verdict.STALE:
            facts = await self.store.facts(claimed.message.org, claimed.message.conversation_id)
            missing = claimed.message.origin is not Origin.CONSENT and facts.consent is not ConsentState.SENT
            ruling = self.ruling(claimed, consent_first=consent_first and missing, facts=facts)
            verdict = await self.admit(ruling)
        return verdict

    async def message(self, message_id: MessageId, org: Org = DEFAULT_ORG) -> MessageRecord:
        return await self.store.get_message(org, message_id)

    async def status(self, message_id: MessageId) -> Status:
        return (await self.message(message_id)).status

    async def outcome(self, message_id: MessageId) -> tuple[Status, str | None]:
        message = await self.message(message_id)
        return message.status, message.code

    async def opt_out(self, number: Address = ALICE, scope: Scope = Scope.ALL) -> bool:
        return await self.store.opt_out(
            DEFAULT_ORG, number, scope=scope, source=Source.HOST, actor=FRONTDESK, now=self.now
        )

    async def receipt(
        self,
        status: Status,
        carrier_id: str | None = None,
        *,
        part: int = 0,
        reference: str | None = None,
        code: str | None = None,
        opted_out: bool = False,
    ) -> None:
        receipt = Receipt(
            status=status,
            carrier_id=carrier_id,
            part=part,
            reference=reference,
            code=code,
            opted_out=opted_out,
        )
        await self.store.apply_receipt(DRIVER, receipt, self.now)

    def in_doubt(self, way: Way = Way.LEAVE, *, act_in: timedelta = timedelta(seconds=1)) -> IsUnknown:
        return IsUnknown(code="timeout", way=way, act_at=self.now + act_in)

    async def receive(
        self,
        text: str,
        *,
        number: Address = ALICE,
        word: Word | None = None,
        carrier_id: str | None = None,
        may_repeat: bool = False,
        to: SenderRecord | None = None,
        media: tuple[MediaLink, ...] = (),
    ) -> Received:
        sender = to or await self.sender()
        inbound = Inbound(
            sender=number,
            to=sender.address,
            text=text,
            carrier_id=carrier_id,
            may_repeat=may_repeat,
            media=media,
        )
        return await self.store.receive(DRIVER, sender.id, inbound, self.reading(word), self.now)

    async def receive_part(
        self, part: InboundPart, *, to: SenderRecord | None = None, word: Word | None = None
    ) -> Received | None:
        sender = to or await self.sender()
        part = attrs.evolve(part, to=sender.address)
        return await self.store.receive_part(
            DRIVER, sender.id, part, self.now, read=lambda _text: self.reading(word), patience=PARTS_WAIT
        )

    async def later_given_up(self, later: timedelta) -> int:
        """How many incomplete texts are given up after so long."""
        self.clock.advance_to(self.now + later)
        return await self.store.give_up_parts(self.now)

    def reading(self, word: Word | None) -> Reading:
        answers = {word: self._answer(f"answer to {word.value}") for word in Word}
        return Reading(word=word, word_if_opted_out=word, answers=answers)

    def _answer(self, text: str) -> SystemAnswer:
        decision = DecisionRecord(
            outcome=Outcome.ALLOWED,
            rule="system_answer",
            reason="it answers the contact's own word",
            stage=Stage.MADE,
            at=self.now,
            policy_version=0,
            facts_version=0,
        )
        expires_at = self.now + timedelta(minutes=5)
        return SystemAnswer(written=Written(text), expires_at=expires_at, decision=decision, terms=TERMS)

    async def thread(self, chat_id: ConversationId) -> list[str]:
        """The texts of a conversation, newest first."""
        page = await self.store.list_messages(DEFAULT_ORG, chat_id, after=None, limit=1000)
        return [message.text for message in page.items]

    async def happenings(self, org: Org | None = DEFAULT_ORG) -> list[object]:
        events = await self.store.read_events(org, after=0, limit=1000)
        return [event.what for event in events]

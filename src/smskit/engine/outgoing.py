"""Making an outbound message: judged once, stored and queued. Desk, automation and intake all send through here."""

from __future__ import annotations

import itertools
import logging
from datetime import datetime

import attrs

from smskit.clock import Clock, as_utc
from smskit.compliance.gate import Request
from smskit.engine.identity import Identity
from smskit.engine.judging import Judge, PolicyBook
from smskit.engine.routing import Router
from smskit.engine.writing import Writing, must_be_safe
from smskit.errors import Conflict, NotFound, PermissionDenied, UsageError
from smskit.model.addresses import PhoneNumber, parse_address
from smskit.model.codec import to_micros
from smskit.model.decisions import Stage
from smskit.model.ids import Actor, ConversationId, Org
from smskit.model.local_time import LocalTime
from smskit.model.messages import Category, Origin
from smskit.model.policies import Permission, Policy
from smskit.storage.base import Enqueued, IntakeRow, NewContact, NewMessage, Storage, Terms

log = logging.getLogger("smskit.engine")


@attrs.frozen(kw_only=True)
class Draft:
    """A text that somebody or something wants to send."""

    org: Org
    actor: Actor
    conversation_id: ConversationId
    text: str
    media: tuple[str, ...] = ()
    origin: Origin = Origin.MANUAL
    category: Category | None = None
    key: str | None = None
    due_at: datetime | None = None


class Sending:
    """Turns drafts into messages in the queue."""

    def __init__(
        self,
        *,
        storage: Storage,
        clock: Clock,
        policies: PolicyBook,
        judge: Judge,
        router: Router,
        writing: Writing,
        worker: Identity,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._policies = policies
        self._judge = judge
        self._router = router
        self._writing = writing
        self._worker = worker
        self._count = itertools.count()

    async def send(self, draft: Draft, *, intake_id: int | None = None) -> Enqueued:
        """Judge a draft, store it and put it in the queue; one that is denied is stored as blocked.

        :raises PermissionDenied: if the actor may not send.
        :raises InvalidMessage: if the text is empty, unsafe or longer than policy allows.
        :raises NaiveDatetime: if `due_at` has no zone.
        :raises Conflict: if the key belongs to another text or conversation.
        """
        facts = await self._storage.facts(draft.org, draft.conversation_id)
        record = await self._policies.at_least(draft.org, facts.policy_version)
        record.policy.require(draft.actor, Permission.SEND)
        written = self._writing.sendable(draft.text, draft.media, facts.sender, record.policy)
        due_at = None if draft.due_at is None else as_utc(draft.due_at)
        now = self._clock.now()
        request = Request(
            org=draft.org,
            actor=draft.actor,
            origin=draft.origin,
            category=draft.category or draft.origin.category,
            text=written.text,
            parts=written.parts,
            media=len(draft.media),
        )
        decision = await self._judge.judge(request, facts, record, now, Stage.MADE)
        new = NewMessage(
            org=draft.org,
            conversation_id=draft.conversation_id,
            text=written.text,
            parts=written.parts,
            languages=written.languages,
            media=draft.media,
            origin=draft.origin,
            category=request.category,
            lane=draft.origin.lane,
            actor=draft.actor,
            key=draft.key or self._new_key(now),
            decision=decision,
            terms=terms_of(record.policy),
            due_at=due_at,
            local_due=None if draft.due_at is None else LocalTime.of(draft.due_at),
            expires_at=max(now, due_at or now) + record.policy.retry_for,
        )
        return await self._storage.enqueue(new, now, intake_id=intake_id)

    async def take_in(self, limit: int = 100) -> int:
        """Turn intake rows into messages, or refuse them with a reason that stays on the row."""
        rows = await self._storage.intake(limit)
        for row in rows:
            try:
                await self._take_in(row)
            except (UsageError, PermissionDenied, NotFound, Conflict) as error:
                log.warning("an intake row was refused", extra={"intake": row.id, "why": str(error)})
                await self._storage.refuse_intake(row.id, row.org, str(error), self._clock.now())
        return len(rows)

    async def _take_in(self, row: IntakeRow) -> None:
        record = await self._policies.current(row.org)
        number = PhoneNumber.parse(row.number, record.policy.default_region)
        must_be_safe(row.text)
        now = self._clock.now()
        (contact,) = await self._storage.put_contacts(row.org, [NewContact(number=number)], now)
        wanted = None if row.sender is None else parse_address(row.sender, record.policy.default_region)
        sender = await self._router.pick(row.org, contact.id, wanted, record.policy)
        chat = await self._storage.start_conversation(row.org, sender.id, contact.id, now)
        draft = Draft(
            org=row.org,
            actor=row.actor,
            conversation_id=chat.id,
            text=row.text,
            key=row.key or f"intake:{row.id}",
        )
        await self.send(draft, intake_id=row.id)

    def _new_key(self, now: datetime) -> str:
        """A key nobody else makes. It begins with the time, so that new keys stand together in the index."""
        return f"{to_micros(now):015x}-{self._worker.name}-{next(self._count):x}"


def terms_of(policy: Policy) -> Terms:
    """The patience of a policy with one message."""
    return Terms(hold_for=policy.hold_for, consent_wait=policy.consent_wait)

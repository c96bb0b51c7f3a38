"""Changing a message before it goes: written and judged as if it were made anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from smskit.clock import Clock, as_utc
from smskit.compliance.gate import Facts, Request
from smskit.engine.judging import Judge, PolicyBook
from smskit.engine.writing import Writing
from smskit.errors import Conflict, Refused
from smskit.model.decisions import DecisionRecord, Outcome, Stage
from smskit.model.ids import Actor
from smskit.model.local_time import LocalTime
from smskit.model.messages import MessageRecord, Origin, Written
from smskit.model.policies import Permission, PolicyRecord
from smskit.storage.base import MessageEdit, Storage

_FIXED = frozenset({Origin.CONSENT, Origin.SYSTEM})


class Editing:
    """Changes texts and times of messages that no worker has claimed."""

    def __init__(
        self, storage: Storage, clock: Clock, policies: PolicyBook, judge: Judge, writing: Writing
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._policies = policies
        self._judge = judge
        self._writing = writing

    async def edit(
        self, message: MessageRecord, text: str | None, at: datetime | None, actor: Actor
    ) -> MessageRecord:
        """The message as it is then.

        :raises Conflict: if it is too late, or it is a step of an enrolment.
        :raises Refused: if the gate denies it so; then it stays as it was.
        """
        message = await self._storage.get_message(message.org, message.id)
        facts = await self._storage.facts(message.org, message.conversation_id)
        record = await self._policies.at_least(message.org, facts.policy_version)
        record.policy.require(actor, Permission.SEND)
        media = [one.url for one in await self._storage.list_media(message.org, message.id)]
        written = Written(message.text, message.parts)
        if text is not None:
            written = self._writing.sendable(text, media, facts.sender, record.policy)
        origin = Origin.SCHEDULED if at is not None and message.origin is Origin.MANUAL else message.origin
        decision = await self._judged(attrs.evolve(message, origin=origin), written, media, facts, record)
        moment = None if at is None else as_utc(at)
        now = self._clock.now()
        change = MessageEdit(
            org=message.org,
            message_id=message.id,
            decision=decision,
            written=None if text is None else written,
            origin=origin,
            due_at=moment,
            local_due=None if at is None else LocalTime.of(at),
            expires_at=None if moment is None else max(now, moment) + record.policy.retry_for,
        )
        return await self._storage.edit(change, now)

    async def _judged(
        self,
        message: MessageRecord,
        written: Written,
        media: Sequence[str],
        facts: Facts,
        record: PolicyRecord,
    ) -> DecisionRecord:
        if message.origin is None or message.origin in _FIXED or message.category is None:
            raise Conflict(
                f"message {message.id} came in, or is what the rules make us say; it stays as it is"
            )
        request = Request(
            org=message.org,
            actor=message.actor,
            origin=message.origin,
            category=message.category,
            text=written.text,
            parts=written.parts,
            media=len(media),
        )
        decision = await self._judge.judge(request, facts, record, self._clock.now(), Stage.MADE)
        if decision.outcome is Outcome.DENIED:
            raise Refused(message.id, decision.rule, decision.reason)
        return decision

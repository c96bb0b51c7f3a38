"""Receiving: what drivers bring goes to the store, and only then may they acknowledge it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

import attrs

from smskit.clock import Clock
from smskit.compliance.opt_words import OptWords, Word, classify
from smskit.drivers.base import Driver
from smskit.engine.judging import PolicyBook
from smskit.engine.observing import Observer
from smskit.engine.outgoing import terms_of
from smskit.engine.writing import Writing
from smskit.model.addresses import Address
from smskit.model.conversations import SenderRecord
from smskit.model.decisions import DecisionRecord, Outcome, Stage
from smskit.model.ids import DEFAULT_ORG
from smskit.model.messages import Written
from smskit.model.policies import Policy, PolicyRecord
from smskit.model.traffic import Inbound, InboundPart, Incoming, Receipt
from smskit.storage.base import Reading, Storage, SystemAnswer

log = logging.getLogger("smskit.engine")

ANSWER_WITHIN = timedelta(minutes=5)
"""A confirmation that cannot go within five minutes does not go: 47 CFR 64.1200(a)(12) presumes no later one."""


class Receiver:
    """Stores what comes in, with the words read and their answers ready."""

    def __init__(
        self, storage: Storage, clock: Clock, policies: PolicyBook, writing: Writing, observer: Observer
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._policies = policies
        self._writing = writing
        self._observer = observer
        self._routes: dict[tuple[str, Address], SenderRecord] = {}

    def sink(self, driver: Driver) -> DriverSink:
        """Where this driver brings its events."""
        return DriverSink(self, driver)

    async def receive(self, driver: Driver, event: Incoming) -> None:
        """Store one event. A text of which bytes could not be read is stored as far as it can be."""
        now = self._clock.now()
        if isinstance(event, Receipt):
            await self._storage.apply_receipt(driver.name, event, now)
        else:
            await self._store(driver, event, now)
        self._observer.inbound(driver.name, event)

    async def acknowledged(self, driver: Driver, event: Inbound | InboundPart) -> None:
        await self._storage.acknowledged(driver.name, event)

    async def _store(self, driver: Driver, event: Inbound | InboundPart, now: datetime) -> None:
        sender = await self._route(driver, event.to)
        record = await self._policies.current(sender.org)
        answers = self._answers(driver, sender.address, record, now)
        read = partial(_read, self._policies.words(sender.org, record), answers)
        if isinstance(event, InboundPart):
            stored = await self._storage.receive_part(
                driver.name, sender.id, event, now, read=read, patience=record.policy.parts_wait
            )
        else:
            readable = attrs.evolve(event, text=event.text.encode("utf-8", "replace").decode("utf-8"))
            reading = read(readable.text)
            stored = await self._storage.receive(driver.name, sender.id, readable, reading, now)
        if stored is not None:
            extra = {"message_id": stored.message_id, "driver": driver.name, "new": stored.new}
            log.info("received", extra=extra)

    def _answers(
        self, driver: Driver, sender: Address, record: PolicyRecord, now: datetime
    ) -> Mapping[Word, SystemAnswer]:
        """An answer for each word that the carrier does not answer by itself."""
        return {
            word: _answer(self._writing.write(text, sender, record.policy), record, now)
            for word, text in _texts(record.policy).items()
            if word not in driver.features.answers
        }

    async def _route(self, driver: Driver, to: Address) -> SenderRecord:
        known = self._routes.get((driver.name, to))
        if known is None:
            known = await self._storage.route(driver.name, to, DEFAULT_ORG)
            self._routes[driver.name, to] = known
        return known


class DriverSink:
    """The sink of one driver."""

    def __init__(self, receiver: Receiver, driver: Driver) -> None:
        self._receiver = receiver
        self._driver = driver

    async def __call__(self, event: Incoming) -> None:
        await self._receiver.receive(self._driver, event)

    async def acknowledged(self, event: Inbound | InboundPart) -> None:
        await self._receiver.acknowledged(self._driver, event)


def _read(words: OptWords, answers: Mapping[Word, SystemAnswer], text: str) -> Reading:
    """What a text means; pure, since the store calls it for texts that it joins."""
    return Reading(
        word=classify(text, words),
        word_if_opted_out=classify(text, words, opted_out=True),
        answers=answers,
    )


def _texts(policy: Policy) -> Mapping[Word, str]:
    return {
        Word.STOP: policy.answer(policy.stop_answer),
        Word.START: policy.answer(policy.start_answer),
        Word.HELP: policy.answer(policy.help_answer),
    }


def _answer(written: Written, record: PolicyRecord, now: datetime) -> SystemAnswer:
    decision = DecisionRecord(
        outcome=Outcome.ALLOWED,
        rule="system_answer",
        reason="it answers the contact's own word",
        stage=Stage.MADE,
        at=now,
        policy_version=record.version,
        facts_version=0,
    )
    return SystemAnswer(
        written=written,
        expires_at=now + ANSWER_WITHIN,
        decision=decision,
        terms=terms_of(record.policy),
    )

"""The dispatcher: claim, judge, admit, hand over, record. Beside it, what time does: release, reap, ask, take in.

Everything that must survive a crash is a row of the store. What is in memory here is only what is under way.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import anyio
from anyio.abc import TaskGroup

from smskit.clock import Clock
from smskit.compliance.gate import Facts, Request
from smskit.drivers.base import Driver
from smskit.engine.beside import beside
from smskit.engine.handing_over import FIRST_RETRY, LEASE, HandingOver, can_be_served
from smskit.engine.identity import Identity
from smskit.engine.judging import Judge, PolicyBook
from smskit.engine.media import MediaFetching
from smskit.engine.observing import Observer
from smskit.engine.outgoing import Sending
from smskit.engine.writing import Writing
from smskit.errors import StorageUnavailable
from smskit.model.decisions import Stage
from smskit.model.messages import MessageRecord
from smskit.storage.base import (
    Answer,
    Claimed,
    Ruling,
    Storage,
    Ticket,
    Verdict,
    WasUnavailable,
)

log = logging.getLogger("smskit.engine")

JUDGED_ANEW = 5
"""How often a message is judged anew because the facts changed; after that its lease runs out."""
RECORD_RETRY = timedelta(seconds=0.1)


class Dispatcher:
    """Brings messages from the queue to the drivers, as many at once as they take."""

    def __init__(
        self,
        *,
        storage: Storage,
        clock: Clock,
        drivers: Sequence[Driver],
        policies: PolicyBook,
        judge: Judge,
        sending: Sending,
        writing: Writing,
        observer: Observer,
        media: MediaFetching,
        worker: Identity,
        owns: Callable[[Driver], bool],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._drivers = {driver.name: driver for driver in drivers}
        self._policies = policies
        self._judge = judge
        self._sending = sending
        self._writing = writing
        self._observer = observer
        self._hands = HandingOver(storage, clock)
        self._media = media
        self._worker = worker
        self._owns = owns
        self._in_hand: Counter[str] = Counter()
        for driver in drivers:
            can_be_served(driver)

    async def run(self) -> None:
        """Dispatch until cancelled; what was begun is finished and recorded first."""
        async with anyio.create_task_group() as tasks:
            while True:
                beat = self._storage.pulse.next()
                try:
                    if not await self.turn(tasks):
                        deadline = await self._storage.next_deadline(self._clock.now())
                        await self._clock.wait(beat, deadline)
                except StorageUnavailable as error:
                    log.warning("the store does not answer; trying again", extra={"why": str(error)})
                    await self._clock.sleep_until(self._clock.now() + FIRST_RETRY)

    async def drain(self) -> bool:
        """Dispatch until nothing is due; False if nothing was to begin with."""
        worked = False
        while True:
            more = False
            async with beside(until_done=True) as aside:
                while await self._drain_once(aside):
                    more = True
            if not more:
                return worked
            worked = True

    async def _drain_once(self, aside: TaskGroup) -> bool:
        async with beside(until_done=True) as tasks:
            return await self.turn(tasks, aside)

    async def turn(self, tasks: TaskGroup, aside: TaskGroup | None = None) -> bool:
        """Claim once and start handing over; False if nothing was due. What no text waits for goes on `aside`.

        Not to be cancelled between a claim and the hand-over, lest a message be admitted and never sent.
        """
        with anyio.CancelScope(shield=True):
            guard = self._clock.guard() + LEASE.total_seconds() / 2
            turn = await self._storage.claim(self._worker.name, self._room(), self._clock.now(), lease=LEASE)
            worked = bool(turn.claimed or turn.expired)
            for claimed in await self._admit(turn.claimed):
                driver = self._drivers[claimed.ticket.driver]
                self._in_hand[driver.name] += 1
                tasks.start_soon(self._hand_over, claimed, driver, guard)
            if turn.housekeeping and await self._keep_house(tasks, aside or tasks):
                worked = True
        return worked

    def _room(self) -> Mapping[str, int]:
        return {
            name: driver.features.window - self._in_hand[name]
            for name, driver in self._drivers.items()
            if self._owns(driver)
        }

    async def _admit(self, claimed: Sequence[Claimed]) -> Sequence[Claimed]:
        """Those of the claimed messages that may be handed over now."""
        admitted: list[Claimed] = []
        facts: Mapping[int, Facts] = {one.message.id: one.facts for one in claimed}
        try:
            for _ in range(JUDGED_ANEW):
                if not claimed:
                    break
                now = self._clock.now()
                rulings = [await self._rule(one, facts[one.message.id], now) for one in claimed]
                verdicts = list(zip(claimed, await self._storage.admit(rulings, now), strict=True))
                admitted += [one for one, verdict in verdicts if verdict is Verdict.ADMITTED]
                claimed = [one for one, verdict in verdicts if verdict is Verdict.STALE]
                facts = {one.message.id: await self._facts(one.message) for one in claimed}
        except StorageUnavailable:
            if not admitted:
                raise
            # Whoever is admitted has to go; the others come back when their lease runs out.
            log.warning("the store failed between two admissions", extra={"left": len(claimed)})
        for one in admitted:
            self._observer.admitted(one.message.id, one.ticket.driver)
        return admitted

    async def _facts(self, message: MessageRecord) -> Facts:
        return await self._storage.facts(message.org, message.conversation_id)

    async def _rule(self, claimed: Claimed, facts: Facts, now: datetime) -> Ruling:
        message = claimed.message
        record = await self._policies.at_least(message.org, facts.policy_version)
        decision = await self._judge.judge(_request(message), facts, record, now, Stage.ADMISSION)
        consent = record.policy.consent_for(message.actor) if decision.consent_first else None
        return Ruling(
            ticket=claimed.ticket,
            decision=decision,
            consent=self._writing.write(consent.text, facts.sender, record.policy) if consent else None,
        )

    async def _hand_over(self, claimed: Claimed, driver: Driver, guard: float) -> None:
        """Hand one admitted message to its driver and write down the answer. Cancelling waits for this."""
        with anyio.CancelScope(shield=True):
            try:
                if self._clock.guard() > guard:
                    answer: Answer = WasUnavailable(code="lease", retry_at=self._clock.now())
                else:
                    self._observer.submitted(claimed.message.id, driver.name)
                    answer = await self._hands.submit(driver, claimed.outgoing)
            finally:
                # Before the record, whose commit wakes the dispatcher to look for room.
                self._in_hand[driver.name] -= 1
            await self._record(claimed.ticket, answer, claimed.message)

    async def _record(self, ticket: Ticket, answer: Answer, message: MessageRecord) -> None:
        """Write the answer down, if need be again and again: while the lease lasts nobody else can.

        If that is not enough the message becomes unknown when the lease has run out.
        """
        deadline = self._clock.guard() + LEASE.total_seconds() / 2
        while True:
            try:
                await self._storage.record(ticket, answer, self._clock.now())
            except StorageUnavailable:
                if self._clock.guard() > deadline:
                    log.error("an answer could not be recorded", extra={"message_id": message.id})
                    return
                log.warning("an answer could not be recorded yet", extra={"message_id": message.id})
                await self._clock.sleep_until(self._clock.now() + RECORD_RETRY)
            else:
                break
        self._observer.outcome(message.id, ticket.driver, answer)

    async def _keep_house(self, tasks: TaskGroup, aside: TaskGroup) -> bool:
        """Do what is due besides sending; False if nothing was."""
        now = self._clock.now()
        count = await self._storage.release(now)
        ways = {
            name: self._hands.unknown(driver, None, "worker_lost") for name, driver in self._drivers.items()
        }
        count += await self._storage.reap(now, ways)
        asking = [name for name, driver in self._drivers.items() if self._owns(driver)]
        for doubt in await self._storage.doubts(self._worker.name, asking, now, lease=LEASE):
            tasks.start_soon(self._hands.ask, doubt, self._drivers[doubt.ticket.driver])
            count += 1
        count += await self._storage.give_up_parts(now)
        count += await self._media.begin(aside, asking, now)
        return bool(count + await self._sending.take_in())


def _request(message: MessageRecord) -> Request:
    if message.origin is None or message.category is None:
        msg = f"message {message.id} is in the queue without an origin"
        raise AssertionError(msg)
    return Request(
        org=message.org,
        actor=message.actor,
        origin=message.origin,
        category=message.category,
        text=message.text,
        parts=message.parts,
        media=message.media_count,
    )

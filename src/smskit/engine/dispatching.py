"""The dispatcher: claim, judge, admit, hand over, record. Beside it, what time does: release, reap, ask, take in.

Everything that must survive a crash is a row of the store. What is in memory here is only what is under way.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import anyio
from anyio.abc import TaskGroup

from smskit.clock import Clock
from smskit.compliance.gate import Facts, Request
from smskit.drivers.base import Driver, Found, Guarantee, NotFoundThere, Reconciliation
from smskit.engine.beside import beside
from smskit.engine.blaming import blame
from smskit.engine.identity import Identity
from smskit.engine.judging import Judge, PolicyBook
from smskit.engine.media import MediaFetching
from smskit.engine.observing import Observer
from smskit.engine.outgoing import Sending
from smskit.engine.writing import Writing
from smskit.errors import OutcomeUnknown, Rejected, StorageUnavailable, Unavailable, UsageError
from smskit.model.decisions import Stage
from smskit.model.messages import MessageRecord
from smskit.model.traffic import Outgoing
from smskit.storage.base import (
    Answer,
    Claimed,
    Doubt,
    IsUnknown,
    Ruling,
    Storage,
    Ticket,
    Verdict,
    WasAccepted,
    WasRejected,
    WasUnavailable,
    Way,
)

log = logging.getLogger("smskit.engine")

LEASE = timedelta(seconds=90)
"""How long a claimed message is a worker's. More than twice any driver's time-out."""
JUDGED_ANEW = 5
"""How often a message is judged anew because the facts changed; after that its lease runs out."""
RECORD_RETRY = timedelta(seconds=0.1)
FIRST_RETRY = timedelta(seconds=1)
LAST_RETRY = timedelta(minutes=5)
ASK_AFTER = timedelta(seconds=10)

_WAY = {
    Guarantee.IDEMPOTENT: Way.RESEND,
    Guarantee.RECONCILABLE: Way.ASK,
    Guarantee.AT_MOST_ONCE: Way.LEAVE,
}


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
        self._media = media
        self._worker = worker
        self._owns = owns
        self._in_hand: Counter[str] = Counter()
        for driver in drivers:
            _can_be_served(driver)

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
            async with beside(until_done=True) as tasks:
                more = await self.turn(tasks)
            if not more:
                return worked
            worked = True

    async def turn(self, tasks: TaskGroup) -> bool:
        """Claim once and start handing over; False if nothing was due.

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
            if turn.housekeeping and await self._keep_house(tasks):
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
                    answer = await self._submit(driver, claimed.outgoing)
                await self._record(claimed.ticket, answer, claimed.message)
            finally:
                self._in_hand[driver.name] -= 1

    async def _submit(self, driver: Driver, outgoing: Outgoing) -> Answer:
        now = self._clock.now
        if len(outgoing.media) > driver.features.media:
            return WasRejected(code="media")
        try:
            with anyio.fail_after(driver.features.timeout.total_seconds()):
                return WasAccepted(await driver.send(outgoing))
        except Rejected as error:
            return WasRejected(code=error.code, opted_out=error.opted_out)
        except Unavailable as error:
            wait = max(error.retry_after or timedelta(), backoff(outgoing))
            return WasUnavailable(code=error.code, retry_at=now() + wait)
        except OutcomeUnknown as error:
            return self._unknown(driver, outgoing, error.code)
        except TimeoutError:
            return self._unknown(driver, outgoing, "timeout")
        except Exception as error:  # noqa: BLE001 - whatever it was, the text may have gone out
            log.error("a driver raised what it must not: %s", blame(error), extra={"driver": driver.name})
            return self._unknown(driver, outgoing, "driver_error")

    def _unknown(self, driver: Driver, outgoing: Outgoing | None, code: str | None) -> IsUnknown:
        way = _WAY[driver.features.guarantee]
        wait = backoff(outgoing) if outgoing else FIRST_RETRY
        act_at = self._clock.now() + (ASK_AFTER if way is Way.ASK else wait)
        return IsUnknown(code=code, way=way, act_at=act_at)

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

    async def _keep_house(self, tasks: TaskGroup) -> bool:
        """Do what is due besides sending; False if nothing was."""
        now = self._clock.now()
        count = await self._storage.release(now)
        ways = {name: self._unknown(driver, None, "worker_lost") for name, driver in self._drivers.items()}
        count += await self._storage.reap(now, ways)
        asking = [name for name, driver in self._drivers.items() if self._owns(driver)]
        for doubt in await self._storage.doubts(self._worker.name, asking, now, lease=LEASE):
            tasks.start_soon(self._ask, doubt)
            count += 1
        count += await self._storage.give_up_parts(now)
        count += await self._media.begin(tasks, now)
        return bool(count + await self._sending.take_in())

    async def _ask(self, doubt: Doubt) -> None:
        with anyio.CancelScope(shield=True):
            driver = self._drivers[doubt.ticket.driver]
            said = await self._reconcile(driver, doubt.outgoing)
            match said:
                case Found(accepted):
                    answer: Answer = WasAccepted(accepted)
                case NotFoundThere(conclusive=True):
                    answer = WasUnavailable(code="not_found_at_carrier", retry_at=self._clock.now())
                case _:
                    answer = self._unknown(driver, doubt.outgoing, "unsure")
            try:
                await self._storage.record(doubt.ticket, answer, self._clock.now())
            except StorageUnavailable:
                # It is asked again when the lease on the doubt has run out.
                log.warning("what a carrier said could not be recorded", extra={"driver": driver.name})

    async def _reconcile(self, driver: Driver, outgoing: Outgoing) -> Reconciliation | None:
        try:
            with anyio.fail_after(driver.features.timeout.total_seconds()):
                return await driver.reconcile(outgoing)
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing is known
            log.error("a carrier could not be asked: %s", blame(error), extra={"driver": driver.name})
            return None


def _can_be_served(driver: Driver) -> None:
    features = driver.features
    if features.window < 1:
        msg = f"driver {driver.name!r} has a window of {features.window}; it has to take at least one text"
        raise UsageError(msg)
    if not timedelta() < features.timeout < LEASE / 2:
        msg = (
            f"driver {driver.name!r} has a timeout of {features.timeout}; it has to be less than {LEASE / 2}"
        )
        raise UsageError(msg)


def backoff(outgoing: Outgoing) -> timedelta:
    """How long to wait before the next attempt: doubling, with jitter that is a message's own."""
    doubled: int = 2 ** min(outgoing.attempt - 1, 20)
    whole = min(FIRST_RETRY * doubled, LAST_RETRY)
    return whole * random.Random(f"{outgoing.reference}:{outgoing.attempt}").uniform(0.5, 1.0)


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

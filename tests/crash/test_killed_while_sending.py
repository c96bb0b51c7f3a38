"""A worker is killed with SIGKILL at every step between claim and record, over 200 messages.

Afterwards the carrier's book, the store and the events are compared.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import anyio
import attrs
import pytest

from smskit import Status, SystemClock
from smskit.drivers.base import Guarantee
from smskit.model.events import Event, MessageMade, StatusChanged
from smskit.model.ids import DEFAULT_ORG, MessageId
from smskit.model.messages import MessageRecord, Origin
from smskit.storage.sqlite import SqliteStorage

if TYPE_CHECKING:
    from tests.crash.conftest import Workers

TEXTS = 200

STEPS = (
    ("claimed", 2),
    ("inside__admit", 20),
    ("admitted", 3),
    ("before_write", 20),
    ("written", 20),
    ("answered", 20),
    ("inside_apply", 20),
    ("recorded", 20),
)
"""From the commit of a claim to the commit of a record, and at which pass the worker dies there."""


@attrs.frozen(kw_only=True)
class Outcome:
    """What the store and the events say when all is done."""

    messages: Mapping[MessageId, MessageRecord]
    events: Mapping[MessageId, Sequence[StatusChanged]]
    left: bool
    """Something is still to be done at some time."""


def _outcome(workers: Workers) -> Outcome:
    return anyio.run(_read, workers)


async def _read(workers: Workers) -> Outcome:
    storage = SqliteStorage(str(workers.folder / "acme.db"), lease_clock=SystemClock().now)
    await storage.open()
    try:
        events = await _events(storage)
        made = [event.what.message_id for event in events if isinstance(event.what, MessageMade)]
        assert len(made) == len(set(made))
        moved: defaultdict[MessageId, list[StatusChanged]] = defaultdict(list)
        for event in events:
            if isinstance(event.what, StatusChanged):
                moved[event.what.message_id].append(event.what)
        return Outcome(
            messages={one: await storage.get_message(DEFAULT_ORG, one) for one in made},
            events=moved,
            left=await storage.next_deadline(SystemClock().now()) is not None,
        )
    finally:
        await storage.aclose()


async def _events(storage: SqliteStorage) -> list[Event]:
    found: list[Event] = []
    while more := await storage.read_events(None, after=found[-1].position if found else 0, limit=500):
        found += more
    return found


def _written(workers: Workers) -> Counter[MessageId]:
    """How often the carrier wrote each message into its book."""
    return Counter(MessageId(line["message"]) for line in workers.read("book"))


def _journal(workers: Workers, what: str) -> set[MessageId]:
    return {MessageId(line[what]) for line in workers.read("journal") if what in line}


def _with_status(messages: Iterable[MessageRecord], status: Status) -> set[MessageId]:
    return {message.id for message in messages if message.status is status}


def _agrees_with_its_events(outcome: Outcome) -> bool:
    return all(
        outcome.events[message.id][-1].status is message.status for message in outcome.messages.values()
    )


def _die_at_every_step(workers: Workers, guarantee: Guarantee, steps: Iterable[tuple[str, int]]) -> None:
    orders = {"guarantee": guarantee.value, "texts": TEXTS}
    for step, passes in steps:
        workers.dies(step, passes, **orders)
    workers.finishes(**orders)


def test_an_idempotent_driver_brings_every_text_once(workers: Workers) -> None:
    _die_at_every_step(workers, Guarantee.IDEMPOTENT, STEPS)
    outcome = _outcome(workers)

    assert len(outcome.messages) == TEXTS
    assert _with_status(outcome.messages.values(), Status.ACCEPTED) == set(outcome.messages)
    assert _written(workers) == dict.fromkeys(outcome.messages, 1)
    assert _agrees_with_its_events(outcome)
    assert not outcome.left


def test_a_reconcilable_driver_resolves_every_doubt_and_writes_nothing_twice(workers: Workers) -> None:
    _die_at_every_step(workers, Guarantee.RECONCILABLE, (*STEPS, ("asked", 3)))
    outcome = _outcome(workers)

    assert len(outcome.messages) == TEXTS
    assert _with_status(outcome.messages.values(), Status.ACCEPTED) == set(outcome.messages)
    assert _written(workers) == dict.fromkeys(outcome.messages, 1)
    assert _agrees_with_its_events(outcome)
    assert not outcome.left


def test_without_a_way_out_every_doubtful_text_is_unknown_and_none_goes_twice(workers: Workers) -> None:
    _die_at_every_step(workers, Guarantee.AT_MOST_ONCE, STEPS)
    outcome = _outcome(workers)
    written = _written(workers)
    unknown = _with_status(outcome.messages.values(), Status.UNKNOWN)
    doubtful = _journal(workers, "admitted") - _journal(workers, "recorded")

    assert len(outcome.messages) == TEXTS
    assert unknown | _with_status(outcome.messages.values(), Status.ACCEPTED) == set(outcome.messages)
    assert max(written.values()) == 1
    assert set(outcome.messages) - set(written) <= unknown <= doubtful
    assert unknown & set(written), "one was written and its answer lost"
    assert unknown - set(written), "one was admitted and never written"
    assert _agrees_with_its_events(outcome)
    assert not outcome.left


def test_before_admission_nothing_is_in_doubt(workers: Workers) -> None:
    _die_at_every_step(
        workers, Guarantee.AT_MOST_ONCE, [("claimed", 3), ("claimed", 1), ("inside__admit", 9)]
    )
    outcome = _outcome(workers)

    assert _with_status(outcome.messages.values(), Status.ACCEPTED) == set(outcome.messages)
    assert _written(workers) == dict.fromkeys(outcome.messages, 1)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("guarantee", [Guarantee.IDEMPOTENT, Guarantee.AT_MOST_ONCE])
def test_killed_at_any_moment_nothing_is_lost_and_nothing_goes_twice(
    workers: Workers, guarantee: Guarantee, backend: str
) -> None:
    orders = {"guarantee": guarantee.value, "texts": TEXTS, "backend": backend}
    luck = random.Random()
    for _ in range(4):
        workers.is_killed_after(luck.uniform(0.0, 0.15), **orders)
    workers.finishes(**orders)
    outcome = _outcome(workers)
    written = _written(workers)
    unknown = _with_status(outcome.messages.values(), Status.UNKNOWN)

    assert len(outcome.messages) == TEXTS
    assert unknown | _with_status(outcome.messages.values(), Status.ACCEPTED) == set(outcome.messages)
    assert max(written.values()) == 1
    assert set(outcome.messages) - set(written) <= unknown
    assert guarantee is Guarantee.AT_MOST_ONCE or not unknown
    assert _agrees_with_its_events(outcome)
    assert not outcome.left


@pytest.mark.parametrize("guarantee", [Guarantee.IDEMPOTENT, Guarantee.AT_MOST_ONCE])
def test_no_number_gets_a_second_consent_message_or_a_text_before_it(
    workers: Workers, guarantee: Guarantee
) -> None:
    orders = {"guarantee": guarantee.value, "texts": TEXTS, "consent": True}
    for step, passes in STEPS:
        workers.dies(step, passes, **orders)
    workers.finishes(**orders)
    outcome = _outcome(workers)
    carried: defaultdict[str, list[str]] = defaultdict(list)
    for line in workers.read("book"):
        carried[line["to"]].append(line["text"])
    failed = [one for one in outcome.messages.values() if one.status is Status.FAILED]

    assert sum(message.origin is Origin.MANUAL for message in outcome.messages.values()) == TEXTS
    assert all(texts[0].startswith("Acme") for texts in carried.values())
    assert all(not text.startswith("Acme") for texts in carried.values() for text in texts[1:])
    assert all(len(texts) == len(set(texts)) for texts in carried.values())
    assert {message.code for message in failed} <= {"consent_unconfirmed"}
    assert guarantee is Guarantee.AT_MOST_ONCE or not failed
    assert not outcome.left

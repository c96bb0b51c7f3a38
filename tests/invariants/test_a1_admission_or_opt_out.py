"""A1: admission and an opt-out or cancelling reply are serialised; exactly one wins."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest

from smskit import Category, Contact, Kit, LocalCarrier, Message, Policy, Status
from smskit.drivers.base import Features, Guarantee
from smskit.drivers.local import Faults
from smskit.errors import OutcomeUnknown, Unavailable
from smskit.model.addresses import PhoneNumber
from smskit.model.events import Event, OptedOut, StatusChanged
from smskit.model.ids import DEFAULT_ORG, ContactId, MessageId
from smskit.model.messages import Flag, Origin
from smskit.model.traffic import Accepted, Outgoing
from smskit.storage.base import NewContact
from smskit.testing import World

PATIENT = "+14155550123"
RACERS = 2000
CANCELABLE = (Origin.BLAST, Origin.DRIP, Origin.REMINDER, Origin.SCHEDULED, Origin.KEYWORD, Origin.AWAY)


class SlowCarrier(LocalCarrier):
    """Keeps every text in hand until it is let go, and then ends the first with an error if one is given."""

    def __init__(self, guarantee: Guarantee = Guarantee.AT_MOST_ONCE) -> None:
        super().__init__(["+14155550100"], features=Features(window=5, guarantee=guarantee))
        self.in_hand = anyio.Event()
        self.let_go = anyio.Event()
        self.error: Exception | None = None
        self.asked = 0

    async def send(self, message: Outgoing) -> Accepted:
        self.asked += 1
        self.in_hand.set()
        await self.let_go.wait()
        error, self.error = self.error, None
        if error is not None:
            raise error
        return await super().send(message)


class HastyCarrier(LocalCarrier):
    """While it has a text in hand, other tasks get a few turns."""

    async def send(self, message: Outgoing) -> Accepted:
        for _ in range(message.message_id % 50):
            await anyio.lowlevel.checkpoint()
        return await super().send(message)


@pytest.fixture
def carrier() -> SlowCarrier:
    return SlowCarrier()


@pytest.fixture
async def kit(carrier: SlowCarrier) -> AsyncIterator[Kit]:
    async with Kit("sqlite://", drivers=[carrier]) as opened:
        yield opened


async def _race(kit: Kit, carrier: SlowCarrier, words: str, origin: Origin) -> Message:
    """The contact writes while a text of this origin is in the driver's hand."""
    chat = await kit.conversations.start(PATIENT)
    message = await chat.send("Time for your check-up", origin=origin)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kit.dispatch)
        await carrier.in_hand.wait()
        carrier.text(PATIENT, words)
        await kit.poll()
        carrier.let_go.set()
    return await message.refresh()


@pytest.mark.parametrize("origin", CANCELABLE)
async def test_a_stop_while_an_automated_text_is_handed_over_marks_it_as_raced(
    kit: Kit, carrier: SlowCarrier, origin: Origin
) -> None:
    message = await _race(kit, carrier, "STOP", origin)

    assert message.status is Status.ACCEPTED
    assert Flag.RACED in message.flags
    assert "admitted before an opt-out" in str(await message.explain())


async def test_a_reply_while_a_drip_step_is_handed_over_marks_it_as_raced(
    kit: Kit, carrier: SlowCarrier
) -> None:
    message = await _race(kit, carrier, "sure, Tuesday?", Origin.DRIP)

    assert message.status is Status.ACCEPTED
    assert Flag.RACED in message.flags


@pytest.mark.parametrize("origin", [Origin.MANUAL, Origin.REMINDER])
async def test_a_reply_does_not_race_with_what_it_would_not_cancel(
    kit: Kit, carrier: SlowCarrier, origin: Origin
) -> None:
    message = await _race(kit, carrier, "sure, Tuesday?", origin)

    assert message.flags is Flag.NONE


async def test_a_raced_text_that_was_not_accepted_is_not_tried_again(kit: Kit, carrier: SlowCarrier) -> None:
    carrier.error = Unavailable("busy", code="busy")
    message = await _race(kit, carrier, "STOP", Origin.BLAST)
    await kit.run_until_idle()
    await message.refresh()

    assert (message.status, message.code) == (Status.CANCELED, "raced")
    assert [carried.text for carried in carrier.book] == [Policy().stop_answer]


async def test_a_raced_text_of_unknown_outcome_is_not_sent_again_by_an_idempotent_driver() -> None:
    carrier = SlowCarrier(Guarantee.IDEMPOTENT)
    async with Kit("sqlite://", drivers=[carrier]) as kit:
        carrier.error = OutcomeUnknown("no answer", code="silent")
        message = await _race(kit, carrier, "STOP", Origin.BLAST)
        await kit.run_until_idle()
        deadline = await kit.storage.next_deadline(kit.clock.now())
        await message.refresh()

    assert message.status is Status.UNKNOWN
    assert deadline is None
    assert [carried.text for carried in carrier.book] == [Policy().stop_answer]
    assert carrier.asked == 2  # the blast and the answer, once each


@pytest.mark.parametrize("origin", CANCELABLE)
async def test_a_stop_before_admission_cancels_an_automated_text(world: World, origin: Origin) -> None:
    patient = world.person(PATIENT)
    message = await (await world.kit.conversations.start(PATIENT)).send("Sale!", origin=origin)
    await patient.texts("STOP")
    await world.advance(days=2)
    await message.refresh()

    assert (message.status, message.code) == (Status.CANCELED, "opted_out")
    assert patient.received == [Policy().stop_answer]


@pytest.mark.parametrize(
    ("faults", "after"),
    [(Faults(throttle=1), timedelta(seconds=2)), (Faults(), timedelta())],
    ids=["backed off", "scheduled"],
)
async def test_a_stop_cancels_wherever_an_automated_text_waits(
    world: World, faults: Faults, after: timedelta
) -> None:
    world.carrier.faults = faults
    patient = world.person(PATIENT)
    chat = await world.kit.conversations.start(PATIENT)
    at = None if after else world.clock.now() + timedelta(days=1)
    message = await chat.send("Sale!", origin="blast", at=at)
    await world.advance(after)
    waits = (await message.refresh()).status
    world.carrier.faults = Faults()
    await patient.texts("STOP")
    await world.advance(days=2)
    await message.refresh()

    assert waits in (Status.QUEUED, Status.SCHEDULED)
    assert message.status is Status.CANCELED
    assert patient.received == [Policy().stop_answer]


async def test_an_unknown_automated_text_is_not_sent_again_after_a_stop() -> None:
    features = Features(window=1, guarantee=Guarantee.IDEMPOTENT)
    async with World(faults=Faults(silent_before=1), features=features) as world:
        patient = world.person(PATIENT)
        message = await (await world.kit.conversations.start(PATIENT)).send("Sale!", origin="blast")
        await world.advance(seconds=30)
        doubtful = (await message.refresh()).status
        world.carrier.faults = Faults()
        await patient.texts("STOP")
        await world.advance(days=2)
        await message.refresh()

    assert doubtful is message.status is Status.UNKNOWN
    assert patient.received == [Policy().stop_answer]


async def test_a_stop_between_judgement_and_admission_is_seen(world: World) -> None:
    """The facts changed after the rule was asked: the decision is made again, on the new ones."""
    patient = world.person(PATIENT)
    promotional = Category.PROMOTIONAL
    message = await (await world.kit.conversations.start(PATIENT)).send("A sale", category=promotional)
    claim = await world.kit.storage.claim("w", {"local": 1}, world.clock.now(), lease=timedelta(minutes=1))
    await patient.texts("STOP")
    await world.advance(minutes=2)
    await message.refresh()

    assert len(claim.claimed) == 1
    assert (message.status, message.code) == (Status.BLOCKED, "opted_out")
    assert patient.received == [Policy().stop_answer]


async def test_an_opt_out_races_the_dispatcher_thousands_of_times_and_one_wins_each_time() -> None:
    """Two thousand blast messages go out while every recipient opts out.

    Events are in the order of commits. So a message that reached the carrier is flagged if and only if the opt-out
    stands in the events before the carrier's answer, and one that was cancelled is not in the carrier's book.
    """
    winners: Counter[str] = Counter()
    for seed in range(1, 6):
        won = await _mass_race(seed)
        assert sum(won.values()) == RACERS
        winners += won
        if len(winners) == 3:  # who wins how often is up to the machine
            break
    assert min(winners[kind] for kind in ("opt-out", "admission", "raced")) > 0


async def _mass_race(seed: int) -> Counter[str]:
    """Who won how often."""
    carrier = HastyCarrier(
        ["+14155550100"], latency=timedelta(days=1), features=Features(window=40, receipts=False)
    )
    luck = random.Random(seed)
    async with Kit("sqlite://", drivers=[carrier]) as kit:
        contacts = await _crowd(kit)
        messages = await _blast(kit, contacts)
        luck.shuffle(contacts)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_dispatch_all, kit)
            for part in range(60):
                tasks.start_soon(_opt_all_out, contacts[part::60])
        moves, opt_outs = await _events(kit)
        final = [await kit.org(DEFAULT_ORG).message(one) for one in messages]

    book = Counter(int(carried.reference.partition("-")[0]) for carried in carrier.book)
    return Counter(
        _winner(message, moves[message.id], opt_outs[messages[message.id]], book[message.id])
        for message in final
    )


async def _crowd(kit: Kit) -> list[Contact]:
    numbers = [PhoneNumber(f"+1{200 + i // 100}55501{i % 100:02}") for i in range(RACERS)]
    new = [NewContact(number=number) for number in numbers]
    records = await kit.storage.put_contacts(DEFAULT_ORG, new, kit.clock.now())
    return [await kit.contacts.get(record.id) for record in records]


async def _blast(kit: Kit, contacts: Sequence[Contact]) -> dict[MessageId, ContactId]:
    """A blast message to each of them, with its recipient."""
    made: dict[MessageId, ContactId] = {}

    async def to(some: Sequence[Contact]) -> None:
        for contact in some:
            chat = await kit.conversations.start(contact)
            made[(await chat.send("Sale!", origin="blast")).id] = contact.id

    async with anyio.create_task_group() as tasks:
        for part in range(32):
            tasks.start_soon(to, contacts[part::32])
    return made


async def _dispatch_all(kit: Kit) -> None:
    while await kit.dispatch():
        pass


async def _opt_all_out(contacts: Sequence[Contact]) -> None:
    for contact in contacts:
        await contact.opt_out()


async def _events(kit: Kit) -> tuple[Mapping[MessageId, list[Event]], Mapping[ContactId, Event]]:
    """The moves of each message, and each contact's opt-out."""
    moves: defaultdict[MessageId, list[Event]] = defaultdict(list)
    opt_outs: dict[ContactId, Event] = {}
    after = 0
    while events := await kit.storage.read_events(None, after=after, limit=500):
        after = events[-1].position
        for event in events:
            match event.what:
                case StatusChanged(message_id=message_id):
                    moves[message_id].append(event)
                case OptedOut(contact_id=int() as contact_id):
                    opt_outs[contact_id] = event
                case _:
                    pass
    return moves, opt_outs


def _winner(message: Message, moves: Sequence[Event], opted_out: Event, carried: int) -> str:
    (moved,) = moves
    if message.status is Status.CANCELED:
        assert (carried, message.flags, message.code) == (0, Flag.NONE, "opted_out")
        return "opt-out"
    assert (carried, message.status) == (1, Status.ACCEPTED)
    assert (Flag.RACED in message.flags) == (opted_out.position < moved.position)
    return "raced" if message.flags else "admission"

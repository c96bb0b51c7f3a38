"""A3: a status never goes backwards, and every order of receipts gives the same final state."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime

import pytest

from smskit import Kit, Message, Status
from smskit.drivers.base import Driver, Features, Guarantee, Sink
from smskit.drivers.local import Faults
from smskit.engine.observing import Observer
from smskit.model.events import Event, StatusChanged
from smskit.model.ids import MessageId
from smskit.model.statuses import highest, of_message
from smskit.model.traffic import Accepted, Incoming, Outgoing, Receipt
from smskit.testing import World

PATIENT = "+14155550123"
THREE_PARTS = "a text that needs three parts " * 12


class Receipts(Observer):
    """Keeps every receipt that came in, by our reference."""

    def __init__(self) -> None:
        self.of: defaultdict[str, list[Receipt]] = defaultdict(list)

    def inbound(self, driver: str, event: Incoming) -> None:
        if isinstance(event, Receipt):
            self.of[event.reference or ""].append(event)


class HastyCarrier(Driver):
    """Brings the first receipts before it answers, and the others when it is asked."""

    def __init__(self) -> None:
        super().__init__("hasty", ["+14155550100"], Features(window=1))
        self.sink: Sink | None = None
        self.script: Sequence[tuple[int, Status]] = ()
        self.early = 0
        self.by_reference = False
        self.given: list[Outgoing] = []

    async def poll(self, sink: Sink) -> datetime | None:
        self.sink = sink
        return None

    async def send(self, message: Outgoing) -> Accepted:
        self.given.append(message)
        await self.report(message, self.script[: self.early])
        return Accepted.each(f"{message.message_id}:{part}" for part in range(1, message.parts + 1))

    async def report(self, message: Outgoing, reports: Iterable[tuple[int, Status]]) -> None:
        assert self.sink is not None
        for part, status in reports:
            reference = message.reference if self.by_reference else None
            carrier_id = f"{message.message_id}:{part}"
            await self.sink(Receipt(status=status, carrier_id=carrier_id, reference=reference, part=part))


@pytest.fixture
def carrier() -> HastyCarrier:
    return HastyCarrier()


@pytest.fixture
async def kit(carrier: HastyCarrier) -> AsyncIterator[Kit]:
    async with Kit("sqlite://", drivers=[carrier]) as opened:
        await opened.poll()
        yield opened


def _moves(events: Iterable[Event]) -> dict[MessageId, list[Status]]:
    moves: defaultdict[MessageId, list[Status]] = defaultdict(list)
    for event in events:
        if isinstance(event.what, StatusChanged):
            moves[event.what.message_id].append(event.what.status)
    return moves


def _never_goes_back(moves: Sequence[Status]) -> bool:
    ranks = [status.rank for status in moves]
    reported = [rank for rank in ranks if rank > 0]
    began = ranks.index(reported[0]) if reported else len(ranks)
    return ranks[began:] == reported and reported == sorted(set(reported))


@pytest.mark.parametrize("seed", range(3))
async def test_lost_repeated_and_delayed_receipts_end_where_they_say(seed: int) -> None:
    """The final state is the pure function of all that the carrier said, whatever the order was."""
    seen = Receipts()
    faults = Faults(
        refuse_part=0.1, lose_part=0.1, lose_receipt=0.2, repeat_receipt=0.4, delay_receipt=0.5, throttle=0.1
    )
    async with World(seed=seed, faults=faults, observers=[seen]) as world:
        messages = await _send_sixty(world)
        await world.advance(hours=3)
        moves = _moves(await world.events())
        final = {(await message.refresh()).id: message for message in messages}

    book = {int(carried.reference.partition("-")[0]): carried for carried in world.carrier.book}
    assert len(book) > 40
    for message_id, carried in book.items():
        reports: defaultdict[int, list[Status]] = defaultdict(list)
        for outcome in carried.accepted.parts:
            reports[outcome.part].append(outcome.status)
        for receipt in seen.of[carried.reference]:
            reports[receipt.part].append(receipt.status)
        said = {part: highest(statuses) for part, statuses in reports.items()}
        message = final[MessageId(message_id)]

        assert message.status is of_message(message.parts, said)
        assert _never_goes_back(moves[message.id])


async def test_no_answer_and_disorderly_receipts_never_move_a_status_back() -> None:
    faults = Faults(silent_before=0.2, silent_after=0.3, repeat_receipt=0.4, delay_receipt=0.5)
    features = Features(window=1, guarantee=Guarantee.RECONCILABLE)
    async with World(seed=5, faults=faults, features=features) as world:
        messages = await _send_sixty(world)
        await world.advance(hours=12)
        moves = _moves(await world.events())
        final = [(await message.refresh()).status for message in messages]

    assert all(_never_goes_back(moves[message.id]) for message in messages)
    assert set(final) == {Status.DELIVERED}
    assert len(world.carrier.book) == 60


async def _send_sixty(world: World) -> list[Message]:
    chats = [await world.kit.conversations.start(f"+141555501{digit}") for digit in range(20, 40)]
    texts = ("short", THREE_PARTS, "another")
    return [await chat.send(f"{number} {text}") for number, text in enumerate(texts) for chat in chats]


@pytest.mark.parametrize("by_reference", [False, True], ids=["by the carrier's id", "by our reference too"])
async def test_every_order_of_receipts_around_the_answer_gives_the_same_end(
    kit: Kit, carrier: HastyCarrier, *, by_reference: bool
) -> None:
    """For one message the answer came first, for the next a receipt, and so on."""
    said = [(part, status) for part in (1, 2, 3) for status in (Status.SENT, Status.DELIVERED)]
    said += [(3, Status.UNDELIVERED), (1, Status.ACCEPTED), (2, Status.DELIVERED)]
    luck = random.Random(3)
    carrier.by_reference = by_reference
    chat = await kit.conversations.start(PATIENT)
    ends: list[Status] = []
    for number in range(60):
        carrier.script = luck.sample(said, len(said))
        carrier.early = number % (len(said) + 1)
        message = await chat.send(f"{number} {THREE_PARTS}")
        await kit.dispatch()
        await carrier.report(carrier.given[-1], carrier.script[carrier.early :])
        ends.append((await message.refresh()).status)
    moves = _moves(await kit.storage.read_events(None, after=0, limit=500))

    assert set(ends) == {Status.DELIVERED}
    assert all(_never_goes_back(moved) for moved in moves.values())


async def test_a_receipt_before_the_answer_is_kept_and_the_answer_does_not_undo_it(
    kit: Kit, carrier: HastyCarrier
) -> None:
    carrier.script, carrier.early = [(1, Status.DELIVERED)], 1
    message = await (await kit.conversations.start(PATIENT)).send("Hello")
    await kit.dispatch()
    await message.refresh()

    assert message.status is Status.DELIVERED


async def test_a_carrier_that_uses_its_ids_again_does_not_move_the_old_message(
    kit: Kit, carrier: HastyCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send(message: Outgoing) -> Accepted:
        return Accepted.whole("always the same")

    monkeypatch.setattr(carrier, "send", send)
    chat = await kit.conversations.start(PATIENT)
    first = await chat.send("first")
    await kit.dispatch()
    second = await chat.send("second")
    await kit.dispatch()
    assert carrier.sink is not None
    await carrier.sink(Receipt(status=Status.DELIVERED, carrier_id="always the same"))

    assert (await first.refresh()).status is Status.ACCEPTED
    assert (await second.refresh()).status is Status.DELIVERED


async def test_a_receipt_of_somebody_else_changes_nothing(kit: Kit, carrier: HastyCarrier) -> None:
    message = await (await kit.conversations.start(PATIENT)).send("Hello")
    await kit.dispatch()
    assert carrier.sink is not None
    for receipt in (
        Receipt(status=Status.DELIVERED, carrier_id="who knows"),
        Receipt(status=Status.DELIVERED, reference="999-ffff"),
        Receipt(status=Status.DELIVERED, reference="not ours"),
        Receipt(status=Status.DELIVERED),
    ):
        await carrier.sink(receipt)

    assert (await message.refresh()).status is Status.ACCEPTED

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import NoReturn

import anyio
import anyio.lowlevel
import pytest

from smskit import Consent, Kit, LocalCarrier, Policy, Status, VirtualClock
from smskit.drivers.base import Features, Guarantee
from smskit.drivers.local import Faults
from smskit.model.codec import to_json
from smskit.testing import World
from smskit.testing.settling import settled
from smskit.testing.world import START

CONSENT = "Acme Dental texts you about your visits. Reply STOP to unsubscribe."
TROUBLE = Faults(
    refuse=0.1,
    throttle=0.2,
    silent_before=0.1,
    silent_after=0.1,
    lose_part=0.1,
    lose_receipt=0.2,
    repeat_receipt=0.3,
    delay_receipt=0.3,
)


def _no_real_wait(*_args: object, **_kwargs: object) -> NoReturn:
    raise AssertionError("a world takes no real time")


async def _story(seed: int) -> tuple[str, list[str]]:
    """Ten people, texts of one part and of many, answers and a STOP, on a carrier that does everything wrong."""
    features = Features(window=1, guarantee=Guarantee.RECONCILABLE)
    policy = Policy(consent=Consent.precede(CONSENT))
    async with World(seed=seed, faults=TROUBLE, features=features, policy=policy) as world:
        people = [world.person(f"+1415555012{digit}") for digit in range(10)]
        people[3].answers_with(lambda text: "STOP" if "fourth" in text else None)
        people[4].answers_with(lambda text: f"you said: {text[:20]}")
        for word in ("first", "second " * 40, "third", "fourth", "fifth"):
            for person in people:
                chat = await world.kit.conversations.start(person.number)
                await chat.send(f"The {word}", origin="reminder" if word == "fifth" else "manual")
            await world.advance(minutes=7)
        await people[0].texts("STOP")
        await world.advance(days=1)
        told = [to_json(event.what) for event in await world.events()]
        stamped = "\n".join(f"{event.at.isoformat()} {to_json(event.what)}" for event in await world.events())
        return hashlib.sha256(stamped.encode()).hexdigest(), told


def test_the_same_seed_gives_the_same_trace_on_both_backends() -> None:
    on_asyncio = anyio.run(_story, 7, backend="asyncio")
    on_trio = anyio.run(_story, 7, backend="trio")
    again = anyio.run(_story, 7, backend="asyncio")

    assert on_asyncio[1] == on_trio[1]
    assert on_asyncio == on_trio == again


def test_another_seed_gives_another_trace() -> None:
    assert anyio.run(_story, 7)[0] != anyio.run(_story, 8)[0]


async def test_a_month_takes_no_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way to sleep is taken away from the event loop's thread; only locks and the loop's own waiting stay."""
    monkeypatch.setattr(time, "sleep", _no_real_wait)
    monkeypatch.setattr(anyio, "sleep", _no_real_wait)
    monkeypatch.setattr(anyio, "sleep_until", _no_real_wait)
    async with World() as world:
        patient = world.person("+14155550123")
        chat = await world.kit.conversations.start(patient.number)
        for day in range(1, 31):
            await chat.send(f"Day {day}", at=START + timedelta(days=day))
        await world.advance(days=31)

    assert patient.received == [f"Day {day}" for day in range(1, 31)]
    assert world.clock.now() == START + timedelta(days=31)


async def test_advance_stops_at_every_deadline_on_the_way(world: World) -> None:
    patient = world.person("+14155550123")
    chat = await world.kit.conversations.start(patient.number)
    moments = [START + timedelta(minutes=minutes) for minutes in (3, 5, 8)]
    for moment in moments:
        await chat.send(f"at {moment:%H:%M}", at=moment)
    await world.advance(minutes=10)
    sent = [carried.at for carried in world.carrier.book]

    assert sent == moments
    assert world.clock.now() == START + timedelta(minutes=10)


async def test_advance_by_nothing_does_what_is_due(world: World) -> None:
    patient = world.person("+14155550123")
    message = await (await world.kit.conversations.start(patient.number)).send("Hello")
    await world.advance()
    await message.refresh()

    assert message.status is Status.ACCEPTED
    assert patient.received == []


async def test_a_silent_carrier_keeps_a_text_for_its_time_out_and_no_longer() -> None:
    async with World(faults=Faults(silent_after=1)) as world:
        patient = world.person("+14155550123")
        message = await (await world.kit.conversations.start(patient.number)).send("Hello")
        await world.advance(seconds=29)
        during = (await message.refresh()).status
        world.carrier.faults = Faults(silent_after=1, lose_receipt=1)
        await world.advance(seconds=1)
        after = (await message.refresh()).status

    assert during is Status.DELIVERED  # its receipts came before its answer
    assert after is Status.DELIVERED


async def test_silence_without_receipts_leaves_a_text_unknown() -> None:
    async with World(faults=Faults(silent_after=1, lose_receipt=1)) as world:
        patient = world.person("+14155550123")
        message = await (await world.kit.conversations.start(patient.number)).send("Hello")
        await world.advance(seconds=29)
        during = (await message.refresh()).status
        await world.advance(seconds=1)
        after = (await message.refresh()).status
        await world.advance(days=2)

    assert (during, after) == (Status.SUBMITTING, Status.UNKNOWN)
    assert patient.received == ["Hello"]


async def test_tasks_of_the_test_wait_while_the_world_advances(world: World) -> None:
    patient = world.person("+14155550123")
    chat = await world.kit.conversations.start(patient.number)
    reached: list[tuple[Status, datetime]] = []

    async def watch(wanted: Status) -> None:
        message = await chat.send(f"until {wanted}", at=START + timedelta(minutes=1))
        await message.wait_for(wanted, timeout=timedelta(minutes=5))
        reached.append((message.status, world.clock.now()))

    async with anyio.create_task_group() as tasks:
        for wanted in (Status.ACCEPTED, Status.SENT, Status.DELIVERED):
            tasks.start_soon(watch, wanted)
        await world.advance(minutes=2)

    assert sorted(status for status, _ in reached) == [Status.ACCEPTED, Status.DELIVERED, Status.SENT]
    assert max(at for _, at in reached) <= START + timedelta(minutes=1, seconds=5)


async def test_a_wait_of_the_test_passes_in_virtual_time(world: World) -> None:
    patient = world.person("+14155550123")
    chat = await world.kit.conversations.start(patient.number)
    message = await chat.send("next week", at=START + timedelta(days=7))

    async def wait() -> None:
        with pytest.raises(TimeoutError, match="still scheduled"):
            await message.wait_for("delivered", timeout=timedelta(days=1))
        assert world.clock.now() == START + timedelta(days=1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await world.advance(days=2)

    assert message.status is Status.SCHEDULED


async def test_people_answer_and_are_answered(world: World) -> None:
    patient = world.person("+14155550123")
    patient.answers_with(lambda text: "See you!" if "Tuesday" in text else None)
    chat = await world.kit.conversations.start(patient.number)
    await chat.send("Is Tuesday fine?")
    await world.advance(minutes=1)
    await patient.texts("HELP")
    await world.advance(minutes=1)
    thread = [message.text for message in (await chat.messages()).items]

    assert thread[1:] == ["HELP", "See you!", "Is Tuesday fine?"]
    assert len(patient.received) == 2


async def test_events_come_whole_and_in_order(world: World) -> None:
    patient = world.person("+14155550123")
    chat = await world.kit.conversations.start(patient.number)
    for number in range(130):
        await chat.send(f"text {number}")
    await world.advance(minutes=10)
    positions = [event.position for event in await world.events()]

    assert len(positions) > 500
    assert positions == sorted(set(positions))


async def test_an_error_inside_a_world_reaches_the_test_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with World():
            raise ZeroDivisionError


async def test_a_world_keeps_its_history_on_a_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("world") / "acme.db"
    async with World(storage=f"sqlite:///{file}") as world:
        await (await world.kit.conversations.start("+14155550123")).send("Hello")
        await world.advance(minutes=1)
        written = await world.events()
    async with World(storage=f"sqlite:///{file}") as world:
        read = await world.events()

    assert list(read) == list(written)
    assert len(read) > 3


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
async def running(clock: VirtualClock) -> AsyncIterator[Kit]:
    """A Kit at work, on a virtual clock that the test advances."""
    carrier = LocalCarrier(["+14155550100"], clock=clock, latency=timedelta(seconds=1))
    async with Kit("sqlite://", drivers=[carrier], clock=clock) as kit, kit.run():
        yield kit


async def test_a_running_kit_works_under_a_virtual_clock(running: Kit, clock: VirtualClock) -> None:
    """After the first deadline it once turned for ever on the store's pulse, which the clock had set."""
    chat = await running.conversations.start("+14155550123")
    message = await chat.send("In an hour", at=START + timedelta(hours=1))
    target = START + timedelta(hours=2)
    while True:
        with anyio.fail_after(10):
            await settled(running.storage)
        moment = clock.next_deadline
        if moment is None or moment > target:
            break
        clock.advance_to(moment)
    await message.refresh()

    assert message.status is Status.DELIVERED
    assert message.record.admitted_at == START + timedelta(hours=1)

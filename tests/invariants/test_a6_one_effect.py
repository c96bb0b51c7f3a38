"""A6: one inbound event has one effect, however often it is delivered and in whatever order."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import anyio
import pytest

from smskit import Kind, PhoneNumber, Policy, Status
from smskit.drivers.base import Sink
from smskit.model.events import MessageReceived, OptedIn, OptedOut
from smskit.model.traffic import Inbound
from smskit.testing import World

PATIENT = "+14155550123"
SENDER = "+14155550100"


def _text(text: str, carrier_id: str | None = None, *, may_repeat: bool = False) -> Inbound:
    return Inbound(
        sender=PhoneNumber.parse(PATIENT),
        to=PhoneNumber.parse(SENDER),
        text=text,
        carrier_id=carrier_id,
        may_repeat=may_repeat,
    )


@pytest.fixture
def sink(world: World) -> Sink:
    """Where the carrier brings its events."""
    return world.kit._receiver.sink(world.carrier)


async def _thread(world: World) -> Sequence[str]:
    chat = await world.kit.conversations.start(PATIENT)
    items = (await chat.messages(limit=200)).items
    return [message.text for message in reversed(items) if message.kind is Kind.INBOUND]


async def test_a_text_that_is_delivered_again_and_again_is_stored_once(world: World, sink: Sink) -> None:
    for _ in range(5):
        await sink(_text("yes", "id-1"))
    chat = await world.kit.conversations.start(PATIENT)
    received = [one for one in await world.events() if isinstance(one.what, MessageReceived)]

    assert await _thread(world) == ["yes"]
    assert chat.unread == 1
    assert len(received) == 1


async def test_a_text_that_is_delivered_by_many_at_once_is_stored_once(world: World, sink: Sink) -> None:
    async with anyio.create_task_group() as tasks:
        for number in range(30):
            tasks.start_soon(sink, _text(f"text {number % 3}", f"id-{number % 3}"))

    assert sorted(await _thread(world)) == ["text 0", "text 1", "text 2"]


async def test_people_do_send_yes_twice(world: World, sink: Sink) -> None:
    """Without an id of the carrier equal content is a new text, unless the link broke before it was acknowledged."""
    await sink(_text("yes"))
    await sink.acknowledged(_text("yes"))
    await sink(_text("yes"))

    assert await _thread(world) == ["yes", "yes"]


async def test_a_text_without_id_is_stored_once_if_its_link_broke(world: World, sink: Sink) -> None:
    await sink(_text("yes"))
    await sink(_text("yes", may_repeat=True))
    await sink.acknowledged(_text("yes"))
    await sink(_text("yes", may_repeat=True))

    assert await _thread(world) == ["yes", "yes"]


async def test_an_id_that_the_carrier_uses_again_is_another_text_if_it_says_something_else(
    world: World, sink: Sink
) -> None:
    await sink(_text("yes", "1"))
    await sink(_text("no", "1"))

    assert await _thread(world) == ["yes", "no"]


async def test_a_stop_is_confirmed_once_however_often_it_comes(world: World, sink: Sink) -> None:
    patient = world.person(PATIENT)
    for carrier_id in ("1", "1", "2", None, None, "1"):
        await sink(_text("STOP", carrier_id))
        await world.advance(seconds=10)
    opted_out = [one for one in await world.events() if isinstance(one.what, OptedOut)]

    assert patient.received == [Policy().stop_answer]
    assert len(opted_out) == 1


async def test_an_old_stop_that_comes_again_after_the_start_does_not_opt_out_again(
    world: World, sink: Sink
) -> None:
    patient = world.person(PATIENT)
    for text in (_text("STOP", "1"), _text("START", "2"), _text("STOP", "1"), _text("START", "2")):
        await sink(text)
        await world.advance(seconds=10)
    contact = await world.kit.contacts.find(PATIENT)
    moved = [type(one.what) for one in await world.events() if isinstance(one.what, OptedOut | OptedIn)]

    assert contact is not None
    assert not contact.opted_out
    assert moved == [OptedOut, OptedIn]
    assert patient.received == [Policy().stop_answer, Policy().start_answer]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_texts_that_come_out_of_order_and_twice_have_one_effect_each(
    world: World, sink: Sink, order: tuple[int, ...]
) -> None:
    patient = world.person(PATIENT)
    chat = await world.kit.conversations.start(PATIENT)
    drip = await chat.send("a drip step", origin="drip", at=world.clock.now().replace(year=2028))
    texts = [_text("sure, Tuesday?", "1"), _text("HELP", "2"), _text("Stop.", "3")]
    for which in (*order, *reversed(order)):
        await sink(texts[which])
    await world.advance(minutes=1)
    await drip.refresh()

    assert sorted(await _thread(world)) == ["HELP", "Stop.", "sure, Tuesday?"]
    assert drip.status is Status.CANCELED
    assert sorted(patient.received) == sorted([Policy().help_answer, Policy().stop_answer])


async def test_a_reply_cancels_the_drip_steps_of_its_contact_only(world: World, sink: Sink) -> None:
    later = world.clock.now().replace(year=2028)
    mine = await (await world.kit.conversations.start(PATIENT)).send("step", origin="drip", at=later)
    other = await (await world.kit.conversations.start("+14155550124")).send("step", origin="drip", at=later)
    await sink(_text("sure", "1"))

    assert (await mine.refresh()).code == "replied"
    assert (await other.refresh()).status is Status.SCHEDULED


async def test_an_archived_conversation_comes_back_once(world: World, sink: Sink) -> None:
    chat = await world.kit.conversations.start(PATIENT)
    await chat.archive()
    await sink(_text("hello?", "1"))
    back = not (await chat.refresh()).archived
    await chat.archive()
    await sink(_text("hello?", "1"))

    assert back
    assert (await chat.refresh()).archived

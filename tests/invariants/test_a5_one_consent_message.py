"""A5: at most one consent message per number that may have gone out; the text leaves only after it was accepted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import anyio
import pytest

from smskit import Consent, Conversation, Kit, LocalCarrier, Message, Origin, Policy, Status
from smskit.drivers.base import Features, Guarantee
from smskit.drivers.local import Faults
from smskit.model.contacts import ConsentState
from smskit.testing import World

PATIENT = "+14155550123"
CONSENT = "Acme Dental texts you about your visits. Reply STOP to unsubscribe."
POLICY = Policy(consent=Consent.precede(CONSENT))
QUIET = Faults(silent_before=1)
"""The carrier does not answer, and nobody knows whether it took the text."""


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World(policy=POLICY, senders=["+14155550100", "+14155550101"]) as opened:
        yield opened


@pytest.fixture
async def chat(world: World) -> Conversation:
    return await world.kit.conversations.start(PATIENT, sender="+14155550100")


async def _consents(chat: Conversation) -> Sequence[Message]:
    return [one for one in (await chat.messages()).items if one.origin is Origin.CONSENT]


async def test_ten_concurrent_first_sends_give_one_consent_message(world: World, chat: Conversation) -> None:
    patient = world.person(PATIENT)
    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(chat.send, f"text {number}")
    await world.advance(minutes=2)

    assert patient.received[0] == CONSENT
    assert sorted(patient.received[1:]) == [f"text {number}" for number in range(10)]
    assert len(await _consents(chat)) == 1


async def test_ten_first_sends_race_two_running_workers(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each worker is a Kit of its own on the same file, and dispatches while the other does."""
    url = f"sqlite:///{tmp_path_factory.mktemp('consent')}/acme.db"
    left = LocalCarrier(["+14155550100"], name="left", features=Features(window=10))
    right = LocalCarrier(["+14155550101"], name="right", features=Features(window=10))

    async def text(kit: Kit, sender: str) -> None:
        chat = await kit.conversations.start(PATIENT, sender=sender)
        async with anyio.create_task_group() as tasks:
            for lane in (Origin.MANUAL, Origin.REMINDER, Origin.MANUAL, Origin.BLAST, Origin.MANUAL):
                tasks.start_soon(_send_and_dispatch, kit, chat, lane)

    async with (
        Kit(url, drivers=[left], policy=POLICY) as one,
        Kit(url, drivers=[right], policy=POLICY) as other,
    ):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(text, one, "+14155550100")
            tasks.start_soon(text, other, "+14155550101")
        while await one.dispatch() or await other.dispatch():
            pass
        contact = await one.contacts.find(PATIENT)

    sent = [carried for carrier in (left, right) for carried in carrier.book]
    consents = [carried for carried in sent if carried.text == CONSENT]
    assert len(consents) == 1
    assert len(sent) == 11
    assert min(carried.at for carried in sent) == consents[0].at
    assert contact is not None
    assert contact.consent is ConsentState.SENT


async def _send_and_dispatch(kit: Kit, chat: Conversation, origin: Origin) -> None:
    await chat.send(f"{origin}", origin=origin)
    await kit.dispatch()


async def test_the_text_leaves_only_after_the_consent_message_was_accepted(
    world: World, chat: Conversation
) -> None:
    world.carrier.faults = Faults(throttle=1)
    message = await chat.send("Your crown is ready.")
    await world.advance(minutes=1)
    meanwhile = (await message.refresh()).status
    world.carrier.faults = Faults()
    await world.advance(minutes=10)
    await message.refresh()
    (consent,) = await _consents(chat)

    assert meanwhile is Status.QUEUED
    assert message.status is Status.DELIVERED
    assert message.record.after_id == consent.id
    assert [carried.text for carried in world.carrier.book] == [CONSENT, "Your crown is ready."]


async def test_the_pair_holds_across_senders(world: World, chat: Conversation) -> None:
    patient = world.person(PATIENT)
    other = await world.kit.conversations.start(PATIENT, sender="+14155550101")
    world.carrier.faults = Faults(throttle=1)
    await chat.send("from the desk")
    await other.send("from the lab")
    await world.advance(seconds=20)
    world.carrier.faults = Faults()
    await world.advance(minutes=10)

    assert patient.received[0] == CONSENT
    assert sorted(patient.received[1:]) == ["from the desk", "from the lab"]


async def test_a_consent_message_of_unknown_outcome_is_never_followed_by_another(
    world: World, chat: Conversation
) -> None:
    world.carrier.faults = QUIET
    first = await chat.send("first")
    await world.advance(seconds=31)
    waiting = (await first.refresh()).status
    await world.advance(POLICY.consent_wait)
    world.carrier.faults = Faults()
    second = await chat.send("second")
    await world.advance(days=2)

    assert waiting is Status.QUEUED
    for message in (first, second):
        await message.refresh()
        assert (message.status, message.code) == (Status.FAILED, "consent_unconfirmed")
    assert [one.status for one in await _consents(chat)] == [Status.UNKNOWN]
    assert world.carrier.book == []


async def test_a_receipt_for_a_consent_message_in_doubt_lets_its_text_go() -> None:
    async with World(policy=POLICY, faults=Faults(silent_after=1), latency=timedelta(minutes=1)) as world:
        patient = world.person(PATIENT)
        chat = await world.kit.conversations.start(PATIENT)
        message = await chat.send("Your crown is ready.")
        await world.advance(seconds=59)
        (doubtful,) = await _consents(chat)
        waiting = (await message.refresh()).status
        world.carrier.faults = Faults()
        await world.advance(minutes=5)
        await message.refresh()

    assert (doubtful.status, waiting) == (Status.UNKNOWN, Status.QUEUED)
    assert message.status is Status.DELIVERED
    assert patient.received == [CONSENT, "Your crown is ready."]


async def test_a_consent_message_in_doubt_is_resolved_by_asking_the_carrier() -> None:
    features = Features(window=1, guarantee=Guarantee.RECONCILABLE, receipts=False)
    async with World(policy=POLICY, features=features, faults=QUIET) as world:
        patient = world.person(PATIENT)
        message = await (await world.kit.conversations.start(PATIENT)).send("Your crown is ready.")
        await world.advance(seconds=31)
        world.carrier.faults = Faults()
        await world.advance(minutes=4)
        await message.refresh()

    assert patient.received == [CONSENT, "Your crown is ready."]
    assert message.status is Status.DELIVERED


async def test_a_rejected_consent_message_frees_the_claim_for_the_next_send(
    world: World, chat: Conversation
) -> None:
    patient = world.person(PATIENT)
    world.carrier.faults = Faults(refuse=1)
    first = await chat.send("first")
    await world.advance(minutes=1)
    world.carrier.faults = Faults()
    second = await chat.send("second")
    await world.advance(minutes=1)

    assert ((await first.refresh()).status, first.code) == (Status.FAILED, "consent_not_sent")
    assert (await second.refresh()).status is Status.DELIVERED
    assert patient.received == [CONSENT, "second"]


async def test_a_cancelled_consent_message_frees_the_claim_for_the_next_send(
    world: World, chat: Conversation
) -> None:
    patient = world.person(PATIENT)
    world.carrier.faults = Faults(throttle=1)
    first = await chat.send("first")
    await world.advance(seconds=1)
    (consent,) = await _consents(chat)
    canceled = await consent.cancel()
    world.carrier.faults = Faults()
    second = await chat.send("second")
    await world.advance(minutes=1)

    assert canceled
    assert ((await first.refresh()).status, first.code) == (Status.FAILED, "consent_not_sent")
    assert (await second.refresh()).status is Status.DELIVERED
    assert patient.received == [CONSENT, "second"]


async def test_a_stop_before_the_consent_message_leaves_neither_it_nor_its_text_to_go(
    world: World, chat: Conversation
) -> None:
    patient = world.person(PATIENT)
    world.carrier.faults = Faults(throttle=1)
    message = await chat.send("Your crown is ready.")
    await world.advance(seconds=1)
    world.carrier.faults = Faults()
    await patient.texts("STOP")
    await world.advance(days=2)

    assert (await message.refresh()).status is Status.FAILED
    assert [one.status for one in await _consents(chat)] == [Status.CANCELED]
    assert patient.received == [POLICY.stop_answer]


async def test_answers_to_words_need_no_consent_message(world: World) -> None:
    patient = world.person(PATIENT)
    await patient.texts("HELP")
    await world.advance(minutes=1)

    assert patient.received == [POLICY.help_answer]


@pytest.mark.parametrize("origin", [Origin.BLAST, Origin.REMINDER, Origin.MANUAL])
async def test_a_consent_message_goes_before_a_first_text_of_any_origin(
    world: World, chat: Conversation, origin: Origin
) -> None:
    patient = world.person(PATIENT)
    await chat.send("Hello", origin=origin)
    await world.advance(minutes=1)

    assert patient.received == [CONSENT, "Hello"]


async def test_the_consent_message_goes_once_in_a_life(world: World, chat: Conversation) -> None:
    patient = world.person(PATIENT)
    for day in range(3):
        await chat.send(f"day {day}")
        await world.advance(days=1)
    await patient.texts("STOP")
    await patient.texts("START")
    await chat.send("welcome back")
    await world.advance(minutes=1, hours=1)

    assert patient.received.count(CONSENT) == 1
    assert patient.received[-1] == "welcome back"

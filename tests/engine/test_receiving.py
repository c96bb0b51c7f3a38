from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smskit import Kind, Kit, PhoneNumber, Policy
from smskit.compliance.opt_words import Word
from smskit.drivers.base import Features, Sink
from smskit.errors import StorageUnavailable
from smskit.model.addresses import parse_address
from smskit.model.traffic import Inbound
from smskit.testing import World

if TYPE_CHECKING:
    from tests.engine.conftest import Fails, ScriptedDriver

PATIENT = "+14155550123"


def _text(text: str, *, to: str = "+14155550100", carrier_id: str | None = "in-1") -> Inbound:
    return Inbound(sender=PhoneNumber(PATIENT), to=parse_address(to, "US"), text=text, carrier_id=carrier_id)


@pytest.fixture
def sink(kit: Kit, driver: ScriptedDriver) -> Sink:
    return kit._receiver.sink(driver)


async def _texts(kit: Kit) -> list[str]:
    """What came in, one conversation after the other."""
    chats = (await kit.conversations.list()).items
    return [
        message.text
        for chat in chats
        for message in (await chat.messages()).items
        if message.kind is Kind.INBOUND
    ]


async def test_a_text_to_a_sender_that_nobody_declared_is_kept(kit: Kit, sink: Sink) -> None:
    await sink(_text("hello?", to="+14155550199"))
    (chat,) = (await kit.conversations.list()).items

    assert chat.sender == PhoneNumber("+14155550199")
    assert await _texts(kit) == ["hello?"]


async def test_senders_that_nobody_declared_keep_their_conversations_apart(kit: Kit, sink: Sink) -> None:
    for to in ("+14155550199", "+14155550100", "+14155550199"):
        await sink(_text(f"to {to}", to=to, carrier_id=None))

    assert sorted(await _texts(kit)) == ["to +14155550100", "to +14155550199", "to +14155550199"]
    assert len((await kit.conversations.list()).items) == 2


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("half an emoji \ud83d", "half an emoji ?"),
        ("\udc80", "?"),
        ("whole \U0001f600", "whole \U0001f600"),
        ("", ""),
        ("nul \x00 and bell \x07", "nul \x00 and bell \x07"),
        ("x" * 20_000, "x" * 20_000),
    ],
    ids=["cut emoji", "lone surrogate", "emoji", "empty", "control characters", "endless"],
)
async def test_whatever_comes_is_stored_as_far_as_it_can_be_read(
    kit: Kit, sink: Sink, text: str, stored: str
) -> None:
    await sink(_text(text))
    await sink(_text(text))

    assert await _texts(kit) == [stored]


async def test_what_could_not_be_stored_is_raised_so_that_the_carrier_does_not_hear_yes(
    kit: Kit, sink: Sink, fails: Fails
) -> None:
    fails(kit.storage, "receive", StorageUnavailable("full"))
    with pytest.raises(StorageUnavailable):
        await sink(_text("hello?"))
    lost = await _texts(kit)
    await sink(_text("hello?"))

    assert lost == []
    assert await _texts(kit) == ["hello?"]


async def test_words_that_the_carrier_answers_are_obeyed_and_not_answered_again() -> None:
    features = Features(window=1, answers=frozenset({Word.STOP}))
    async with World(features=features) as world:
        patient = world.person(PATIENT)
        await patient.texts("STOP")
        await patient.texts("HELP")
        await world.advance(minutes=1)
        contact = await world.kit.contacts.find(PATIENT)

    assert contact is not None
    assert contact.opted_out
    assert patient.received == [Policy().help_answer]


async def test_an_answer_that_cannot_go_within_five_minutes_does_not_go(kit: Kit, world: World) -> None:
    world.carrier._in_hand = world.carrier.features.window  # it takes nothing
    patient = world.person(PATIENT)
    await patient.texts("STOP")
    await world.advance(minutes=6)
    world.carrier._in_hand = 0
    await world.advance(days=1)
    contact = await world.kit.contacts.find(PATIENT)

    assert contact is not None
    assert contact.opted_out
    assert patient.received == []


async def test_a_word_within_a_sentence_is_no_word(kit: Kit, sink: Sink) -> None:
    await sink(_text("please don't stop"))
    contact = await kit.contacts.find(PATIENT)

    assert contact is not None
    assert not contact.opted_out

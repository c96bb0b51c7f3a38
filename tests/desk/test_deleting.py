"""Deleting a conversation from the desk: planned, allowed, confirmed."""

from __future__ import annotations

import pytest

from smskit import DripCampaign, Permission, Policy, Step, days
from smskit.errors import NotFound, PermissionDenied
from smskit.model.campaigns import Ending
from smskit.model.policies import ActorPolicy
from smskit.testing.world import World

pytestmark = pytest.mark.anyio

NUMBER = "+14155550123"
PHOTO = (b"\xff\xd8 a photo", "image/jpeg")


async def test_nothing_is_gone_before_it_is_confirmed_and_all_of_it_then(world: World) -> None:
    patient = world.person(NUMBER)
    await patient.texts("Is this it?", media=[PHOTO])
    chat = await world.kit.conversations.start(NUMBER)
    (media,) = await (await chat.messages()).items[0].media()
    await chat.send("Later", at=world.clock.now() + days(1).length)

    deletion = await chat.plan_deletion()
    assert (deletion.plan.messages, deletion.plan.media, deletion.plan.unsent) == (2, 1, 1)
    assert (await chat.refresh()).id == chat.id
    await deletion.confirm()

    with pytest.raises(NotFound):
        await chat.refresh()
    with pytest.raises(NotFound):
        await media.read()
    with pytest.raises(NotFound):
        await deletion.confirm()
    await world.advance(days=2)
    assert patient.received == []


async def test_deleting_a_conversation_ends_its_drips_and_archiving_does_not(world: World) -> None:
    patient = world.person(NUMBER)
    drip = await world.kit.drips.save(DripCampaign("recall", [Step(days(1), "one"), Step(days(2), "two")]))
    chat = await world.kit.conversations.start(NUMBER)
    enrolment = await drip.apply(chat)
    await chat.archive()
    await world.advance(days=1, minutes=1)
    assert patient.received == ["one"]

    await (await chat.plan_deletion()).confirm()
    await world.advance(days=9)

    assert patient.received == ["one"]
    assert (await enrolment.refresh()).why is Ending.DELETED


async def test_what_the_contact_writes_then_begins_a_new_conversation(world: World) -> None:
    patient = world.person(NUMBER)
    await patient.texts("hello")
    old = await world.kit.conversations.start(NUMBER)
    await (await old.plan_deletion()).confirm()

    await patient.texts("hello again")

    (new,) = (await world.kit.conversations.list()).items
    assert new.id != old.id
    assert [message.text for message in (await new.messages()).items] == ["hello again"]


async def test_only_who_may_delete_can_even_plan_it() -> None:
    denied = ActorPolicy(denied=frozenset({Permission.DELETE}))
    async with World(policy=Policy(actors={"temp": denied})) as world:
        chat = await world.kit.conversations.start(NUMBER)
        theirs = await world.kit.as_actor("temp").conversations.get(chat.id)

        with pytest.raises(PermissionDenied):
            await theirs.plan_deletion()

        assert (await chat.refresh()).id == chat.id

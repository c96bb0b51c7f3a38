"""Numbers and texts stay out of logs and errors, whatever goes wrong."""

from __future__ import annotations

import logging

import pytest

from smskit.drivers.local import Faults
from smskit.errors import SmsKitError
from smskit.model.policies import Policy
from smskit.testing import World

ALICE, SECRET = "+14155550123", "my code is 778899"


def broken_rule(*_: object) -> None:
    raise RuntimeError(f"{ALICE} wrote {SECRET}")


async def test_a_story_full_of_faults_logs_neither_number_nor_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    faults = Faults(refuse=0.2, throttle=0.2, silent_after=0.2)
    async with World(faults=faults, rules=[broken_rule]) as world:
        alice = world.person(ALICE)
        chat = await world.kit.conversations.start(ALICE)
        for n in range(10):
            await chat.send(f"{SECRET} {n}")
        await alice.texts(SECRET)
        await alice.texts("STOP")
        await world.advance(hours=2)

    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert caplog.records
    assert ALICE[1:] not in logged
    assert SECRET not in logged


async def test_errors_name_no_number_and_no_text() -> None:
    async with World(policy=Policy(max_parts=1)) as world:
        kit = world.kit
        chat = await kit.conversations.start(ALICE)
        await chat.send(SECRET, key="k")
        wrong = (
            lambda: kit.conversations.start(ALICE, sender="+14155550109"),
            lambda: kit.conversations.start(ALICE + "99999999"),
            lambda: chat.send(SECRET * 20),
            lambda: chat.send(SECRET + "\x00"),
            lambda: chat.send("other", key="k"),
        )
        for call in wrong:
            with pytest.raises(SmsKitError) as caught:
                await call()

            assert ALICE[1:] not in str(caught.value)
            assert SECRET not in str(caught.value)

"""Rules of the host: they can make a decision stricter, never looser, and what fails holds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from smskit.compliance.gate import Facts, HostRule, Request
from smskit.model.decisions import Allowed, Decision, Denied, Held
from smskit.model.policies import Policy
from smskit.model.statuses import Status
from smskit.testing import World

ALICE = "+14155550123"


def no_links(request: Request, _facts: Facts, _policy: Policy, _now: datetime) -> Decision | None:
    return Denied("no_links", "links are not texted") if "http" in request.text else None


async def not_before_ten(_request: Request, _facts: Facts, _policy: Policy, now: datetime) -> Decision | None:
    ten = now.replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Held("not_before_ten", "we sleep", ten) if now.hour >= 17 else None


def generous(_request: Request, _facts: Facts, _policy: Policy, _now: datetime) -> Decision | None:
    return Allowed("generous", "why not")


def broken(_request: Request, _facts: Facts, _policy: Policy, _now: datetime) -> Decision | None:
    raise RuntimeError("no such table")


async def sent(
    rule: HostRule, text: str = "Hello", span: timedelta = timedelta(minutes=5)
) -> tuple[Status, str, list[str]]:
    async with World(rules=[rule]) as world:
        alice = world.person(ALICE)
        message = await (await world.kit.conversations.start(ALICE)).send(text)
        await world.advance(span)
        return (await message.refresh()).status, str(await message.explain()), alice.received


async def test_a_rule_may_deny() -> None:
    status, explanation, received = await sent(no_links, "see http://x")

    assert (status, received) == (Status.BLOCKED, [])
    assert "links are not texted" in explanation


async def test_a_rule_may_await_and_hold_and_is_asked_again_when_the_hold_ends() -> None:
    status, _, received = await sent(not_before_ten, span=timedelta(hours=16))
    assert (status, received) == (Status.HELD, [])

    status, _, received = await sent(not_before_ten, span=timedelta(hours=18))
    assert (status, received) == (Status.DELIVERED, ["Hello"])


async def test_a_rule_cannot_loosen_what_the_gate_says() -> None:
    async with World(rules=[generous]) as world:
        await world.person(ALICE).texts("STOP")
        message = await (await world.kit.conversations.start(ALICE)).send("Sale!", origin="blast")

        assert message.status is Status.BLOCKED


async def test_a_rule_that_fails_holds_the_text_and_is_asked_again() -> None:
    status, explanation, received = await sent(broken)

    assert (status, received) == (Status.HELD, [])
    assert "the rule failed" in explanation


async def test_a_policy_saved_while_texts_wait_counts_for_them() -> None:
    async with World() as world:
        alice = world.person(ALICE)
        await alice.texts("STOP")
        await world.advance(minutes=1)
        chat = await world.kit.conversations.start(ALICE)
        message = await chat.send("Are you sure?")
        assert message.status is Status.QUEUED
        await world.kit.save_policy(Policy(to_opted_out="block"))
        await world.advance(minutes=1)

        assert (await message.refresh()).status is Status.BLOCKED
        assert "Are you sure?" not in alice.received


@pytest.mark.parametrize("answer", [True, "yes", 1])
async def test_a_rule_that_gives_no_decision_holds_the_text(answer: object) -> None:
    status, _, _ = await sent(lambda *_: answer)  # type: ignore[arg-type]  # that is wrong

    assert status is Status.HELD

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from smskit import Allowed, Denied, Held, Kit, Policy, Status, VirtualClock
from smskit.compliance.gate import Facts, Request
from smskit.engine import judging
from smskit.engine.judging import RULE_RETRY, PolicyBook
from smskit.model.decisions import Decision
from smskit.model.ids import DEFAULT_ORG
from smskit.testing import World
from smskit.testing.world import START

if TYPE_CHECKING:
    from tests.engine.conftest import Fails

PATIENT = "+14155550123"


def _says(answer: object) -> Callable[[Request, Facts, Policy, datetime], Decision | None]:
    """A rule that says this of every text, as a host might by mistake."""

    def rule(_request: Request, _facts: Facts, _policy: Policy, _now: datetime) -> Decision | None:
        return answer  # type: ignore[return-value] # that is the point

    return rule


async def _sent(world: World) -> tuple[Status, str | None, list[str]]:
    patient = world.person(PATIENT)
    message = await (await world.kit.conversations.start(PATIENT)).send("Hello")
    await world.advance(seconds=10)
    await message.refresh()
    return message.status, message.code, patient.received


@pytest.mark.parametrize(
    "answer",
    [True, False, "yes", Held("late", "too late", datetime(2027, 1, 5)), object()],  # noqa: DTZ001 - a mistake
    ids=["True", "False", "a string", "a hold until a time without a zone", "an object"],
)
async def test_a_rule_that_says_nonsense_holds_the_text(answer: object) -> None:
    """True and False once let it go; the time without a zone ended the dispatcher."""
    async with World(rules=[_says(answer)]) as world:
        status, _, received = await _sent(world)

    assert (status, received) == (Status.HELD, [])


async def test_a_rule_that_is_too_slow_holds_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ponder(_request: Request, _facts: Facts, _policy: Policy, _now: datetime) -> Decision | None:
        await anyio.sleep_forever()
        return None

    monkeypatch.setattr(judging, "RULE_DEADLINE", 0.005)
    async with World(rules=[ponder]) as world:
        message = await (await world.kit.conversations.start(PATIENT)).send("Hello")

    assert message.status is Status.HELD


async def test_a_text_goes_once_the_rule_that_failed_works_again() -> None:
    broken = [True]

    def rule(_request: Request, _facts: Facts, _policy: Policy, _now: datetime) -> Decision | None:
        if broken:
            raise ConnectionError
        return None

    async with World(rules=[rule]) as world:
        status, _, received = await _sent(world)
        broken.clear()
        await world.advance(RULE_RETRY)

    assert (status, received[:0]) == (Status.HELD, [])
    assert [carried.text for carried in world.carrier.book] == ["Hello"]


@pytest.mark.parametrize("ago", [timedelta(), timedelta(days=1)], ids=["now", "yesterday"])
async def test_a_hold_that_is_over_no_longer_holds(ago: timedelta) -> None:
    """The message once went round and round between held and claimed, and the world with it."""
    async with World(rules=[_says(Held("late", "too late", START - ago))]) as world:
        status, _, received = await _sent(world)

    assert (status, received) == (Status.DELIVERED, ["Hello"])


async def test_the_strictest_of_the_hosts_rules_counts() -> None:
    hour = timedelta(hours=1)
    rules = [
        _says(Allowed()),
        _says(Held("short", "an hour", START + hour)),
        _says(Held("long", "two hours", START + 2 * hour)),
    ]
    async with World(rules=rules) as world:
        message = await (await world.kit.conversations.start(PATIENT)).send("Hello")
        await world.advance(hours=1, minutes=30)
        during = (await message.refresh()).status
        await world.advance(hours=1)
        after = (await message.refresh()).status
    async with World(rules=[*rules, _says(Denied("never", "never"))]) as world:
        denied = await _sent(world)

    assert (during, after) == (Status.HELD, Status.DELIVERED)
    assert denied == (Status.BLOCKED, "never", [])


async def test_a_rule_is_asked_when_a_text_is_made_and_again_before_it_goes() -> None:
    asked: list[datetime] = []

    async def rule(_request: Request, _facts: Facts, _policy: Policy, now: datetime) -> Decision | None:
        asked.append(now)
        return None

    async with World(rules=[rule]) as world:
        chat = await world.kit.conversations.start(PATIENT)
        await chat.send("Hello", at=START + timedelta(hours=1))
        await world.advance(hours=2)

    assert asked == [START, START + timedelta(hours=1)]


async def test_a_policy_is_read_only_when_its_version_is_new(
    kit: Kit, fails: Fails, text: Callable[[Kit, str], Awaitable[int]]
) -> None:
    book = PolicyBook(kit.storage, Policy(max_parts=3))
    default = await book.at_least(DEFAULT_ORG, 0)
    await kit.storage.save_policy(DEFAULT_ORG, Policy(max_parts=4))
    saved = await book.at_least(DEFAULT_ORG, 1)
    fails(kit.storage, "get_policy", AssertionError("read again"))
    again = await book.at_least(DEFAULT_ORG, 1)

    assert (default.version, default.policy.max_parts) == (0, 3)
    assert (saved.version, saved.policy.max_parts) == (1, 4)
    assert again is saved


async def test_an_orgs_own_words_opt_out(clock: VirtualClock) -> None:
    policy = Policy(stop_words=frozenset({"basta"}), stop_answer="Va bene.")
    async with World(policy=policy) as world:
        patient = world.person(PATIENT)
        await patient.texts("Basta!")
        await world.advance(minutes=1)
        contact = await world.kit.contacts.find(PATIENT)

    assert contact is not None
    assert contact.opted_out
    assert patient.received == ["Va bene."]

"""Only the contact's own word opts a number in again: everything the desk offers is tried, and none of it does."""

from __future__ import annotations

import inspect
import types
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest

from smskit.desk.contacts import Contact
from smskit.errors import SmsKitError
from smskit.kit import Kit
from smskit.model.addresses import PhoneNumber
from smskit.model.campaigns import DripCampaign, Step, days
from smskit.model.events import OptedIn
from smskit.model.ids import DEFAULT_ORG, EnrolmentId
from smskit.model.policies import Policy
from smskit.storage.sql.tx import Tx
from smskit.storage.sqlite import SqliteStorage
from smskit.testing import Person, World

NOT_CALLED = {
    "Kit.run": "it runs for ever; World runs the dispatcher",
    "Kit.receive": "it brings the contact's own texts, and a START among them is the contact's",
    "Conversation.replies": "it waits",
    "Deletion.confirm": "it takes away what the walk goes through",
    "Conversation.wait_for_reply": "it waits",
    "Message.wait_for": "it waits",
}

Given: TypeAlias = Mapping[str, Callable[[], object]]

HOMES = ("smskit.kit", "smskit.desk.")

REACHED = {
    "Kit", "Desk", "Contacts", "Contact", "Conversations", "Conversation", "Message", "Drips", "Drip", "Enrolment",
}  # fmt: skip
"""The walk is nothing worth if it does not come to these."""


class Walk:
    """Calls every public method of whatever the desk hands out, with arguments that speak of one number."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self.called: list[str] = []
        self.reached: dict[str, object] = {}

    async def through(self, start: object) -> AsyncGenerator[str]:
        """The names of the methods, each after it was called."""
        left = [start]
        while left:
            one = left.pop(0)
            if type(one).__name__ in self.reached or not type(one).__module__.startswith(HOMES):
                continue
            self.reached[type(one).__name__] = one
            left += [
                value for name, value in getattr(one, "__dict__", {}).items() if not name.startswith("_")
            ]
            for name in public(type(one)):
                for result in await self._call(one, name):
                    left += handles(result)
                    yield f"{type(one).__name__}.{name}"

    async def _call(self, one: object, name: str) -> list[object]:
        member = inspect.getattr_static(type(one), name)
        if isinstance(member, property):
            return [getattr(one, name)]
        if f"{type(one).__name__}.{name}" in NOT_CALLED or not callable(getattr(one, name)):
            return []
        results = []
        for arguments in self._arguments(getattr(one, name), type(one).__name__):
            self.called.append(f"{type(one).__name__}.{name}")
            results.append(await outcome(getattr(one, name), arguments))
        return results

    def _arguments(self, method: Callable[..., object], owner: str) -> Iterator[dict[str, object]]:
        """What is asked for, and then what can be left out too, whatever might opt in with it."""
        needed: dict[str, object] = {}
        more: dict[str, object] = {}
        for parameter in inspect.signature(method).parameters.values():
            what = f"{method.__name__}.{parameter.name}"
            give = self._given.get(what) or self._given.get(parameter.name)
            if parameter.default is not parameter.empty:
                more |= {} if give is None else {parameter.name: give()}
            elif give is None:
                pytest.fail(f"{owner}.{what}: tell this test what to give for it")
            else:
                needed[parameter.name] = give()
        yield needed
        if more:
            yield needed | more


def public(kind: type) -> Iterable[str]:
    return [name for name, _ in inspect.getmembers_static(kind) if not name.startswith("_")]


async def outcome(method: Callable[..., Any], arguments: Mapping[str, object]) -> object:
    """What comes of a call: what it returns, all that it yields, or nothing where smskit refuses it."""
    try:
        result = method(**arguments)
        if inspect.isasyncgen(result):
            return [one async for one in result]
        return await result if inspect.iscoroutine(result) else result
    except SmsKitError:
        return None


def handles(result: object) -> list[object]:
    """The handles in a result, which may be a page, a list or a record that holds some."""
    if isinstance(result, (list, tuple)):
        return [found for one in result for found in handles(one)]
    inside = [getattr(result, name, None) for name in ("items", "enrolment", "message", "conversation")]
    found = [one for one in inside if not isinstance(one, (types.MethodType, types.BuiltinMethodType))]
    return [result, *(one for one in found if one is not None and one is not result)]


@pytest.fixture
async def given(kit: Kit, alice: Person, tmp_path: Path) -> Given:
    """What the walk gives, by parameter, or by method and parameter."""
    contact = await kit.contacts.upsert(alice.number, name="Alice")
    other = await kit.contacts.upsert("+14155550124")
    chat = await kit.conversations.start(contact)
    message = (await chat.messages()).items[0] if (await chat.messages()).items else await chat.send("hi")
    (tmp_path / "people.csv").write_text("number,name,subscribed,opted_out\n+14155550123,Al,yes,no\n")
    drip = DripCampaign("recall", [Step(days(1), "START")])
    await (await kit.drips.save(drip)).apply(contact)
    return {
        "number": lambda: alice.number.text,
        "name": lambda: "Alice",
        "get.name": lambda: "recall",
        "org.name": lambda: DEFAULT_ORG,
        "zone": lambda: "America/Denver",
        "attributes": lambda: {"opted_out": "no", "consent": "sent"},
        "contact": lambda: contact,
        "contact_id": lambda: contact.id,
        "other": lambda: other,
        "to": lambda: contact,
        "apply_all.to": lambda: [contact],
        "conversation_id": lambda: chat.id,
        "conversations": lambda: [chat],
        "message_id": lambda: message.id,
        "text": lambda: "START",
        "words": lambda: "START",
        "actor": lambda: "contact",
        "origin": lambda: "system",
        "send.origin": lambda: "manual",
        "scope": lambda: "promotional",
        "reason": lambda: "START",
        "policy": lambda: Policy(start_words=frozenset({"hello"})),
        "campaign": lambda: drip,
        "enrolment_id": lambda: EnrolmentId(1),
        "on_conflict": lambda: "restart",
        "file": lambda: tmp_path / "people.csv",
        "export_csv.file": lambda: tmp_path / "out.csv",
    }


async def walk_through_all(kit: Kit, number: PhoneNumber, given: Given) -> tuple[Walk, str | None]:
    """Call everything; which call changed the subscription, if one did."""
    before = await kit.storage.get_subscription(DEFAULT_ORG, number)
    assert before is not None
    assert before.opted_out
    walk = Walk(given)
    async with aclosing(walk.through(kit)) as methods:
        async for method in methods:
            after = await kit.storage.get_subscription(DEFAULT_ORG, number)
            assert after is not None
            if (after.opted_out, after.scope, after.source) != (True, before.scope, before.source):
                return walk, method
    return walk, None


async def test_nothing_that_a_host_can_call_opts_a_number_in_again(
    world: World, kit: Kit, alice: Person, given: Given
) -> None:
    await alice.texts("STOP")

    walk, culprit = await walk_through_all(kit, alice.number, given)
    await world.advance(days=2)

    assert culprit is None
    assert [event.what for event in await world.events() if isinstance(event.what, OptedIn)] == []
    assert set(walk.reached) >= REACHED
    assert {"Contact.update", "Contact.opt_out", "Contacts.import_csv", "Conversation.send"} <= set(
        walk.called
    )


async def test_the_walk_finds_a_way_back_if_there_is_one(
    kit: Kit, alice: Person, given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opt_in(tx: Tx) -> None:
        tx.run("update smskit_subscription set opted_out = 0 where number = ?", (alice.number.text,))

    async def come_back(contact: Contact, *, reason: str = "") -> None:
        if reason:
            await cast(SqliteStorage, kit.storage)._runner.write(opt_in)

    await alice.texts("STOP")
    monkeypatch.setattr(Contact, "come_back", come_back, raising=False)

    assert (await walk_through_all(kit, alice.number, given))[1] == "Contact.come_back"


async def test_the_contacts_own_word_does(kit: Kit, alice: Person) -> None:
    await alice.texts("STOP")
    await alice.texts("START")

    subscription = await kit.storage.get_subscription(DEFAULT_ORG, alice.number)
    assert subscription is not None
    assert not subscription.opted_out

"""What a host's type checker sees. mypy reads this; nothing runs it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

import smskit
from smskit import (
    ActorPolicy,
    Allowed,
    Category,
    Consent,
    Contact,
    Conversation,
    Denied,
    Desk,
    Driver,
    Features,
    Held,
    Kind,
    Kit,
    LocalCarrier,
    Message,
    Origin,
    Permission,
    PhoneNumber,
    Policy,
    Rate,
    Sender,
    SenderName,
    ShortCode,
    Status,
)
from smskit.compliance.gate import Facts, HostRule, Request
from smskit.desk.importing import ImportReport
from smskit.drivers.base import WebhookRequest, WebhookResponse
from smskit.drivers.local import Carried, Faults, Handset
from smskit.errors import ImportRejected, Refused, SmsKitError
from smskit.model.addresses import Address
from smskit.model.contacts import ConsentState
from smskit.model.decisions import DecisionRecord, Explanation
from smskit.model.events import Event, Happening, MessageReceived, StatusChanged
from smskit.model.ids import ContactId, ConversationId, MessageId
from smskit.model.messages import Flag
from smskit.model.traffic import Accepted, Outgoing, PartOutcome
from smskit.storage.base import Page
from smskit.testing import Person, World

assert_type(smskit.Kit("sqlite://"), Kit)


class OwnDriver(Driver):
    async def send(self, message: Outgoing) -> Accepted:
        assert_type(message.to, Address)
        assert_type(message.sender, PhoneNumber | ShortCode | SenderName)
        return Accepted.whole("id")


def no_links(request: Request, _facts: Facts, _policy: Policy, _now: datetime) -> Denied | None:
    return Denied("no_links", "links are not wanted") if "http" in request.text else None


async def ask_elsewhere(
    _request: Request, _facts: Facts, _policy: Policy, now: datetime
) -> Allowed | Held | Denied:
    return Held("elsewhere", "not today", until=now + timedelta(days=1))


def make() -> Kit:
    carrier = LocalCarrier(
        [Sender(address=PhoneNumber("+14155550100"), rate=Rate(per_second=1)), "+14155550101"],
        latency=timedelta(seconds=1),
        faults=Faults(refuse=0.1),
    )
    assert_type(carrier.handset("+14155550123"), Handset)
    assert_type(carrier.book, list[Carried])
    policy = Policy(
        consent=Consent.precede("Reply STOP to opt out."),
        actors={"tim": ActorPolicy(denied=frozenset({Permission.SEND}))},
    )
    rules: Sequence[HostRule] = [no_links, ask_elsewhere]
    own = OwnDriver("own", ["+14155550102"], Features())
    kit = Kit("sqlite://", drivers=[carrier, own, "local:?sender=%2B14155550103"], policy=policy, rules=rules)
    assert_type(kit.drivers, tuple[Driver, ...])
    return kit


async def contacts(desk: Desk) -> Contact:
    contact = await desk.contacts.upsert("+14155550123", name="Ada", attributes={"treatment": "crown"})
    assert_type(contact, Contact)
    assert_type(contact.id, ContactId)
    assert_type(contact.number, Address)
    assert_type(contact.zone, str | None)
    assert_type(contact.attributes, Mapping[str, str])
    assert_type(contact.consent, ConsentState)
    assert_type(await contact.opt_out("promotional"), bool)
    assert_type(await desk.contacts.find(contact.number), Contact | None)
    assert_type(await desk.contacts.list(limit=10), Page[Contact])
    assert_type(await desk.contacts.import_csv("people.csv"), ImportReport)
    return contact


async def conversations(desk: Desk, contact: Contact) -> Message:
    chat = await desk.conversations.start(contact)
    assert_type(chat, Conversation)
    assert_type(chat.id, ConversationId)
    assert_type(await desk.conversations.start("+14155550123", sender="+14155550100"), Conversation)
    assert_type(await desk.conversations.get(chat.id), Conversation)
    assert_type((await desk.conversations.list(archived=True)).items, tuple[Conversation, ...])
    assert_type((await desk.conversations.list()).next, str | None)
    assert_type(await chat.contact(), Contact)
    assert_type(await chat.archive(), bool)
    assert_type(await chat.messages(after="cursor"), Page[Message])
    return await chat.send(
        "Hi", key="order-17", origin="reminder", category=Category.TRANSACTIONAL, strict=True
    )


async def messages(message: Message) -> None:
    assert_type(message.id, MessageId)
    assert_type(message.kind, Kind)
    assert_type(message.origin, Origin | None)
    assert_type(message.status, Status)
    assert_type(message.status.is_final, bool)
    assert_type(message.flags, Flag)
    assert_type(await message.refresh(), Message)
    assert_type(await message.wait_for("delivered", Status.FAILED, timeout=timedelta(seconds=5)), Message)
    assert_type(await message.cancel(), bool)
    assert_type(await message.send_again(), Message)
    assert_type(await message.part_outcomes(), Sequence[PartOutcome])
    explanation = await message.explain()
    assert_type(explanation, Explanation)
    assert_type(explanation.decisions, tuple[DecisionRecord, ...])


async def events(kit: Kit) -> None:
    async for event in kit.events("crm"):
        assert_type(event, Event)
        assert_type(event.what, Happening)
        match event.what:
            case MessageReceived(message_id=message_id):
                assert_type(await kit.message(message_id), Message)
            case StatusChanged(status=status):
                assert_type(status, Status)
            case _:
                break


async def running(kit: Kit) -> None:
    async with kit as opened:
        assert_type(opened, Kit)
        assert_type(opened.org("acme").as_actor("maria"), Desk)
        async with opened.run():
            pass
        await opened.run()
        assert_type(await opened.tick(), bool)
        assert_type(await opened.policy(), Policy)
        answer = await opened.receive("own", WebhookRequest(method="POST", raw_target="/sms/own"))
        assert_type(answer, WebhookResponse)


async def testing(world: World, options: Mapping[str, Any]) -> None:
    async with World(seed=7, start=datetime(2027, 1, 4, tzinfo=UTC), **options) as made:
        assert_type(made, World)
    person = world.person("+14155550123", zone="America/Denver")
    assert_type(person, Person)
    assert_type(person.received, list[str])
    await world.advance(days=2, hours=1)
    assert_type(await world.events(), Sequence[Event])


def errors(error: SmsKitError) -> None:
    if isinstance(error, ImportRejected):
        assert_type(error.faults, tuple[tuple[int, str], ...])
    if isinstance(error, Refused):
        assert_type(error.rule, str)


def mistakes(kit: Kit) -> None:
    """What a type checker has to catch: each ignore is an error if nothing is wrong there."""
    Kit(storage=7)  # type: ignore[arg-type] # a store is a URL or an object
    Policy("Acme")  # type: ignore[call-arg] # values are made by keyword
    kit.conversations.start(14155550123)  # type: ignore[arg-type, unused-coroutine] # numbers are text
    Status.DELIVERED.value = "lost"  # type: ignore[misc] # enums do not change

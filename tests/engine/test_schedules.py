"""Scheduled messages: local times, changes before they go, and the rules of zones."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from smskit import Denied, Kit, LocalCarrier, Permission, Policy, Status, VirtualClock
from smskit.compliance.gate import Facts, Request
from smskit.engine import zones
from smskit.errors import Conflict, InvalidMessage, NaiveDatetime, PermissionDenied, Refused
from smskit.model.decisions import Held
from smskit.model.local_time import LocalTime
from smskit.model.messages import Origin
from smskit.model.policies import ActorPolicy
from smskit.testing.contracts.bench import Bench
from smskit.testing.world import World

pytestmark = pytest.mark.anyio

NUMBER = "+14155550123"
DENVER = ZoneInfo("America/Denver")


async def test_a_time_in_a_zone_is_kept_as_what_was_meant(world: World) -> None:
    chat = await world.kit.conversations.start(NUMBER)

    meant = await chat.send("Happy spring", at=datetime(2027, 3, 14, 2, 30, tzinfo=DENVER))
    moment = await chat.send("Now", at=datetime(2027, 3, 14, 9, 30, tzinfo=UTC))
    offset = await chat.send("Then", at=datetime(2027, 3, 14, 9, 30, tzinfo=timezone(timedelta(hours=-7))))

    assert meant.record.local_due == LocalTime(datetime(2027, 3, 14, 2, 30), "America/Denver")  # noqa: DTZ001
    assert meant.record.due_at == datetime(2027, 3, 14, 9, 30, tzinfo=UTC)
    assert (moment.record.local_due, offset.record.local_due) == (None, None)


async def test_the_second_of_two_equal_times_is_kept_as_its_moment(world: World) -> None:
    chat = await world.kit.conversations.start(NUMBER)
    first, second = (datetime(2027, 11, 7, 1, 30, tzinfo=DENVER, fold=fold) for fold in (0, 1))

    sent = [await chat.send("Fall back", at=at) for at in (first, second)]

    assert [one.record.due_at for one in sent] == [first.astimezone(UTC), second.astimezone(UTC)]
    assert [one.record.local_due is None for one in sent] == [False, True]


async def test_text_and_time_may_be_changed_until_it_goes(world: World) -> None:
    person = world.person(NUMBER)
    chat = await world.kit.conversations.start(NUMBER)
    later = world.clock.now() + timedelta(days=1)
    message = await chat.send("Tomorow", at=later)

    await message.edit("Tomorrow")
    assert (message.text, message.status, message.record.due_at) == ("Tomorrow", Status.SCHEDULED, later)
    await message.edit(at=world.clock.now() + timedelta(hours=2))
    await world.advance(hours=2, minutes=1)

    assert person.received == ["Tomorrow"]
    with pytest.raises(Conflict):
        await message.edit("Too late")
    assert (await message.refresh()).text == "Tomorrow"


async def test_parts_are_counted_anew(world: World) -> None:
    chat = await world.kit.conversations.start(NUMBER)
    message = await chat.send("short", at=world.clock.now() + timedelta(days=1))

    await message.edit("long " * 60)

    assert message.parts == 2


async def test_what_may_not_be_sent_is_refused_and_stays_as_it_was() -> None:
    def no_prices(request: Request, _facts: Facts, _policy: Policy, _now: datetime) -> Denied | None:
        return Denied("no_prices", "prices go by mail") if "$" in request.text else None

    denied = ActorPolicy(denied=frozenset({Permission.SEND}))
    async with World(rules=[no_prices], policy=Policy(actors={"temp": denied})) as world:
        chat = await world.kit.conversations.start(NUMBER)
        message = await chat.send("fine", at=world.clock.now() + timedelta(days=1))

        with pytest.raises(Refused):
            await message.edit("only $5")
        with pytest.raises(InvalidMessage):
            await message.edit(" ")
        with pytest.raises(NaiveDatetime):
            await message.edit(at=datetime(2027, 1, 6, 9, 0))  # noqa: DTZ001
        with pytest.raises(PermissionDenied):
            await (await world.kit.as_actor("temp").message(message.id)).edit("mine")

        assert (await message.refresh()).text == "fine"


async def test_what_came_in_cannot_be_changed(world: World) -> None:
    await world.person(NUMBER).texts("hello")
    chat = await world.kit.conversations.start(NUMBER)
    (message,) = (await chat.messages()).items

    with pytest.raises(Conflict):
        await message.edit("goodbye")


async def test_a_kit_that_opens_under_new_rules_moves_local_times(
    tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"sqlite:///{tmp_path}/desk.db"
    nine = datetime(2027, 3, 15, 9, 0, tzinfo=DENVER)
    wrong = nine.astimezone(UTC) - timedelta(hours=1)
    async with Kit(path, drivers=[LocalCarrier(["+14155550100"])], clock=clock) as kit:
        message = await (await kit.conversations.start(NUMBER)).send("At nine", at=nine)
        monkeypatch.setattr(LocalTime, "moment", wrong)  # what the rules said before
        await kit.storage.rezone("older rules")
        assert (await message.refresh()).record.due_at == wrong
        monkeypatch.undo()

    async with Kit(path, drivers=[LocalCarrier(["+14155550100"])], clock=clock) as kit:
        moved = await kit.message(message.id)

    assert moved.record.due_at == nine


def test_the_rules_have_a_name() -> None:
    assert zones.zone_data() == zones.zone_data() != ""


async def test_a_change_of_time_keeps_the_text_that_somebody_else_wrote(world: World) -> None:
    """An older handle put its own text back."""
    chat = await world.kit.conversations.start(NUMBER)
    message = await chat.send("At 10", at=world.clock.now() + timedelta(days=1))
    other = await world.kit.message(message.id)
    await message.edit("At 11")

    await other.edit(at=world.clock.now() + timedelta(days=2))

    assert (other.text, (await message.refresh()).text) == ("At 11", "At 11")


async def test_what_is_put_off_is_a_scheduled_text_and_stops_at_an_opt_out() -> None:
    """A text that a person wrote for now may go to who opted out; put off to next week it may not."""
    closed = True

    def office_hours(_request: Request, _facts: Facts, _policy: Policy, now: datetime) -> Held | None:
        return Held("closed", "the office is closed", now + timedelta(hours=1)) if closed else None

    async with World(rules=[office_hours]) as world:
        person = world.person(NUMBER)
        chat = await world.kit.conversations.start(NUMBER)
        message = await chat.send("Next week then")
        await message.edit(at=world.clock.now() + timedelta(days=7))
        closed = False

        await person.texts("STOP")
        await world.advance(days=8)

        assert (message.record.origin, (await message.refresh()).status) == (
            Origin.SCHEDULED,
            Status.CANCELED,
        )
        assert "Next week then" not in person.received


async def test_a_key_is_the_messages_also_after_its_text_was_changed(world: World) -> None:
    """A host that sends again under its key gets the message as it is, and no error that makes it take a new key."""
    chat = await world.kit.conversations.start(NUMBER)
    at = world.clock.now() + timedelta(days=1)
    message = await chat.send("At 10", at=at, key="visit-17")
    await message.edit("At 11")
    await message.edit("At 12")

    again = await chat.send("At 10", at=at, key="visit-17")

    assert (again.id, again.text) == (message.id, "At 12")
    with pytest.raises(Conflict):
        await chat.send("At 11", at=at, key="visit-17")


async def test_a_zone_that_this_machine_lacks_keeps_no_kit_from_opening(
    tmp_path: Path, clock: VirtualClock
) -> None:
    """Releases of the zones drop old names, and systems leave them out: `US/Pacific` needs Debian's tzdata-legacy."""
    path = f"sqlite:///{tmp_path}/desk.db"
    nine = datetime(2027, 3, 15, 9, 0, tzinfo=DENVER)
    async with Kit(path, drivers=[LocalCarrier(["+14155550100"])], clock=clock) as kit:
        message = await (await kit.conversations.start(NUMBER)).send("At nine", at=nine)
        await kit.storage.rezone("older rules")
    with closing(sqlite3.connect(tmp_path / "desk.db")) as file, file:
        file.execute("update smskit_message set local_due = '2027-03-15T09:00:00 US/Gone'")

    async with Kit(path, drivers=[LocalCarrier(["+14155550100"])], clock=clock) as kit:
        assert (await kit.message(message.id)).record.due_at == nine


@pytest.mark.parametrize("origin", [Origin.CONSENT, Origin.SYSTEM])
async def test_what_the_rules_make_us_say_is_not_to_be_changed(world: World, origin: Origin) -> None:
    chat = await world.kit.conversations.start(NUMBER)
    bench = Bench(world.kit.storage, world.clock)
    new = await bench.text(chat.record, "Reply STOP to unsubscribe.", origin=origin)
    stored = await world.kit.storage.enqueue(new, world.clock.now())
    message = await world.kit.message(stored.message.id)

    with pytest.raises(Conflict):
        await message.edit("Nothing to see here")
    with pytest.raises(Conflict):
        await message.edit(at=world.clock.now() + timedelta(days=30))

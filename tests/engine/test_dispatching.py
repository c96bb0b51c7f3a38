from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from smskit import Features, Kit, LocalCarrier, PhoneNumber, Policy, Rate, Sender, Status, VirtualClock
from smskit.compliance.gate import Facts, Request
from smskit.drivers.base import Found, Guarantee, NotFoundThere, Unsure
from smskit.drivers.local import Faults
from smskit.engine.handing_over import FIRST_RETRY, LAST_RETRY, LEASE, backoff
from smskit.engine.observing import Observer
from smskit.errors import OutcomeUnknown, Rejected, StorageUnavailable, Unavailable, UsageError
from smskit.model.ids import DEFAULT_ORG, MessageId
from smskit.model.messages import MessageRecord
from smskit.model.traffic import Accepted, Outgoing
from smskit.testing import World

if TYPE_CHECKING:
    from tests.engine.conftest import Fails, ScriptedDriver

PATIENT = "+14155550123"
SECOND = timedelta(seconds=1)

Text = Callable[[Kit, str], Awaitable[MessageId]]
PassTime = Callable[..., Awaitable[None]]


async def _now(kit: Kit, message_id: MessageId) -> MessageRecord:
    return await kit.storage.get_message(DEFAULT_ORG, message_id)


def _outgoing(attempt: int) -> Outgoing:
    return Outgoing(
        message_id=MessageId(1),
        reference="1-a",
        sender=PhoneNumber("+14155550100"),
        to=PhoneNumber(PATIENT),
        text="Hello",
        parts=1,
        attempt=attempt,
    )


async def test_what_is_being_handed_over_when_the_worker_stops_is_finished_and_recorded(
    kit: Kit, driver: ScriptedDriver, text: Text
) -> None:
    driver.hold = anyio.Event()
    message = await text(kit, "Hello")
    stopping = anyio.CancelScope()

    async def run() -> None:
        with stopping:
            await kit.run()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await driver.entered.wait()
        stopping.cancel()
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        during = (await _now(kit, message)).status
        driver.hold.set()

    assert during is Status.SUBMITTING
    assert (await _now(kit, message)).status is Status.ACCEPTED


async def test_nothing_new_is_begun_once_the_worker_stops(
    kit: Kit, driver: ScriptedDriver, text: Text
) -> None:
    driver.hold = anyio.Event()
    first = await text(kit, "first")
    stopping = anyio.CancelScope()

    async def run() -> None:
        with stopping:
            await kit.run()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await driver.entered.wait()
        second = await text(kit, "second")
        stopping.cancel()
        driver.hold.set()

    assert (await _now(kit, first)).status is Status.ACCEPTED
    assert (await _now(kit, second)).status is Status.QUEUED
    assert len(driver.given) == 1


@pytest.mark.parametrize(
    "error",
    [
        ValueError(f"cannot send 'Hello' to {PATIENT}"),
        KeyError(PATIENT),
        OSError(f"Hello {PATIENT}"),
        ExceptionGroup(f"Hello {PATIENT}", [ValueError(f"Hello {PATIENT}")]),
        AssertionError(f"Hello {PATIENT}"),
        RecursionError(f"Hello {PATIENT}"),
        TimeoutError(f"Hello {PATIENT}"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_a_driver_raises_the_text_is_unknown_and_its_words_are_not_logged(
    kit: Kit, driver: ScriptedDriver, text: Text, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The log once had the traceback, and with it what the error quoted."""

    def fail(_message: Outgoing) -> Accepted:
        raise error

    driver.on_send = fail
    message = await text(kit, "Hello")
    with caplog.at_level(logging.DEBUG):
        await kit.dispatch()

    assert (await _now(kit, message)).status is Status.UNKNOWN
    told = "\n".join(logging.Formatter().format(record) + repr(record.__dict__) for record in caplog.records)
    assert "Hello" not in told
    assert PATIENT not in told
    if not isinstance(error, TimeoutError):
        assert f"{type(error).__name__} in fail" in caplog.text


async def test_a_driver_that_never_answers_is_left_after_its_time_out(
    new_driver: type[ScriptedDriver], clock: VirtualClock, text: Text
) -> None:
    driver = new_driver(Features(timeout=timedelta(milliseconds=5)))
    driver.hold = anyio.Event()
    async with Kit("sqlite://", drivers=[driver], clock=clock) as kit:
        message = await text(kit, "Hello")
        await kit.dispatch()
        record = await _now(kit, message)

    assert (record.status, record.code) == (Status.UNKNOWN, "timeout")


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (Rejected("no", code="21211"), (Status.FAILED, "21211")),
        (Rejected("no"), (Status.FAILED, "rejected")),
        (Rejected("no", code="21610", opted_out=True), (Status.BLOCKED, "21610")),
        (Unavailable("later", code="busy"), (Status.QUEUED, "busy")),
        (OutcomeUnknown("who knows", code="silent"), (Status.UNKNOWN, "silent")),
    ],
    ids=["rejected", "rejected without a code", "opted out there", "unavailable", "unknown"],
)
async def test_what_a_driver_says_is_written_down(
    kit: Kit, driver: ScriptedDriver, text: Text, error: Exception, end: tuple[Status, str]
) -> None:
    def fail(_message: Outgoing) -> Accepted:
        raise error

    driver.on_send = fail
    message = await text(kit, "Hello")
    await kit.dispatch()
    record = await _now(kit, message)

    assert (record.status, record.code) == end


async def test_an_opt_out_that_the_carrier_knows_of_holds_here_too(
    kit: Kit, driver: ScriptedDriver, text: Text
) -> None:
    def refuse(_message: Outgoing) -> Accepted:
        raise Rejected("opted out there", code="21610", opted_out=True)

    driver.on_send = refuse
    await text(kit, "Hello")
    await kit.dispatch()
    again = await text(kit, "Hello again")
    contact = await kit.contacts.find(PATIENT)

    assert contact is not None
    assert contact.opted_out
    assert ((await _now(kit, again)).status, len(driver.given)) == (Status.BLOCKED, 1)


@pytest.mark.parametrize("window", [1, 3])
async def test_a_driver_never_has_more_in_hand_than_its_window(
    new_driver: type[ScriptedDriver], clock: VirtualClock, window: int
) -> None:
    driver = new_driver(Features(window=window))
    async with Kit("sqlite://", drivers=[driver], clock=clock) as kit:
        for digit in range(10):
            await (await kit.conversations.start(f"+1415555012{digit}")).send("Hello")
        async with kit.run():
            driver.hold = anyio.Event()
            await driver.entered.wait()
            await anyio.lowlevel.checkpoint()
            driver.hold.set()
            while len(driver.given) < 10 or driver.in_hand:
                await kit.storage.pulse.next().wait()

    assert driver.most_in_hand <= window
    assert len(driver.given) == 10


async def test_room_that_becomes_free_is_used_although_nothing_else_happens(
    new_driver: type[ScriptedDriver], clock: VirtualClock
) -> None:
    driver = new_driver(Features(window=1))
    async with Kit("sqlite://", drivers=[driver], clock=clock) as kit:
        for digit in range(3):
            await (await kit.conversations.start(f"+1415555012{digit}")).send("Hello")
        driver.hold = anyio.Event()
        async with kit.run():
            await driver.entered.wait()
            await anyio.wait_all_tasks_blocked()
            driver.hold.set()
            with anyio.fail_after(10):
                while len(driver.given) < 3:
                    await kit.storage.pulse.next().wait()


async def test_a_driver_that_cannot_take_a_text_now_gets_it_later() -> None:
    """The carrier's own window is smaller than what is given to it."""
    async with World(features=Features(window=4)) as world:
        world.carrier._in_hand = 2
        for digit in range(4):
            await (await world.kit.conversations.start(f"+1415555012{digit}")).send("Hello")
        await world.advance()
        taken = len(world.carrier.book)
        world.carrier._in_hand = 0
        await world.advance(minutes=1)

    assert taken < 4
    assert len(world.carrier.book) == 4


class Delay(Observer):
    """The process is suspended for a minute just after an admission, once."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.submitted_ids: list[MessageId] = []
        self._left = 1

    def admitted(self, message_id: MessageId, driver: str) -> None:
        if self._left:
            self._left -= 1
            self._clock.advance_to(self._clock.now() + timedelta(minutes=1))

    def submitted(self, message_id: MessageId, driver: str) -> None:
        self.submitted_ids.append(message_id)


async def test_a_message_whose_lease_is_half_over_is_not_handed_over_but_claimed_again(
    driver: ScriptedDriver, clock: VirtualClock, text: Text
) -> None:
    """The computer slept between admission and socket: another worker may have the message by now."""
    observer = Delay(clock)
    fences: list[int] = []
    async with Kit("sqlite://", drivers=[driver], clock=clock, observers=[observer]) as kit:
        message = await text(kit, "Hello")
        driver.on_send = lambda outgoing: fences.append(outgoing.attempt)
        await kit.dispatch()
        record = await _now(kit, message)

    assert observer.submitted_ids == [message]
    assert fences == [2]
    assert record.status is Status.ACCEPTED
    assert record.admitted_at == clock.now()


async def test_a_policy_that_is_saved_while_a_message_waits_counts(world: World) -> None:
    world.carrier.faults = Faults(throttle=1)
    patient = world.person(PATIENT)
    await patient.texts("STOP")
    chat = await world.kit.conversations.start(PATIENT)
    message = await chat.send("I wrote this myself")
    await world.advance(seconds=2)
    allowed = (await message.refresh()).status
    await world.kit.org(DEFAULT_ORG).save_policy(Policy(to_opted_out="block"))
    world.carrier.faults = Faults()
    await world.advance(minutes=5)
    await message.refresh()

    assert allowed is Status.QUEUED
    assert (message.status, message.code) == (Status.BLOCKED, "opted_out")
    assert [decision.policy_version for decision in (await message.explain()).decisions] == [0, 1]


async def test_a_policy_that_is_saved_between_judgement_and_admission_counts(
    driver: ScriptedDriver, clock: VirtualClock
) -> None:
    judged: list[int] = []

    async def meddle(_request: Request, facts: Facts, policy: Policy, _now: object) -> None:
        judged.append(policy.max_parts)
        if len(judged) == 2:  # the first at admission
            await kit.org(DEFAULT_ORG).save_policy(Policy(max_parts=1))

    async with Kit("sqlite://", drivers=[driver], clock=clock, rules=[meddle]) as kit:
        message = await (await kit.conversations.start(PATIENT)).send("long " * 50)
        await kit.dispatch()
        await message.refresh()

    assert judged == [10, 10, 1]
    assert (message.status, message.code) == (Status.BLOCKED, "content")
    assert driver.given == []


async def test_facts_that_never_hold_still_do_not_keep_the_dispatcher(
    driver: ScriptedDriver, clock: VirtualClock
) -> None:
    """After a few tries the message is left to its lease."""
    judged: list[int] = []

    async def meddle(_request: Request, _facts: Facts, policy: Policy, _now: object) -> None:
        judged.append(policy.max_parts)
        await kit.org(DEFAULT_ORG).save_policy(Policy(max_parts=2 + len(judged)))

    async with Kit("sqlite://", drivers=[driver], clock=clock, rules=[meddle]) as kit:
        message = await (await kit.conversations.start(PATIENT)).send("Hello")
        await kit.dispatch()
        record = await _now(kit, message.id)

    assert 3 < len(judged) < 10
    assert record.status is Status.QUEUED
    assert driver.given == []


async def test_rates_count_parts() -> None:
    sender = Sender(address=PhoneNumber("+14155550100"), rate=Rate(per_second=1, burst=4))
    async with World(senders=[sender]) as world:
        start = world.clock.now()
        for number, parts in enumerate((3, 1, 3, 10, 1)):
            chat = await world.kit.conversations.start(f"+1415555012{number}")
            await chat.send("x" * (1 if parts == 1 else 153 * parts), origin="blast")
        await world.advance(minutes=1)

    moments = [(carried.at - start).total_seconds() for carried in world.carrier.book]
    assert moments == [0, 0, 3, 7, 14]


def test_back_off_doubles_up_to_five_minutes_with_jitter_of_the_messages_own() -> None:
    waits = [backoff(_outgoing(attempt)) for attempt in range(1, 40)]

    assert FIRST_RETRY / 2 <= waits[0] <= FIRST_RETRY
    assert all(
        min(FIRST_RETRY * 2**n, LAST_RETRY) / 2 <= wait <= min(FIRST_RETRY * 2**n, LAST_RETRY)
        for n, wait in enumerate(waits)
    )
    assert waits == [backoff(_outgoing(attempt)) for attempt in range(1, 40)]


async def test_a_carrier_that_says_when_to_come_back_is_not_asked_sooner(
    kit: Kit, driver: ScriptedDriver, text: Text, pass_time: PassTime
) -> None:
    def busy(_message: Outgoing) -> Accepted:
        raise Unavailable("later", retry_after=timedelta(minutes=10))

    driver.on_send = busy
    await text(kit, "Hello")
    await pass_time(kit, timedelta(minutes=9))
    before = len(driver.given)
    await pass_time(kit, timedelta(minutes=2))

    assert (before, len(driver.given)) == (1, 2)


async def test_a_message_expires_when_its_driver_stays_unavailable() -> None:
    async with World(faults=Faults(throttle=1), policy=Policy(retry_for=timedelta(hours=1))) as world:
        message = await (await world.kit.conversations.start(PATIENT)).send("Hello")
        await world.advance(minutes=50)
        during = (await message.refresh()).status
        await world.advance(minutes=11)
        await message.refresh()

    assert during is Status.QUEUED
    assert (message.status, message.code) == (Status.EXPIRED, "throttled")
    assert message.record.settled_at is not None
    assert message.record.settled_at <= world.clock.now()


@pytest.fixture
async def asking(new_driver: type[ScriptedDriver], clock: VirtualClock) -> AsyncIterator[Kit]:
    """A Kit whose driver never knows whether a text went out, and can ask."""
    driver = new_driver(Features(guarantee=Guarantee.RECONCILABLE))

    def lose(_message: Outgoing) -> Accepted:
        raise OutcomeUnknown("who knows", code="silent")

    driver.on_send = lose
    async with Kit("sqlite://", drivers=[driver], clock=clock) as kit:
        yield kit


def _driver_of(kit: Kit) -> ScriptedDriver:
    (driver,) = kit.drivers
    return driver  # type: ignore[return-value] # it was made by the fixture


async def test_a_doubt_ends_when_the_carrier_has_the_text(
    asking: Kit, text: Text, pass_time: PassTime
) -> None:
    _driver_of(asking).on_ask = lambda _message: Found(Accepted.whole("c-1"))
    message = await text(asking, "Hello")
    await pass_time(asking, timedelta(minutes=1))

    assert (await _now(asking, message)).status is Status.ACCEPTED
    assert (len(_driver_of(asking).given), len(_driver_of(asking).asked)) == (1, 1)


async def test_a_text_that_the_carrier_certainly_does_not_have_is_sent_again(
    asking: Kit, text: Text, pass_time: PassTime
) -> None:
    driver = _driver_of(asking)
    driver.on_ask = lambda _message: NotFoundThere(conclusive=True)
    message = await text(asking, "Hello")
    await asking.dispatch()
    driver.on_send = lambda _message: None
    await pass_time(asking, timedelta(minutes=1))

    assert (await _now(asking, message)).status is Status.ACCEPTED
    assert len(driver.given) == 2
    assert driver.given[0].reference == driver.given[1].reference


@pytest.mark.parametrize("said", [Unsure(), NotFoundThere(conclusive=False)], ids=["unsure", "not found"])
async def test_not_found_alone_is_no_proof(
    asking: Kit, text: Text, pass_time: PassTime, said: Unsure | NotFoundThere
) -> None:
    _driver_of(asking).on_ask = lambda _message: said
    message = await text(asking, "Hello")
    await pass_time(asking, timedelta(hours=1))

    assert (await _now(asking, message)).status is Status.UNKNOWN
    assert len(_driver_of(asking).given) == 1
    assert len(_driver_of(asking).asked) > 3


async def test_a_carrier_that_cannot_be_asked_is_asked_again(
    asking: Kit, text: Text, pass_time: PassTime, caplog: pytest.LogCaptureFixture
) -> None:
    driver = _driver_of(asking)

    def fail(_message: Outgoing) -> Unsure:
        raise ConnectionError(f"no way to ask about {PATIENT}")

    driver.on_ask = fail
    message = await text(asking, "Hello")
    await pass_time(asking, timedelta(minutes=1))
    unknown = (await _now(asking, message)).status
    driver.on_ask = lambda _message: Found(Accepted.whole("c-1"))
    await pass_time(asking, timedelta(hours=1))

    assert unknown is Status.UNKNOWN
    assert (await _now(asking, message)).status is Status.ACCEPTED
    assert "ConnectionError in fail" in caplog.text
    assert PATIENT not in caplog.text


async def test_what_a_carrier_said_is_asked_again_if_it_could_not_be_recorded(
    asking: Kit, text: Text, pass_time: PassTime, fails: Fails
) -> None:
    """It once ended the dispatcher."""
    _driver_of(asking).on_ask = lambda _message: Found(Accepted.whole("c-1"))
    message = await text(asking, "Hello")
    await asking.dispatch()
    left = fails(asking.storage, "record", StorageUnavailable("locked"))
    await pass_time(asking, timedelta(minutes=5))

    assert left == [0]
    assert (await _now(asking, message)).status is Status.ACCEPTED
    assert len(_driver_of(asking).asked) == 2


async def test_an_answer_is_recorded_as_soon_as_the_store_lets_us(
    kit: Kit, driver: ScriptedDriver, text: Text, fails: Fails, pass_time: PassTime
) -> None:
    left = fails(kit.storage, "record", StorageUnavailable("locked"), times=3)
    message = await text(kit, "Hello")
    async with kit.run():
        await pass_time(kit, SECOND, running=True)

    assert left == [0]
    assert (await _now(kit, message)).status is Status.ACCEPTED
    assert len(driver.given) == 1


async def test_an_answer_that_cannot_be_recorded_leaves_an_unknown_message_and_a_living_worker(
    kit: Kit, driver: ScriptedDriver, text: Text, fails: Fails, pass_time: PassTime
) -> None:
    """It once ended the worker."""
    fails(kit.storage, "record", StorageUnavailable("locked"), times=10**6)
    message = await text(kit, "Hello")
    async with kit.run():
        await pass_time(kit, LEASE + SECOND, running=True)
        doubtful = (await _now(kit, message)).status
        alive = await text(kit, "Hello again")
        await pass_time(kit, timedelta(minutes=5), running=True)

    assert doubtful is Status.UNKNOWN
    assert [given.message_id for given in driver.given] == [message, alive]


async def test_a_store_that_does_not_answer_for_a_while_does_not_end_the_worker(
    kit: Kit, driver: ScriptedDriver, text: Text, fails: Fails, pass_time: PassTime
) -> None:
    claims = fails(kit.storage, "claim", StorageUnavailable("locked"), times=3)
    admissions = fails(kit.storage, "admit", StorageUnavailable("locked"), times=2)
    message = await text(kit, "Hello")
    async with kit.run():
        await pass_time(kit, timedelta(minutes=10), running=True)

    assert (claims, admissions) == ([0], [0])
    assert (await _now(kit, message)).status is Status.ACCEPTED
    assert len(driver.given) == 1


async def test_whoever_was_admitted_goes_although_the_store_fails_at_the_next(
    driver: ScriptedDriver, clock: VirtualClock, fails: Fails
) -> None:
    """It once was left admitted and never handed over, and so became unknown."""
    meddled: list[object] = []

    async def meddle(request: Request, _facts: Facts, _policy: Policy, _now: object) -> None:
        if request.text == "second" and not meddled:
            meddled.append(request)
            await (await kit.contacts.upsert("+14155550124")).opt_out()

    async with Kit("sqlite://", drivers=[driver], clock=clock) as kit:
        first = await (await kit.conversations.start(PATIENT)).send("first")
        second = await (await kit.conversations.start("+14155550124")).send("second")
        kit._dispatcher._judge._host_rules = (meddle,)  # from now on, since they are made already
        left = fails(kit.storage, "facts", StorageUnavailable("locked"))
        await kit.dispatch()
        statuses = [(await _now(kit, one.id)).status for one in (first, second)]

    assert left == [0]
    assert statuses == [Status.ACCEPTED, Status.QUEUED]
    assert [given.text for given in driver.given] == ["first"]


@pytest.mark.parametrize(
    ("features", "why"),
    [
        (Features(timeout=LEASE / 2), "timeout"),
        (Features(timeout=timedelta()), "timeout"),
        (Features(window=0), "window"),
    ],
)
def test_a_driver_that_cannot_be_served_is_refused_at_construction(features: Features, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        Kit("sqlite://", drivers=[LocalCarrier(["+14155550100"], features=features)])

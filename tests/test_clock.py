from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskStatus

from smskit.clock import SystemClock, VirtualClock, as_utc
from smskit.errors import NaiveDatetime

NOON = datetime(2027, 1, 4, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON)


async def _sleep(
    clock: VirtualClock, moment: datetime, woken: list[datetime], *, task_status: TaskStatus[None]
) -> None:
    task_status.started()
    await clock.sleep_until(moment)
    woken.append(moment)


async def _quiet() -> None:
    for _ in range(5):
        await anyio.lowlevel.checkpoint()


def test_a_time_without_a_zone_is_no_moment() -> None:
    with pytest.raises(NaiveDatetime, match="zone"):
        as_utc(datetime(2027, 1, 4, 12, 0))  # noqa: DTZ001 - that is the point


def test_a_moment_is_kept_in_utc() -> None:
    local = datetime(2027, 1, 4, 5, 0, tzinfo=ZoneInfo("America/Denver"))

    assert as_utc(local) == NOON
    assert as_utc(local).tzinfo is UTC


def test_a_virtual_clock_stands_still_and_never_goes_back(clock: VirtualClock) -> None:
    clock.advance_to(NOON + SECOND)
    clock.advance_to(NOON)

    assert clock.now() == NOON + SECOND
    assert clock.guard() == (NOON + SECOND).timestamp()


async def test_a_virtual_clock_wakes_one_sleeper_at_a_time_in_the_order_of_deadlines(
    clock: VirtualClock,
) -> None:
    woken: list[datetime] = []
    steps: list[list[datetime]] = []
    async with anyio.create_task_group() as tasks:
        for seconds in (3, 1, 2):
            await tasks.start(_sleep, clock, NOON + seconds * SECOND, woken)
        await _quiet()
        while clock.advance_to(NOON + 3 * SECOND):
            await _quiet()
            steps.append(list(woken))

    assert steps == [
        [NOON + SECOND],
        [NOON + SECOND, NOON + 2 * SECOND],
        [NOON + SECOND, NOON + 2 * SECOND, NOON + 3 * SECOND],
    ]


async def test_what_is_past_is_not_waited_for(clock: VirtualClock) -> None:
    """The virtual clock let such a sleeper wait until somebody advanced it, against its word."""
    for one in (clock, SystemClock()):
        await one.sleep_until(one.now() - SECOND)
        await one.wait(anyio.Event(), one.now() - SECOND)

    assert clock.next_deadline is None


async def test_a_deadline_leaves_the_event_of_the_waiter_alone(clock: VirtualClock) -> None:
    """The clock once set the event itself; a shared one, such as the store's pulse, then woke everybody for ever."""
    event = anyio.Event()
    done: list[str] = []

    async def wait(name: str, until: datetime | None, *, task_status: TaskStatus[None]) -> None:
        task_status.started()
        await clock.wait(event, until)
        done.append(name)

    async with anyio.create_task_group() as tasks:
        await tasks.start(wait, "short", NOON + SECOND)
        await tasks.start(wait, "long", NOON + 9 * SECOND)
        await tasks.start(wait, "endless", None)
        await _quiet()
        clock.advance_to(NOON + SECOND)
        await _quiet()
        after_one_second = list(done), event.is_set()
        event.set()

    assert after_one_second == (["short"], False)
    assert sorted(done) == ["endless", "long", "short"]
    assert clock.next_deadline is None


async def test_a_cancelled_sleeper_is_forgotten(clock: VirtualClock) -> None:
    async with anyio.create_task_group() as tasks:
        await tasks.start(_sleep, clock, NOON + SECOND, [])
        await _quiet()
        assert clock.next_deadline == NOON + SECOND
        tasks.cancel_scope.cancel()

    assert clock.next_deadline is None
    assert not clock.advance_to(NOON + SECOND)


async def test_the_system_clock_stops_waiting_when_the_event_is_set() -> None:
    clock, event = SystemClock(), anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.wait, event, None)
        await _quiet()
        event.set()

    assert event.is_set()


async def test_the_system_clock_wakes_at_the_moment() -> None:
    clock = SystemClock()
    moment = clock.now() + timedelta(milliseconds=5)
    await clock.sleep_until(moment)

    assert clock.now() >= moment


def test_the_guard_clock_never_goes_back() -> None:
    clock = SystemClock()
    moments = [clock.guard() for _ in range(100)]

    assert moments == sorted(moments)
    assert clock.now().tzinfo is UTC

"""What other people's code and the store do wrong for a while ends no worker and no callback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from smskit import Features, Kit, PhoneNumber, VirtualClock
from smskit.drivers.base import Sink, WebhookRequest, WebhookResult
from smskit.errors import StorageUnavailable
from smskit.model.ids import MessageId
from smskit.model.traffic import Inbound

if TYPE_CHECKING:
    from tests.engine.conftest import Fails, ScriptedDriver

PATIENT = "+14155550123"
CALLBACK = WebhookRequest(method="POST", raw_target="/sms/scripted", body=b"Hello")

Text = Callable[[Kit, str], Awaitable[MessageId]]
PassTime = Callable[..., Awaitable[None]]


async def test_a_driver_that_stops_is_started_again(
    kit: Kit, driver: ScriptedDriver, text: Text, pass_time: PassTime, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_sink: Sink) -> None:
        if driver.runs < 4:
            raise ConnectionError(f"Hello {PATIENT}")

    driver.on_run = fail
    async with kit.run():
        await pass_time(kit, timedelta(seconds=10), running=True)
        await text(kit, "still at work")
        await pass_time(kit, timedelta(seconds=1), running=True)

    assert driver.runs == 4
    assert [given.text for given in driver.given] == ["still at work"]
    assert caplog.text.count("ConnectionError in fail") == 3
    assert "Hello" not in caplog.text


async def test_a_link_that_fails_during_a_tick_does_not_end_it(
    new_driver: type[ScriptedDriver], clock: VirtualClock, text: Text
) -> None:
    """Its error once left the tick inside a group of errors, quoting the text."""
    driver = new_driver(Features(link=True))

    async def fail(_sink: Sink) -> None:
        raise ConnectionError(f"Hello {PATIENT}")

    driver.on_run = fail
    async with Kit("sqlite://", drivers=[driver], clock=clock) as kit:
        await text(kit, "still at work")
        await kit.tick()

    assert driver.runs > 0
    assert [given.text for given in driver.given] == ["still at work"]


async def test_a_driver_that_has_nothing_to_run_is_left_alone(
    kit: Kit, driver: ScriptedDriver, text: Text, pass_time: PassTime
) -> None:
    async def done(_sink: Sink) -> None:
        raise anyio.EndOfStream

    driver.on_run = done
    async with kit.run():
        await text(kit, "Hello")
        await pass_time(kit, timedelta(seconds=1), running=True)

    assert len(driver.given) == 1


async def test_a_link_is_taken_once_the_store_answers_again(
    new_driver: type[ScriptedDriver],
    clock: VirtualClock,
    text: Text,
    fails: Fails,
    pass_time: PassTime,
) -> None:
    """A locked store at that moment once ended the worker."""
    driver = new_driver(Features(link=True))
    async with Kit("sqlite://", drivers=[driver], clock=clock) as kit:
        fails(kit.storage, "take_link", StorageUnavailable("locked"), times=2)
        await text(kit, "Hello")
        async with kit.run():
            await pass_time(kit, timedelta(seconds=4), running=True)
            before = len(driver.given)
            await pass_time(kit, timedelta(seconds=30), running=True)

    assert (before, len(driver.given), driver.runs) == (0, 1, 1)


async def test_a_link_that_cannot_be_renewed_is_given_up_before_its_lease_is_over(
    new_driver: type[ScriptedDriver], clock: VirtualClock, fails: Fails, pass_time: PassTime
) -> None:
    driver = new_driver(Features(link=True))
    ended: list[float] = []
    start = clock.now()

    async def stay(_sink: Sink) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append((clock.now() - start).total_seconds())

    driver.on_run = stay
    async with Kit("sqlite://", drivers=[driver], clock=clock) as kit, kit.run():
        await pass_time(kit, timedelta(minutes=1), running=True)
        fails(kit.storage, "take_link", StorageUnavailable("locked"), times=3)
        await pass_time(kit, timedelta(minutes=1), running=True)
        runs = driver.runs

    assert runs == 2
    assert 60 < ended[0] <= 60 + 15


async def test_a_driver_that_fails_at_a_callback_lets_the_carrier_try_again(
    kit: Kit, driver: ScriptedDriver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its error once reached the host's web framework."""

    def fail(_request: WebhookRequest) -> WebhookResult:
        raise IndexError(f"Hello {PATIENT}")

    monkeypatch.setattr(driver, "parse_webhook", fail)
    response = await kit.receive("scripted", CALLBACK)

    assert (response.status, response.body) == (500, b"")
    assert "IndexError in fail" in caplog.text
    assert "Hello" not in caplog.text


async def test_a_callback_of_nobody_is_not_found_and_one_before_opening_comes_too_early(
    new_driver: type[ScriptedDriver], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = new_driver()
    kit = Kit("sqlite://", drivers=[driver])
    statuses = [(await kit.receive(name, CALLBACK)).status for name in ("nobody", "scripted")]
    async with kit:
        statuses += [(await kit.receive(name, CALLBACK)).status for name in ("nobody", "scripted")]
    statuses.append((await kit.receive("scripted", CALLBACK)).status)

    assert statuses == [404, 503, 404, 400, 503]


async def test_a_callback_that_was_stored_in_part_is_stored_whole_the_next_time(
    kit: Kit, driver: ScriptedDriver, monkeypatch: pytest.MonkeyPatch, fails: Fails
) -> None:
    texts = [
        Inbound(sender=PhoneNumber(PATIENT), to=driver.senders[0].address, text=f"{n}", carrier_id=f"{n}")
        for n in range(3)
    ]
    monkeypatch.setattr(driver, "parse_webhook", lambda _request: WebhookResult(events=texts))
    receive = kit.storage.receive
    stored: list[str] = []

    async def twice(*args: object) -> object:
        if len(stored) == 2:
            stored.append("failed")
            raise StorageUnavailable("full")
        stored.append("stored")
        return await receive(*args)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(kit.storage, "receive", twice)
    statuses = [(await kit.receive("scripted", CALLBACK)).status for _ in range(2)]
    (chat,) = (await kit.conversations.list()).items

    assert statuses == [500, 204]
    assert [message.text for message in reversed((await chat.messages()).items)] == ["0", "1", "2"]

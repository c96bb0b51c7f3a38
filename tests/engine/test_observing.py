from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from smskit import Kit, PhoneNumber, Status, VirtualClock
from smskit.engine.observing import Observer
from smskit.model.ids import MessageId
from smskit.model.traffic import Inbound, Incoming
from smskit.storage.base import Answer, WasAccepted

if TYPE_CHECKING:
    from tests.engine.conftest import ScriptedDriver

PATIENT = "+14155550123"


class Diary(Observer):
    """Writes everything down."""

    def __init__(self) -> None:
        self.lines: list[object] = []

    def admitted(self, message_id: MessageId, driver: str) -> None:
        self.lines.append(("admitted", message_id, driver))

    def submitted(self, message_id: MessageId, driver: str) -> None:
        self.lines.append(("submitted", message_id, driver))

    def outcome(self, message_id: MessageId, driver: str, answer: Answer) -> None:
        self.lines.append(("outcome", message_id, driver, type(answer)))

    def inbound(self, driver: str, event: Incoming) -> None:
        self.lines.append(("inbound", driver, type(event)))


class Clumsy(Observer):
    """Fails at everything."""

    def admitted(self, message_id: MessageId, driver: str) -> None:
        raise ValueError(f"Hello {PATIENT}")

    def submitted(self, message_id: MessageId, driver: str) -> None:
        raise ValueError(f"Hello {PATIENT}")

    def outcome(self, message_id: MessageId, driver: str, answer: Answer) -> None:
        raise ValueError(f"Hello {PATIENT}")

    def inbound(self, driver: str, event: Incoming) -> None:
        raise ValueError(f"Hello {PATIENT}")


async def test_observers_are_told_in_order_and_one_that_fails_harms_nobody(
    driver: ScriptedDriver,
    clock: VirtualClock,
    text: Callable[[Kit, str], Awaitable[MessageId]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    diary = Diary()
    async with Kit("sqlite://", drivers=[driver], clock=clock, observers=[Clumsy(), diary]) as kit:
        message = await text(kit, "Hello")
        await kit.dispatch()
        await kit._receiver.sink(driver)(
            Inbound(sender=PhoneNumber(PATIENT), to=driver.senders[0].address, text="Hello", carrier_id="1")
        )
        (chat,) = (await kit.conversations.list()).items
        outbound, inbound = reversed((await chat.messages()).items)

    assert diary.lines == [
        ("admitted", message, "scripted"),
        ("submitted", message, "scripted"),
        ("outcome", message, "scripted", WasAccepted),
        ("inbound", "scripted", Inbound),
    ]
    assert (outbound.status, inbound.status) == (Status.ACCEPTED, Status.RECEIVED)
    assert [record.levelname for record in caplog.records if "observer" in record.message] == ["ERROR"] * 4
    assert PATIENT not in caplog.text
    assert "Hello" not in caplog.text

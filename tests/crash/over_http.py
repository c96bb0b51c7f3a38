"""What the crash tests over HTTP start and kill: a worker that texts over Twilio, or a host that Twilio calls back.

This is no test. It is run as `python -m tests.crash.over_http '{"folder": ..., "base_url": ..., "step": ...}'`. With
`serves` it prints its URL and takes callbacks until it is killed; without, it sends what there is to send and ends.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import attrs

from smskit import Kit
from smskit.asgi import webhooks
from smskit.drivers.twilio import Twilio
from smskit.model.ids import SenderId
from smskit.model.traffic import Accepted, Inbound, Outgoing, Receipt
from smskit.storage.base import Reading, Received
from smskit.storage.sql import receipts
from smskit.testing.carriers.server import Handler, Request, Response, serving
from tests.callbacks import Call
from tests.crash import child

PUBLIC = "https://acme.example/sms"
INSIDE = (*child.INSIDE, (receipts, "_report"), (receipts, "refresh"), (receipts, "move"))
"""Steps inside a transaction, as `inside_` and the name."""


@attrs.frozen(kw_only=True)
class Orders(child.Orders):
    """What the parent wants of this process."""

    base_url: str
    """Where Twilio is."""
    timeout: float = 20
    window: int = 1
    serves: bool = False


class MortalTwilio(Twilio):
    """The real driver, with a step before the request and one after the answer."""

    def __init__(self, orders: Orders, death: child.Death) -> None:
        super().__init__(
            f"AC{'0' * 32}",
            "made-up token",
            [child.SENDER],
            public_url=PUBLIC,
            base_url=orders.base_url,
            window=orders.window,
            timeout=timedelta(seconds=orders.timeout),
        )
        self._death = death

    async def send(self, message: Outgoing) -> Accepted:
        self._death.at("before_request")
        accepted = await super().send(message)
        self._death.at("answered")
        return accepted


class MortalStorage(child.MortalStorage):
    """The store of the other crash tests, with steps around what callbacks write."""

    async def receive(
        self, driver: str, sender_id: SenderId, inbound: Inbound, reading: Reading, now: datetime
    ) -> Received:
        self._death.at("before_text")
        received = await super().receive(driver, sender_id, inbound, reading, now)
        self._death.at("text_stored")
        return received

    async def apply_receipt(self, driver: str, receipt: Receipt, now: datetime) -> None:
        self._death.at("before_receipt")
        await super().apply_receipt(driver, receipt, now)
        self._death.at("receipt_stored")


def a_kit(orders: Orders) -> Kit:
    """A Kit that dies as it is ordered. What it does inside a transaction is no longer what it was elsewhere."""
    death = child.Death(orders.step, orders.passes)
    if orders.step:
        for module, name in INSIDE:
            setattr(module, name, death.after(f"inside_{name}", getattr(module, name)))
    clock = child.JumpingClock(Path(orders.folder) / "jumps")
    return Kit(MortalStorage(orders, death, clock), drivers=[MortalTwilio(orders, death)], clock=clock)


def over_http(kit: Kit) -> Handler:
    """The ASGI app of a Kit behind a server of HTTP."""

    async def answer(request: Request) -> Response:
        call = Call(request.target, [await request.body()], method=request.method, headers=request.headers)
        status = await call.to(webhooks(kit))
        assert status is not None
        headers = {name.decode(): value.decode() for name, value in call.sent[0]["headers"]}
        return Response(status, call.body, headers)

    return answer


async def text(orders: Orders) -> None:
    """Send what is to be sent, by the same keys on every run, and go on until nothing is left to do at any time."""
    async with a_kit(orders) as kit:
        async with anyio.create_task_group() as tasks:
            for number in range(orders.texts):
                tasks.start_soon(_send, kit, number)
        _say("ready")
        while True:
            await kit.run_until_idle()
            deadline = await kit.storage.next_deadline(kit.clock.now())
            if deadline is None:
                return
            assert isinstance(kit.clock, child.JumpingClock)
            kit.clock.jump_to(deadline)


async def serve(orders: Orders) -> None:
    """Take callbacks for ever."""
    async with a_kit(orders) as kit, serving(over_http(kit)) as url:
        _say(url)
        await anyio.sleep_forever()


def patient(number: int) -> str:
    """The phone of the patient with this number. Each has their own, so that nobody's text waits for another."""
    return f"+1{200 + number // 90}55501{number % 90:02}"


async def _send(kit: Kit, number: int) -> None:
    chat = await kit.conversations.start(patient(number))
    await chat.send(f"text {number}", key=f"text-{number}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the parent waits for it


if __name__ == "__main__":
    given = Orders(**json.loads(sys.argv[1]))
    anyio.run(serve if given.serves else text, given, backend=given.backend)

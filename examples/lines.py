"""What the demo texts over: the local carrier, or Twilio's look-alike over real HTTP both ways."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Protocol, TypeAlias

import anyio

from smskit import Driver, Kit, LocalCarrier
from smskit.drivers.base import WebhookRequest
from smskit.drivers.twilio import Twilio
from smskit.testing.carriers import TwilioLookalike
from smskit.testing.carriers.server import Request, Response, serving

OURS = "+14155550100"


class Line(Protocol):
    """People with phones, and a Kit that reaches them."""

    kit: Kit

    async def text(self, number: str, text: str) -> None:
        """A person texts us."""

    def received(self, number: str) -> list[str]:
        """The texts on a phone, oldest first."""


MakeKit: TypeAlias = Callable[[Driver], Kit]


class LocalLine:
    def __init__(self, make_kit: MakeKit) -> None:
        self._carrier = LocalCarrier([OURS], latency=timedelta(milliseconds=250))
        self.kit = make_kit(self._carrier)

    async def text(self, number: str, text: str) -> None:
        self._carrier.text(number, text)

    def received(self, number: str) -> list[str]:
        return self._carrier.handset(number).received


class TwilioLine:
    def __init__(self, make_kit: MakeKit, twilio: TwilioLookalike, url: str) -> None:
        self._twilio = twilio
        twilio.webhook_url = f"{url}/sms/twilio"
        driver = Twilio(
            twilio.account_sid,
            twilio.auth_token,
            [OURS],
            base_url=twilio.base_url,
            public_url=f"{url}/sms",
        )
        self.kit = make_kit(driver)

    async def text(self, number: str, text: str) -> None:
        await self._twilio.handset(number).texts(text, to=OURS)

    def received(self, number: str) -> list[str]:
        return [str(text) for text in self._twilio.handset(number).received]

    async def bring_receipts(self) -> None:
        while True:
            await self._twilio.until(lambda: self._twilio.due)
            await anyio.sleep(0.25)  # so that people can watch
            await self._twilio.deliver()


@asynccontextmanager
async def local(make_kit: MakeKit) -> AsyncIterator[Line]:
    line = LocalLine(make_kit)
    async with line.kit, line.kit.run():
        yield line


@asynccontextmanager
async def twilio_lookalike(make_kit: MakeKit) -> AsyncIterator[Line]:
    lines: list[TwilioLine] = []

    async def answer(request: Request) -> Response:
        """What a web framework does with smskit.asgi, smskit.wsgi or smskit.django."""
        callback = WebhookRequest(
            method=request.method,
            raw_target=request.target,
            headers=[*request.headers.items()],
            body=await request.body(),
        )
        said = await lines[0].kit.receive("twilio", callback)
        return Response(said.status, said.body, said.headers)

    async with TwilioLookalike() as twilio, serving(answer) as url:
        lines.append(TwilioLine(make_kit, twilio, url))
        async with lines[0].kit, lines[0].kit.run(), anyio.create_task_group() as tasks:
            tasks.start_soon(lines[0].bring_receipts)
            yield lines[0]
            tasks.cancel_scope.cancel()


LINES: dict[str, Callable[[MakeKit], AbstractAsyncContextManager[Line]]] = {
    "local": local,
    "twilio-lookalike": twilio_lookalike,
}

"""The driver fulfils its contract against the look-alike of Twilio, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import pytest

from smskit import Kit, Status
from smskit.drivers.base import WebhookRequest
from smskit.drivers.http import HttpCaller
from smskit.drivers.twilio import Twilio
from smskit.errors import Rejected, StorageUnavailable, Unavailable
from smskit.testing.carriers import TwilioLookalike
from smskit.testing.contracts.drivers import (
    ALICE,
    DriverContract,
    How,
    RecordingSink,
    ScriptedCarrier,
    outgoing,
)

PUBLIC = "https://acme.example/sms"
SENDER = "+14155550100"
SOON = timedelta(seconds=1)


class App:
    """What Twilio calls: the driver, and behind it a sink or a Kit."""

    def __init__(self) -> None:
        self.driver: Twilio | None = None
        self.sink: RecordingSink | None = None
        self.kit: Kit | None = None

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        target = urlsplit(url)._replace(scheme="", netloc="").geturl()
        request = WebhookRequest(method="POST", raw_target=target, headers=[*headers.items()], body=body)
        if self.kit is not None:
            return (await self.kit.receive("twilio", request)).status
        assert self.driver is not None
        assert self.sink is not None
        result = self.driver.parse_webhook(request)
        try:
            for event in result.events:
                await self.sink(event)
        except StorageUnavailable:
            return 500
        return result.response.status


class ScriptedTwilio(ScriptedCarrier):
    def __init__(self, twilio: TwilioLookalike, driver: Twilio) -> None:
        self.twilio = twilio
        self.driver = driver
        self.ways: Mapping[How, Callable[[], None]] = {
            How.ACCEPT: twilio.behave,
            How.REFUSE: partial(twilio.refuse, "21211"),
            How.BE_BUSY: twilio.throttle,
            How.FALL_SILENT_BEFORE: twilio.fall_silent,
            How.FALL_SILENT_AFTER: partial(twilio.fall_silent, after_accepting=True),
        }

    async def will(self, how: How) -> None:
        if how in (How.FALL_SILENT_BEFORE, How.FALL_SILENT_AFTER):
            await self.driver._http.aclose()
            self.driver._http = HttpCaller(timeout=SOON, connections=3)  # nobody wants to wait for long
        self.ways[how]()

    def book(self) -> Sequence[str]:
        return [message.text for message in self.twilio.messages]

    async def person_texts(self, text: str) -> None:
        await self.twilio.handset(ALICE.e164).texts(text, to=SENDER)

    async def bring(self) -> None:
        await self.twilio.deliver()


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
async def twilio(app: App) -> AsyncIterator[TwilioLookalike]:
    async with TwilioLookalike(webhook_url=f"{PUBLIC}/twilio", post=app) as twilio:
        yield twilio


@pytest.fixture
async def driver(twilio: TwilioLookalike, app: App) -> AsyncIterator[Twilio]:
    app.driver = Twilio(
        twilio.account_sid,
        twilio.auth_token,
        [SENDER],
        public_url=PUBLIC,
        base_url=twilio.base_url,
        window=3,
    )
    yield app.driver
    await app.driver.aclose()


class TestTwilio(DriverContract):
    @pytest.fixture
    def carrier(
        self, twilio: TwilioLookalike, driver: Twilio, app: App, sink: RecordingSink
    ) -> ScriptedTwilio:
        app.sink = sink
        return ScriptedTwilio(twilio, driver)


async def test_a_busy_twilio_says_when_to_come_back(driver: Twilio, twilio: TwilioLookalike) -> None:
    twilio.throttle(retry_after=7)
    with pytest.raises(Unavailable) as raised:
        await driver.send(outgoing(driver))

    assert raised.value.retry_after == timedelta(seconds=7)


async def test_credentials_are_checked(driver: Twilio, twilio: TwilioLookalike) -> None:
    await driver.check()

    wrong = Twilio(twilio.account_sid, "wrong", [SENDER], base_url=twilio.base_url)
    with pytest.raises(Rejected) as raised:
        await wrong.check()
    await wrong.aclose()
    assert raised.value.code == "20003"


async def test_a_receipt_with_our_reference_resolves_what_is_in_doubt(
    driver: Twilio, twilio: TwilioLookalike, app: App
) -> None:
    async with Kit("sqlite://", drivers=[driver]) as kit:
        app.kit = kit
        chat = await kit.conversations.start(ALICE.e164)
        twilio.hang_up(after_accepting=True)
        sent = await chat.send("Your crown is ready.")
        await kit.run_until_idle()
        assert (await sent.refresh()).status is Status.UNKNOWN

        assert await twilio.deliver(shuffle=1, repeat=2) == [204] * 6
        assert (await sent.refresh()).status is Status.DELIVERED
        assert len(twilio.messages) == 1


async def test_stop_at_twilio_ends_the_texts_and_start_lets_them_go_again(
    driver: Twilio, twilio: TwilioLookalike, app: App
) -> None:
    handset = twilio.handset(ALICE.e164)
    async with Kit("sqlite://", drivers=[driver]) as kit:
        app.kit = kit
        chat = await kit.conversations.start(ALICE.e164)

        for word, status in (("STOP", Status.BLOCKED), ("START", Status.ACCEPTED)):
            assert await handset.texts(word, to=SENDER) == 200
            sent = await chat.send("Your crown is ready.")
            await kit.run_until_idle()
            assert (await sent.refresh()).status is status
        assert len(handset.received) == 3  # two answers of Twilio's, none of ours, and the text

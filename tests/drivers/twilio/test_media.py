"""Media over Twilio against its look-alike: sent by URL, and fetched by way of the API and a storage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import attrs
import pytest

from smskit.drivers.base import WebhookRequest
from smskit.drivers.http import LARGEST_MEDIA
from smskit.drivers.twilio import Twilio
from smskit.errors import Rejected, Unavailable
from smskit.model.traffic import Fetched, Inbound, MediaLink
from smskit.testing.carriers import TwilioLookalike
from smskit.testing.contracts.drivers import ALICE, outgoing

PUBLIC = "https://acme.example/sms"
SENDER = "+14155550100"
KEY = ("SK" + "2" * 32, "key secret")
JPEG = (b"\xff\xd8 a picture", "image/jpeg")

# On trio httpx leaves generators behind when an answer is not read to its end.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class App:
    """What Twilio calls: it has the driver read what came."""

    def __init__(self) -> None:
        self.driver: Twilio | None = None
        self.came: list[Inbound] = []

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert self.driver is not None
        request = WebhookRequest(
            method="POST",
            raw_target=url.removeprefix("https://acme.example"),
            headers=[*headers.items()],
            body=body,
        )
        result = self.driver.parse_webhook(request)
        self.came += [event for event in result.events if isinstance(event, Inbound)]
        return result.response.status


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
async def twilio(app: App) -> AsyncIterator[TwilioLookalike]:
    async with TwilioLookalike(webhook_url=f"{PUBLIC}/twilio", post=app, api_key=KEY) as twilio:
        yield twilio


@pytest.fixture(params=[None, KEY], ids=["token", "key"])
async def driver(twilio: TwilioLookalike, app: App, request: pytest.FixtureRequest) -> AsyncIterator[Twilio]:
    app.driver = Twilio(
        twilio.account_sid,
        twilio.auth_token,
        [SENDER],
        public_url=PUBLIC,
        base_url=twilio.base_url,
        api_key=request.param,
        timeout=timedelta(seconds=2),
    )
    yield app.driver
    await app.driver.aclose()


@pytest.fixture
async def link(twilio: TwilioLookalike, driver: Twilio, app: App) -> MediaLink:
    assert await twilio.handset(ALICE.e164).texts("", to=SENDER, media=[JPEG]) == 200
    (link,) = app.came[0].media
    return link


async def test_the_credentials_are_checked(driver: Twilio) -> None:
    await driver.check()


async def test_media_go_out(driver: Twilio, twilio: TwilioLookalike) -> None:
    media = ("https://acme.example/a?b=1+2&c=%20", "https://acme.example/今日.png")
    await driver.send(attrs.evolve(outgoing(driver, text=""), media=media))

    (taken,) = twilio.messages
    assert (taken.text, taken.media) == ("", media)


async def test_more_than_twilio_takes_is_refused(driver: Twilio) -> None:
    message = attrs.evolve(outgoing(driver), media=("https://acme.example/a",) * (driver.features.media + 1))
    with pytest.raises(Rejected) as raised:
        await driver.send(message)

    assert raised.value.code == "21623"


async def test_a_picture_comes_in_and_no_credentials_go_to_the_storage(
    driver: Twilio, twilio: TwilioLookalike, link: MediaLink
) -> None:
    assert link.content_type == "image/jpeg"
    assert await driver.fetch_media(link) == Fetched(content=JPEG[0], content_type="image/jpeg")
    assert (twilio.media.asked, twilio.media.leaks) == (1, 0)


async def test_what_is_not_there_yet_may_be_there_later(
    driver: Twilio, twilio: TwilioLookalike, link: MediaLink
) -> None:
    twilio.media.be_missing(times=1)
    twilio.media.stumble(times=1)
    for code in ("404", "500"):
        with pytest.raises(Unavailable) as raised:
            await driver.fetch_media(link)
        assert raised.value.code == code

    assert (await driver.fetch_media(link)).content == JPEG[0]


async def test_a_busy_twilio_says_when_to_come_back(
    driver: Twilio, twilio: TwilioLookalike, link: MediaLink
) -> None:
    twilio.media.throttle(retry_after=7)
    with pytest.raises(Unavailable) as raised:
        await driver.fetch_media(link)

    assert (raised.value.code, raised.value.retry_after) == ("429", timedelta(seconds=7))


async def test_what_does_not_come_in_time_may_later(
    driver: Twilio, twilio: TwilioLookalike, link: MediaLink
) -> None:
    twilio.media.stall(times=1)
    with pytest.raises(Unavailable) as raised:
        await driver.fetch_media(link)

    assert raised.value.code == "timeout"
    assert (await driver.fetch_media(link)).content == JPEG[0]


async def test_what_is_too_large_is_lost(driver: Twilio, twilio: TwilioLookalike, app: App) -> None:
    large = (bytes(LARGEST_MEDIA + 1), "video/mp4")
    await twilio.handset(ALICE.e164).texts("", to=SENDER, media=[large])
    with pytest.raises(Rejected) as raised:
        await driver.fetch_media(app.came[0].media[0])

    assert raised.value.code == "size"


async def test_credentials_go_to_no_link_that_is_not_twilios(driver: Twilio, twilio: TwilioLookalike) -> None:
    """A forged link would have to be signed, but who could have it signed must not get the token."""
    with pytest.raises(Unavailable) as raised:
        await driver.fetch_media(MediaLink(url=f"{twilio.media.storage_url}/me"))

    assert (raised.value.code, twilio.media.leaks) == ("403", 0)

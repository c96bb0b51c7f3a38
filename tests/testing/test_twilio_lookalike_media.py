"""Media at the look-alike of Twilio: by URL on the way out, and from handsets by way of its API and a storage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from urllib.parse import urlsplit

import anyio
import httpx
import pytest

from smskit.testing.carriers import TwilioLookalike
from tests.testing.twilio_judge import App, Sdk, TwilioRestException, listening

SID = f"AC{'5' * 32}"
OURS, ALICE = "+14155550100", "+14155550123"
JPEG, CARD = (b"\xff\xd8 a picture", "image/jpeg"), (b"BEGIN:VCARD", "text/vcard")


@pytest.fixture
def app() -> Iterator[App]:
    with listening() as app:
        yield app


@pytest.fixture
async def twilio(anyio_backend: str, app: App) -> AsyncIterator[TwilioLookalike]:
    async with TwilioLookalike(account_sid=SID, auth_token="token", webhook_url=f"{app.url}/sms") as twilio:
        yield twilio


@pytest.fixture
def sdk(twilio: TwilioLookalike) -> Sdk:
    return Sdk(twilio.base_url, SID, "token")


@pytest.fixture
async def client(twilio: TwilioLookalike) -> AsyncIterator[httpx.AsyncClient]:
    """It does not follow redirects, and gives the credentials to everybody."""
    async with httpx.AsyncClient(auth=(SID, "token"), timeout=5) as client:
        yield client


@pytest.fixture
async def anybody(twilio: TwilioLookalike) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without credentials."""
    async with httpx.AsyncClient(timeout=5) as client:
        yield client


@pytest.fixture
async def link(twilio: TwilioLookalike, app: App) -> str:
    """Where the API has the picture that Alice sent."""
    await twilio.handset(ALICE).texts("Look", to=OURS, media=[JPEG])
    return app.heard[0].form["MediaUrl0"]


# On the way out


async def test_the_sdk_sends_media_in_order(twilio: TwilioLookalike, sdk: Sdk) -> None:
    urls = ["https://acme.example/b?x=1+2&y", "http://acme.example/今日.png", "https://acme.example"]
    message = await sdk.create(from_=OURS, to=ALICE, media_url=urls)
    (taken,) = twilio.messages

    assert taken.media == tuple(urls)
    assert (taken.text, message.num_media, message.sid) == ("", "3", taken.sid)
    assert taken.sid.startswith("MM")


async def test_a_text_without_media_has_none(twilio: TwilioLookalike, sdk: Sdk) -> None:
    message = await sdk.create(from_=OURS, to=ALICE, body="Hello")

    assert (message.num_media, message.sid[:2], twilio.messages[0].media) == ("0", "SM", ())


@pytest.mark.parametrize(
    ("count", "code"), [(10, None), (11, 21623)], ids=["as many as it takes", "one too many"]
)
async def test_ten_are_taken(twilio: TwilioLookalike, sdk: Sdk, count: int, code: int | None) -> None:
    said = None
    try:
        await sdk.create(from_=OURS, to=ALICE, body="Look", media_url=["https://acme.example/a"] * count)
    except TwilioRestException as refused:
        said = refused.code

    assert (said, len(twilio.messages)) == (code, code is None)


@pytest.mark.parametrize("url", ["ftp://acme.example/a", "acme.example/a", "https://", "https:///a", "x"])
async def test_media_are_at_urls(twilio: TwilioLookalike, sdk: Sdk, url: str) -> None:
    with pytest.raises(TwilioRestException) as raised:
        await sdk.create(from_=OURS, to=ALICE, body="Look", media_url=["https://acme.example/a", url])

    assert raised.value.code == 21620
    assert twilio.messages == []


async def test_neither_a_body_nor_media_is_no_text(sdk: Sdk) -> None:
    with pytest.raises(TwilioRestException) as raised:
        await sdk.create(from_=OURS, to=ALICE)

    assert raised.value.code == 21602


# From handsets


@pytest.mark.parametrize("text", ["Look", ""])
async def test_the_app_hears_where_media_are(twilio: TwilioLookalike, app: App, text: str) -> None:
    await twilio.handset(ALICE).texts(text, to=OURS, media=[JPEG, CARD])
    (heard,) = app.heard
    form = heard.form
    start = f"{twilio.base_url}/2010-04-01/Accounts/{SID}/Messages/{form['MessageSid']}/Media/ME"

    assert (form["Body"], form["NumMedia"], form["MessageSid"][:2]) == (text, "2", "MM")
    assert (form["MediaContentType0"], form["MediaContentType1"]) == ("image/jpeg", "text/vcard")
    assert all(form[f"MediaUrl{number}"].startswith(start) for number in range(2))
    assert form["MediaUrl0"] != form["MediaUrl1"]
    assert heard.is_signed_with("token")


async def test_the_api_redirects_to_a_storage_on_another_port(
    twilio: TwilioLookalike, client: httpx.AsyncClient, anybody: httpx.AsyncClient, link: str
) -> None:
    answer = await client.get(link)
    place = answer.headers["Location"]
    picture = await anybody.get(place)

    assert answer.status_code == 307
    assert urlsplit(place).port != urlsplit(twilio.base_url).port
    assert (picture.status_code, picture.content) == (200, JPEG[0])
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert (twilio.media.asked, twilio.media.leaks) == (1, 0)


async def test_without_credentials_the_api_tells_nothing(
    twilio: TwilioLookalike, client: httpx.AsyncClient, link: str
) -> None:
    client.auth = httpx.BasicAuth(SID, "wrong")
    answer = await client.get(link)

    assert (answer.status_code, "Location" in answer.headers, twilio.media.asked) == (401, False, 0)


async def test_credentials_that_the_storage_sees_are_counted_and_refused(
    twilio: TwilioLookalike, client: httpx.AsyncClient, link: str
) -> None:
    place = (await client.get(link)).headers["Location"]

    assert (await client.get(place)).status_code == 400
    assert twilio.media.leaks == 1


@pytest.mark.parametrize(("old", "new"), [("Signature=", "Signature=0"), ("?", "?x=1&"), ("?", "/?")])
async def test_the_storage_gives_out_only_by_the_whole_link(
    client: httpx.AsyncClient, anybody: httpx.AsyncClient, link: str, old: str, new: str
) -> None:
    place = (await client.get(link)).headers["Location"]

    assert (await anybody.get(place.replace(old, new))).status_code == 403
    assert (await anybody.post(place)).status_code == 403


async def test_what_nobody_sent_is_not_found(
    twilio: TwilioLookalike, client: httpx.AsyncClient, link: str
) -> None:
    answers = [await client.get(f"{link}0"), await client.post(link), await client.delete(link)]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert twilio.media.asked == 0


async def test_what_is_done_is_for_some_requests_or_until_it_changes(
    twilio: TwilioLookalike, client: httpx.AsyncClient, link: str
) -> None:
    media = twilio.media
    media.be_missing(times=2)
    media.stumble(503, times=1)
    media.throttle(retry_after=7, times=1)
    media.behave(times=1)
    answers = [await client.get(link) for _ in range(6)]
    media.be_missing()
    missing = await client.get(link)
    media.behave()

    assert [answer.status_code for answer in answers] == [404, 404, 503, 429, 307, 307]
    assert answers[3].headers["Retry-After"] == "7"
    assert missing.json()["code"] == 20404
    assert (await client.get(link)).status_code == 307
    assert media.asked == 8


async def test_half_of_it_comes_and_the_rest_after_the_silence(
    twilio: TwilioLookalike, client: httpx.AsyncClient, anybody: httpx.AsyncClient, link: str
) -> None:
    twilio.media.stall(times=1)
    place = (await client.get(link)).headers["Location"]
    half = len(JPEG[0]) // 2
    pieces: list[bytes] = []
    async with anybody.stream("GET", place) as answer:
        async for piece in answer.aiter_bytes():
            pieces.append(piece)
            if len(pieces) == 1:
                await twilio.until(lambda: twilio.silent)
                twilio.break_silence()

    assert pieces == [JPEG[0][:half], JPEG[0][half:]]
    assert (await anybody.get(place)).content == JPEG[0]


async def test_a_client_that_does_not_wait_for_the_rest_does_no_harm(
    twilio: TwilioLookalike, client: httpx.AsyncClient, anybody: httpx.AsyncClient, link: str
) -> None:
    twilio.media.stall(times=1)
    place = (await client.get(link)).headers["Location"]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anybody.get, place)
        await twilio.until(lambda: twilio.silent)
        tasks.cancel_scope.cancel()
    await twilio.until(lambda: not twilio.silent)

    assert (await anybody.get(place)).content == JPEG[0]


async def test_any_octets_are_kept_however_many(twilio: TwilioLookalike, app: App) -> None:
    many: Sequence[tuple[bytes, str]] = [(bytes(range(256)) * 20_000, "video/mp4"), (b"", "image/gif")]
    await twilio.handset(ALICE).texts("", to=OURS, media=many)
    form = app.heard[0].form
    async with httpx.AsyncClient(auth=(SID, "token"), follow_redirects=True) as client:
        came = [await client.get(form[f"MediaUrl{number}"]) for number in range(2)]

    assert [(answer.content, answer.headers["Content-Type"]) for answer in came] == list(many)
    assert twilio.media.leaks == 0

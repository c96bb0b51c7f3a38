"""What Twilio is asked, to the byte, and what each of its answers means."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import attrs
import httpx
import pytest
import respx
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from smskit.clock import VirtualClock
from smskit.drivers.http import HttpAnswer
from smskit.drivers.twilio import Twilio
from smskit.drivers.twilio.sending import read_answer, read_check
from smskit.errors import DeliveryError, OutcomeUnknown, Rejected, Unavailable
from smskit.model.addresses import address_of
from smskit.model.traffic import Accepted, Outgoing
from smskit.testing.contracts.drivers import outgoing

SID = "AC" + "0" * 32
SERVICE = "MG" + "1" * 32
KEY = "SK" + "2" * 32
MESSAGES = f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages.json"
NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)


def a_driver(
    *,
    public_url: str | None = None,
    api_key: tuple[str, str] | None = None,
    messaging_service: str | None = None,
    validity: timedelta | None = None,
) -> Twilio:
    return Twilio(
        SID,
        "token",
        ["+14155550100", "12345", "Acme"],
        public_url=public_url,
        api_key=api_key,
        messaging_service=messaging_service,
        validity=validity,
        clock=VirtualClock(NOON),
    )


PICTURES = ("https://acme.example/a?b=1+2&c=%20d", "https://acme.example/今日.png", "https://acme.example/a")


async def sent(driver: Twilio, message: Outgoing) -> httpx.Request:
    with respx.mock() as carrier:
        carrier.post(MESSAGES).respond(201, json={"sid": "SM1", "status": "queued"})
        try:
            assert await driver.send(message) == Accepted.whole("SM1")
        finally:
            await driver.aclose()
        request = carrier.calls.last.request
    assert isinstance(request, httpx.Request)
    return request


async def test_a_text_is_three_fields_of_a_form() -> None:
    driver = a_driver()

    request = await sent(driver, outgoing(driver))

    assert request.content == b"To=%2B14155550123&From=%2B14155550100&Body=Your+crown+is+ready."
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["authorization"] == "Basic " + b64encode(f"{SID}:token".encode()).decode()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1 + 1 = 2 & more?", b"1+%2B+1+%3D+2+%26+more%3F"),
        ("¿Sí? 🙂", b"%C2%BFS%C3%AD%3F+%F0%9F%99%82"),
        ("今日は", b"%E4%BB%8A%E6%97%A5%E3%81%AF"),
        (" two\nlines ", b"+two%0Alines+"),
    ],
    ids=["signs", "emoji", "kana", "spaces"],
)
async def test_any_text_goes_out_as_it_is(text: str, written: bytes) -> None:
    driver = a_driver()

    request = await sent(driver, outgoing(driver, text=text))

    assert request.content.endswith(b"&Body=" + written)


@pytest.mark.parametrize(("text", "body"), [("", b""), ("Look & see", b"&Body=Look+%26+see")])
async def test_media_go_out_by_their_urls_in_order(text: str, body: bytes) -> None:
    driver = a_driver(public_url="https://acme.example/sms")
    message = attrs.evolve(outgoing(driver, text=text), media=(*PICTURES, PICTURES[0]))

    request = await sent(driver, message)

    before, _, receipts = request.content.partition(b"&StatusCallback=")
    first = b"&MediaUrl=https%3A%2F%2Facme.example%2Fa%3Fb%3D1%2B2%26c%3D%2520d"
    assert before == (
        b"To=%2B14155550123&From=%2B14155550100"
        + body
        + first
        + b"&MediaUrl=https%3A%2F%2Facme.example%2F%E4%BB%8A%E6%97%A5.png"
        + b"&MediaUrl=https%3A%2F%2Facme.example%2Fa"
        + first
    )
    assert receipts


async def test_an_empty_text_alone_is_sent_as_it_is_for_twilio_to_refuse() -> None:
    driver = a_driver()

    request = await sent(driver, outgoing(driver, text=""))

    assert request.content == b"To=%2B14155550123&From=%2B14155550100&Body="


@pytest.mark.parametrize(("sender", "field"), [("12345", b"12345"), ("Acme", b"Acme")])
async def test_short_codes_and_names_send_too(sender: str, field: bytes) -> None:
    driver = a_driver()

    request = await sent(driver, attrs.evolve(outgoing(driver), sender=address_of(sender)))

    assert b"&From=" + field + b"&" in request.content


async def test_a_messaging_service_sends_from_the_sender_that_was_chosen() -> None:
    driver = a_driver(messaging_service=SERVICE)

    request = await sent(driver, outgoing(driver))

    assert f"From=%2B14155550100&MessagingServiceSid={SERVICE}&Body=" in request.content.decode()


async def test_a_key_sends_in_the_place_of_the_token() -> None:
    driver = a_driver(api_key=(KEY, "key secret"))

    request = await sent(driver, outgoing(driver))

    assert request.headers["authorization"] == "Basic " + b64encode(f"{KEY}:key secret".encode()).decode()


async def test_receipts_are_asked_for_at_a_url_with_our_signed_reference() -> None:
    driver = a_driver(public_url="https://acme.example/sms/")

    request = await sent(driver, outgoing(driver))

    (url,) = (value for name, value in parse_qsl(request.content.decode()) if name == "StatusCallback")
    assert url == (
        "https://acme.example/sms/twilio?r=1-5f00&s=30ad59ae651717a2838d68c3ec1671ac#rc=5&rp=5xx,ct,rt"
    )


@pytest.mark.parametrize(
    ("validity", "left", "seconds"),
    [
        (None, None, None),
        (timedelta(minutes=5), None, "300"),
        (None, timedelta(seconds=90.9), "90"),
        (timedelta(minutes=5), timedelta(minutes=2), "120"),
        (timedelta(minutes=5), timedelta(hours=2), "300"),
        (None, timedelta(days=3), "36000"),
        (None, timedelta(seconds=-3), "1"),
    ],
)
async def test_twilio_keeps_a_text_no_longer_than_it_is_good_for(
    validity: timedelta | None, left: timedelta | None, seconds: str | None
) -> None:
    driver = a_driver(validity=validity)
    message = attrs.evolve(outgoing(driver), expires_at=None if left is None else NOON + left)

    request = await sent(driver, message)

    assert dict(parse_qsl(request.content.decode())).get("ValidityPeriod") == seconds


class Recorder(HttpClient):  # type: ignore[misc] # it ships no annotations
    """The transport of Twilio's own client, which keeps what it was to send."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def request(self, method: str, url: str, **asked: object) -> Response:
        self.asked = {"method": method, "url": url, **asked}
        return Response(201, json.dumps({"sid": "SM1", "status": "queued"}))


async def test_twilios_own_client_asks_the_same() -> None:
    driver = a_driver(messaging_service=SERVICE, validity=timedelta(minutes=5))
    recorder = Recorder()

    ours = await sent(driver, attrs.evolve(outgoing(driver), media=PICTURES))
    Client(SID, "token", http_client=recorder).messages.create(
        to="+14155550123",
        from_="+14155550100",
        messaging_service_sid=SERVICE,
        body="Your crown is ready.",
        media_url=list(PICTURES),
        validity_period=300,
    )

    theirs = recorder.asked
    assert (ours.method, str(ours.url)) == (theirs["method"], theirs["url"])
    assert sorted(parse_qsl(ours.content.decode())) == sorted(
        (name, str(value))
        for name, said in theirs["data"].items()
        for value in (said if isinstance(said, list) else [said])
    )
    assert ours.headers["authorization"] == "Basic " + b64encode(":".join(theirs["auth"]).encode()).decode()


def answer(status: int, said: object) -> HttpAnswer:
    return HttpAnswer(status=status, body=json.dumps(said).encode())


def test_a_yes_names_the_message() -> None:
    assert read_answer(answer(201, {"sid": "SM1", "status": "queued"})) == Accepted.whole("SM1")


@pytest.mark.parametrize(
    "status", ["accepted", "queued", "sending", "sent", "delivered", "scheduled", "teleported"]
)
@pytest.mark.parametrize("code", [None, 30007])
def test_a_yes_is_a_yes_unless_the_text_failed(status: str, code: int | None) -> None:
    said = {"sid": "SM1", "status": status, "error_code": code}

    assert read_answer(answer(201, said)) == Accepted.whole("SM1")


@pytest.mark.parametrize("status", ["failed", "undelivered"])
@pytest.mark.parametrize(
    ("code", "shown", "opted_out"),
    [(21610, "21610", True), ("21610", "21610", True), (30007, "30007", False), (None, None, False)],
    ids=["opted out", "in words", "filtered", "no code"],
)
def test_a_yes_to_what_failed_by_then_is_a_no(
    status: str, code: object, shown: str | None, *, opted_out: bool
) -> None:
    with pytest.raises(Rejected) as raised:
        read_answer(answer(201, {"sid": "SM1", "status": status, "error_code": code}))

    assert (raised.value.code, raised.value.opted_out) == (shown or status, opted_out)


@pytest.mark.parametrize("code", [30002, 21611])
def test_what_failed_because_of_the_account_or_a_full_queue_waits(code: int) -> None:
    with pytest.raises(Unavailable) as raised:
        read_answer(answer(201, {"sid": "SM1", "status": "failed", "error_code": code}))

    assert raised.value.code == str(code)


@pytest.mark.parametrize("said", [{}, {"sid": None}, {"sid": ""}, {"sid": 5}, [], "SM1", None])
@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_yes_that_names_no_message_is_in_doubt(said: object, status: int) -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        read_answer(answer(status, said))
    assert raised.value.code == str(status)


@pytest.mark.parametrize("status", [301, 302, 304, 307, 308])
def test_a_redirection_is_in_doubt(status: int) -> None:
    with pytest.raises(OutcomeUnknown, match="elsewhere"):
        read_answer(HttpAnswer(status=status))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        *((code, "cannot get texts") for code in (21211, 21217, 21265, 21266, 21268, 21614, 21635)),
        *((code, "may not text there") for code in (21408, 21606, 21612)),
        *((code, "refused") for code in (21617, 30034, 99999)),
    ],
)
def test_refusals_keep_their_code(code: int, reason: str) -> None:
    with pytest.raises(Rejected, match=reason) as raised:
        read_answer(answer(400, {"code": code, "message": "to +14155550123", "status": 400}))
    assert (raised.value.code, raised.value.opted_out) == (str(code), False)
    assert "555" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, {"code": 20003}),
        (403, {"code": 20003}),
        (403, {"code": 20005}),
        (400, {"code": 30002}),
        (403, "a page of some firewall"),
        (404, {}),
    ],
)
def test_an_account_that_is_not_taken_loses_no_text(status: int, said: object) -> None:
    """Somebody may be mending it at this moment."""
    with pytest.raises(Unavailable, match="account") as raised:
        read_answer(answer(status, said))
    assert raised.value.retry_after == timedelta(minutes=1)


def test_an_opt_out_at_twilio_is_told() -> None:
    with pytest.raises(Rejected) as raised:
        read_answer(answer(400, {"code": 21610}))
    assert raised.value.opted_out


@pytest.mark.parametrize("code", [20429, 21611])
def test_a_full_queue_took_nothing(code: int) -> None:
    with pytest.raises(Unavailable) as raised:
        read_answer(answer(400, {"code": code}))
    assert raised.value.code == str(code)


@pytest.mark.parametrize("said", [{"code": None}, {"code": "no +1415"}, {"code": [1]}])
def test_a_refusal_without_a_code_has_that_of_http(said: object) -> None:
    with pytest.raises(Rejected) as raised:
        read_answer(answer(403, said))
    assert raised.value.code == "403"


def test_a_refusal_of_the_newer_form_is_read_too() -> None:
    said = {"type": "x", "title": "y", "code": 21211, "detail": "z", "errors": []}
    with pytest.raises(Rejected) as raised:
        read_answer(answer(400, said))
    assert raised.value.code == "21211"


@pytest.mark.parametrize("status", [503, 500, 408])
async def test_a_failure_of_twilios_is_in_doubt(status: int) -> None:
    driver = a_driver()
    with respx.mock() as carrier:
        carrier.post(MESSAGES).respond(status, json={"code": 20500})
        with pytest.raises(OutcomeUnknown):
            await driver.send(outgoing(driver))
    await driver.aclose()


@pytest.mark.parametrize(
    ("said", "error", "code"),
    [
        ((200, {"status": "active"}), None, None),
        ((200, {"messages": []}), None, None),
        ((200, {"status": "suspended"}), Rejected, "suspended"),
        ((200, {"status": "closed"}), Rejected, "closed"),
        ((401, {"code": 20003}), Rejected, "20003"),
        ((404, {"code": 20404}), Rejected, "20404"),
        ((200, "a page of some proxy"), OutcomeUnknown, "200"),
    ],
)
def test_a_check_says_what_is_wrong(
    said: tuple[int, object], error: type[DeliveryError] | None, code: str | None
) -> None:
    raised = None
    try:
        read_check(answer(*said))
    except DeliveryError as caught:
        raised = caught

    assert (type(raised) if raised else None, raised and raised.code) == (error, code)


@pytest.mark.parametrize(
    ("api_key", "url"),
    [
        (None, f"https://api.twilio.com/2010-04-01/Accounts/{SID}.json"),
        ((KEY, "s"), f"{MESSAGES}?PageSize=1"),
    ],
    ids=["token", "key"],
)
async def test_the_check_asks_what_the_credentials_may_see(api_key: tuple[str, str] | None, url: str) -> None:
    driver = a_driver(api_key=api_key)
    with respx.mock() as carrier:
        carrier.get(url).respond(200, json={"status": "active", "messages": []})
        await driver.check()
    await driver.aclose()

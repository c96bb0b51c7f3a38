"""The look-alike of Twilio does as Twilio does, in the eyes of Twilio's own SDK, and as the test says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

import anyio
import httpx
import pytest

from smskit.clock import VirtualClock
from smskit.errors import UsageError
from smskit.testing.carriers import TwilioLookalike
from tests.testing.twilio_judge import App, Sdk, TwilioRestException, listening

SID = f"AC{'5' * 32}"
SERVICE = f"MG{'7' * 32}"
NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
OURS, SERVICES, ALICE = "+14155550100", "+14155550101", "+14155550123"
TEXT = {"From": OURS, "To": ALICE, "Body": "Your crown is ready."}


@pytest.fixture
def app() -> Iterator[App]:
    with listening() as app:
        yield app


@pytest.fixture
async def twilio(anyio_backend: str, app: App) -> AsyncIterator[TwilioLookalike]:
    async with TwilioLookalike(
        account_sid=SID,
        auth_token="token",
        api_key=("SK1", "secret"),
        services={SERVICE: SERVICES},
        webhook_url=f"{app.url}/sms?tenant=a%20b&x=",
        clock=VirtualClock(NOON),
    ) as twilio:
        yield twilio


@pytest.fixture
async def client(twilio: TwilioLookalike) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=twilio.base_url, auth=(SID, "token"), timeout=5) as client:
        yield client


@pytest.fixture
def callback(app: App) -> dict[str, str]:
    """Where the news of a text goes, as a field of it."""
    return {"StatusCallback": f"{app.url}/sms/twilio?r=7-5f00&s=a%2Fb%3D"}


async def send(client: httpx.AsyncClient, more: Mapping[str, str] | None = None) -> httpx.Response:
    return await client.post(f"/2010-04-01/Accounts/{SID}/Messages.json", data={**TEXT, **(more or {})})


@pytest.fixture
def sdk(twilio: TwilioLookalike) -> Sdk:
    return Sdk(twilio.base_url, SID, "token")


# The vendor's SDK


async def test_the_sdk_creates_a_message(twilio: TwilioLookalike, sdk: Sdk) -> None:
    message = await sdk.create(from_=OURS, to=ALICE, body="¿Sí? 1+1 & 🙂")
    (taken,) = twilio.messages

    assert (message.sid, message.status, message.from_) == (taken.sid, "queued", OURS)
    assert (message.num_segments, message.error_code, message.date_created) == ("1", None, NOON)
    assert (taken.sender, taken.to, taken.text) == (OURS, ALICE, "¿Sí? 1+1 & 🙂")
    assert twilio.handset(ALICE).received == ["¿Sí? 1+1 & 🙂"]


async def test_the_sdk_sends_through_a_messaging_service(twilio: TwilioLookalike, sdk: Sdk) -> None:
    message = await sdk.create(messaging_service_sid=SERVICE, to=ALICE, body="Hello", validity_period="60")
    (taken,) = twilio.messages

    assert (message.status, message.from_, message.num_segments) == ("accepted", None, "0")
    assert taken.sender == SERVICES
    assert taken.form["ValidityPeriod"] == "60"


async def test_the_sdk_reads_a_refusal(twilio: TwilioLookalike, sdk: Sdk) -> None:
    twilio.refuse("30034", status=403)
    with pytest.raises(TwilioRestException) as raised:
        await sdk.create(from_=OURS, to=ALICE, body="Hello")

    assert (raised.value.status, raised.value.code) == (403, 30034)
    assert twilio.messages == []


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        (21211, {"to": "0123"}),
        (21212, {"from_": "not a sender, is it"}),
        (21266, {"from_": ALICE}),
        (21602, {"body": ""}),
        (21603, {"from_": ""}),
        (21604, {"to": ""}),
        (21617, {"body": "x" * 1601}),
        (21701, {"messaging_service_sid": f"MG{'0' * 32}"}),
    ],
)
async def test_what_twilio_would_not_take_is_refused(
    twilio: TwilioLookalike, sdk: Sdk, code: int, wrong: Mapping[str, str]
) -> None:
    with pytest.raises(TwilioRestException) as raised:
        await sdk.create(**{"from_": OURS, "to": ALICE, "body": "Hello", **wrong})

    assert raised.value.code == code
    assert twilio.messages == []


async def test_the_sdk_fetches_the_account(sdk: Sdk) -> None:
    assert await sdk.account() == (SID, "active")


async def test_the_sdks_validator_takes_what_is_called_back(
    twilio: TwilioLookalike, client: httpx.AsyncClient, app: App, callback: dict[str, str]
) -> None:
    await send(client, callback)
    await twilio.deliver()
    await twilio.handset(ALICE).texts("¿Sí? 1+1 & 🙂", to=OURS)

    assert app.statuses == ["queued", "sent", "delivered", "received"]
    assert all(heard.is_signed_with("token") for heard in app.heard)
    assert not any(heard.is_signed_with("another") for heard in app.heard)


async def test_the_sdk_lists_the_texts_newest_first(twilio: TwilioLookalike, sdk: Sdk) -> None:
    for body in ("one", "two", "three"):
        await sdk.create(from_=OURS, to=ALICE, body=body)

    assert await sdk.bodies(2) == ["three", "two"]


@pytest.mark.parametrize(
    ("query", "count"), [("?PageSize=1", 1), ("?PageSize=x", 2), (f"?PageSize={'9' * 5000}", 2), ("", 2)]
)
async def test_a_page_is_as_long_as_it_is_asked_for(
    client: httpx.AsyncClient, query: str, count: int
) -> None:
    for _ in range(2):
        await send(client)
    answer = await client.get(f"/2010-04-01/Accounts/{SID}/Messages.json{query}")

    assert (answer.status_code, len(answer.json()["messages"])) == (200, count)


# Credentials and addresses


async def test_an_api_key_opens_it_too(twilio: TwilioLookalike, client: httpx.AsyncClient) -> None:
    client.auth = httpx.BasicAuth("SK1", "secret")

    assert (await send(client)).status_code == 201


async def test_without_credentials_nothing_is_taken(
    twilio: TwilioLookalike, client: httpx.AsyncClient
) -> None:
    client.auth = httpx.BasicAuth(SID, "wrong")
    answer = await send(client)

    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    assert (twilio.messages, twilio.attempts) == ([], 0)


@pytest.mark.parametrize("path", ["/", "/Messages.json", f"/2010-04-01/Accounts/{SID}/Calls.json"])
async def test_what_it_does_not_imitate_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path)

    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


# Behaviour


async def test_a_behaviour_is_for_some_texts_or_until_it_changes(
    twilio: TwilioLookalike, client: httpx.AsyncClient
) -> None:
    twilio.refuse("21211")
    twilio.throttle(times=2)
    twilio.behave(times=1)
    script = [(await send(client)).status_code for _ in range(5)]
    twilio.stumble(503, times=1)
    twilio.behave()

    assert script == [429, 429, 201, 400, 400]
    assert (await send(client)).status_code == 201
    assert twilio.attempts == 6
    assert len(twilio.messages) == 2


async def test_a_throttled_client_hears_how_long_to_wait(
    twilio: TwilioLookalike, client: httpx.AsyncClient
) -> None:
    twilio.throttle(retry_after=5)
    answer = await send(client)

    assert (answer.status_code, answer.json()["code"]) == (429, 20429)
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("taken", [False, True])
async def test_it_stumbles_before_or_after_taking_a_text(
    twilio: TwilioLookalike, client: httpx.AsyncClient, *, taken: bool
) -> None:
    twilio.stumble(503, after_accepting=taken)

    assert (await send(client)).status_code == 503
    assert len(twilio.messages) == taken


@pytest.mark.parametrize("taken", [False, True])
async def test_it_hangs_up_before_or_after_taking_a_text(
    twilio: TwilioLookalike, client: httpx.AsyncClient, *, taken: bool
) -> None:
    twilio.hang_up(after_accepting=taken)
    with pytest.raises(httpx.TransportError):
        await send(client)

    assert len(twilio.messages) == taken


@pytest.mark.parametrize("taken", [False, True])
async def test_it_is_silent_before_or_after_taking_a_text(
    twilio: TwilioLookalike, client: httpx.AsyncClient, *, taken: bool
) -> None:
    answers: list[int] = []

    async def ask() -> None:
        answers.append((await send(client)).status_code)

    twilio.fall_silent(after_accepting=taken, times=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await twilio.until(lambda: twilio.silent)
        during = len(twilio.messages), len(answers)
        twilio.break_silence()

    assert during == (taken, 0)
    assert answers == [201]
    assert len(twilio.messages) == 1


@pytest.mark.parametrize("taken", [False, True])
async def test_a_client_that_stops_waiting_changes_nothing(
    twilio: TwilioLookalike, client: httpx.AsyncClient, *, taken: bool
) -> None:
    twilio.fall_silent(after_accepting=taken, times=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send, client)
        await twilio.until(lambda: twilio.silent)
        tasks.cancel_scope.cancel()
    await twilio.until(lambda: not twilio.silent)
    twilio.break_silence()

    assert len(twilio.messages) == taken
    assert (await send(client)).status_code == 201


async def test_silence_ends_when_the_look_alike_does() -> None:
    failed = anyio.Event()

    async def ask(base_url: str) -> None:
        async with httpx.AsyncClient(base_url=base_url, auth=(SID, "token"), timeout=5) as client:
            with pytest.raises(httpx.TransportError):
                await send(client)
        failed.set()

    async with anyio.create_task_group() as tasks:
        async with TwilioLookalike(account_sid=SID, auth_token="token") as twilio:
            twilio.fall_silent()
            tasks.start_soon(ask, twilio.base_url)
            await twilio.until(lambda: twilio.silent)
        await failed.wait()


# Connections


async def test_a_connection_carries_many_requests_however_they_are_cut_up(twilio: TwilioLookalike) -> None:
    request = _request_of(twilio)
    twilio.throttle(times=1)
    async with await _connection(twilio) as stream:
        for octet in request:
            await stream.send(bytes([octet]))
        first = await _answer_from(stream)
        await stream.send(request)
        second = await _answer_from(stream)

    assert first.startswith(b"HTTP/1.1 429")
    assert second.startswith(b"HTTP/1.1 201")
    assert len(twilio.messages) == 1


async def test_a_client_may_ask_for_the_end_of_the_connection(
    twilio: TwilioLookalike, client: httpx.AsyncClient
) -> None:
    client.headers["Connection"] = "close"

    assert [(await send(client)).status_code for _ in range(2)] == [201, 201]


async def test_a_client_that_talks_into_the_silence_is_heard_after_it(twilio: TwilioLookalike) -> None:
    request = _request_of(twilio)
    twilio.fall_silent(times=1)
    async with await _connection(twilio) as stream:
        await stream.send(request[:-20])
        await twilio.until(lambda: twilio.silent)
        await stream.send(request[-20:])
        twilio.break_silence()
        answer = await _answer_from(stream)

    assert answer.startswith(b"HTTP/1.1 201")


async def test_a_client_that_leaves_in_the_middle_hands_over_nothing(
    twilio: TwilioLookalike, client: httpx.AsyncClient
) -> None:
    request = _request_of(twilio)
    for length in (1, 20, len(request) - 30, len(request) - 1):
        async with await _connection(twilio) as stream:
            await stream.send(request[:length])

    assert (await send(client)).status_code == 201
    assert len(twilio.messages) == 1


@pytest.mark.parametrize("method", ["PUT", "HEAD", "OPTIONS", "DELETE"])
async def test_other_methods_are_not_found(client: httpx.AsyncClient, method: str) -> None:
    path = f"/2010-04-01/Accounts/{SID}/Messages.json"

    assert [(await client.request(method, path)).status_code for _ in range(2)] == [404, 404]


async def test_many_texts_at_once_are_taken_once_each(
    twilio: TwilioLookalike, client: httpx.AsyncClient
) -> None:
    async with anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(send, client, {"Body": f"text {number}"})

    assert sorted(taken.text for taken in twilio.messages) == sorted(f"text {n}" for n in range(100))
    assert len({taken.sid for taken in twilio.messages}) == 100


async def test_octets_that_are_no_text_do_no_harm(client: httpx.AsyncClient) -> None:
    path = f"/2010-04-01/Accounts/{SID}/Messages.json"
    answer = await client.post(path, content=b"To=%2B14155550123&From=%2B1415\xff&Body=%ff\xfe%ed%a0%80")

    assert (answer.status_code, answer.json()["code"]) == (400, 21212)


async def test_what_is_not_http_is_cut_off(twilio: TwilioLookalike, client: httpx.AsyncClient) -> None:
    async with await _connection(twilio) as stream:
        await stream.send(b"\x16\x03\x01 is not HTTP\r\n\r\n")
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await stream.receive()

    assert (await send(client)).status_code == 201


def _request_of(twilio: TwilioLookalike) -> bytes:
    request = httpx.Request("POST", f"{twilio.base_url}/2010-04-01/Accounts/{SID}/Messages.json", data=TEXT)
    request = next(httpx.BasicAuth(SID, "token").auth_flow(request))
    headers = (f"{name}: {value}" for name, value in request.headers.items())
    return "\r\n".join([f"POST {request.url.path} HTTP/1.1", *headers, "", ""]).encode() + request.content


async def _connection(twilio: TwilioLookalike) -> anyio.abc.SocketStream:
    return await anyio.connect_tcp("127.0.0.1", urlsplit(twilio.base_url).port or 0)


async def _answer_from(stream: anyio.abc.SocketStream) -> bytes:
    answer = b""
    while not answer.endswith(b"}"):
        answer += await stream.receive()
    return answer


# News of texts


async def test_news_tells_what_twilio_tells(
    twilio: TwilioLookalike, client: httpx.AsyncClient, app: App, callback: dict[str, str]
) -> None:
    sid = (await send(client, callback)).json()["sid"]
    await twilio.deliver("delivered")
    (heard,) = app.heard

    assert heard.url == callback["StatusCallback"]
    assert heard.form == {
        "MessageSid": sid,
        "SmsSid": sid,
        "MessageStatus": "delivered",
        "SmsStatus": "delivered",
        "From": OURS,
        "To": ALICE,
        "AccountSid": SID,
        "ApiVersion": "2010-04-01",
    }


async def test_overrides_are_for_twilio_and_neither_posted_nor_signed(
    twilio: TwilioLookalike, client: httpx.AsyncClient, app: App, callback: dict[str, str]
) -> None:
    await send(client, {"StatusCallback": f"{callback['StatusCallback']}#rc=5&rp=5xx,ct,rt"})
    twilio.webhook_url = f"{app.url}/sms#rc=5&rp=all"
    await twilio.deliver("delivered")
    await twilio.handset(ALICE).texts("Hello", to=OURS)

    assert [heard.url for heard in app.heard] == [callback["StatusCallback"], f"{app.url}/sms"]
    assert all(heard.is_signed_with("token") for heard in app.heard)


@pytest.mark.parametrize(
    ("status", "course"),
    [("undelivered", ["queued", "sent", "undelivered"]), ("failed", ["queued", "failed"])],
)
async def test_a_handset_out_of_reach_is_told_of_with_a_code(
    twilio: TwilioLookalike,
    client: httpx.AsyncClient,
    app: App,
    callback: dict[str, str],
    *,
    status: Literal["undelivered", "failed"],
    course: list[str],
) -> None:
    alice = twilio.handset(ALICE)
    alice.fail("30003", status=status)
    await send(client, callback)
    await twilio.deliver()
    alice.behave()
    await send(client, {"Body": "Hello again"})

    assert app.statuses == course
    assert [heard.form.get("ErrorCode") for heard in app.heard][-2:] == [None, "30003"]
    assert alice.received == ["Hello again"]


async def test_news_is_held_back_lost_repeated_and_mixed(
    twilio: TwilioLookalike, client: httpx.AsyncClient, app: App, callback: dict[str, str]
) -> None:
    await send(client, callback)
    await twilio.deliver("delivered")
    twilio.lose("sent")
    await twilio.deliver(repeat=2)
    in_order = app.statuses
    await send(client, callback)
    await twilio.deliver(repeat=2, shuffle=1)
    mixed = app.statuses[3:]

    assert in_order == ["delivered", "queued", "queued"]
    assert sorted(mixed) == sorted(["queued", "sent", "delivered"] * 2)
    assert mixed != ["queued", "sent", "delivered"] * 2
    assert twilio.due == []


async def test_what_the_app_does_not_take_comes_again(
    twilio: TwilioLookalike, client: httpx.AsyncClient, app: App, callback: dict[str, str]
) -> None:
    app.answers = [204, 500, 403]
    await send(client, callback)

    assert await twilio.deliver() == [204, 500, 403]
    assert await twilio.deliver() == [204, 204]
    assert app.statuses == ["queued", "sent", "delivered", "sent", "delivered"]


async def test_news_can_come_before_the_answer(
    twilio: TwilioLookalike, client: httpx.AsyncClient, app: App, callback: dict[str, str]
) -> None:
    twilio.fall_silent(after_accepting=True)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send, client, callback)
        await twilio.until(lambda: twilio.messages)
        await twilio.deliver()
        twilio.break_silence()

    assert app.statuses == ["queued", "sent", "delivered"]


async def test_an_app_that_is_away_gives_502(twilio: TwilioLookalike) -> None:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
    twilio.webhook_url = f"http://127.0.0.1:{port}"

    assert await twilio.handset(ALICE).texts("Hello", to=OURS) == 502
    assert [callback.status for callback in twilio.due] == ["received"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"", 502),
        (b"HTTP/1.1 20", 502),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<Resp", 502),
        (b"\x00\x01\r\n\r\n", 502),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n<Response/>", 200),
    ],
    ids=["nothing", "half a head", "half a body", "no HTTP", "two heads"],
)
async def test_what_the_app_says_is_read_to_its_end(
    twilio: TwilioLookalike, said: bytes, status: int
) -> None:
    async def say(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(said)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, say)
        twilio.webhook_url = f"http://127.0.0.1:{listener.extra(anyio.abc.SocketAttribute.local_port)}"
        heard = await twilio.handset(ALICE).texts("Hello", to=OURS)
        tasks.cancel_scope.cancel()

    assert heard == status


@pytest.mark.parametrize("url", ["https://127.0.0.1/sms", "http://acme.example/sms"])
async def test_callbacks_stay_on_this_machine(twilio: TwilioLookalike, url: str) -> None:
    twilio.webhook_url = url
    with pytest.raises(UsageError, match="only this machine"):
        await twilio.handset(ALICE).texts("Hello", to=OURS)


async def test_callbacks_may_be_posted_by_the_test() -> None:
    posted: list[tuple[str, str]] = []

    async def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
        posted.append((url, headers["X-Twilio-Signature"]))
        return 200

    async with TwilioLookalike(webhook_url="https://acme.example/sms", post=post) as twilio:
        status = await twilio.handset(ALICE).texts("Hello", to=OURS)

    assert status == 200
    assert [url for url, _ in posted] == ["https://acme.example/sms"]


# Texts from handsets


async def test_a_text_from_a_handset_is_told_as_twilio_tells_it(twilio: TwilioLookalike, app: App) -> None:
    app.answers = [200]
    status = await twilio.handset(ALICE).texts(" Yes, please ", to=OURS)
    form = app.heard[0].form

    assert status == 200
    assert (form["From"], form["To"], form["Body"], form["FromCity"]) == (ALICE, OURS, " Yes, please ", "")
    assert (form["SmsStatus"], form["NumMedia"], form["NumSegments"]) == ("received", "0", "1")
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"]
    assert not {"MessageStatus", "OptOutType", "MessagingServiceSid"} & form.keys()


async def test_texts_need_somewhere_to_go() -> None:
    async with TwilioLookalike() as twilio:
        with pytest.raises(UsageError, match="webhook_url"):
            await twilio.handset(ALICE).texts("Hello", to=OURS)


async def test_stop_blocks_a_number_until_start(
    twilio: TwilioLookalike, client: httpx.AsyncClient, app: App
) -> None:
    alice = twilio.handset(ALICE)
    await alice.texts(" stop ", to=OURS)
    await alice.texts("STOP", to=OURS)
    blocked = await send(client)
    elsewhere = await send(client, {"From": "+14155550109"})
    await alice.texts("Start", to=OURS)
    lifted = await send(client)

    assert (blocked.status_code, blocked.json()["code"]) == (400, 21610)
    assert (elsewhere.status_code, lifted.status_code) == (201, 201)
    assert [text.split(".")[0] for text in alice.received] == [
        "You have successfully been unsubscribed",
        "Your crown is ready",
        "You have successfully been re-subscribed to messages from this number",
        "Your crown is ready",
    ]
    assert [heard.form["Body"] for heard in app.heard] == [" stop ", "STOP", "Start"]


async def test_only_a_word_alone_is_a_keyword(twilio: TwilioLookalike, client: httpx.AsyncClient) -> None:
    await twilio.handset(ALICE).texts("STOP PLEASE", to=OURS)
    await twilio.handset(ALICE).texts("Info", to=OURS)

    assert (await send(client)).status_code == 201
    assert twilio.handset(ALICE).received[0].startswith("Reply STOP to unsubscribe")


async def test_keywords_to_a_short_code_are_left_to_the_app(
    twilio: TwilioLookalike, client: httpx.AsyncClient, app: App
) -> None:
    await twilio.handset(ALICE).texts("STOP", to="12345")

    assert [heard.form["Body"] for heard in app.heard] == ["STOP"]
    assert twilio.handset(ALICE).received == []
    assert (await send(client, {"From": "12345"})).status_code == 201


async def test_a_service_stops_as_a_whole_and_tells_the_word(
    twilio: TwilioLookalike, client: httpx.AsyncClient, app: App
) -> None:
    await twilio.handset(ALICE).texts("END", to=SERVICES)
    form = app.heard[0].form
    by_service = await send(client, {"From": "", "MessagingServiceSid": SERVICE})
    by_number = await send(client, {"From": SERVICES})

    assert (form["OptOutType"], form["MessagingServiceSid"]) == ("STOP", SERVICE)
    assert by_service.json()["code"] == by_number.json()["code"] == 21610
    assert (await send(client)).status_code == 201


# Keeping to itself


async def test_an_error_of_the_test_passes_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with TwilioLookalike():
            raise ZeroDivisionError


def test_it_knows_no_driver_and_costs_nothing_unasked() -> None:
    script = """
import sys, smskit.testing
assert "h11" not in sys.modules
import smskit.testing.carriers
print(sorted(name for name in sys.modules if name.startswith(("smskit.drivers", "smskit.model.traffic", "httpx"))))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)

    assert ran.stdout.strip() == "[]"

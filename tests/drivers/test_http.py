"""One call over HTTP says what is known about the text afterwards: real sockets, misbehaving in every way."""

from __future__ import annotations

import gc
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from smskit.drivers.http import LARGEST_ANSWER, HttpAnswer, HttpCaller, HttpRequest
from smskit.errors import DeliveryError, OutcomeUnknown, Unavailable
from tests.drivers.loopback import (
    Handler,
    a_server,
    answering,
    close_before_reading,
    closing_after,
    drip,
    read_request,
    stay_silent,
)

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
SOON = timedelta(seconds=1)
FORM = [("To", "+14155550123"), ("Body", "¿Sí? 🙂 a&b"), ("MediaUrl", "one"), ("MediaUrl", "two")]


async def close_half_way(stream: ByteStream) -> None:
    await stream.receive(10)


@asynccontextmanager
async def a_caller(
    timeout: timedelta = timedelta(seconds=10), connections: int = 10
) -> AsyncIterator[HttpCaller]:
    caller = HttpCaller(timeout=timeout, connections=connections)
    try:
        yield caller
    finally:
        await caller.aclose()


async def outcome(url: str, timeout: timedelta = timedelta(seconds=10)) -> HttpAnswer | DeliveryError:
    async with a_caller(timeout) as caller:
        try:
            return await caller.call(HttpRequest(url=url, form=FORM, auth=("AC1", "secret")))
        except DeliveryError as error:
            return error


async def failure(handler: Handler, timeout: timedelta = timedelta(seconds=10)) -> tuple[type, str | None]:
    async with a_server(handler) as url:
        error = await outcome(url, timeout)
    assert isinstance(error, DeliveryError)
    assert not any(private in str(error) for private in ("4155550123", "secret", "Sí"))
    return type(error), error.code


async def test_the_answer_is_given_with_headers_in_lower_case() -> None:
    answer = b'HTTP/1.1 201 Created\r\nX-Thing: Yes\r\ncontent-length: 12\r\n\r\n{"sid": "a"}'
    async with a_server(answering(answer)) as url:
        said = await outcome(url)

    assert isinstance(said, HttpAnswer)
    assert (said.status, said.headers["x-thing"], said.json()) == (201, "Yes", {"sid": "a"})


@pytest.mark.parametrize("status", [200, 204, 301, 307, 400, 401, 403, 404, 409, 422])
async def test_yes_no_and_redirections_are_answers(status: int) -> None:
    answer = f"HTTP/1.1 {status} Some\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    async with a_server(answering(answer.encode())) as url:
        said = await outcome(url)

    assert isinstance(said, HttpAnswer)
    assert said.status == status


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
async def test_a_carrier_that_fails_may_have_the_text(status: int) -> None:
    handler = answering(f"HTTP/1.1 {status} Some\r\ncontent-length: 0\r\nretry-after: 3\r\n\r\n".encode())

    assert await failure(handler) == (OutcomeUnknown, str(status))


NOON = "Mon, 04 Jan 2027 12:00:00 GMT"
LATER = "Mon, 04 Jan 2027 12:01:30 GMT"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, timedelta(seconds=7)),
        ({"Retry-After": LATER, "Date": NOON}, timedelta(seconds=90)),
        ({"Retry-After": NOON, "Date": LATER}, timedelta()),
        ({"Retry-After": "9" * 40}, timedelta(days=1)),
        ({"Retry-After": LATER}, None),
        ({"Retry-After": LATER.replace("GMT", "-0000"), "Date": NOON}, None),
        ({"Retry-After": "soon", "Date": NOON}, None),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
    ids=["seconds", "date", "past", "huge", "no date to count from", "no zone", "words", "negative", "none"],
)
async def test_a_busy_carrier_took_nothing_and_says_when_to_come_back(
    headers: dict[str, str], wait: timedelta | None
) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    async with a_server(answering(f"HTTP/1.1 429 Busy\r\n{lines}\r\n".encode())) as url:
        error = await outcome(url)

    assert isinstance(error, Unavailable)
    assert (error.code, error.retry_after) == ("429", wait)


async def test_nobody_at_the_port_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = await outcome(f"http://127.0.0.1:{taken.getsockname()[1]}")

    assert isinstance(error, Unavailable)
    assert error.code == "connect"


@contextmanager
def a_full_port() -> Iterator[int]:
    """A port whose queue is full: the kernel answers no further connection."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        yield server.getsockname()[1]
        for one in waiting:
            one.close()


async def test_a_port_that_does_not_answer_is_unavailable() -> None:
    with a_full_port() as port:
        error = await outcome(f"http://127.0.0.1:{port}", SOON)

    assert isinstance(error, Unavailable)
    assert error.code == "connect"


@pytest.mark.parametrize("handler", [stay_silent, close_before_reading], ids=["silent", "closing"])
async def test_without_a_safe_connection_nothing_has_left(handler: Handler) -> None:
    async with a_server(handler) as url:
        error = await outcome(url.replace("http:", "https:"), SOON)

    assert isinstance(error, Unavailable)
    assert error.code == "connect"


@pytest.mark.parametrize(
    "handler",
    [
        close_before_reading,
        close_half_way,
        closing_after(b""),
        closing_after(b"HTTP/1.1 20"),
        closing_after(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhal"),
        closing_after(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal"),
        closing_after(b"+OK POP3 server ready\r\n"),
    ],
    ids=["before reading", "half read", "unanswered", "half a line", "half", "chunk", "garbage"],
)
async def test_a_broken_exchange_leaves_the_outcome_unknown(handler: Handler) -> None:
    assert await failure(handler) == (OutcomeUnknown, "broken")


@pytest.mark.parametrize("handler", [stay_silent, drip])
async def test_the_timeout_is_for_the_whole_call(handler: Handler) -> None:
    assert await failure(handler, SOON) == (OutcomeUnknown, "timeout")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n" + b"x" * (LARGEST_ANSWER + 1),
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
    ],
    ids=["huge", "gzip"],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # trio, of httpx's generators
async def test_an_answer_that_cannot_be_read_on_leaves_the_outcome_unknown(answer: bytes) -> None:
    assert await failure(answering(answer)) == (OutcomeUnknown, "broken")


async def test_a_megabyte_is_still_an_answer() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1048576\r\n\r\n" + b"x" * LARGEST_ANSWER
    async with a_server(answering(answer)) as url:
        said = await outcome(url)

    assert isinstance(said, HttpAnswer)
    assert len(said.body) == LARGEST_ANSWER


async def test_connections_are_kept_and_closed_ones_are_not_used() -> None:
    connections = []

    async def handler(stream: ByteStream) -> None:
        connections.append(stream)
        for _ in range(3):
            await read_request(stream)
            await stream.send(OK)

    async with a_server(handler) as url, a_caller() as caller:
        for _ in range(3):
            await caller.call(HttpRequest(url=url))
        assert len(connections) == 1

        await anyio.wait_all_tasks_blocked()  # the server hangs up
        await caller.call(HttpRequest(url=url))
        assert len(connections) == 2


async def test_more_calls_than_connections_are_unavailable_at_once() -> None:
    codes: list[str | None] = []

    async def call(caller: HttpCaller, url: str) -> None:
        try:
            await caller.call(HttpRequest(url=url))
        except DeliveryError as error:
            codes.append(error.code)

    async with (
        a_server(stay_silent) as url,
        a_caller(SOON, connections=2) as caller,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(3):
            tasks.start_soon(call, caller, url)

    assert codes == ["window", "timeout", "timeout"]


async def test_a_cancelled_call_gives_its_connection_back() -> None:
    async with (
        a_server(stay_silent) as silent,
        a_server(answering(OK)) as url,
        a_caller(connections=1) as caller,
    ):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(caller.call, HttpRequest(url=silent))
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()

        assert (await caller.call(HttpRequest(url=url))).body == b"ok"


async def test_a_refused_call_gives_its_connection_back() -> None:
    handler = answering(b"HTTP/1.1 429 Busy\r\ncontent-length: 4\r\n\r\nbusy")
    async with a_server(handler) as url, a_caller(timedelta(seconds=1), connections=1) as caller:
        for _ in range(2):
            with pytest.raises(Unavailable) as raised:
                await caller.call(HttpRequest(url=url))
            assert raised.value.code == "429"


async def test_a_caller_may_be_closed_twice_and_used_again() -> None:
    async with a_server(answering(OK)) as url, a_caller() as caller:
        for _ in range(2):
            await caller.call(HttpRequest(url=url))
            await caller.aclose()
            await caller.aclose()


async def recorded(*requests: HttpRequest) -> list[httpx.Request]:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"Set-Cookie": "a=b"})

    caller = HttpCaller(transport=httpx.MockTransport(answer))
    for request in requests:
        await caller.call(request)
    await caller.aclose()
    return seen


URL = "https://carrier.example/send"


async def test_a_form_keeps_its_order_and_repeated_names() -> None:
    (sent,) = await recorded(HttpRequest(url=URL, form=FORM))

    assert sent.content == (
        b"To=%2B14155550123&Body=%C2%BFS%C3%AD%3F+%F0%9F%99%82+a%26b&MediaUrl=one&MediaUrl=two"
    )
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_json_is_sent_as_json_and_a_header_of_the_drivers_own_wins() -> None:
    (sent,) = await recorded(HttpRequest(url=URL, json={"a": "é"}, headers={"Content-Type": "application/x"}))

    assert (sent.content, sent.headers["content-type"]) == (b'{"a": "\\u00e9"}', "application/x")


async def test_neither_credentials_nor_cookies_go_where_they_are_not_given() -> None:
    first, second = await recorded(
        HttpRequest(url=URL, auth=("AC1", "é")), HttpRequest(url=URL, method="GET")
    )

    assert first.headers["authorization"] == "Basic " + b64encode("AC1:é".encode()).decode()
    assert not {"authorization", "cookie", "content-type"} & set(second.headers)


def test_a_request_and_an_answer_show_nothing_private() -> None:
    request = HttpRequest(url=URL, form=FORM, auth=("AC1", "secret"), headers={"x": "secret"})
    answer = HttpAnswer(status=200, headers={"x": "secret"}, body=b"secret")

    assert (repr(request), repr(answer)) == ("HttpRequest(method='POST')", "HttpAnswer(status=200)")


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe\xfd", b"[" * 100_000])
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the promise is that class and no more
        HttpAnswer(status=200, body=body).json()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # what the loops left open
def test_a_caller_that_was_used_in_a_loop_that_ended_is_as_good_as_new() -> None:
    """A check at the start, in a loop of its own, once made the first text unknown."""
    caller = HttpCaller()

    async def call() -> int:
        async with a_server(answering(OK)) as url:
            return (await caller.call(HttpRequest(url=url))).status

    async def close() -> None:
        await caller.aclose()

    for backend in ("asyncio", "trio", "asyncio"):
        assert anyio.run(call, backend=backend) == 200
    anyio.run(close)
    while gc.collect():  # what a loop left open may come up only when what holds it is gone
        pass


@pytest.mark.parametrize("request_", [{"headers": {"X": "\u20ac"}}, {"form": [("Body", "\ud83d")]}])
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_cannot_be_asked_was_not_accepted(request_: dict[str, Any]) -> None:
    async with a_caller() as caller:
        with pytest.raises(Unavailable) as raised:
            await caller.call(HttpRequest(url="http://127.0.0.1:9", **request_))

    assert raised.value.code == "setup"

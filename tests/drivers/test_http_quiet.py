"""What our calls write into other people's logs: nothing; and what the host's own write: all of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import httpx
import pytest

from smskit.drivers.http import HttpCaller, HttpRequest, MediaFetcher
from smskit.errors import DeliveryError
from tests.drivers.loopback import a_server, answering, closing_after

SECRETS = ("AC1", "signed=secret", "/elsewhere", "hidden")
ANSWER = (
    b"HTTP/1.1 307 Over there\r\nlocation: /elsewhere?signed=secret\r\nset-cookie: hidden=1\r\n"
    b"content-length: 0\r\n\r\n"
)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def told(log: pytest.LogCaptureFixture) -> list[str]:
    written = "\n".join(record.getMessage() for record in log.records)
    return [secret for secret in SECRETS if secret in written]


async def test_a_call_writes_no_url_and_no_header(log: pytest.LogCaptureFixture) -> None:
    caller = HttpCaller()
    async with a_server(answering(ANSWER)) as url:
        await caller.call(HttpRequest(url=f"{url}/AC1?signed=secret"))
        await caller.aclose()

    assert told(log) == []
    assert not [record for record in log.records if record.name == "httpx"]


async def test_a_call_that_fails_writes_none_either(log: pytest.LogCaptureFixture) -> None:
    caller = HttpCaller()
    async with a_server(closing_after(b"HTTP/1.1 500 No\r\nx: hidden\r\ncontent-length: 0\r\n\r\n")) as url:
        with pytest.raises(DeliveryError):
            await caller.call(HttpRequest(url=f"{url}/AC1?signed=secret"))
        await caller.aclose()

    assert told(log) == []


async def test_nor_does_fetching(log: pytest.LogCaptureFixture) -> None:
    async with a_server(answering(ANSWER)) as url:
        with pytest.raises(DeliveryError):
            await MediaFetcher(base_url=url).fetch(f"{url}/AC1?signed=secret")

    assert told(log) == []


async def test_the_hosts_own_requests_are_logged_as_before_between_ours_and_after(
    log: pytest.LogCaptureFixture,
) -> None:
    caller = HttpCaller()
    async with a_server(answering(ANSWER)) as url, httpx.AsyncClient() as host:
        await caller.call(HttpRequest(url=url))
        await host.get(f"{url}/AC1")
        await caller.call(HttpRequest(url=url))
        await caller.aclose()

    assert [record.levelno for record in log.records if record.name == "httpx"] == [logging.INFO]
    assert told(log) == ["AC1", "signed=secret", "/elsewhere", "hidden"]

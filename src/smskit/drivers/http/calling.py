"""One HTTP call to a carrier, and what is known about the text after it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Self
from urllib.parse import urlencode

import anyio
import anyio.lowlevel
import attrs
import httpx

from smskit.drivers.http.quiet import quiet
from smskit.drivers.http.waiting import retry_after
from smskit.errors import OutcomeUnknown, Unavailable

LARGEST_ANSWER = 1024 * 1024
IDLE = timedelta(seconds=5)
"""Unused connections go before carriers close them: a text on one that is just closing would be in doubt."""

_NOTHING_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


@attrs.frozen(kw_only=True)
class HttpRequest:
    """What a driver wants to ask, as data; its body is `form`, `json` or nothing. It shows only its method."""

    url: str = attrs.field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    form: Sequence[tuple[str, str]] | None = attrs.field(default=None, repr=False)
    """Sent as a web form, in this order; a name may repeat."""
    json: object = attrs.field(default=None, repr=False)
    auth: tuple[str, str] | None = attrs.field(default=None, repr=False)
    """User and password."""


@attrs.frozen(kw_only=True)
class HttpAnswer:
    """What the carrier answered. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)

    def json(self) -> object:
        """:raises ValueError: if the body is no JSON."""
        try:
            value: object = json.loads(self.body)
        except RecursionError as error:
            raise ValueError("JSON that is nested too deeply") from error
        return value

    def fields(self) -> Mapping[str, object]:
        """The JSON object in the body; nothing in it if the body is none."""
        try:
            said = self.json()
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}


class HttpCaller:
    """Calls a carrier over connections that it keeps, each call once.

    It needs no opening, and may be used again after closing, in another event loop too.
    """

    def __init__(
        self,
        *,
        timeout: timedelta = timedelta(seconds=20),
        connections: int = 10,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._timeout = timeout.total_seconds()
        self._connections = connections
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._loop: object = None
        self._under_way = 0

    async def call(self, request: HttpRequest) -> HttpAnswer:
        """The carrier's yes, its no (4xx), or a redirection, which is not followed.

        The timeout is for all of it. An answer larger than a megabyte counts as a broken one. The code of an
        error is `window`, `setup`, `connect`, `timeout`, `broken` or the status.

        :raises Unavailable: nothing has left: no request could be made, there is no connection, or none free, or the
            carrier is busy (425, 429).
        :raises OutcomeUnknown: no whole answer after the request may have left, or the carrier failed (408, 5xx).
        """
        if self._under_way >= self._connections:
            raise Unavailable("too many calls at once", code="window")
        self._under_way += 1
        try:
            with quiet(), anyio.fail_after(self._timeout):
                return await self._exchange(request)
        except _NOTHING_LEFT as error:
            raise Unavailable("no connection to the carrier", code="connect") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise OutcomeUnknown("the carrier did not answer in time", code="timeout") from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown("the connection broke before an answer", code="broken") from error
        finally:
            self._under_way -= 1

    async def aclose(self) -> None:
        """Let go of the connections. Closing twice does no harm."""
        client, loop = self._client, self._loop
        self._client = self._loop = None
        if client is not None and loop == anyio.lowlevel.current_token():
            await client.aclose()

    async def _exchange(self, request: HttpRequest) -> HttpAnswer:
        try:
            client = self._here()
            asked = _prepared(client, request)
        except Exception as error:
            raise Unavailable("the request cannot be made", code="setup") from error
        auth = None if request.auth is None else httpx.BasicAuth(*request.auth)
        response = await client.send(asked, auth=auth, stream=True)
        try:
            headers = dict(response.headers)
            _check_status(response.status_code, headers)
            return HttpAnswer(status=response.status_code, headers=headers, body=await _read(response))
        finally:
            await response.aclose()

    def _here(self) -> httpx.AsyncClient:
        """The client of this event loop. Connections of another one are of no use, and it may have ended."""
        loop = anyio.lowlevel.current_token()
        if self._client is None or self._loop != loop:
            self._client, self._loop = self._open(), loop
        return self._client

    def _open(self) -> httpx.AsyncClient:
        # Half of the timeout for connecting, TCP and TLS each a quarter: what is left by then is in doubt.
        to_connect = self._timeout / 4
        return httpx.AsyncClient(
            headers={"User-Agent": "smskit", "Accept-Encoding": "identity"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx.Timeout(None, connect=to_connect, pool=to_connect),
            limits=httpx.Limits(
                max_connections=self._connections,
                max_keepalive_connections=self._connections,
                keepalive_expiry=IDLE.total_seconds(),
            ),
            transport=self._transport,
        )


class _Body(httpx.AsyncByteStream):
    """What is sent. httpx's own leaves a generator behind when the link breaks, and trio warns of that."""

    def __init__(self, content: bytes) -> None:
        self._pieces = [content]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._pieces:
            raise StopAsyncIteration
        return self._pieces.pop()


def _prepared(client: httpx.AsyncClient, request: HttpRequest) -> httpx.Request:
    content, kind = _content(request)
    headers = {**kind, **request.headers}
    asked = client.build_request(request.method, request.url, headers=headers, content=content)
    asked.stream = _Body(content)
    return asked


def _content(request: HttpRequest) -> tuple[bytes, Mapping[str, str]]:
    if request.form is not None:
        return urlencode(request.form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    if request.json is not None:
        return json.dumps(request.json).encode(), {"Content-Type": "application/json"}
    return b"", {}


def _check_status(status: int, headers: Mapping[str, str]) -> None:
    if status in {425, 429}:
        raise Unavailable("the carrier is busy", code=str(status), retry_after=retry_after(headers))
    if status == 408 or not 200 <= status < 500:
        raise OutcomeUnknown("the carrier failed while it had the text", code=str(status))


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise OutcomeUnknown("the answer of the carrier is too large", code="broken")
    return bytes(body)

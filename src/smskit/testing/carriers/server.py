"""HTTP/1.1 on the loopback, both ways: a server for what a carrier is asked, a client for what it calls back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeAlias
from urllib.parse import urlsplit

import anyio
import attrs
import h11
from anyio.abc import ByteStream, SocketAttribute

from smskit.engine.beside import beside
from smskit.errors import UsageError

CALLBACK_TIMEOUT = 15
"""Seconds that a callback may take."""

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@attrs.frozen
class Response:
    """What a server answers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    pause: Callable[[], Awaitable[object]] | None = None
    """What to wait for in the middle of the body."""


class Request:
    """What a client asks. Its head is there; its body is read when it is asked for."""

    def __init__(self, head: h11.Request, link: _Link) -> None:
        self.method = head.method.decode()
        self.target = head.target.decode()
        self.path = self.target.partition("?")[0]
        self.headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        self._link = link
        self._body: bytes | None = None

    async def body(self) -> bytes:
        """All of it, however often it is asked for.

        Raises:
            h11.RemoteProtocolError: the client went away in the middle.
        """
        if self._body is None:
            self._body = await self._link.read_body()
        return self._body

    async def outlasts(self, event: anyio.Event) -> bool:
        """Wait for the event. False if the client went away first."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._until_gone, tasks.cancel_scope)
            await event.wait()
            tasks.cancel_scope.cancel()
        return event.is_set()

    async def _until_gone(self, waiting: anyio.CancelScope) -> None:
        await self._link.until_gone()
        waiting.cancel()


Handler: TypeAlias = Callable[[Request], Awaitable[Response | None]]
"""Answers a request, or hangs up on the client if it gives nothing."""


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on a free port of 127.0.0.1, at the URL that this gives. It ends with the block, whoever waits."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, beside() as tasks:
        tasks.start_soon(listener.serve, partial(_converse, handler))
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
        yield f"http://127.0.0.1:{port}"


async def _converse(handler: Handler, stream: ByteStream) -> None:
    """Answer one request after another on a connection, as long as the client keeps to the protocol."""
    link = _Link(h11.Connection(h11.SERVER), stream)
    async with stream:
        with suppress(anyio.BrokenResourceError, h11.RemoteProtocolError):
            while isinstance(head := await link.next_event(), h11.Request):
                request = Request(head, link)
                response = await handler(request)
                if response is None:
                    return
                await request.body()  # of which the handler may have read nothing
                await link.answer(request.method, response)
                if not link.next_cycle():
                    return


class _Link:
    """An h11 connection on its stream."""

    def __init__(self, http: h11.Connection, stream: ByteStream) -> None:
        self.http = http
        self._stream = stream

    async def next_event(self) -> object:
        while (event := self.http.next_event()) is h11.NEED_DATA:
            await self._receive()
        return event

    async def read_body(self) -> bytes:
        body = bytearray()
        while isinstance(event := await self.next_event(), h11.Data):
            body += event.data
        return bytes(body)

    async def until_gone(self) -> None:
        with suppress(anyio.BrokenResourceError):
            while await self._receive():
                pass

    async def send(self, *events: h11.Event) -> None:
        octets = b"".join(self.http.send(event) or b"" for event in events)
        await self._stream.send(octets)

    async def answer(self, method: str, response: Response) -> None:
        headers = {**response.headers, "Content-Length": str(len(response.body))}
        head = h11.Response(status_code=response.status, headers=list(headers.items()))
        body = b"" if method == "HEAD" else response.body
        half = len(body) // 2 if response.pause else 0
        await self.send(head, h11.Data(data=body[:half]))
        if response.pause:
            await response.pause()
        await self.send(h11.Data(data=body[half:]), h11.EndOfMessage())

    def next_cycle(self) -> bool:
        """Whether the connection is good for one more request."""
        if self.http.states != {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            return False
        self.http.start_next_cycle()
        return True

    async def _receive(self) -> bytes:
        try:
            octets = await self._stream.receive()
        except anyio.EndOfStream:
            octets = b""
        self.http.receive_data(octets)
        return octets


async def post_here(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Post to a server on this machine. The status of its answer, or 502 if it gives none.

    Raises:
        UsageError: it is another machine, or not plain HTTP.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        raise UsageError(
            "a look-alike calls only this machine, over plain HTTP: give it a `post` of your own"
        )
    target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    head = h11.Request(
        method="POST",
        target=target,
        headers=[("Host", parts.netloc), *headers.items(), ("Content-Length", str(len(body)))],
    )
    try:
        with anyio.fail_after(CALLBACK_TIMEOUT):
            async with await anyio.connect_tcp(parts.hostname, parts.port or 80) as stream:
                return await _ask(_Link(h11.Connection(h11.CLIENT), stream), head, body)
    except (OSError, anyio.BrokenResourceError, h11.RemoteProtocolError):
        return 502


async def _ask(link: _Link, head: h11.Request, body: bytes) -> int:
    await link.send(head, h11.Data(data=body), h11.EndOfMessage())
    while not isinstance(answer := await link.next_event(), h11.Response):
        pass  # 100 Continue and the like; the end of the link is an error of the protocol
    await link.read_body()
    return answer.status_code

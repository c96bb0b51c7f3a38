"""Servers on the loopback that say exactly what a test wants, well or badly."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener

Handler: TypeAlias = Callable[[ByteStream], Awaitable[None]]


@asynccontextmanager
async def a_server(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    serving = TLSListener(listener, tls) if tls else listener
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(serving.serve, _tolerant(handler))
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        tasks.cancel_scope.cancel()


def _tolerant(handler: Handler) -> Handler:
    async def serve(stream: ByteStream) -> None:
        try:
            async with stream:
                await handler(stream)
        except (anyio.BrokenResourceError, anyio.EndOfStream):
            return

    return serve


async def read_request(stream: ByteStream) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        request += await stream.receive()
    head, _, body = request.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
    )
    while len(body) < length:
        body += await stream.receive()
    return head + b"\r\n\r\n" + body


def answering(answer: bytes) -> Handler:
    """Reads each request and answers it; on the same connection for as long as there are more."""

    async def handler(stream: ByteStream) -> None:
        while True:
            await read_request(stream)
            await stream.send(answer)

    return handler


def closing_after(answer: bytes) -> Handler:
    async def handler(stream: ByteStream) -> None:
        await read_request(stream)
        await stream.send(answer)

    return handler


async def close_before_reading(stream: ByteStream) -> None:
    """Nothing is read, nothing is said."""


async def stay_silent(stream: ByteStream) -> None:
    await read_request(stream)
    await anyio.sleep_forever()


async def drip(stream: ByteStream) -> None:
    await read_request(stream)
    await stream.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        await stream.send(b".")
        await anyio.sleep(0.01)

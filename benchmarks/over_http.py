"""Texts handed over a second by HTTP, beside bare httpx with the same requests, and callbacks a second to stored.

The server is a process of its own on loopback that reads a request and answers it with what Twilio would.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TextIO, cast

import anyio
import httpx
from _bench import arguments, machine, medians, ratio, rounds, table

from smskit.drivers.http import HttpCaller, HttpRequest

ANSWER = json.dumps({"sid": "SM" + "0" * 32, "status": "queued", "num_segments": "1"})
FORM = [("To", "+14155550123"), ("From", "+14155550100"), ("Body", "Your crown is ready.")]

SERVER = f"""
import asyncio, contextlib
ANSWER = b"HTTP/1.1 201 Created\\r\\nContent-Length: {len(ANSWER)}\\r\\n\\r\\n" + {ANSWER.encode()!r}

async def serve(reader, writer):
    with contextlib.suppress(asyncio.IncompleteReadError):
        while head := await reader.readuntil(b"\\r\\n\\r\\n"):
            length = int(head.lower().split(b"content-length:")[1].split(b"\\r\\n")[0])
            await reader.readexactly(length)
            writer.write(ANSWER)
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    count, times = (400, 2) if options.quick else (4000, 7)
    machine()
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        port = cast(TextIO, server.stdout).readline().strip()
        url = f"http://127.0.0.1:{port}/2010-04-01/Accounts/AC0/Messages.json"
        try:
            sends(url, count, times)
        finally:
            server.kill()


def sends(url: str, count: int, times: int) -> None:
    rows = []
    for at_once in (1, 16):
        gave = rounds(
            {
                "bare httpx": partial(anyio.run, bare, url, count, at_once),
                "smskit": partial(anyio.run, ours, url, count, at_once),
            },
            times,
        )
        middle = medians(gave)
        share = 1 / ratio(gave["smskit"], gave["bare httpx"])
        rows.append((str(at_once), f"{share:.0%}", *(f"{count / middle[name]:,.0f}" for name in gave)))
    table(f"Sends a second, median of {times}", ("at once", "smskit of bare", "bare httpx", "smskit"), rows)


async def ours(url: str, count: int, at_once: int) -> float:
    caller = HttpCaller(connections=at_once)
    request = HttpRequest(url=url, form=FORM, auth=("AC0", "secret"))
    try:
        return await hammer(lambda: caller.call(request), count, at_once)
    finally:
        await caller.aclose()


async def bare(url: str, count: int, at_once: int) -> float:
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx.AsyncClient(limits=limits, auth=("AC0", "secret")) as client:
        return await hammer(lambda: client.post(url, data=dict(FORM)), count, at_once)


async def hammer(call: Callable[[], Awaitable[object]], count: int, at_once: int) -> float:
    """Seconds for all of them, so many at once."""

    async def work() -> None:
        for _ in range(count // at_once):
            await call()

    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(work)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

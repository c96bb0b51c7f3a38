"""Texts handed over a second by HTTP, beside bare httpx with the same requests, and callbacks a second to stored.

The server is a process of its own on loopback that reads a request and answers it with what Twilio would.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TextIO, cast
from urllib.parse import urlencode

import anyio
import httpx
from _bench import arguments, folder, machine, medians, number, ratio, rounds, table

from smskit import Kit
from smskit.drivers.base import WebhookRequest
from smskit.drivers.http import HttpCaller, HttpRequest
from smskit.drivers.twilio import Twilio
from smskit.drivers.twilio.signatures import signature

ANSWER = json.dumps({"sid": "SM" + "0" * 32, "status": "queued", "num_segments": "1"})
SID, TOKEN = "AC" + "0" * 32, "secret"
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
    parser = arguments(__doc__ or "")
    parser.add_argument("--profile", action="store_true", help="say where the time of callbacks goes")
    options = parser.parse_args()
    count, times = (400, 2) if options.quick else (4000, 7)
    machine()
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        port = cast(TextIO, server.stdout).readline().strip()
        url = f"http://127.0.0.1:{port}/2010-04-01/Accounts/AC0/Messages.json"
        try:
            sends(url, count, times)
        finally:
            server.kill()
    callbacks(count, times, profile=options.profile)


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


def callbacks(count: int, times: int, *, profile: bool) -> None:
    """From the signed request to the answer, which comes once the text is on disk."""
    rows = []
    for at_once in (1, 16):
        rates = [count / anyio.run(receive, count, at_once) for _ in range(times)]
        rows.append((str(at_once), f"{statistics.median(rates):,.0f}"))
    table(f"Callbacks a second to stored, median of {times}", ("at once", "smskit"), rows)
    if profile:
        watched = cProfile.Profile()
        watched.runcall(anyio.run, receive, count, 16)
        pstats.Stats(watched).sort_stats("tottime").print_stats(15)


async def receive(count: int, at_once: int) -> float:
    driver = Twilio(SID, TOKEN, ["+14155550100"], public_url="https://acme.example/sms")
    with folder() as where:
        async with Kit(f"sqlite:///{where / 'desk.db'}", drivers=[driver]) as kit:
            waiting = iter([callback(which) for which in range(count)])
            return await hammer(lambda: kit.receive("twilio", next(waiting)), count, at_once)


def callback(which: int) -> WebhookRequest:
    """A text of one of 500 people."""
    form = [("MessageSid", f"SM{which:032x}"), ("From", number(which % 500).e164)]
    form += [("To", "+14155550100"), ("Body", "Tuesday is fine."), ("NumMedia", "0")]
    signed = signature("https://acme.example/sms/twilio", form, TOKEN)
    kind = ("Content-Type", "application/x-www-form-urlencoded")
    return WebhookRequest(
        method="POST",
        raw_target="/sms/twilio",
        headers=[("X-Twilio-Signature", signed), kind],
        body=urlencode(form).encode(),
    )


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

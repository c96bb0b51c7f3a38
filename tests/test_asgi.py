"""Callbacks over ASGI: mounted or alone, kept exactly as they came, and thanked for only once they are stored."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from smskit.asgi import AsgiApp, Event, webhooks
from smskit.drivers.base import WebhookRequest, WebhookResult
from smskit.errors import StorageUnavailable
from smskit.kit import Kit
from tests.callbacks import ODD_TARGETS, Call, WebDriver, sign, signed, text_body, text_call, texts

HOSTS = ["alone", "starlette", "fastapi", "in a mount in a mount"]


def hosted(app: AsgiApp, host: str) -> AsgiApp:
    if host == "alone":
        return app
    if host == "starlette":
        return Starlette(routes=[Mount("/sms", app)])
    api = FastAPI()
    api.mount("/sms", app)
    return api if host == "fastapi" else Starlette(routes=[Mount("/", api)])


@pytest.fixture
def driver() -> WebDriver:
    return WebDriver()


@pytest.fixture
async def kit(driver: WebDriver) -> AsyncIterator[Kit]:
    async with Kit("sqlite://", drivers=[driver]) as kit:
        yield kit


@pytest.mark.parametrize("host", HOSTS)
async def test_a_text_is_stored_and_thanked_for_in_the_drivers_words(kit: Kit, host: str) -> None:
    transport = httpx.ASGITransport(hosted(webhooks(kit), host))
    async with httpx.AsyncClient(transport=transport, base_url="https://acme.example") as client:
        body = text_body()
        answers = [
            await client.post("/sms/web", content=body, headers=signed("/sms/web", body)) for _ in range(2)
        ]

    assert [(one.status_code, one.headers["content-type"], one.content) for one in answers] == [
        (200, "text/xml", b"<Response/>")
    ] * 2
    assert await texts(kit) == ["hello"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("target", ODD_TARGETS)
async def test_the_target_is_what_came_over_the_wire(
    kit: Kit, driver: WebDriver, host: str, target: str
) -> None:
    assert await text_call(target).to(hosted(webhooks(kit), host)) == 200
    assert [one.raw_target for one in driver.asked] == [target]


async def test_a_server_that_keeps_no_raw_path_gets_it_escaped_anew(kit: Kit, driver: WebDriver) -> None:
    call = text_call("/a%20b/web?c=%64")
    del call.scope["raw_path"]

    assert await call.to(webhooks(kit)) == 200
    assert [one.raw_target for one in driver.asked] == ["/a%20b/web?c=%64"]


async def test_headers_and_body_come_as_they_are_whatever_their_type(kit: Kit, driver: WebDriver) -> None:
    body = b"\xff\x00 no JSON"
    for kind in ("image/png", "application/json; charset=klingon", "", "\t;;"):
        call = Call("/sms/web", [body], headers={**signed("/sms/web", body), "content-type": kind})
        assert (await call.to(webhooks(kit)), call.body) == (400, b"")

        (asked,) = driver.asked
        assert (asked.body, asked.header("Content-Type"), asked.method) == (body, kind, "POST")
        driver.asked.clear()


async def test_five_megabytes_are_refused_without_reading_on(kit: Kit, driver: WebDriver) -> None:
    call = Call("/sms/web", [bytes(1 << 16)] * 80)

    assert await call.to(webhooks(kit)) == 413
    assert call.read == 17
    assert driver.asked == []


@pytest.mark.parametrize(("limit", "status"), [(100, 200), (99, 413)])
async def test_the_limit_is_the_hosts_and_exact(kit: Kit, limit: int, status: int) -> None:
    body = text_body().ljust(100)

    assert await text_call(body=body).to(webhooks(kit, limit=limit)) == status


async def test_a_slow_body_keeps_nobody_waiting(kit: Kit) -> None:
    app, slow_body = webhooks(kit), text_body("slow", "in-2")
    slow = Call("/sms/web", [bytes([octet]) for octet in slow_body], headers=signed("/sms/web", slow_body))
    halfway, go_on = anyio.Event(), anyio.Event()
    receive = slow.receive

    async def dawdle() -> Event:
        if slow.read == 20:
            halfway.set()
            await go_on.wait()
        return await receive()

    slow.receive = dawdle  # type: ignore[method-assign]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(slow.to, app)
        await halfway.wait()
        assert await text_call(body=text_body("quick", "in-1")).to(app) == 200
        assert await texts(kit) == ["quick"]
        go_on.set()

    assert await texts(kit) == ["quick", "slow"]


async def test_who_hangs_up_in_the_middle_has_said_nothing(kit: Kit, driver: WebDriver) -> None:
    call = Call("/sms/web", [text_body()], headers=signed("/sms/web", text_body()), gone=True)

    assert await call.to(webhooks(kit)) is None
    assert (driver.asked, call.sent) == ([], [])


@pytest.mark.parametrize("length", ["1000", "9" * 5000, "-1", "many"])
async def test_a_body_shorter_than_it_says_is_not_half_a_text(
    kit: Kit, driver: WebDriver, length: str
) -> None:
    call = Call("/sms/web", [text_body()], headers={"content-length": length})

    assert await call.to(webhooks(kit)) == 400
    assert driver.asked == []


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("HEAD", "/sms/web", 200),
        ("HEAD", "/sms/web?from=monitor", 200),
        ("GET", "/sms/web", 200),
        ("GET", "/sms/web?id=1", 403),
        ("PUT", "/sms/web", 405),
        ("OPTIONS", "/sms/web", 405),
        ("post", "/sms/web", 405),
        ("POST", "/sms/nobody", 404),
        ("GET", "/sms/nobody", 404),
        ("POST", "/sms", 404),
        ("POST", "/", 404),
        ("POST", "/sms/web/more", 404),
        ("POST", "/sms/%ff%c3", 404),
    ],
)
async def test_who_only_looks_or_lost_the_way_is_answered_without_a_driver_storing(
    kit: Kit, method: str, target: str, status: int
) -> None:
    call = Call(target, method=method)

    assert (await call.to(webhooks(kit)), call.body) == (status, b"")
    if status == 405:
        assert (b"allow", b"GET, HEAD, POST") in call.sent[0]["headers"]
    assert await texts(kit) == []


async def test_carriers_come_again_until_the_kit_is_open(driver: WebDriver) -> None:
    kit = Kit("sqlite://", drivers=[driver])
    app = webhooks(kit)

    assert await text_call().to(app) == 503
    async with kit:
        assert await text_call().to(app) == 200
    assert await text_call().to(app) == 503


async def test_while_the_store_is_down_nobody_hears_yes(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_args: object) -> None:
        raise StorageUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(kit.storage, "receive", full)
        refused = text_call()
        assert (await refused.to(webhooks(kit)), refused.body) == (500, b"")
    assert await texts(kit) == []
    assert await text_call().to(webhooks(kit)) == 200
    assert await texts(kit) == ["hello"]


async def test_forged_ones_and_faults_are_not_explained_outside(
    kit: Kit, driver: WebDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(_request: WebhookRequest) -> WebhookResult:
        raise RuntimeError("the token is sesame")

    forged = Call("/sms/web", [text_body()], headers={"x-signature": sign("/sms/other", text_body())})
    assert (await forged.to(webhooks(kit)), forged.body) == (403, b"")

    monkeypatch.setattr(driver, "parse_webhook", explode)
    fault = text_call()
    assert (await fault.to(webhooks(kit)), fault.body) == (500, b"")


async def test_a_burst_with_repetitions_has_one_effect_each(tmp_path: Path) -> None:
    calls = [text_call(body=text_body(f"text {number:03}", f"in-{number}")) for number in range(100)] * 3
    calls = [text_call(body=call._chunks[0]) for call in random.Random(4).sample(calls, len(calls))]
    async with Kit(f"sqlite:///{tmp_path / 'desk.db'}", drivers=[WebDriver()]) as kit:
        app = webhooks(kit)
        async with anyio.create_task_group() as tasks:
            for call in calls:
                tasks.start_soon(call.to, app)

        assert {call.sent[0]["status"] for call in calls} == {200}
        assert await texts(kit) == [f"text {number:03}" for number in range(100)]


async def test_it_has_no_lifespan_of_its_own_and_no_websockets(kit: Kit) -> None:
    call = Call("/sms/web", [b"", b""])

    await webhooks(kit)({"type": "lifespan"}, call.receive, call.send)
    await webhooks(kit)({"type": "websocket"}, call.receive, call.send)

    assert [event["type"] for event in call.sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
        "websocket.close",
    ]

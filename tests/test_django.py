"""Callbacks in Django, under ASGI and WSGI alike, with the Kit in a thread of its own."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import anyio
import django
import pytest
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.test.utils import override_settings
from django.urls import path

from smskit.asgi import Event
from smskit.django import Webhooks, webhooks
from smskit.kit import Kit
from tests.callbacks import ODD_TARGETS, Call, WebDriver, signed, text_body, text_call, texts_in
from tests.test_wsgi import ask

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={
        name: {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "ATOMIC_REQUESTS": True}
        for name in ("default", "other")
    },
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[  # a strict host: all that could stand in the way of a carrier
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ],
    SECRET_KEY="made up",
    USE_TZ=True,
)
django.setup()

Post: TypeAlias = Callable[[str, bytes], tuple[int, bytes]]


@pytest.fixture
def anyio_backend() -> str:
    """Django's own is asyncio, and only that."""
    return "asyncio"


@pytest.fixture
def driver() -> WebDriver:
    return WebDriver()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'desk.db'}"


@pytest.fixture
def view(driver: WebDriver, url: str) -> Iterator[Webhooks]:
    with closing(webhooks(Kit(url, drivers=[driver]))) as view:
        routes = path("sms/<str:driver>", view), path("sms/<str:driver>/", view)
        with override_settings(ROOT_URLCONF=routes):
            yield view


def by_client(target: str, body: bytes) -> tuple[int, bytes]:
    answer = Client().post(target, body, content_type="application/json", headers=signed(target, body))
    return answer.status_code, answer.content


def by_async_client(target: str, body: bytes) -> tuple[int, bytes]:
    async def post() -> tuple[int, bytes]:
        headers = signed(target, body)
        answer = await AsyncClient().generic(
            "POST", target, body, content_type="application/json", headers=headers
        )
        return answer.status_code, answer.content

    return anyio.run(post)


def by_wsgi(target: str, body: bytes) -> tuple[int, bytes]:
    status, _, said = ask(WSGIHandler(), target, body)
    return status, said


def by_asgi(target: str, body: bytes) -> tuple[int, bytes]:
    call = StayingCall(target, [body], headers=signed(target, body))
    return anyio.run(call.to, ASGIHandler()) or 0, call.body


class StayingCall(Call):
    """Waits for the answer, as Django expects, and does not hang up after the body."""

    async def receive(self) -> Event:
        if self.read == len(self._chunks):
            await anyio.sleep_forever()
        return await super().receive()


@pytest.mark.parametrize("post", [by_client, by_async_client, by_wsgi, by_asgi])
@pytest.mark.usefixtures("view")
def test_a_text_is_stored_and_thanked_for_in_the_drivers_words(post: Post, url: str) -> None:
    assert [post("/sms/web", text_body()) for _ in range(2)] == [(200, b"<Response/>")] * 2
    assert anyio.run(texts_in, url) == ["hello"]


@pytest.mark.parametrize("post", [by_wsgi, by_asgi])
@pytest.mark.parametrize("target", ODD_TARGETS)
@pytest.mark.usefixtures("view")
def test_the_target_is_what_came_over_the_wire(post: Post, driver: WebDriver, target: str) -> None:
    assert post(target, text_body())[0] == 200
    assert [one.raw_target for one in driver.asked] == [target]


@pytest.mark.parametrize("post", [by_wsgi, by_asgi])
@pytest.mark.usefixtures("view")
def test_five_megabytes_are_refused(post: Post, driver: WebDriver) -> None:
    assert post("/sms/web", bytes(5_000_000)) == (413, b"")
    assert driver.asked == []


@pytest.mark.parametrize("post", [by_wsgi, by_asgi])
@pytest.mark.usefixtures("view")
def test_a_body_that_cannot_be_read_is_refused(post: Post, url: str) -> None:
    assert post("/sms/web", b"\xff\x00") == (400, b"")
    assert anyio.run(texts_in, url) == []


@pytest.mark.usefixtures("view")
def test_half_a_body_is_not_half_a_text(driver: WebDriver) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    cut, gone = {"CONTENT_LENGTH": "1000"}, {"wsgi.input": Broken()}
    hung_up = Call("/sms/web", [text_body()], headers=signed("/sms/web", text_body()), gone=True)

    assert [ask(WSGIHandler(), fields=fields)[0] for fields in (cut, gone)] == [400, 400]
    assert anyio.run(hung_up.to, ASGIHandler()) is None
    assert driver.asked == []


@pytest.mark.usefixtures("view")
async def test_who_hangs_up_while_it_is_stored_does_no_harm(url: str) -> None:
    """The carrier comes again, since it heard no yes."""
    assert await text_call().to(ASGIHandler()) in {None, 200}
    body = text_body()
    again = StayingCall("/sms/web", [body], headers=signed("/sms/web", body))

    assert await again.to(ASGIHandler()) == 200
    assert await texts_in(url) == ["hello"]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("HEAD", "/sms/web", 200),
        ("GET", "/sms/web", 200),
        ("GET", "/sms/web?id=1", 400),
        ("PUT", "/sms/web", 405),
        ("POST", "/sms/nobody", 404),
        ("POST", "/sms/%ff%c3", 404),
    ],
)
@pytest.mark.usefixtures("view")
def test_who_only_looks_or_lost_the_way_gets_an_empty_answer(method: str, target: str, status: int) -> None:
    call = StayingCall(target, method=method, headers=signed(target, b""))

    by_wsgi = ask(WSGIHandler(), target, b"", method=method)
    assert (by_wsgi[0], by_wsgi[2]) == (status, b"")
    assert (anyio.run(call.to, ASGIHandler()), call.body) == (status, b"")
    if status == 405:
        assert by_wsgi[1]["Allow"] == "GET, HEAD, POST"


def test_a_kit_that_cannot_be_opened_is_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "not there yet"
    kit = Kit(f"sqlite:///{folder / 'desk.db'}", drivers=[WebDriver()])
    with closing(webhooks(kit)) as view, override_settings(ROOT_URLCONF=(path("sms/<str:driver>", view),)):
        assert by_asgi("/sms/web", text_body()) == (503, b"")
        folder.mkdir()
        assert by_wsgi("/sms/web", text_body()) == (200, b"<Response/>")


@pytest.mark.parametrize("post", [by_wsgi, by_asgi])
@pytest.mark.usefixtures("view")
def test_a_burst_from_many_threads_has_one_effect_each(post: Post, url: str) -> None:
    bodies = [text_body(f"text {number:02}", f"in-{number}") for number in range(50)] * 2
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda body: post("/sms/web", body)[0], bodies))

    assert set(answers) == {200}
    assert anyio.run(texts_in, url) == [f"text {number:02}" for number in range(50)]


class Reading:
    """A middleware that looks into every body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        assert request.body
        return self._get_response(request)


def test_what_another_app_read_first_is_still_there(view: Webhooks, driver: WebDriver) -> None:
    with override_settings(MIDDLEWARE=[f"{__name__}.Reading"]):
        assert by_wsgi("/sms/web", text_body())[0] == 200


def test_without_django_the_error_says_what_to_install() -> None:
    code = "import sys; sys.modules['django.db'] = None; import smskit.django"
    left = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "MissingExtra: smskit.django needs an optional part: pip install 'smskit[django]'" in left.stderr

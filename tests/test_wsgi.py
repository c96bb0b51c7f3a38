"""Callbacks over WSGI, beside Flask or alone, with the Kit in a thread of its own."""

from __future__ import annotations

import errno
import io
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable
from urllib.parse import unquote_to_bytes
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import anyio
import httpx
import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from smskit.kit import Kit
from smskit.wsgi import Webhooks, webhooks
from tests.callbacks import ODD_TARGETS, WebDriver, signed, text_body, texts_in

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

Answer: TypeAlias = tuple[int, dict[str, str], bytes]


@pytest.fixture
def driver() -> WebDriver:
    return WebDriver()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'desk.db'}"


@pytest.fixture
def app(driver: WebDriver, url: str) -> Iterator[Webhooks]:
    with closing(webhooks(Kit(url, drivers=[driver]))) as app:
        yield app


def in_flask(app: WSGIApplication) -> WSGIApplication:
    return DispatcherMiddleware(Flask("host").wsgi_app, {"/sms": app})


def alone(app: WSGIApplication) -> WSGIApplication:
    return app


@runtime_checkable
class Closable(Protocol):
    def close(self) -> None: ...


def ask(
    app: WSGIApplication,
    target: str = "/sms/web",
    body: bytes | None = None,
    *,
    method: str = "POST",
    raw: str | None = "RAW_URI",
    fields: Mapping[str, object] = MappingProxyType({}),
) -> Answer:
    """A request as a WSGI server hands it over, the target also in its field for raw ones."""
    body = text_body() if body is None else body
    path, _, query = target.partition("?")
    environ: dict[str, object] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_SIGNATURE": signed(target, body)["x-signature"],
        "wsgi.input": io.BytesIO(body),
        **({raw: target} if raw else {}),
        **fields,
    }
    setup_testing_defaults(environ)
    if environ["CONTENT_LENGTH"] is None:
        del environ["CONTENT_LENGTH"]
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], *_rest: object) -> Callable[[bytes], object]:
        started.append((status, headers))
        return lambda _body: None

    parts = app(environ, start)
    body = b"".join(parts)
    if isinstance(parts, Closable):
        parts.close()
    ((status, headers),) = started
    return int(status.split()[0]), dict(headers), body


@pytest.mark.parametrize("host", [alone, in_flask])
def test_a_text_is_stored_and_thanked_for_in_the_drivers_words(
    app: Webhooks, url: str, host: Callable[[WSGIApplication], WSGIApplication]
) -> None:
    with httpx.Client(transport=httpx.WSGITransport(host(app)), base_url="https://acme.example") as client:
        body = text_body()
        answers = [client.post("/sms/web", content=body, headers=signed("/sms/web", body)) for _ in "12"]

    assert [(one.status_code, one.headers["content-type"], one.content) for one in answers] == [
        (200, "text/xml", b"<Response/>")
    ] * 2
    assert anyio.run(texts_in, url) == ["hello"]


def test_the_standards_validator_has_nothing_to_say(app: Webhooks) -> None:
    assert ask(validator(app))[0] == 200


@pytest.mark.parametrize("raw", ["RAW_URI", "REQUEST_URI"])
@pytest.mark.parametrize("host", [alone, in_flask])
@pytest.mark.parametrize("target", [*ODD_TARGETS, "/sms/web?"])
def test_the_target_is_what_came_over_the_wire(
    app: Webhooks,
    driver: WebDriver,
    host: Callable[[WSGIApplication], WSGIApplication],
    target: str,
    raw: str,
) -> None:
    assert ask(host(app), target, raw=raw)[0] == 200
    assert [one.raw_target for one in driver.asked] == [target]


@pytest.mark.parametrize("host", [alone, in_flask])
def test_a_server_that_keeps_no_raw_target_gets_the_path_escaped_anew(
    app: Webhooks, driver: WebDriver, host: Callable[[WSGIApplication], WSGIApplication]
) -> None:
    target = "/sms/a%20b%C3%A4/web?z=%64+1&a=&z=1"

    assert ask(host(app), target, raw=None)[0] == 200
    assert ask(host(app), "/%73ms/web", raw=None)[0] == 403
    assert [one.raw_target for one in driver.asked] == [target, "/sms/web"]


def test_headers_come_as_they_are(app: Webhooks, driver: WebDriver) -> None:
    ask(app, fields={"HTTP_X_TWO_WORDS": "a, b", "CONTENT_TYPE": "image/png"})

    (asked,) = driver.asked
    assert (asked.header("X-Two-Words"), asked.header("Content-Type")) == ("a, b", "image/png")


class Stream(io.BytesIO):
    """Knows how far it was read, and may break."""

    def __init__(self, body: bytes, *, broken: bool = False) -> None:
        super().__init__(body)
        self._broken = broken

    def read(self, size: int | None = -1, /) -> bytes:
        if self._broken:
            raise ConnectionResetError
        return super().read(size)


@pytest.mark.parametrize("terminated", [True, False])
def test_five_megabytes_are_refused_without_reading_on(
    app: Webhooks, driver: WebDriver, terminated: bool
) -> None:
    stream = Stream(bytes(5_000_000))

    fields = {"wsgi.input": stream, "wsgi.input_terminated": terminated, "CONTENT_LENGTH": "5000000"}
    assert ask(app, fields=fields)[0] == 413
    assert (stream.tell(), driver.asked) == ((1 << 20) + 1, [])


def test_a_body_of_unknown_length_is_read_where_the_server_ends_it(app: Webhooks, driver: WebDriver) -> None:
    assert ask(app, fields={"CONTENT_LENGTH": None, "wsgi.input_terminated": True})[0] == 200
    assert ask(app, fields={"CONTENT_LENGTH": None})[0] == 403

    assert [one.body for one in driver.asked] == [text_body(), b""]


@pytest.mark.parametrize(
    "fields",
    [
        {"CONTENT_LENGTH": "1000"},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": "9" * 5000},
        {"wsgi.input": Stream(b"", broken=True)},
    ],
    ids=["cut short", "negative", "endless", "broken"],
)
def test_half_a_body_is_not_half_a_text(app: Webhooks, driver: WebDriver, fields: dict[str, object]) -> None:
    assert ask(app, fields=fields)[0] == 400
    assert driver.asked == []


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("HEAD", "/sms/web", 200),
        ("GET", "/sms/web", 200),
        ("GET", "/sms/web?id=1", 400),
        ("PUT", "/sms/web", 405),
        ("POST", "/sms/nobody", 404),
        ("POST", "/", 404),
        ("POST", "/sms/%ff%c3", 404),
    ],
)
def test_who_only_looks_or_lost_the_way_gets_an_empty_answer(
    app: Webhooks, method: str, target: str, status: int
) -> None:
    said, headers, body = ask(app, target, b"", method=method)

    assert (said, body, headers["Content-Length"]) == (status, b"", "0")
    assert headers.get("Allow") == ("GET, HEAD, POST" if status == 405 else None)


def test_a_kit_that_cannot_be_opened_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "not there yet"
    url = f"sqlite:///{folder / 'desk.db'}"
    with closing(webhooks(Kit(url, drivers=[WebDriver()]))) as app:
        assert ask(app) == (503, {"Content-Length": "0"}, b"")
        assert [record.message.partition(":")[0] for record in caplog.records] == [
            "no Kit to take a callback"
        ]
        folder.mkdir()
        assert ask(app)[0] == 200

    assert anyio.run(texts_in, url) == ["hello"]


def test_a_loop_that_cannot_be_made_keeps_nobody_waiting(
    app: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more_files(*_args: object) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    with monkeypatch.context() as exhausted:
        exhausted.setattr(anyio, "run", no_more_files)
        assert ask(app)[0] == 503

    assert ask(app)[0] == 200


def test_a_kit_that_stopped_is_opened_again(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kit = Kit(url, drivers=[WebDriver()])

    async def fail() -> None:
        raise RuntimeError("a secret")

    with closing(webhooks(kit)) as app:
        with monkeypatch.context() as failing:
            failing.setattr(kit._hub, "run", fail)
            ask(app)
            assert app._thread is not None
            app._thread.join()
        assert ask(app)[0] == 200

    assert "the Kit stopped: " in caplog.text
    assert "a secret" not in caplog.text


def test_closed_it_opens_again(app: Webhooks) -> None:
    assert ask(app)[0] == 200
    app.close()
    app.close()

    assert ask(app)[0] == 200


def test_a_burst_from_many_threads_opens_one_kit_and_has_one_effect_each(app: Webhooks, url: str) -> None:
    bodies = [text_body(f"text {number:03}", f"in-{number}") for number in range(100)] * 3
    random.Random(4).shuffle(bodies)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda body: ask(app, body=body)[0], bodies))

    assert set(answers) == {200}
    assert anyio.run(texts_in, url) == [f"text {number:03}" for number in range(100)]


ENDS = """
import sys
from tests.callbacks import WebDriver
from tests.test_wsgi import ask
from smskit.kit import Kit
from smskit.wsgi import webhooks

app = webhooks(Kit(sys.argv[1], drivers=[WebDriver()]))
print(ask(app)[0])
"""


def test_a_process_ends_without_closing_it_and_nothing_is_lost(url: str) -> None:
    root = Path(__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-c", ENDS, url], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "200\n", "")
    assert anyio.run(texts_in, url) == ["hello"]


def test_after_a_fork_nobody_waits_for_ever(app: Webhooks) -> None:
    assert ask(app)[0] == 200
    app._process = -1  # as a child sees it

    assert ask(app)[0] == 503

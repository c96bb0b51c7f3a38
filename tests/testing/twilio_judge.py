"""The vendor's own SDK, pointed at the look-alike, and an app that takes callbacks on the standard library's server."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl

import anyio.to_thread
import attrs
import httpx

# It ships no annotations.
rest: Any = importlib.import_module("twilio.rest")
http: Any = importlib.import_module("twilio.http")
responses: Any = importlib.import_module("twilio.http.response")
validators: Any = importlib.import_module("twilio.request_validator")
TwilioRestException: Any = importlib.import_module("twilio.base.exceptions").TwilioRestException


class Created(Protocol):
    """A message as the SDK read it."""

    sid: str
    status: str
    from_: str | None
    num_segments: str
    num_media: str
    error_code: int | None
    date_created: datetime


class Sdk:
    """The SDK's REST client, with the look-alike where it expects api.twilio.com."""

    def __init__(self, base_url: str, account_sid: str, auth_token: str) -> None:
        client = ToLookalike(None, is_async=False)
        client.base_url = base_url
        self._rest = rest.Client(account_sid, auth_token, http_client=client)

    async def create(self, **text: str | Sequence[str]) -> Created:
        """Hand over a text."""
        created: Created = await anyio.to_thread.run_sync(lambda: self._rest.messages.create(**text))
        return created

    async def bodies(self, limit: int) -> list[str]:
        """The newest texts."""
        found = await anyio.to_thread.run_sync(lambda: self._rest.messages.list(limit=limit))
        return [message.body for message in found]

    async def account(self) -> tuple[str, str]:
        """The id and the status of the account."""
        account = await anyio.to_thread.run_sync(self._rest.api.accounts(self._rest.account_sid).fetch)
        return account.sid, account.status


class ToLookalike(http.HttpClient):  # type: ignore[misc]  # it is untyped
    """The SDK's requests, made by httpx."""

    base_url: str

    def request(
        self,
        method: str,
        uri: str,
        *,
        auth: tuple[str, str],
        data: dict[str, str] | None,
        params: dict[str, str] | None = None,
        **_: object,
    ) -> object:
        url = uri.replace("https://api.twilio.com", self.base_url)
        answer = httpx.request(method, url, data=data, auth=auth, params=params)
        return responses.Response(answer.status_code, answer.text)


@attrs.frozen
class Heard:
    """A callback that the app got."""

    url: str
    form: dict[str, str]
    signature: str

    def is_signed_with(self, auth_token: str) -> bool:
        """What Twilio's own validator thinks of it."""
        return bool(validators.RequestValidator(auth_token).validate(self.url, self.form, self.signature))


class App:
    """Takes callbacks, and answers each with the next of `answers`, then with 204."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: list[Heard] = []
        self.answers: list[int] = []

    @property
    def statuses(self) -> list[str]:
        """The words of the callbacks, in the order in which they came."""
        return [heard.form["SmsStatus"] for heard in self.heard]


@contextmanager
def listening() -> Iterator[App]:
    """An app on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(parse_qsl(body, keep_blank_values=True))
            url = f"http://{self.headers['Host']}{self.path}"
            app.heard.append(Heard(url, form, self.headers["X-Twilio-Signature"]))
            self.send_response(app.answers.pop(0) if app.answers else 204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        app = App(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield app
        finally:
            server.shutdown()
            thread.join()

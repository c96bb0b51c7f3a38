"""The webhooks of all drivers as a WSGI app, to mount beside Flask or another framework, or to serve alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from http.client import responses
from typing import TYPE_CHECKING

from smskit._hosting import LIMIT, Background, target_of_environ
from smskit.kit import Kit

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


class Webhooks(Background):
    """The WSGI app that `webhooks` gives."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Sequence[bytes]:
        driver = environ.get("PATH_INFO", "").rstrip("/").rpartition("/")[2]
        method, target = environ["REQUEST_METHOD"], target_of_environ(environ)
        answer = self.answer(driver, method, target, _headers(environ), partial(_read, environ))
        length = [] if answer.status == 204 else [("Content-Length", str(len(answer.body)))]
        status = f"{answer.status} {responses.get(answer.status, '')}"
        start_response(status, [*answer.headers.items(), *length])
        return [answer.body]


def _headers(environ: WSGIEnvironment) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            yield name.removeprefix("HTTP_").replace("_", "-"), value


def _read(environ: WSGIEnvironment, most: int) -> bytes:
    """A server that ends its stream at the body's end says so; elsewhere nothing may be read past the length."""
    if not environ.get("wsgi.input_terminated"):
        declared = environ.get("CONTENT_LENGTH") or ""
        most = min(most, int(declared[:18]) if declared.isdecimal() else 0)
    body: bytes = environ["wsgi.input"].read(most)
    return body


def webhooks(kit: Kit, *, limit: int = LIMIT) -> Webhooks:
    """An app to mount: at `/sms`, it takes what comes to `/sms/{driver name}`.

    It opens the Kit itself at the first callback, in a thread of its own. A body over `limit` octets gets 413.
    """
    return Webhooks(kit, limit=limit)

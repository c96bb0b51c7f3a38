"""What the adapters for web frameworks share: reading a callback off them, and a Kit for hosts without a loop."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any
from urllib.parse import quote

import anyio
from anyio.from_thread import BlockingPortal

from smskit.drivers.base import WebhookRequest, WebhookResponse
from smskit.engine.blaming import blame
from smskit.errors import KitClosed
from smskit.kit import Kit

log = logging.getLogger("smskit.hosting")

LIMIT = 1 << 20
"""No callback of a carrier comes near a megabyte."""


def without_body(kit: Kit, driver: str, method: str, target: str) -> WebhookResponse | None:
    """The answer that needs no body: to those who lost their way, and to people and monitors who only look."""
    if all(driver != one.name for one in kit.drivers):
        return WebhookResponse(status=404)
    if method == "HEAD" or (method == "GET" and not target.partition("?")[2]):
        return WebhookResponse(status=200)
    if method in {"GET", "POST"}:
        return None
    return WebhookResponse(status=405, headers={"Allow": "GET, HEAD, POST"})


def unfit(request: WebhookRequest, limit: int) -> WebhookResponse | None:
    """The answer to a body that is too large, or cut short: half a text must not be stored as a whole one."""
    size, declared = len(request.body), request.header("Content-Length")
    if size > limit:
        return WebhookResponse(status=413)
    if declared and not (declared.isdecimal() and int(declared[:18]) <= size):
        return WebhookResponse(status=400)
    return None


def target_of_scope(scope: Mapping[str, Any], query: str) -> str:
    """Path and query as they were sent, since signatures cover them. A server may leave `raw_path` out."""
    raw_path: bytes | None = scope.get("raw_path")
    return _joined(raw_path or _escaped(scope["path"].encode("utf-8", "replace")), query)


def target_of_environ(environ: Mapping[str, Any]) -> str:
    """The same under WSGI, where most servers give the whole of it in a field of their own."""
    raw: str | None = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw is not None:
        return raw
    path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return _joined(_escaped(path.encode("latin-1")), environ.get("QUERY_STRING", ""))


def _escaped(path: bytes) -> bytes:
    return quote(path, safe="/:@!$&'()*+,;=~").encode()


def _joined(path: bytes, query: str) -> str:
    return path.decode("latin-1") + (f"?{query}" if query else "")


class Background:
    """A Kit in a thread and event loop of its own. The first callback opens it, and it stays open."""

    def __init__(self, kit: Kit, *, limit: int) -> None:
        self._kit = kit
        self._limit = limit
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._portal: BlockingPortal | None = None
        self._process = os.getpid()

    def answer(
        self,
        driver: str,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        read: Callable[[int], bytes],
    ) -> WebhookResponse:
        """What the carrier hears, from any thread. 503 if the Kit cannot be opened now."""
        if (early := without_body(self._kit, driver, method, target)) is not None:
            return early
        try:
            body = read(self._limit + 1)
        except OSError:
            return WebhookResponse(status=400)
        request = WebhookRequest(method=method, raw_target=target, headers=tuple(headers), body=body)
        return unfit(request, self._limit) or self._receive(driver, request)

    def close(self) -> None:
        """Finish what is under way and close the Kit; for tests, since a process may end without it."""
        with self._lock:
            if (portal := self._portal) is not None:
                portal.start_task_soon(portal.stop)
            if self._thread is not None:
                self._thread.join()

    def _receive(self, driver: str, request: WebhookRequest) -> WebhookResponse:
        try:
            return self._opened().call(self._kit.receive, driver, request)
        except Exception as error:  # noqa: BLE001 - the carrier tries again
            log.error("no Kit to take a callback: %s", blame(error), extra={"driver": driver})
            return WebhookResponse(status=503)

    def _opened(self) -> BlockingPortal:
        if self._portal is not None and self._process != os.getpid():
            raise KitClosed("this process was forked from one that takes callbacks; fork before the first")
        with self._lock:
            if (portal := self._portal) is not None:
                return portal
            opened: Future[BlockingPortal] = Future()
            # A daemon keeps no process from ending. What was answered is stored by then.
            self._thread = threading.Thread(target=self._run, args=(opened,), name="smskit", daemon=True)
            self._thread.start()
            self._process = os.getpid()
            return opened.result()

    def _run(self, opened: Future[BlockingPortal]) -> None:
        failure: BaseException | None = None
        try:
            anyio.run(self._serve, opened)
        except BaseException as error:  # noqa: BLE001 - somebody waits for `opened`; the next callback tries again
            failure = error
        self._portal = None  # before anybody hears of it and opens another
        if failure is None:
            return
        if opened.done():
            log.error("the Kit stopped: %s", blame(failure))
        else:
            opened.set_exception(failure)

    async def _serve(self, opened: Future[BlockingPortal]) -> None:
        async with self._kit, BlockingPortal() as portal:
            self._portal = portal
            opened.set_result(portal)
            await portal.sleep_until_stopped()

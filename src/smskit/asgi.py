"""The webhooks of all drivers as an ASGI app, to mount in Starlette, FastAPI or another host, or to serve alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, TypeAlias

from smskit._hosting import LIMIT, target_of_scope, unfit, without_body
from smskit.drivers.base import WebhookRequest, WebhookResponse
from smskit.kit import Kit

Event: TypeAlias = MutableMapping[str, Any]  # as ASGI has it: what is in it depends on its type
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
AsgiApp: TypeAlias = Callable[[Event, Receive, Send], Coroutine[Any, Any, None]]


def webhooks(kit: Kit, *, limit: int = LIMIT) -> AsgiApp:
    """An app to mount: at `/sms`, it takes what comes to `/sms/{driver name}`.

    The host opens the Kit, in the loop that serves; until then carriers hear 503. A body over `limit` octets gets 413.
    """

    async def app(scope: Event, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":  # it is the host who opens the Kit
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif (answer := await _answer(kit, scope, receive, limit)) is not None:
            headers = [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in answer.headers.items()
            ]
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.body})

    return app


async def _answer(kit: Kit, scope: Event, receive: Receive, limit: int) -> WebhookResponse | None:
    """None if the client has gone."""
    path, method = scope["path"], scope["method"]
    driver = path.rstrip("/").rpartition("/")[2]
    target = target_of_scope(scope, scope.get("query_string", b"").decode("latin-1"))
    if (early := without_body(kit, driver, method, target)) is not None:
        return early
    body, more = bytearray(), True
    while more and len(body) <= limit:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += event.get("body", b"")
        more = event.get("more_body", False)
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    request = WebhookRequest(method=method, raw_target=target, headers=headers, body=bytes(body))
    return unfit(request, limit) or await kit.receive(driver, request)

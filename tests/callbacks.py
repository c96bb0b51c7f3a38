"""A carrier that posts callbacks, and hosts to post them to, for the tests of the web adapters."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Coroutine, Iterable
from typing import Any
from urllib.parse import unquote

from smskit.asgi import Event
from smskit.drivers.base import Driver, Features, WebhookRequest, WebhookResponse, WebhookResult
from smskit.errors import BadCallback, BadSignature, Rejected
from smskit.kit import Kit
from smskit.model.addresses import PhoneNumber
from smskit.model.traffic import Accepted, Inbound, Outgoing

SENDER, ALICE = "+14155550100", "+14155550123"

ODD_TARGETS = [
    "/sms/web",
    "/sms/web/",
    "/sms/%77eb?a=1",
    "/%73ms/web?to=%2B14155550100&to=+1&TO=%2b1",
    "/sms/web?z=1&a=2&z=1&a=&b",
    "/sms/web?text=a+b%20c%2Bd%zz&%C3%A4=%ff",
    "/sms/web?next=https://acme.example/?x=1",
]
"""What a framework might decode, sort, join or escape anew."""


class WebDriver(Driver):
    """Texts come in as JSON, signed together with the target exactly as it was asked for."""

    def __init__(self) -> None:
        super().__init__("web", [SENDER], Features())
        self.asked: list[WebhookRequest] = []

    async def send(self, message: Outgoing) -> Accepted:
        raise Rejected("it only receives")

    def parse_webhook(self, request: WebhookRequest) -> WebhookResult:
        self.asked.append(request)
        if request.header("X-Signature") != sign(request.raw_target, request.body):
            raise BadSignature("not from this carrier")
        try:
            said = json.loads(request.body)
            number = PhoneNumber(said["from"])
            event = Inbound(
                sender=number, to=self.senders[0].address, text=said["text"], carrier_id=said["id"]
            )
        except (KeyError, ValueError) as error:
            raise BadCallback("no text in it") from error
        thanks = WebhookResponse(status=200, headers={"Content-Type": "text/xml"}, body=b"<Response/>")
        return WebhookResult(events=[event], response=thanks)


def sign(target: str, body: bytes) -> str:
    return hmac.new(b"secret", target.encode("latin-1") + body, "sha256").hexdigest()


def text_body(text: str = "hello", carrier_id: str = "in-1") -> bytes:
    return json.dumps({"from": ALICE, "text": text, "id": carrier_id}).encode()


def signed(target: str, body: bytes) -> dict[str, str]:
    return {"x-signature": sign(target, body)}


async def texts(kit: Kit) -> list[str]:
    """All that came in, sorted."""
    chats = (await kit.conversations.list()).items
    return sorted([message.text for chat in chats for message in (await chat.messages(limit=500)).items])


async def texts_in(url: str) -> list[str]:
    async with Kit(url) as kit:
        return await texts(kit)


class Call:
    """One request as an ASGI server hands it over: the path decoded, beside what came over the wire."""

    def __init__(
        self,
        target: str,
        chunks: Iterable[bytes] = (b"",),
        *,
        method: str = "POST",
        headers: dict[str, str] | None = None,
        gone: bool = False,
    ) -> None:
        path, _, query = target.partition("?")
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "server": ("acme.example", 443),
            "root_path": "",
            "path": unquote(path),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [
                (name.encode(), value.encode())
                for name, value in {"host": "acme.example", **(headers or {})}.items()
            ],
        }
        self.sent: list[Event] = []
        self.read = 0
        self._chunks = list(chunks)
        self._gone = gone

    async def receive(self) -> Event:
        if self.read == len(self._chunks):
            return {"type": "http.disconnect"}
        chunk = self._chunks[self.read]
        self.read += 1
        more = self._gone or self.read < len(self._chunks)
        return {"type": "http.request", "body": chunk, "more_body": more}

    async def send(self, event: Event) -> None:
        self.sent.append(event)

    async def to(self, app: Callable[[Any, Any, Any], Coroutine[Any, Any, None]]) -> int | None:
        """The status of the answer, if there was one."""
        await app(self.scope, self.receive, self.send)
        return next((event["status"] for event in self.sent if "status" in event), None)

    @property
    def body(self) -> bytes:
        return b"".join(event.get("body", b"") for event in self.sent)


def text_call(target: str = "/sms/web", body: bytes | None = None) -> Call:
    body = text_body() if body is None else body
    return Call(target, [body], headers={**signed(target, body), "content-length": str(len(body))})

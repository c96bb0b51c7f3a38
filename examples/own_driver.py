"""A driver of your own, for a carrier with a JSON interface. It translates; retries and opt-outs are not its business.

Other people's apps get it by URL once its package says so in pyproject.toml:

    [project.entry-points."smskit.drivers"]
    example = "own_driver:from_url"

after which Kit(..., drivers=["example://:SECRET@sms.example.com?sender=%2B14155550100"]) opens it.
"""

import hmac
import json
from collections.abc import Sequence
from datetime import timedelta

import anyio
import httpx

from smskit import Driver, Features, Kit, PhoneNumber, Status
from smskit.drivers.base import Guarantee, WebhookRequest, WebhookResult
from smskit.drivers.registry import DriverUrl
from smskit.errors import BadCallback, BadSignature, OutcomeUnknown, Rejected, Unavailable
from smskit.model.addresses import parse_address
from smskit.model.traffic import Accepted, Inbound, Incoming, Outgoing, Receipt

FEATURES = Features(guarantee=Guarantee.IDEMPOTENT, window=20, timeout=timedelta(seconds=20))
STATUSES = {"sent": Status.SENT, "delivered": Status.DELIVERED, "failed": Status.FAILED}


class ExampleTelecom(Driver):
    """Speaks to Example Telecom."""

    def __init__(self, client: httpx.AsyncClient, secret: str, senders: Sequence[str]) -> None:
        super().__init__("example", senders, FEATURES)
        self._client = client
        self._secret = secret

    async def send(self, message: Outgoing) -> Accepted:
        body = {
            "from": message.sender.text,
            "to": message.to.text,
            "text": message.text,
            "ref": message.reference,
        }
        try:
            answer = await self._client.post("/messages", json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unavailable("no connection to the carrier") from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown("the connection broke before an answer") from error
        code = str(answer.status_code)
        if answer.status_code == 429:
            raise Unavailable("the carrier is busy", code=code)
        if answer.is_client_error:
            raise Rejected("the carrier refused it", code=code)
        if not answer.is_success:
            raise OutcomeUnknown("the carrier failed while it had the text", code=code)
        return Accepted.whole(answer.json()["id"])

    def parse_webhook(self, request: WebhookRequest) -> WebhookResult:
        wanted = hmac.new(self._secret.encode(), request.body, "sha256").hexdigest()
        if not hmac.compare_digest(wanted.encode(), (request.header("X-Signature") or "").encode()):
            raise BadSignature("the signature does not match")
        try:
            return WebhookResult(events=[_incoming(json.loads(request.body))])
        except (KeyError, ValueError) as error:
            raise BadCallback("the callback lacks a field, or has a strange one") from error

    async def aclose(self) -> None:
        await self._client.aclose()


def _incoming(said: dict[str, str]) -> Incoming:
    if said["type"] == "receipt":
        status = STATUSES.get(said["status"], Status.UNKNOWN)
        return Receipt(status=status, carrier_id=said["id"], code=said["status"])
    sender = PhoneNumber.parse(said["from"])
    return Inbound(sender=sender, to=parse_address(said["to"]), text=said["text"], carrier_id=said["id"])


def from_url(url: DriverUrl) -> ExampleTelecom:
    client = httpx.AsyncClient(base_url=f"https://{url.host}", timeout=FEATURES.timeout.total_seconds() / 2)
    return ExampleTelecom(client, url.password or "", url.take("sender").get("sender", ()))


async def main() -> None:
    """Tried without a network: a transport of httpx plays the carrier."""
    carrier = httpx.MockTransport(lambda _request: httpx.Response(200, json={"id": "ex-1"}))
    client = httpx.AsyncClient(base_url="https://sms.example.com", transport=carrier)
    kit = Kit("sqlite://", drivers=[ExampleTelecom(client, "secret", ["+14155550100"])])
    async with kit:
        chat = await kit.conversations.start("+14155550123")
        sent = await chat.send("Your crown is ready.")
        await kit.tick()
        print((await sent.refresh()).status)

        body = b'{"type": "receipt", "id": "ex-1", "status": "delivered"}'
        signature = hmac.new(b"secret", body, "sha256").hexdigest()
        call = WebhookRequest(
            method="POST", raw_target="/sms/example", headers=[("X-Signature", signature)], body=body
        )
        print("the callback is answered with", (await kit.receive("example", call)).status)
        print((await sent.refresh()).status)


if __name__ == "__main__":
    anyio.run(main)

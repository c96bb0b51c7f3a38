"""Callbacks without a framework: authenticated, stored, and only then thanked for."""

from __future__ import annotations

import json

import pytest

from smskit.drivers.base import Driver, Features, WebhookRequest, WebhookResponse, WebhookResult
from smskit.errors import BadCallback, BadSignature, Rejected, StorageUnavailable
from smskit.kit import Kit
from smskit.model.addresses import PhoneNumber
from smskit.model.traffic import Accepted, Inbound, Outgoing

SENDER, ALICE = "+14155550100", "+14155550123"


class HttpDriver(Driver):
    """Texts come in as JSON, signed by a word in a header."""

    def __init__(self) -> None:
        super().__init__("http", [SENDER], Features())

    async def send(self, message: Outgoing) -> Accepted:
        raise Rejected("it only receives")

    def parse_webhook(self, request: WebhookRequest) -> WebhookResult:
        if request.header("x-word") != "sesame":
            raise BadSignature("the word is wrong")
        try:
            body = json.loads(request.body)
            event = Inbound(
                sender=PhoneNumber(body["from"]),
                to=self.senders[0].address,
                text=body["text"],
                carrier_id=body["id"],
            )
        except (ValueError, KeyError) as error:
            raise BadCallback("the body is no text") from error
        return WebhookResult(events=[event], response=WebhookResponse(status=202))


def callback(body: bytes | None = None, *, word: str = "sesame") -> WebhookRequest:
    text = json.dumps({"from": ALICE, "text": "hello", "id": "in-1"}).encode()
    return WebhookRequest(
        method="POST",
        raw_target="/sms/http",
        headers=[("X-Word", word)],
        body=text if body is None else body,
    )


async def inbox(kit: Kit) -> list[str | None]:
    return [chat.record.last_text for chat in (await kit.conversations.list()).items]


async def test_a_good_callback_is_stored_before_it_is_thanked_for_however_often_it_comes() -> None:
    async with Kit("sqlite://", drivers=[HttpDriver()]) as kit:
        answers = [(await kit.receive("http", callback())).status for _ in range(3)]
        chat = (await kit.conversations.list()).items[0]

        assert answers == [202, 202, 202]
        assert [message.text for message in (await chat.messages()).items] == ["hello"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (callback(word="swordfish"), 403),
        (callback(b"{"), 400),
        (callback(b'{"text": "x"}'), 400),
        (callback(b'{"from": "nobody", "text": "x", "id": "1"}'), 400),
    ],
    ids=["forged", "no JSON", "no sender", "no number"],
)
async def test_what_is_forged_or_unreadable_is_refused_and_leaves_nothing(
    request_: WebhookRequest, status: int
) -> None:
    async with Kit("sqlite://", drivers=[HttpDriver()]) as kit:
        answer = await kit.receive("http", request_)

        assert (answer.status, answer.body) == (status, b"")
        assert await inbox(kit) == []


async def test_a_fault_of_ours_is_told_as_one_so_that_the_carrier_tries_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Kit("sqlite://", drivers=[HttpDriver()]) as kit:

        async def full(*_args: object) -> None:
            raise StorageUnavailable("the disk is full")

        with monkeypatch.context() as broken:
            broken.setattr(kit.storage, "receive", full)
            refused = await kit.receive("http", callback())
        accepted = await kit.receive("http", callback())

        assert (refused.status, refused.body, accepted.status) == (500, b"", 202)
        assert await inbox(kit) == ["hello"]

"""Ten thousand callbacks in a burst, each of them twice and all mixed, two hundred at once: each has one effect."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import anyio
import attrs
import httpx
import pytest

from smskit import Features, Kind, Kit, Policy, Status
from smskit.asgi import webhooks
from smskit.drivers.base import WebhookRequest, WebhookResponse, WebhookResult
from smskit.errors import BadSignature, StorageUnavailable
from smskit.model.events import Event, MessageReceived, OptedOut, StatusChanged
from smskit.model.traffic import Accepted, Outgoing, Receipt
from tests.callbacks import WebDriver, sign, signed

P = ParamSpec("P")

AT_ONCE = 200
ALL = 250
"""Patients. Each of them writes ten texts, and ten receipts come of the five that each gets."""
SOME = 25

Thread = Mapping[tuple[Kind, str], Status]


class BusyDriver(WebDriver):
    """It sends, and takes receipts, as well."""

    def __init__(self) -> None:
        super().__init__()
        self.features = Features(window=AT_ONCE)

    async def send(self, message: Outgoing) -> Accepted:
        return Accepted.whole(f"out-{message.text}")

    def parse_webhook(self, request: WebhookRequest) -> WebhookResult:
        said = json.loads(request.body)
        if "status" not in said:
            return super().parse_webhook(request)
        if request.header("X-Signature") != sign(request.raw_target, request.body):
            raise BadSignature("not from this carrier")
        receipt = Receipt(status=Status(said["status"]), carrier_id=said["id"])
        return WebhookResult(events=[receipt], response=WebhookResponse(status=204))


@attrs.frozen
class Patient:
    """One of many. Every fifth says STOP at some time; of the texts each gets, one does not arrive."""

    number: int

    @property
    def phone(self) -> str:
        return f"+1{200 + self.number // 90}55501{self.number % 90:02}"

    @property
    def stops(self) -> bool:
        return self.number % 5 == 0

    @property
    def said(self) -> Sequence[str]:
        return [f"{self.number} says {n}" for n in range(9)] + ["STOP" if self.stops else "9"]

    @property
    def got(self) -> Mapping[str, Status]:
        return {f"{self.number}-{n}": Status.DELIVERED if n else Status.UNDELIVERED for n in range(5)}

    @property
    def callbacks(self) -> Sequence[bytes]:
        texts = [{"from": self.phone, "text": text, "id": f"{self.number}:{text}"} for text in self.said]
        receipts = [
            {"id": f"out-{text}", "status": status.value}
            for text, last in self.got.items()
            for status in (Status.SENT, last)
        ]
        return [json.dumps(said).encode() for said in (*texts, *receipts)]

    @property
    def thread(self) -> Thread:
        """All there is in the end. Whether our answer to STOP goes out is no matter of the burst."""
        said = {(Kind.INBOUND, text): Status.RECEIVED for text in self.said}
        got = {(Kind.OUTBOUND, text): status for text, status in self.got.items()}
        answer = {(Kind.OUTBOUND, Policy().stop_answer): Status.QUEUED} if self.stops else {}
        return said | got | answer


class Burst:
    """What comes for so many patients, each callback twice, mixed by a seed."""

    def __init__(self, kit: Kit, patients: int) -> None:
        self.kit = kit
        self.patients = [Patient(number) for number in range(patients)]
        once = [body for patient in self.patients for body in patient.callbacks]
        self.callbacks = random.Random(4).sample(once * 2, len(once) * 2)

    async def texts_went_out(self) -> None:
        """What the receipts are about."""
        async with anyio.create_task_group() as tasks:
            for patient in self.patients:
                tasks.start_soon(self._send_to, patient)
        await self.kit.run_until_idle()

    async def comes(self, callbacks: Sequence[bytes]) -> Counter[int]:
        """All of these come, many at once. Gives how often each status was answered."""
        answers: Counter[int] = Counter()
        waiting = iter(callbacks)
        transport = httpx.ASGITransport(webhooks(self.kit))
        async with httpx.AsyncClient(transport=transport, base_url="https://acme.example") as client:

            async def bring() -> None:
                for body in waiting:
                    answer = await client.post("/sms/web", content=body, headers=signed("/sms/web", body))
                    answers[answer.status_code] += 1

            async with anyio.create_task_group() as tasks:
                for _ in range(AT_ONCE):
                    tasks.start_soon(bring)
        return answers

    async def has_one_effect_each(self) -> bool:
        """The store is as if each callback had come once."""
        for patient in self.patients:
            chat = await self.kit.conversations.start(patient.phone)
            thread = [one.record for one in (await chat.messages(limit=200)).items]
            assert chat.unread == len(patient.said)
            assert Counter((one.kind, one.text) for one in thread) == Counter(patient.thread.keys())
            assert {(one.kind, one.text): one.status for one in thread} == patient.thread
            assert (await chat.contact()).opted_out is patient.stops
        return await self._was_told_once()

    async def _was_told_once(self) -> bool:
        told: list[Event] = []
        while more := await self.kit.storage.read_events(
            None, after=told[-1].position if told else 0, limit=500
        ):
            told += more
        kinds = Counter(type(event.what) for event in told)
        moves = Counter(event.what for event in told if isinstance(event.what, StatusChanged))
        assert kinds[MessageReceived] == sum(len(patient.said) for patient in self.patients)
        assert kinds[OptedOut] == sum(patient.stops for patient in self.patients)
        return set(moves.values()) == {1}

    async def _send_to(self, patient: Patient) -> None:
        chat = await self.kit.conversations.start(patient.phone)
        for text in patient.got:
            await chat.send(text)


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with Kit(f"sqlite:///{tmp_path / 'acme.db'}", drivers=[BusyDriver()]) as kit:
        yield kit


async def test_ten_thousand_callbacks_have_one_effect_each(kit: Kit) -> None:
    burst = Burst(kit, ALL)
    await burst.texts_went_out()

    assert await burst.comes(burst.callbacks) == {200: 5_000, 204: 5_000}
    assert await burst.has_one_effect_each()


@pytest.mark.parametrize("wrote", [False, True], ids=["nothing was written", "all was written"])
async def test_what_comes_while_the_store_fails_is_refused_and_has_one_effect_later(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, *, wrote: bool
) -> None:
    burst = Burst(kit, SOME)
    await burst.texts_went_out()
    half = len(burst.callbacks) // 2
    with monkeypatch.context() as broken:
        for name in ("receive", "apply_receipt"):
            broken.setattr(kit.storage, name, failing(getattr(kit.storage, name), after=wrote))
        assert await burst.comes(burst.callbacks[:half]) == {500: half}
        moved = [chat.unread for chat in (await kit.conversations.list(limit=200)).items]
        assert any(moved) is wrote

    assert await burst.comes(burst.callbacks) == {200: half, 204: half}
    assert await burst.has_one_effect_each()


def failing(work: Callable[P, Awaitable[object]], *, after: bool) -> Callable[P, Awaitable[None]]:
    """The same work, which fails before it has done anything, or after it has done all."""

    @wraps(work)
    async def failed(*args: P.args, **kwargs: P.kwargs) -> None:
        if after:
            await work(*args, **kwargs)
        raise StorageUnavailable("the disk is full")

    return failed

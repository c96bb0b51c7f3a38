"""The FastAPI example: a text goes out once for each order, and one that comes in is in the inbox."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from urllib.parse import urlencode

import httpx
import pytest
import respx
from twilio.request_validator import RequestValidator

EXAMPLE = Path(__file__).parents[2] / "examples" / "fastapi_twilio.py"
SID, TOKEN, PUBLIC = "AC" + "0" * 32, "token", "https://acme.example/sms"
MESSAGES = f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages.json"
FORM = {"MessageSid": "SM" + "1" * 32, "From": "+14155550123", "To": "+14155550100", "Body": "Thanks!"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # FastAPI's servers run on nothing else


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", SID)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("SMSKIT_PUBLIC_URL", PUBLIC)
    monkeypatch.setenv("DATABASE", f"sqlite:///{tmp_path / 'desk.db'}")
    spec = importlib.util.spec_from_file_location("fastapi_twilio", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_it_sends_once_for_each_order_and_takes_what_comes_in(example: ModuleType) -> None:
    app = httpx.AsyncClient(transport=httpx.ASGITransport(example.app), base_url="https://acme.example")
    signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}/twilio", FORM)
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    with respx.mock(assert_all_called=False) as carrier:
        sends = carrier.post(MESSAGES).respond(201, json={"sid": "SM" + "2" * 32, "status": "queued"})
        async with example.lifespan(example.app), app:
            first = (await app.post("/ready/+14155550123", params={"order": "17"})).json()
            again = (await app.post("/ready/+14155550123", params={"order": "17"})).json()
            message = await example.kit.message(first["id"])
            await message.wait_for("accepted")
            said = await app.post("/sms/twilio", content=urlencode(FORM), headers=headers)
            inbox = (await app.get("/inbox")).json()

    assert first["id"] == again["id"]
    assert "allowed" in first["why"]
    assert sends.call_count == 2  # the consent message, and the text
    assert (said.status_code, said.text) == (200, "<Response/>")
    assert inbox == [{"with": "+14155550123", "unread": 1}]

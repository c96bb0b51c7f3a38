"""A texting desk in a FastAPI app, over Twilio: texts go out by POST /ready, and GET /inbox shows who wrote.

    pip install smskit fastapi uvicorn
    export TWILIO_ACCOUNT_SID=AC... TWILIO_AUTH_TOKEN=... SMSKIT_PUBLIC_URL=https://acme.example/sms
    uvicorn fastapi_twilio:app

At Twilio, let incoming messages of the number call https://acme.example/sms/twilio.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from smskit import Consent, Kit, Policy
from smskit.asgi import webhooks
from smskit.drivers.twilio import Twilio

POLICY = Policy(
    brand="Smile Dental",
    default_region="US",
    consent=Consent.precede("Smile Dental texts you about your visits. Reply STOP to opt out."),
)

twilio = Twilio.from_env(senders=[os.environ.get("SENDER", "+14155550100")])
kit = Kit(os.environ.get("DATABASE", "sqlite:///desk.db"), drivers=[twilio], policy=POLICY)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with kit, kit.run():
        yield


app = FastAPI(lifespan=lifespan)
app.mount("/sms", webhooks(kit))  # serves /sms/twilio


@app.post("/ready/{phone}")
async def ready(phone: str, order: str) -> dict[str, object]:
    """Tell somebody that the crown is ready; the same order again sends nothing."""
    chat = await kit.as_actor("frontdesk").conversations.start(phone)
    sent = await chat.send("Your crown is ready.", key=f"ready-{order}")
    return {"id": sent.id, "status": sent.status, "why": str(await sent.explain())}


@app.get("/inbox")
async def inbox() -> list[dict[str, object]]:
    """The conversations with the newest text first."""
    page = await kit.conversations.list()
    return [{"with": str(chat.number), "unread": chat.unread} for chat in page.items]

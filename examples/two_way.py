"""A text goes out, the answer comes back, and the app replies: both ways, on the carrier inside this process."""

from datetime import timedelta

import anyio

from smskit import Kit, LocalCarrier
from smskit.model.events import MessageReceived

carrier = LocalCarrier(["+14155550100"], latency=timedelta(milliseconds=200))
kit = Kit("sqlite://", drivers=[carrier])


async def reply_once() -> None:
    """What an app does all day: follow the events, and answer what people write."""
    async for event in kit.events("two-way"):
        if isinstance(event.what, MessageReceived):
            text = await kit.message(event.what.message_id)
            print("they write:", text.text)
            chat = await kit.conversations.get(text.conversation_id)
            reply = await chat.send("See you on Tuesday!")
            await reply.wait_for("delivered")
            print("we reply:  ", reply.text, f"({reply.status})")
            return


async def main() -> None:
    patient = carrier.handset("+14155550123")
    patient.answers_with = lambda text: "Tuesday is fine" if text.endswith("?") else None

    async with kit, kit.run(), anyio.create_task_group() as tasks:
        tasks.start_soon(reply_once)
        chat = await kit.conversations.start(patient.number)
        sent = await chat.send("Your crown is ready. Does Tuesday at 9 suit you?")
        await sent.wait_for("delivered")
        print("we write:  ", sent.text, f"({sent.status})")


if __name__ == "__main__":
    anyio.run(main)

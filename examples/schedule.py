"""A text for nine in Denver, in spring: changed before it goes, on a virtual clock."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import anyio

from smskit.testing import World

DENVER = ZoneInfo("America/Denver")


async def main() -> None:
    async with World() as world:
        phone = world.person("+14155550123")
        chat = await world.kit.conversations.start(phone.number)
        nine = datetime(2027, 3, 15, 9, 0, tzinfo=DENVER)  # the clocks change the day before

        message = await chat.send("See you at 10!", at=nine)
        print(f"{message.status} for {nine}, which is {message.record.due_at}")
        await message.edit("See you at 11!", at=nine + timedelta(hours=1))
        await world.advance(days=90)

        print("on the phone:", *phone.received)
        print("withdrawn now:", await message.cancel())


if __name__ == "__main__":
    anyio.run(main)

"""Sending without a process that stays: a job puts texts in, and cron does what is due every minute.

cron.py DATABASE +14155550123 "Your crown is ready."    puts a text in
* * * * *  cron.py DATABASE                             sends, retries and receives what is due
"""

import sys
from urllib.parse import quote

import anyio

from smskit import Kit, LocalCarrier

carrier = LocalCarrier(["+14155550100"])  # your carrier's driver goes here


async def put_in(kit: Kit, number: str, text: str) -> None:
    async with kit:
        chat = await kit.conversations.start(number)
        message = await chat.send(text)
        print(f"message {message.id} is {message.status}")


async def do_what_is_due(kit: Kit) -> None:
    async with kit:
        worked = await kit.tick()
        print("done what was due" if worked else "nothing was due")
        for chat in (await kit.conversations.list()).items:
            print(f"the last text to {chat.number.masked} is {chat.record.last_status}")


def main() -> None:
    match sys.argv[1:]:
        case [database, number, text]:
            anyio.run(put_in, open_kit(database), number, text)
        case [database]:
            anyio.run(do_what_is_due, open_kit(database))
        case _:
            raise SystemExit(__doc__)


def open_kit(database: str) -> Kit:
    return Kit(f"sqlite:///{quote(database)}", drivers=[carrier])


if __name__ == "__main__":
    main()

"""A morning at the front desk: look, take, note, draft, answer, and put away what is done."""

from datetime import timedelta

import anyio

from smskit.testing import World


async def main() -> None:
    async with World() as world:
        lee, ann = world.person("+14155550123"), world.person("+14155550124")
        await ann.texts("Thanks, all good!")
        await world.advance(days=31)
        await lee.texts("Is my crown ready?")

        desk = world.kit.as_actor("maria")
        print("unread:", await desk.conversations.unread())
        (chat, _) = (await desk.conversations.list(unread=True)).items
        page = await chat.messages()
        await lee.texts("I could come at 5.")
        await chat.mark_read(up_to=page.items[0])
        print("came while Maria was reading:", chat.unread)

        await chat.assign("maria")
        await chat.label("VIP")
        await chat.note("The lab promised it for noon.")
        await chat.save_draft("It will be ready at 5.")
        sent = await chat.send_draft()
        await world.advance(minutes=1)
        print("on the phone:", lee.received)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lee.texts, "Great, see you!")
            reply = await chat.wait_for_reply(after=sent, timeout=timedelta(hours=1))
        print("they answer:", reply.text)

        report = await desk.conversations.where(idle_for=timedelta(days=30)).archive()
        print("put away:", report.moved)
        for entry in reversed((await chat.messages()).items):
            print(f"{entry.kind:>9}  {entry.text}")


if __name__ == "__main__":
    anyio.run(main)

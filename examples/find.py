"""Find what was said, and to whom: words in any spelling, in archived conversations too."""

import anyio

from smskit.testing import World


async def main() -> None:
    async with World() as world:
        desk = world.kit.as_actor("frontdesk")
        zoe, ben = world.person("+14155550123"), world.person("+14155550124")
        await desk.contacts.upsert(zoe.number, name="Zoë Moreno")
        await zoe.texts("Is my crown ready? I had a café au lait nearby")
        await ben.texts("Where do I park?")
        chat = await desk.conversations.start(zoe.number)
        await chat.send("Your crown is ready on Tuesday.")
        await chat.archive()

        for words in ("crown", "crown tuesday", "CAFE", '"crown ready"', "par"):
            page = await desk.search(words)
            print(f"{words}:", *(f"[{hit.conversation.name}] {hit.message.text}" for hit in page.items))
        page = await desk.search("crown", kind="inbound", archived=True)
        print("from contacts:", len(page.items))
        print("people:", *(contact.name for contact in (await desk.contacts.search("zoe mor")).items))


if __name__ == "__main__":
    anyio.run(main)

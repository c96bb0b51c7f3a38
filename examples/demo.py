"""The whole story in a terminal: consent, delivery, a reply, a STOP, a drip campaign, a conversation that comes back.

    scripts/demo [DATABASE] [--carrier twilio-lookalike] [--svg FILE]

The carrier is the local one, or a look-alike of Twilio on this machine, so nothing leaves it. The database is a new
file in a new folder for temporary files, unless you name a file that does not exist yet.
"""

import argparse
import re
import shlex
import sys
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream

from smskit import (
    Consent,
    Conversation,
    Desk,
    DripCampaign,
    Driver,
    Kit,
    Message,
    Origin,
    Policy,
    Status,
    Step,
    days,
    minutes,
)
from smskit.errors import MissingExtra, SmsKitError
from smskit.model.events import MessageReceived

try:
    from rich.console import Console
    from rich.padding import Padding
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text
except ImportError as error:
    raise SystemExit(f"error: {MissingExtra('the demo', 'cli')}") from error

from lines import LINES, Line

CONTACTS = Path(__file__).with_name("contacts.csv")
ADA, BEN, WALK_IN = "+14155550111", "+14155550112", "+14155550187"
POLICY = Policy(
    brand="Smile Dental",
    default_region="US",
    consent=Consent.precede("Smile Dental texts you about your visits. Reply STOP to opt out."),
)
WELCOME = DripCampaign(
    "welcome",
    [
        Step(minutes(0), "Thanks for your visit! Shall we call you about a check-up?"),
        Step(days(3), "We have openings this week."),
        Step(days(5), "Last note from us, reply anytime."),
    ],
)
LOOK = "select status, text from smskit_message"
STYLES = {Status.DELIVERED: "bold green", Status.BLOCKED: "bold red", Status.QUEUED: "dim"}


async def tell(database: Path, console: Console, carrier: str) -> None:
    """The story, from an empty database to a full inbox."""

    def make_kit(driver: Driver) -> Kit:
        return Kit(f"sqlite:///{quote(str(database))}", drivers=[driver], policy=POLICY)

    arrives, inbox = anyio.create_memory_object_stream[Message](10)
    async with arrives, inbox, LINES[carrier](make_kit) as line, anyio.create_task_group() as tasks:
        desk = line.kit.as_actor("front desk")
        tasks.start_soon(follow, desk, arrives)
        with anyio.fail_after(60):
            await Story(desk, line, inbox, console).tell()
        tasks.cancel_scope.cancel()


async def follow(desk: Desk, arrives: ObjectSendStream[Message]) -> None:
    """What a host app does with events; here it hands on what people write."""
    async for event in desk.events("demo"):
        if isinstance(event.what, MessageReceived):
            await arrives.send(await desk.message(event.what.message_id))


class Story:
    """Each chapter asks the desk for something and prints what came of it."""

    def __init__(self, desk: Desk, line: Line, inbox: ObjectReceiveStream[Message], console: Console) -> None:
        self.desk = desk
        self.line = line
        self.inbox = inbox
        self.console = console
        self.chapters = 0

    async def tell(self) -> None:
        await self.import_contacts()
        ada = await self.start_by_contact()
        await self.start_by_number()
        await self.get_a_reply(ada)
        ben = await self.get_a_stop()
        await self.try_a_reminder(ben)
        await self.drip_until_a_reply()
        await self.archive_and_come_back(ada)
        self.show_handsets()

    async def import_contacts(self) -> None:
        self.chapter("Contacts come from a CSV file")
        report = await self.desk.contacts.import_csv(CONTACTS)
        self.say(f"{CONTACTS.name} has {report.rows} rows: {report.created} contacts made")
        for contact in (await self.desk.contacts.list()).items:
            self.say(f"{contact.name}, {contact.number}, {contact.zone}", "dim", indent=2)

    async def start_by_contact(self) -> Conversation:
        self.chapter("A conversation with a contact: the consent message goes first")
        contact = await self.desk.contacts.find(ADA)
        chat = await self.desk.conversations.start(contact or ADA)
        await self.send(chat, "Hi Ada, your crown is ready. Does Tuesday at 9 suit you?")
        self.say("Nobody had texted this number before, so the thread is:")
        await self.show_thread(chat)
        return chat

    async def start_by_number(self) -> None:
        self.chapter("A conversation with a number, as a person writes it")
        chat = await self.desk.conversations.start("(415) 555-0187")
        await self.send(chat, "Thanks for calling! We keep Thursday at 2 for you.")
        self.say(f"The consent message went first here too, and {chat.number} is a contact now.")

    async def get_a_reply(self, chat: Conversation) -> None:
        self.chapter("The contact replies")
        await self.hear(ADA, "Tuesday is fine, thanks!")
        await chat.refresh()
        self.say(f"The conversation with {chat.name} has {chat.unread} unread; we read it and answer.")
        await chat.mark_read()
        await self.send(chat, "See you on Tuesday.")

    async def get_a_stop(self) -> Conversation:
        self.chapter("STOP opts out, and gets exactly one confirmation")
        chat = await self.desk.conversations.start(BEN)
        await self.send(chat, "Hi Ben, it is time for your check-up.")
        await self.hear(BEN, "STOP")
        await self.hear(BEN, "stop!!")
        await self.show_thread(chat)
        contact = await chat.contact()
        self.say(f"{contact.name} is {'opted out' if contact.opted_out else 'still subscribed'}.")
        return chat

    async def try_a_reminder(self, chat: Conversation) -> None:
        self.chapter("An automated text to him is blocked, and says why")
        reminder = await self.send(chat, "Reminder: your check-up is tomorrow.", Origin.REMINDER)
        self.say("print(await reminder.explain())", "dim")
        self.console.print(Panel(Text(str(await reminder.explain())), border_style="red"))

    async def drip_until_a_reply(self) -> None:
        self.chapter("A drip campaign: a reply cancels what is left")
        drip = await self.desk.drips.save(WELCOME)
        self.console.print(Panel(Text(str(await drip.preview(WALK_IN)))))
        enrolment = await drip.apply(WALK_IN)
        await (await enrolment.steps())[0].wait_for(Status.DELIVERED)
        await self.hear(WALK_IN, "Yes please, on Friday.")
        for step in await enrolment.steps():
            self.say(f"{step.origin}: {step.text} ({step.status})", "dim", indent=2)
        self.say(f"It ended because the contact {(await enrolment.refresh()).why}.")

    async def archive_and_come_back(self, chat: Conversation) -> None:
        self.chapter("An archived conversation comes back when the contact writes")
        await chat.archive()
        await self.count_chats()
        await self.hear(ADA, "One more thing: where do I park?")
        await chat.refresh()
        await self.count_chats()
        self.say(f"The conversation with {chat.name} is {'archived' if chat.archived else 'active again'}.")

    def show_handsets(self) -> None:
        self.chapter("What the handsets got")
        table = Table("handset", "texts, oldest first", show_lines=True)
        for number in (ADA, WALK_IN, BEN):
            table.add_row(number, Text("\n".join(self.line.received(number))))
        self.console.print(table)

    async def send(self, chat: Conversation, text: str, origin: Origin = Origin.MANUAL) -> Message:
        """Send a text and print each status it comes to, until its last."""
        who = chat.name or str(chat.number)
        self.say(f"to {who}: {text}", "cyan")
        message = await chat.send(text, origin=origin)
        self.console.print("  ", end="")
        self.console.print(message.status, style=STYLES.get(message.status), end="")
        while not message.status.is_final:
            await message.wait_for(*set(Status) - {message.status})
            self.console.print(" ->", message.status, style=STYLES.get(message.status), end="")
        self.console.print()
        return message

    async def hear(self, number: str, text: str) -> None:
        """A person texts us, and we print what arrived."""
        await self.line.text(number, text)
        message = await self.inbox.receive()
        chat = await self.desk.conversations.get(message.conversation_id)
        self.say(f"from {chat.name or chat.number}: {message.text}", "magenta")

    async def show_thread(self, chat: Conversation) -> None:
        for message in reversed((await chat.messages()).items):
            await message.wait_for(Status.DELIVERED)
            self.say(
                f"{message.origin or 'from contact'}: {message.text} ({message.status})", "dim", indent=2
            )

    async def count_chats(self) -> None:
        active = await self.desk.conversations.list()
        archived = await self.desk.conversations.list(archived=True)
        self.say(f"{len(active.items)} active, {len(archived.items)} archived")

    def chapter(self, title: str) -> None:
        self.chapters += 1
        self.console.print()
        self.console.print(f"{self.chapters}. {title}", style="bold yellow")

    def say(self, text: str, style: str = "", indent: int = 0) -> None:
        self.console.print(Padding(Text(text, style), (0, 0, 0, indent), expand=False))


def say_goodbye(database: Path, console: Console) -> None:
    here = Path(__file__).resolve().parent
    console.print()
    console.print(Text(f"The database is {database}", "bold"), soft_wrap=True)
    console.print("Try next:")
    for what, how in (
        ("look inside", f"sqlite3 {quoted(database)} {quoted(LOOK)}"),
        ("two ways in 30 lines", f"{quoted(sys.executable)} {quoted(here / 'two_way.py')}"),
        ("learn it step by step", str(here.parent / "docs" / "tutorial" / "first-conversation.md")),
    ):
        console.print(Text(f"  {what}: ").append(how, "cyan"), soft_wrap=True)


def quoted(path: Path | str) -> str:
    return shlex.quote(str(path))


def drawn(console: Console) -> str:
    """All that was printed so far, as a picture that fetches nothing."""
    fetched = re.compile(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)
    return fetched.sub("", console.export_svg(title="scripts/demo"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("database", type=Path, nargs="?", help="a file that does not exist yet")
    parser.add_argument("--carrier", choices=LINES, default="local", help="what the texts go over")
    parser.add_argument("--svg", type=Path, help="also draw what is shown into this file")
    options = parser.parse_args()
    if options.database is not None and options.database.exists():
        parser.error(f"{options.database} exists already; the story needs a new file")
    database = (options.database or Path(mkdtemp(prefix="smskit-demo-")) / "demo.db").absolute()

    console = Console(highlight=False, record=options.svg is not None, width=100 if options.svg else None)
    over = "a carrier inside this process" if options.carrier == "local" else "a look-alike of Twilio"
    console.print(f"[bold]smskit[/]: business texting on an SQLite file and {over}")
    try:
        anyio.run(tell, database, console, options.carrier)
    except SmsKitError as error:
        raise SystemExit(f"error: {error}") from error
    if options.svg is not None:
        options.svg.write_text(drawn(console), encoding="utf-8")
    say_goodbye(database, console)


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    main()

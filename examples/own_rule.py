"""Rules of your own: one denies, one holds. They can only make a decision stricter, never allow what smskit denies."""

from datetime import UTC, datetime, time, timedelta

import anyio

from smskit import Denied, Held, Policy
from smskit.compliance.gate import Facts, Request
from smskit.testing import World


def no_links(request: Request, _facts: Facts, _policy: Policy, _now: datetime) -> Denied | None:
    """Automated texts with a link look like fraud to our customers."""
    if request.origin.is_automated and "http" in request.text.lower():
        return Denied("no_links", "our automated texts hold no links")
    return None


async def rest_on_sundays(request: Request, _facts: Facts, _policy: Policy, now: datetime) -> Held | None:
    """A rule may await: it runs outside any transaction."""
    if now.weekday() != 6 or not request.origin.is_automated:
        return None
    monday = datetime.combine(now.date() + timedelta(days=1), time(9), UTC)
    return Held("rest_on_sundays", "nobody here would answer on a Sunday", until=monday)


async def main() -> None:
    sunday = datetime(2027, 1, 3, 12, 0, tzinfo=UTC)
    async with World(start=sunday, rules=[no_links, rest_on_sundays]) as world:
        patient = world.person("+14155550123")
        chat = await world.kit.conversations.start(patient.number)

        phishy = await chat.send("Confirm at https://example.com", origin="reminder")
        print(await phishy.explain(), end="\n\n")

        polite = await chat.send("Your check-up is tomorrow at 2.", origin="reminder")
        await world.advance(days=1)
        print(await polite.explain(), end="\n\n")
        print("on the phone:", patient.received)


if __name__ == "__main__":
    anyio.run(main)

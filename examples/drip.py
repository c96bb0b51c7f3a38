"""A drip campaign of three steps, and a reply that cancels what is left: two weeks on a virtual clock."""

import anyio

from smskit import Consent, DripCampaign, Policy, Step, days
from smskit.testing import World

RECALL = DripCampaign(
    "recall",
    [
        Step(days(1), "Hi {first_name|there}, time for a check-up?"),
        Step(days(3), "We have openings this week."),
        Step(days(5), "Last note from us, reply anytime."),
    ],
)
POLICY = Policy(consent=Consent.precede("Smile Dental texts you about your visits. Reply STOP to opt out."))


async def main() -> None:
    async with World(policy=POLICY) as world:
        desk, phone = world.kit.as_actor("frontdesk"), world.person("+14155550123")
        await desk.contacts.upsert(phone.number, name="Lee Wu", zone="America/Denver")
        drip = await desk.drips.save(RECALL)
        print(await drip.preview(phone.number))

        enrolment = await drip.apply(phone.number)
        await world.advance(days=2)
        await phone.texts("Sure, Tuesday?")
        await world.advance(days=12)

        print("\non the phone:", *phone.received, sep="\n  ")
        print(f"\nthe enrolment is {(await enrolment.refresh()).state}: {enrolment.why}")


if __name__ == "__main__":
    anyio.run(main)

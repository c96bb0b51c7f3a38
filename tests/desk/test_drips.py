"""Drip campaigns as a desk uses them: previewed, applied, stopped by a reply."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from smskit import Consent, Denied, DripCampaign, Permission, Policy, Status, Step, days, hours, weeks
from smskit.compliance.gate import Facts, Request
from smskit.errors import (
    AlreadyEnrolled,
    EnrolmentRefused,
    InvalidMessage,
    MissingField,
    NotFound,
    PermissionDenied,
    UsageError,
)
from smskit.model.campaigns import Delay, Ending, EnrolmentState, StopOn
from smskit.model.decisions import Held
from smskit.model.policies import ActorPolicy
from smskit.testing.world import World

pytestmark = pytest.mark.anyio

CONSENT = "Acme Dental texts you about your visits. Reply STOP to unsubscribe."
NUMBER = "+14155550123"
FIRST, SECOND, THIRD = "Time for a check-up?", "We have openings this week.", "Last note from us."
RECALL = DripCampaign("recall", [Step(days(1), FIRST), Step(days(3), SECOND), Step(days(5), THIRD)])
DENVER = ZoneInfo("America/Denver")


async def test_a_reply_after_the_first_step_cancels_the_other_two() -> None:
    """The example of the help page that smskit began with: steps at 1, 3 and 5 days from the application."""
    async with World(policy=Policy(consent=Consent.precede(CONSENT))) as world:
        patient = world.person(NUMBER)
        chat = await world.kit.conversations.start(NUMBER)
        enrolment = await (await world.kit.drips.save(RECALL)).apply(chat)
        await world.advance(days=2)
        assert patient.received == [CONSENT, FIRST]

        await patient.texts("sure, Tuesday?")
        await world.advance(days=30)

        assert patient.received == [CONSENT, FIRST]
        assert (await enrolment.refresh()).why is Ending.REPLIED
        assert [step.status for step in await enrolment.steps()] == [
            *(Status.DELIVERED, Status.CANCELED, Status.CANCELED),
        ]


async def test_without_a_reply_all_steps_go_at_their_times(world: World) -> None:
    patient = world.person(NUMBER)
    chat = await world.kit.conversations.start(NUMBER)
    await (await world.kit.drips.save(RECALL)).apply(chat)

    await world.advance(minutes=1)
    seen = []
    for _ in range(7):
        await world.advance(days=1)
        seen.append(len(patient.received))

    assert seen == [1, 1, 2, 2, 3, 3, 3]
    assert patient.received == [FIRST, SECOND, THIRD]


async def test_a_preview_says_exactly_what_will_go() -> None:
    async with World(policy=Policy(consent=Consent.precede(CONSENT))) as world:
        patient = world.person(NUMBER)
        await world.kit.contacts.upsert(NUMBER, name="Lee Wu", zone="America/Denver")
        drip = await world.kit.drips.save(
            DripCampaign("recall", [Step(days(1), "Hi {first_name}"), Step(weeks(1), "é" * 71)])
        )

        preview = await drip.preview(NUMBER)

        start = world.clock.now().astimezone(DENVER)
        assert (preview.name, preview.version, preview.zone, preview.consent) == (
            *("recall", 1, "America/Denver"),
            CONSENT,
        )
        assert [(step.at, step.text, step.parts) for step in preview.steps] == [
            (start + timedelta(days=1), "Hi Lee", 1),
            (start + timedelta(days=7), "é" * 71, 1),
        ]
        await drip.apply(NUMBER)
        await world.advance(days=8)
        assert patient.received == [CONSENT, *(step.text for step in preview.steps)]
        assert str(preview).splitlines() == [
            "'recall', version 1",
            f"first: {CONSENT}",
            "Tue 2027-01-05 10:00 MST, 1 part: Hi Lee",
            f"Mon 2027-01-11 10:00 MST, 1 part: {'é' * 71}",
        ]


async def test_a_preview_makes_nothing(world: World) -> None:
    await world.kit.contacts.upsert(NUMBER)
    drip = await world.kit.drips.save(RECALL)
    before = await world.events()

    await drip.preview(NUMBER)

    assert await world.events() == before
    with pytest.raises(NotFound):
        await drip.preview("+14155550199")


async def test_a_preview_shows_holds_and_the_steps_keep_them() -> None:
    def office_hours(_request: Request, _facts: Facts, _policy: Policy, now: datetime) -> Held | None:
        opens = now.replace(hour=20, minute=0)
        return Held("office_hours", "the office is closed", opens) if now < opens else None

    async with World(rules=[office_hours]) as world:
        patient = world.person(NUMBER)
        await world.kit.contacts.upsert(NUMBER)
        drip = await world.kit.drips.save(RECALL)

        preview = await drip.preview(NUMBER)

        opens = datetime(2027, 1, 5, 20, 0, tzinfo=UTC)
        assert preview.steps[0].decision.until == opens
        assert "held until 2027-01-05 20:00 UTC" in str(preview)
        await drip.apply(NUMBER)
        await world.advance(days=1, hours=2)
        assert patient.received == []
        await world.advance(hours=1, minutes=1)
        assert patient.received == [FIRST]


async def test_a_value_that_is_missing_is_an_error_before_anything_is_scheduled(world: World) -> None:
    await world.kit.contacts.upsert(NUMBER, attributes={"treatment": ""})
    drip = await world.kit.drips.save(
        DripCampaign("recall", [Step(days(1), "Hi {first_name|there}"), Step(days(2), "Your {treatment}")])
    )

    for attempt in (drip.preview, drip.apply):
        with pytest.raises(MissingField) as error:
            await attempt(NUMBER)
        assert error.value.fields == ("treatment",)

    assert (await drip.enrolments()).items == ()


async def test_an_enrolment_keeps_the_version_it_was_made_with(world: World) -> None:
    patient = world.person(NUMBER)
    first = await world.kit.drips.save(RECALL)
    enrolment = await first.apply(NUMBER)

    second = await world.kit.drips.save(DripCampaign("recall", [Step(days(1), "Something else")]))
    await world.advance(days=6)

    assert (first.version, second.version, enrolment.record.version) == (1, 2, 1)
    assert patient.received == [FIRST, SECOND, THIRD]
    assert (await world.kit.drips.get("recall")).campaign == second.campaign


@pytest.mark.parametrize(
    ("zone", "start", "delay", "goes"),
    [
        # The clocks go forward between, back between, and across the very time: it is moved by as much as they are.
        ("America/Denver", (2027, 3, 13, 17, 0), 1, (2027, 3, 14, 16, 0)),
        ("America/Denver", (2027, 11, 6, 15, 0), 1, (2027, 11, 7, 16, 0)),
        ("America/Denver", (2027, 3, 13, 9, 30), 1, (2027, 3, 14, 9, 30)),
        ("Australia/Lord_Howe", (2027, 4, 3, 1, 0), 1, (2027, 4, 4, 1, 30)),
        ("Australia/Lord_Howe", (2027, 10, 2, 1, 0), 1, (2027, 10, 3, 0, 30)),
        ("Asia/Kolkata", (2027, 3, 13, 17, 0), 3, (2027, 3, 16, 17, 0)),
    ],
)
async def test_days_keep_the_time_of_day_through_clock_changes(
    zone: str, start: tuple[int, int, int, int, int], delay: int, goes: tuple[int, int, int, int, int]
) -> None:
    async with World(start=datetime(*start, tzinfo=UTC)) as world:
        patient = world.person(NUMBER)
        await world.kit.contacts.upsert(NUMBER, zone=zone)
        drip = await world.kit.drips.save(DripCampaign("recall", [Step(days(delay), FIRST)]))
        moment = datetime(*goes, tzinfo=UTC)

        enrolment = await drip.apply(NUMBER)

        assert enrolment.next_at == moment
        await world.advance(moment - world.clock.now() - timedelta(seconds=1))
        assert patient.received == []
        await world.advance(minutes=1)
        assert patient.received == [FIRST]


async def test_hours_elapse_whatever_the_clocks_do() -> None:
    async with World(start=datetime(2027, 3, 13, 17, 0, tzinfo=UTC)) as world:
        await world.kit.contacts.upsert(NUMBER, zone="America/Denver")
        drip = await world.kit.drips.save(DripCampaign("recall", [Step(hours(24), FIRST)]))

        enrolment = await drip.apply(NUMBER)

        assert enrolment.next_at == datetime(2027, 3, 14, 17, 0, tzinfo=UTC)


async def test_the_policys_zone_is_for_contacts_whose_own_is_not_known() -> None:
    async with World(
        start=datetime(2027, 3, 13, 17, 0, tzinfo=UTC), policy=Policy(zone="America/Denver")
    ) as world:
        enrolment = await (await world.kit.drips.save(RECALL)).apply(NUMBER)

        assert enrolment.record.zone == "America/Denver"
        assert enrolment.next_at == datetime(2027, 3, 14, 16, 0, tzinfo=UTC)


async def test_who_opted_out_is_refused(world: World) -> None:
    person = world.person(NUMBER)
    await person.texts("STOP")
    drip = await world.kit.drips.save(RECALL)

    with pytest.raises(EnrolmentRefused):
        await drip.apply(NUMBER)

    assert (await drip.enrolments()).items == ()


async def test_a_step_that_a_rule_denies_is_refused_with_its_reason() -> None:
    def no_prices(request: Request, _facts: Facts, _policy: Policy, _now: datetime) -> Denied | None:
        return Denied("no_prices", "prices go by mail") if "$" in request.text else None

    async with World(rules=[no_prices]) as world:
        drip = await world.kit.drips.save(DripCampaign("sale", [Step(days(1), "Only $5!")]))

        with pytest.raises(EnrolmentRefused, match="prices go by mail"):
            await drip.apply(NUMBER)


async def test_policy_may_switch_drips_off_for_the_org_or_for_an_actor() -> None:
    async with World(policy=Policy(drips=False)) as world:
        drip = await world.kit.drips.save(RECALL)
        with pytest.raises(EnrolmentRefused, match="policy"):
            await drip.apply(NUMBER)
    denied = ActorPolicy(denied=frozenset({Permission.RUN_DRIPS}))
    async with World(policy=Policy(actors={"temp": denied})) as world:
        await world.kit.drips.save(RECALL)
        desk = world.kit.as_actor("temp")
        drip = await desk.drips.get("recall")
        with pytest.raises(PermissionDenied):
            await drip.apply(NUMBER)
        with pytest.raises(PermissionDenied):
            [one async for one in drip.apply_all([NUMBER])]
        with pytest.raises(PermissionDenied):
            await desk.drips.save(RECALL)


async def test_twice_is_refused_or_begins_anew(world: World) -> None:
    patient = world.person(NUMBER)
    drip = await world.kit.drips.save(RECALL)
    first = await drip.apply(NUMBER)
    await world.advance(days=2)

    with pytest.raises(AlreadyEnrolled):
        await drip.apply(NUMBER)
    second = await drip.apply(NUMBER, on_conflict="restart")
    await world.advance(days=1, minutes=1)

    assert patient.received == [FIRST, FIRST]
    assert (await first.refresh()).why is Ending.RESTARTED
    page = await world.kit.drips.enrolments(state="active")
    assert [one.id for one in page.items] == [second.id]


async def test_pause_resume_and_cancel_by_hand(world: World) -> None:
    patient = world.person(NUMBER)
    enrolment = await (await world.kit.drips.save(RECALL)).apply(NUMBER)

    assert await enrolment.pause()
    assert enrolment.state is EnrolmentState.PAUSED
    await world.advance(days=2)
    assert patient.received == []
    assert await enrolment.resume()
    await world.advance(days=2)
    assert patient.received == [SECOND]
    assert await enrolment.cancel()
    await world.advance(days=30)

    assert patient.received == [SECOND]
    assert [step.status for step in await enrolment.steps()] == [
        *(Status.EXPIRED, Status.DELIVERED, Status.CANCELED),
    ]


async def test_many_are_put_in_one_by_one_and_each_outcome_is_told(world: World) -> None:
    gone = world.person("+12125550150")
    await gone.texts("STOP")
    drip = await world.kit.drips.save(RECALL)
    await drip.apply("+12125550151")
    numbers = [f"+121255501{place:02}" for place in range(99)]

    outcomes = [one async for one in drip.apply_all([*numbers, "no number"])]

    assert [one.whom for one in outcomes] == [*numbers, "no number"]
    refused = {str(one.whom): type(one.why_not) for one in outcomes if one.enrolment is None}
    assert {number: kind.__name__ for number, kind in refused.items()} == {
        "+12125550150": "EnrolmentRefused",
        "+12125550151": "AlreadyEnrolled",
        "no number": "InvalidAddress",
    }
    page = await drip.enrolments(limit=200)
    assert len(page.items) == 98


async def test_a_reply_elsewhere_does_not_count_if_only_the_same_conversation_is_asked_for() -> None:
    async with World(senders=["+14155550100", "+14155550101"]) as world:
        office, lobby = (sender.address for sender in world.carrier.senders)
        patient = world.person(NUMBER)
        campaign = DripCampaign("recall", RECALL.steps, stop_on=StopOn.SAME_CONVERSATION)
        await (await world.kit.drips.save(campaign)).apply(NUMBER, sender=office)

        await patient.texts("hello", to=lobby)
        await world.advance(days=1, minutes=1)
        assert patient.received == [FIRST]
        await patient.texts("hello", to=office)
        await world.advance(days=9)

        assert patient.received == [FIRST]


async def test_receipts_notes_and_our_own_texts_do_not_stop_it(world: World) -> None:
    patient = world.person(NUMBER)
    chat = await world.kit.conversations.start(NUMBER)
    await (await world.kit.drips.save(RECALL)).apply(chat)

    await chat.send("By the way")
    await world.advance(days=6)

    assert patient.received == ["By the way", FIRST, SECOND, THIRD]


async def test_archiving_does_not_stop_it_and_it_does_not_restore(world: World) -> None:
    patient = world.person(NUMBER)
    chat = await world.kit.conversations.start(NUMBER)
    await (await world.kit.drips.save(RECALL)).apply(chat)
    await chat.archive()

    await world.advance(days=6)

    assert patient.received == [FIRST, SECOND, THIRD]
    assert (await chat.refresh()).archived


@pytest.mark.parametrize(
    "make",
    [
        lambda: DripCampaign("", [Step(days(1), "x")]),
        lambda: DripCampaign("none", []),
        lambda: DripCampaign("many", [Step(days(1), "x")] * 101),
        lambda: Step(days(-1), "x"),
        lambda: Step(days(1), "Hi {first_name"),
        lambda: Step(days(1), "Hi {contact.name}"),
        lambda: Step(days(1), "Hi {}"),
        lambda: Step(days(1), "Look", media=["not a url"]),
        lambda: DripCampaign("late", [Step(days(1), "x")], max_lateness=timedelta()),
        lambda: Policy(zone="Mars/Olympus"),
    ],
    ids=[
        *("no name", "no step", "too many", "before it began", "lone brace", "attribute", "no field"),
        *("no url", "never late", "no zone"),
    ],
)
def test_a_definition_that_cannot_be_is_refused_at_once(make: object) -> None:
    with pytest.raises((UsageError, InvalidMessage)):
        make()  # type: ignore[operator]


def test_steps_stand_in_the_order_of_their_delays() -> None:
    campaign = DripCampaign("mixed", [Step(days(2), "c"), Step(hours(3), "a"), Step(hours(30), "b")])

    assert [step.text.source for step in campaign.steps] == ["a", "b", "c"]


async def test_steps_go_in_the_order_of_their_moments_which_clock_changes_may_turn_round() -> None:
    """It was the order of delays: a day of 25 hours came before 24 and a half, and both came at once when late."""
    async with World(start=datetime(2027, 11, 6, 15, 0, tzinfo=UTC)) as world:
        patient = world.person(NUMBER)
        await world.kit.contacts.upsert(NUMBER, zone="America/Denver")
        drip = await world.kit.drips.save(
            DripCampaign("turned", [Step(days(1), "b"), Step(hours(24.5), "a")])
        )

        preview = await drip.preview(NUMBER)
        enrolment = await drip.apply(NUMBER)
        world.clock.advance_to(world.clock.now() + timedelta(hours=30))
        await world.advance(minutes=15)

        assert [step.text for step in preview.steps] == ["a", "b"]
        assert [step.text for step in await enrolment.steps()] == ["a", "b"]
        assert patient.received == ["a"]


async def test_a_preview_keeps_steps_apart_that_are_held_to_the_same_time() -> None:
    def office_hours(_request: Request, _facts: Facts, _policy: Policy, now: datetime) -> Held | None:
        opens = now.replace(hour=9, minute=0)
        return Held("office_hours", "the office is closed", opens) if now < opens else None

    async with World(start=datetime(2027, 1, 4, 22, 0, tzinfo=UTC), rules=[office_hours]) as world:
        patient = world.person(NUMBER)
        await world.kit.contacts.upsert(NUMBER)
        campaign = DripCampaign(
            "night",
            [Step(hours(place), f"step {place}") for place in (3, 5, 7)],
            max_lateness=timedelta(hours=1),
        )
        drip = await world.kit.drips.save(campaign)

        preview = await drip.preview(NUMBER)
        await drip.apply(NUMBER)

        goes = [datetime(2027, 1, 5, hour, 0, tzinfo=UTC) for hour in (9, 10, 11)]
        assert [step.goes_at for step in preview.steps] == goes
        assert "Tue 2027-01-05 03:00 UTC, 1 part, held until 2027-01-05 10:00 UTC: step 5" in str(preview)
        for place, moment in enumerate(goes, start=1):
            await world.advance(moment - world.clock.now() + timedelta(minutes=1))
            assert len(patient.received) == place


async def test_a_policy_that_switches_drips_off_stops_what_was_applied(world: World) -> None:
    patient = world.person(NUMBER)
    enrolment = await (await world.kit.drips.save(RECALL)).apply(NUMBER)
    await world.advance(days=2)

    await world.kit.save_policy(Policy(drips=False))
    await world.advance(days=9)

    assert patient.received == [FIRST]
    assert [step.status for step in (await enrolment.steps())[1:]] == [Status.BLOCKED] * 2


async def test_a_key_makes_it_safe_to_apply_again_whatever_came_between(world: World) -> None:
    """Without one, who replied before a host tried again was put in anew, and got the rest after the reply."""
    patient = world.person(NUMBER)
    drip = await world.kit.drips.save(RECALL)
    first = await drip.apply(NUMBER, key="visit-17")
    await patient.texts("no thanks")

    again = await drip.apply(NUMBER, key="visit-17")
    await world.advance(days=9)

    assert (again.id, again.why) == (first.id, Ending.REPLIED)
    assert patient.received == []


async def test_applying_to_many_may_be_repeated_under_its_key(world: World) -> None:
    patient = world.person(NUMBER)
    drip = await world.kit.drips.save(RECALL)
    async for _ in drip.apply_all([NUMBER], key="spring"):
        pass
    await patient.texts("no thanks")

    outcomes = [one async for one in drip.apply_all([NUMBER, "+14155550124"], key="spring")]
    await world.advance(days=9)

    assert [one.enrolment.why for one in outcomes if one.enrolment] == [Ending.REPLIED, None]
    assert patient.received == []


@pytest.mark.parametrize(("unit", "count"), [(days, 99_999), (days, 9**12), (hours, 1e9)])
def test_a_delay_beyond_any_calendar_is_refused_at_once(unit: Callable[[float], Delay], count: float) -> None:
    with pytest.raises(UsageError):
        unit(count)


async def test_lateness_is_time_that_elapses() -> None:
    """Counted on the contact's clock it lost the hour by which that goes forward."""
    async with World(start=datetime(2027, 3, 13, 3, 0, tzinfo=UTC)) as world:
        patient = world.person(NUMBER)
        await world.kit.contacts.upsert(NUMBER, zone="America/Denver")
        await (await world.kit.drips.save(DripCampaign("recall", [Step(days(1), FIRST)]))).apply(NUMBER)

        world.clock.advance_to(datetime(2027, 3, 14, 14, 30, tzinfo=UTC))
        await world.advance(minutes=1)

        assert patient.received == [FIRST]


async def test_keys_that_a_host_makes_do_not_meet_those_of_steps(world: World) -> None:
    """A host's own key that looked like a step's kept its org's next contact out, and everybody after it."""
    chat = await world.kit.conversations.start(NUMBER)
    drip = await world.kit.drips.save(RECALL)
    for place in range(1, 4):
        await chat.send(f"mine {place}", key=f"drip:1:{place}")

    enrolment = await drip.apply(chat)

    assert [step.text for step in await enrolment.steps()] == [FIRST, SECOND, THIRD]

"""What a store must do with drip campaigns: versions, one enrolment at a time, and an end that nothing survives."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest

from smskit.errors import AlreadyEnrolled, EnrolmentRefused, NotFound
from smskit.model.addresses import Address
from smskit.model.campaigns import (
    CampaignRecord,
    DripCampaign,
    Ending,
    EnrolmentRecord,
    EnrolmentState,
    Step,
    StopOn,
    days,
    hours,
)
from smskit.model.contacts import Scope
from smskit.model.decisions import DecisionRecord
from smskit.model.events import EnrolmentEnded, EnrolmentPaused, EnrolmentResumed, EnrolmentStarted
from smskit.model.ids import DEFAULT_ORG, ConversationId, Org
from smskit.model.messages import Category, Flag, MessageRecord, Origin
from smskit.model.statuses import Status
from smskit.storage.base import NewContact, NewEnrolment, NewMessage, Storage, Verdict
from smskit.testing.contracts.bench import ALICE, BOB, FRONTDESK, LOBBY, TERMS, Bench
from smskit.testing.contracts.storage_base import StoreTests

RECALL = DripCampaign("recall", [Step(days(1), "one"), Step(days(3), "two"), Step(days(5), "three")])
HOURLY = DripCampaign("hourly", [Step(hours(place), f"step {place}") for place in range(1, 5)])
OTHER = DripCampaign("other", RECALL.steps)


class DripBench(Bench):
    """A bench on which campaigns take one line each."""

    async def save(self, campaign: DripCampaign = RECALL) -> CampaignRecord:
        """Keep a campaign."""
        return await self.store.save_campaign(DEFAULT_ORG, campaign, FRONTDESK, self.now)

    async def enrol(
        self,
        campaign: DripCampaign = RECALL,
        *,
        number: Address = ALICE,
        restart: bool = False,
        key: str | None = None,
    ) -> EnrolmentRecord:
        """Put somebody in, from the office."""
        record, sender = await self.save(campaign), await self.sender()
        (contact,) = await self.store.put_contacts(DEFAULT_ORG, [NewContact(number=number)], self.now)
        facts = await self.store.facts_of(DEFAULT_ORG, contact.id, sender.id)
        new = NewEnrolment(
            campaign=record,
            contact_id=contact.id,
            sender_id=sender.id,
            actor=FRONTDESK,
            zone="UTC",
            key=key,
            steps=tuple(self._message(campaign, step, self.decision(facts)) for step in campaign.steps),
        )
        return await self.store.enrol(new, self.now, restart=restart)

    def _message(self, campaign: DripCampaign, step: Step, decision: DecisionRecord) -> NewMessage:
        due_at, local = step.delay.after(self.now, "UTC")
        return NewMessage(
            org=DEFAULT_ORG,
            conversation_id=ConversationId(0),  # the store knows it
            text=step.text.source,
            parts=1,
            origin=Origin.DRIP,
            category=campaign.category,
            lane=Origin.DRIP.lane,
            actor=FRONTDESK,
            key=None,
            decision=decision,
            terms=TERMS,
            due_at=due_at,
            local_due=local,
            expires_at=due_at + campaign.max_lateness,
        )

    async def steps(self, enrolment: EnrolmentRecord) -> Sequence[MessageRecord]:
        """The messages of its steps."""
        return await self.store.steps_of(DEFAULT_ORG, enrolment.id)

    async def statuses(self, enrolment: EnrolmentRecord) -> list[Status]:
        """Where its steps are."""
        return [step.status for step in await self.steps(enrolment)]

    async def look(self, enrolment: EnrolmentRecord) -> EnrolmentRecord:
        """The enrolment as it is now."""
        return await self.store.get_enrolment(DEFAULT_ORG, enrolment.id)

    async def pause(self, enrolment: EnrolmentRecord) -> bool:
        """Hold it back."""
        return await self.store.pause_enrolment(DEFAULT_ORG, enrolment.id, self.now)

    async def resume(self, enrolment: EnrolmentRecord) -> bool:
        """Let it go on."""
        return await self.store.resume_enrolment(DEFAULT_ORG, enrolment.id, self.now)

    async def end(self, enrolment: EnrolmentRecord) -> bool:
        """End it by hand."""
        return await self.store.end_enrolment(DEFAULT_ORG, enrolment.id, Ending.CANCELED, self.now)


class DripsContract(StoreTests):
    """Campaigns and enrolments: the steps are messages, and their enrolment knows when it is over."""

    @pytest.fixture
    def drips(self, store: Storage, bench: Bench) -> DripBench:
        return DripBench(store, bench.clock)

    async def test_another_definition_under_a_name_is_its_next_version(
        self, store: Storage, drips: DripBench
    ) -> None:
        first = await drips.save()
        same = await drips.save(DripCampaign("recall", RECALL.steps))
        changed = await drips.save(DripCampaign("recall", RECALL.steps[:2]))

        assert (first.version, same, changed.version, changed.id) == (1, first, 2, first.id)
        assert (await store.get_campaign(DEFAULT_ORG, "recall")) == changed
        assert (await store.get_version(DEFAULT_ORG, first.id, 1)) == first
        await drips.save(OTHER)
        page = await store.list_campaigns(DEFAULT_ORG, after=None, limit=10)
        assert [(one.campaign.name, one.version) for one in page.items] == [("recall", 2), ("other", 1)]
        with pytest.raises(NotFound):
            await store.get_campaign(Org("other"), "recall")

    async def test_steps_go_at_their_times_and_with_the_last_it_is_finished(self, drips: DripBench) -> None:
        enrolment = await drips.enrol()
        assert (enrolment.state, enrolment.steps, enrolment.steps_sent) == (EnrolmentState.ACTIVE, 3, 0)

        sent: list[tuple[int, str]] = []
        for day in range(1, 8):
            drips.wait(days=1)
            sent += [(day, text) for text in await drips.send_all()]

        assert sent == [(1, "one"), (3, "two"), (5, "three")]
        over = await drips.look(enrolment)
        assert (over.state, over.why, over.steps_sent) == (EnrolmentState.ENDED, Ending.FINISHED, 3)
        assert (over.next_at, over.by_message_id) == (None, None)

    async def test_an_enrolment_says_when_the_next_step_is_due(self, drips: DripBench) -> None:
        enrolment = await drips.enrol()
        start = drips.now
        assert enrolment.next_at == days(1).after(start, "UTC")[0]

        drips.wait(days=1)
        await drips.send_all()

        assert (await drips.look(enrolment)).next_at == days(3).after(start, "UTC")[0]

    async def test_a_conversation_that_is_made_for_it_waits_in_the_archive_for_a_reply(
        self, store: Storage, drips: DripBench
    ) -> None:
        enrolment = await drips.enrol()
        drips.wait(days=1)
        await drips.send_all()
        assert (await store.get_conversation(DEFAULT_ORG, enrolment.conversation_id)).archived

        await drips.receive("hello?")

        assert not (await store.get_conversation(DEFAULT_ORG, enrolment.conversation_id)).archived

    async def test_nobody_is_in_a_campaign_twice_at_once(self, drips: DripBench) -> None:
        first = await drips.enrol()

        with pytest.raises(AlreadyEnrolled) as error:
            await drips.enrol()
        other = await drips.enrol(OTHER)
        theirs = await drips.enrol(number=BOB)

        assert error.value.enrolment_id == first.id
        assert await drips.statuses(first) == [Status.SCHEDULED] * 3
        assert {one.state for one in (other, theirs)} == {EnrolmentState.ACTIVE}

    async def test_a_restart_ends_the_earlier_one_and_begins_anew(self, drips: DripBench) -> None:
        first = await drips.enrol()
        drips.wait(days=1)
        await drips.send_all()

        again = await drips.enrol(restart=True)

        assert (await drips.look(first)).why is Ending.RESTARTED
        assert await drips.statuses(first) == [Status.ACCEPTED, Status.CANCELED, Status.CANCELED]
        drips.wait(days=1)
        assert await drips.send_all() == ["one"]
        assert (await drips.look(again)).steps_sent == 1

    async def test_after_its_end_a_contact_may_be_put_in_again(self, drips: DripBench) -> None:
        first = await drips.enrol()
        await drips.receive("no thanks")

        again = await drips.enrol()

        assert again.id != first.id
        assert await drips.statuses(again) == [Status.SCHEDULED] * 3

    async def test_a_reply_ends_it_and_cancels_what_is_left(self, store: Storage, drips: DripBench) -> None:
        enrolment = await drips.enrol()
        drips.wait(days=1)
        await drips.send_all()

        reply = await drips.receive("sure, Tuesday?")

        over = await drips.look(enrolment)
        assert (over.state, over.why, over.by_message_id) == (
            *(EnrolmentState.ENDED, Ending.REPLIED),
            reply.message_id,
        )
        assert over.ended_at == drips.now
        steps = await drips.steps(enrolment)
        assert [(step.status, step.code) for step in steps[1:]] == [(Status.CANCELED, "replied")] * 2
        assert await store.next_deadline(drips.now) is None

    async def test_only_a_reply_in_the_same_conversation_counts_if_that_is_asked_for(
        self, drips: DripBench
    ) -> None:
        strict = await drips.enrol(attrs.evolve(OTHER, stop_on=StopOn.SAME_CONVERSATION))
        wide = await drips.enrol()

        await drips.receive("hello lobby", to=await drips.sender(LOBBY))

        assert (await drips.look(wide)).why is Ending.REPLIED
        assert (await drips.look(strict)).state is EnrolmentState.ACTIVE
        await drips.receive("hello office")
        assert (await drips.look(strict)).why is Ending.REPLIED

    async def test_somebody_with_two_numbers_replies_for_both(self, store: Storage, drips: DripBench) -> None:
        enrolment = await drips.enrol()
        other = await drips.chat(BOB)
        for into, extra in (
            (enrolment.contact_id, other.contact_id),
            (other.contact_id, enrolment.contact_id),
        ):
            await store.merge_contacts(DEFAULT_ORG, into, extra, drips.now)
            await drips.receive("that is my new number", number=BOB)
            assert (await drips.look(enrolment)).why is Ending.REPLIED
            await store.unmerge_contact(DEFAULT_ORG, extra, drips.now)
            enrolment = await drips.enrol()

        await drips.receive("somebody else now", number=BOB)

        assert (await drips.look(enrolment)).state is EnrolmentState.ACTIVE

    @pytest.mark.parametrize("state", ["paused", "claimed"])
    async def test_a_reply_reaches_steps_wherever_they_wait(self, drips: DripBench, state: str) -> None:
        enrolment = await drips.enrol()
        drips.wait(days=1)
        await drips.store.release(drips.now)
        claimed = await drips.claim_one() if state == "claimed" else None
        if state == "paused":
            await drips.pause(enrolment)

        await drips.receive("stop it please")

        assert await drips.statuses(enrolment) == [Status.CANCELED] * 3
        if claimed is not None:
            assert await drips.admit(drips.ruling(claimed)) is Verdict.LOST

    async def test_a_step_that_was_admitted_before_the_reply_goes_and_is_flagged(
        self, drips: DripBench
    ) -> None:
        enrolment = await drips.enrol()
        drips.wait(days=1)
        await drips.store.release(drips.now)
        claimed = await drips.admitted()

        await drips.receive("hello")
        await drips.record(claimed)

        first, *others = await drips.steps(enrolment)
        assert (first.status, first.flags) == (Status.ACCEPTED, Flag.RACED)
        assert {step.status for step in others} == {Status.CANCELED}
        assert (await drips.look(enrolment)).why is Ending.REPLIED

    async def test_an_opt_out_ends_it_and_start_does_not_revive_it(self, drips: DripBench) -> None:
        enrolment = await drips.enrol()

        await drips.opt_out()

        assert (await drips.look(enrolment)).why is Ending.OPTED_OUT
        assert await drips.statuses(enrolment) == [Status.CANCELED] * 3
        await drips.receive("START")
        drips.wait(days=9)
        assert await drips.send_all() == []

    async def test_who_opted_out_is_refused_unless_the_opt_out_does_not_cover_it(
        self, drips: DripBench
    ) -> None:
        await drips.chat()
        await drips.opt_out(scope=Scope.PROMOTIONAL)
        with pytest.raises(EnrolmentRefused):
            await drips.enrol()
        reminders = attrs.evolve(OTHER, category=Category.TRANSACTIONAL)
        await drips.enrol(reminders)

        await drips.opt_out()

        with pytest.raises(EnrolmentRefused):
            await drips.enrol(attrs.evolve(reminders, name="third"))

    async def test_what_was_ended_by_hand_stays_ended(self, drips: DripBench) -> None:
        enrolment = await drips.enrol()

        assert (await drips.end(enrolment), await drips.end(enrolment)) == (True, False)

        assert (await drips.look(enrolment)).why is Ending.CANCELED
        assert await drips.statuses(enrolment) == [Status.CANCELED] * 3
        assert (await drips.pause(enrolment), await drips.resume(enrolment)) == (False, False)

    async def test_a_pause_holds_back_and_shifts_nothing(self, drips: DripBench) -> None:
        enrolment = await drips.enrol()
        drips.wait(days=1)
        assert await drips.send_all() == ["one"]

        assert (await drips.pause(enrolment), await drips.pause(enrolment)) == (True, False)
        drips.wait(days=1)
        assert await drips.send_all() == []
        assert (await drips.look(enrolment)).next_at is None
        assert await drips.resume(enrolment)

        drips.wait(hours=23)
        assert await drips.send_all() == []
        drips.wait(hours=1)
        assert await drips.send_all() == ["two"]

    async def test_a_step_is_held_back_at_the_last_moment_too(self, drips: DripBench) -> None:
        enrolment = await drips.enrol()
        drips.wait(days=1)
        await drips.store.release(drips.now)
        claimed = await drips.claim_one()

        await drips.pause(enrolment)

        assert await drips.admit(drips.ruling(claimed)) is Verdict.LOST
        assert await drips.send_all() == []
        assert (await drips.steps(enrolment))[0].status is Status.SCHEDULED
        await drips.resume(enrolment)
        assert await drips.send_all() == ["one"]

    async def test_what_a_pause_or_downtime_made_too_late_expires(self, drips: DripBench) -> None:
        paused, down = await drips.enrol(), await drips.enrol(number=BOB)
        await drips.pause(paused)
        drips.wait(days=3, hours=1)
        await drips.resume(paused)

        assert await drips.send_all() == ["two", "two"]

        for enrolment in (paused, down):
            first, second, third = await drips.steps(enrolment)
            assert (first.status, first.code) == (Status.EXPIRED, "too_late")
            assert (second.status, third.status) == (Status.ACCEPTED, Status.SCHEDULED)

    async def test_late_steps_never_come_in_a_burst(self, drips: DripBench) -> None:
        await drips.enrol(HOURLY)
        drips.wait(hours=4)

        sent = []
        for minute in range(0, 240, 30):
            sent += [(minute, text) for text in await drips.send_all()]
            drips.wait(minutes=30)

        assert sent == [(0, "step 1"), (60, "step 2"), (120, "step 3"), (180, "step 4")]

    async def test_lists_tell_who_is_in_what_and_where(self, store: Storage, drips: DripBench) -> None:
        mine, other = await drips.enrol(), await drips.enrol(OTHER)
        theirs = await drips.enrol(number=BOB)
        await drips.end(mine)

        async def ids(**asked: object) -> list[int]:
            wanted: dict[str, object] = {"campaign_id": None, "contact_id": None, "state": None, **asked}
            page = await store.list_enrolments(DEFAULT_ORG, **wanted, after=None, limit=10)  # type: ignore[arg-type]
            return [one.id for one in page.items]

        assert await ids() == [theirs.id, other.id, mine.id]
        assert await ids(campaign_id=mine.campaign_id) == [theirs.id, mine.id]
        assert await ids(contact_id=mine.contact_id) == [other.id, mine.id]
        assert await ids(state=EnrolmentState.ENDED) == [mine.id]
        assert await ids(state=EnrolmentState.ACTIVE, contact_id=mine.contact_id) == [other.id]

    async def test_every_change_is_told(self, store: Storage, drips: DripBench) -> None:
        enrolment = await drips.enrol()
        await drips.pause(enrolment)
        await drips.resume(enrolment)
        reply = await drips.receive("hello")

        told = [event.what for event in await store.read_events(None, after=0, limit=100)]

        kinds = (EnrolmentStarted, EnrolmentPaused, EnrolmentResumed, EnrolmentEnded)
        assert [what for what in told if isinstance(what, kinds)] == [
            EnrolmentStarted(
                enrolment_id=enrolment.id,
                contact_id=enrolment.contact_id,
                conversation_id=enrolment.conversation_id,
            ),
            EnrolmentPaused(enrolment_id=enrolment.id),
            EnrolmentResumed(enrolment_id=enrolment.id),
            EnrolmentEnded(enrolment_id=enrolment.id, why=Ending.REPLIED, by_message_id=reply.message_id),
        ]

    async def test_a_last_step_in_doubt_leaves_nothing_to_come(self, drips: DripBench) -> None:
        enrolment = await drips.enrol(DripCampaign("single", [Step(hours(1), "only")]))
        drips.wait(hours=1)
        await drips.store.release(drips.now)
        claimed = await drips.admitted()

        await drips.record(claimed, drips.in_doubt())

        assert (await drips.look(enrolment)).why is Ending.FINISHED
        await drips.enrol(DripCampaign("single", [Step(hours(1), "only")]))

    async def test_orgs_do_not_see_each_other(self, store: Storage, drips: DripBench) -> None:
        enrolment = await drips.enrol()
        other = Org("other")

        with pytest.raises(NotFound):
            await store.get_enrolment(other, enrolment.id)
        with pytest.raises(NotFound):
            await store.end_enrolment(other, enrolment.id, Ending.CANCELED, drips.now)
        assert await store.steps_of(other, enrolment.id) == []

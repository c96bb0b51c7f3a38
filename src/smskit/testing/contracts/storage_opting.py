"""What a store must do when a number opts out: everything automated is withdrawn before it is admitted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from smskit.compliance.opt_words import Word
from smskit.errors import NotFound
from smskit.model.contacts import Scope, Source
from smskit.model.decisions import Outcome
from smskit.model.events import OptedOut
from smskit.model.ids import DEFAULT_ORG, MessageId
from smskit.model.messages import Flag, Origin
from smskit.model.statuses import Status
from smskit.storage.base import Claimed, Storage, Verdict, WasRejected, WasUnavailable, Way
from smskit.testing.contracts.bench import ALICE, BOB, FRONTDESK, LOBBY, TAKEN, Bench
from smskit.testing.contracts.storage_base import StoreTests

HOUR = timedelta(hours=1)


class OptingContract(StoreTests):
    """Opt-outs by the host and by the carrier, and what they cancel; invariant A1 from the other side."""

    async def test_an_opt_out_is_kept_with_its_source_and_makes_decisions_stale(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        before = await store.get_subscription(DEFAULT_ORG, ALICE)
        bench.wait(minutes=1)

        assert await bench.opt_out()

        after = await store.get_subscription(DEFAULT_ORG, ALICE)
        assert before is not None
        assert after is not None
        assert (before.opted_out, before.source) == (False, Source.DEFAULT)
        assert (after.opted_out, after.source, after.changed_at) == (True, Source.HOST, bench.now)
        assert after.version > before.version
        told = OptedOut(number_masked=ALICE.masked, contact_id=chat.contact_id, source=Source.HOST)
        assert (await bench.happenings())[-1] == told

    async def test_opting_out_twice_changes_nothing_the_second_time(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.chat()

        assert [await bench.opt_out(), await bench.opt_out()] == [True, False]
        assert not await bench.opt_out(scope=Scope.PROMOTIONAL)

    async def test_a_promotional_opt_out_can_be_widened(self, store: Storage, bench: Bench) -> None:
        await bench.chat()
        await bench.opt_out(scope=Scope.PROMOTIONAL)

        assert await bench.opt_out(scope=Scope.ALL)
        subscription = await store.get_subscription(DEFAULT_ORG, ALICE)
        assert subscription is not None
        assert subscription.scope is Scope.ALL

    async def test_a_number_never_seen_cannot_be_opted_out(self, bench: Bench) -> None:
        with pytest.raises(NotFound):
            await bench.opt_out()

    @pytest.mark.parametrize(
        "state", ["ready", "waiting", "claimed", "scheduled", "held", "backed off", "behind consent"]
    )
    async def test_an_opt_out_cancels_automated_texts_in_every_state_before_admission(
        self, store: Storage, bench: Bench, state: str
    ) -> None:
        message_id = await _automated(bench, state)

        await bench.opt_out()

        assert await bench.outcome(message_id) == (Status.CANCELED, "opted_out")
        bench.wait(hours=2)
        assert "automated" not in await bench.send_all()
        assert (await bench.message(message_id)).flags is Flag.NONE

    async def test_a_text_behind_a_consent_message_made_before_it_is_canceled_too(self, bench: Bench) -> None:
        """Once the end of the consent message reached it first, and it was said to have failed."""
        chat = await bench.chat()
        await bench.queue(chat, "manual")
        await bench.admit(bench.ruling(await bench.claim_one(), consent_first=True))
        message_id = await bench.queue(await bench.chat(ALICE, await bench.sender(LOBBY)), origin=Origin.DRIP)
        for one in await bench.claim():
            if one.message.id == message_id:
                await bench.admit(bench.ruling(one, consent_first=True))

        await bench.opt_out()

        assert await bench.outcome(message_id) == (Status.CANCELED, "opted_out")

    async def test_a_claimed_text_that_was_canceled_is_not_admitted(self, bench: Bench) -> None:
        await bench.queue(await bench.chat(), origin=Origin.REMINDER)
        claimed = await bench.claim_one()
        await bench.opt_out()

        assert await bench.admit(bench.ruling(claimed)) is Verdict.LOST

    async def test_an_opt_out_leaves_what_a_person_wrote(self, bench: Bench) -> None:
        message_id = await bench.queue(await bench.chat())

        await bench.opt_out()

        assert await bench.status(message_id) is Status.QUEUED

    async def test_an_opt_out_reaches_every_conversation_of_the_number_and_nobody_elses(
        self, store: Storage, bench: Bench
    ) -> None:
        here = await bench.queue(await bench.chat(), origin=Origin.BLAST)
        there = await bench.queue(await bench.chat(ALICE, await bench.sender(LOBBY)), origin=Origin.BLAST)
        bobs = await bench.queue(await bench.chat(BOB), origin=Origin.BLAST)

        await bench.opt_out()

        statuses = [await bench.status(message_id) for message_id in (here, there, bobs)]
        assert statuses == [Status.CANCELED, Status.CANCELED, Status.QUEUED]

    async def test_a_promotional_opt_out_cancels_only_promotional_texts(self, bench: Bench) -> None:
        chat = await bench.chat()
        promotional = await bench.queue(chat, "sale", origin=Origin.BLAST)
        reminder = await bench.queue(chat, "tomorrow", origin=Origin.REMINDER)

        await bench.opt_out(scope=Scope.PROMOTIONAL)

        assert await bench.status(promotional) is Status.CANCELED
        assert await bench.status(reminder) is Status.QUEUED

    async def test_a_text_that_is_being_handed_over_is_flagged_as_raced(self, bench: Bench) -> None:
        message_id, claimed = await _submitting(bench)

        await bench.opt_out()
        flagged = await bench.message(message_id)
        await bench.record(claimed)

        assert (flagged.status, flagged.flags) == (Status.SUBMITTING, Flag.RACED)
        after = await bench.message(message_id)
        assert (after.status, after.flags) == (Status.ACCEPTED, Flag.RACED)

    async def test_a_raced_text_that_was_not_accepted_does_not_go_back_to_the_queue(
        self, bench: Bench
    ) -> None:
        message_id, claimed = await _submitting(bench)
        await bench.opt_out()

        await bench.record(claimed, WasUnavailable(code="down", retry_at=bench.now))

        assert await bench.outcome(message_id) == (Status.CANCELED, "raced")
        assert await bench.send_all() == []

    @pytest.mark.parametrize("way", list(Way))
    async def test_a_raced_text_of_unknown_outcome_is_never_sent_again(
        self, store: Storage, bench: Bench, way: Way
    ) -> None:
        message_id, claimed = await _submitting(bench)
        await bench.opt_out()

        await bench.record(claimed, bench.in_doubt(way))

        assert await bench.status(message_id) is Status.UNKNOWN
        await _nothing_is_done_about(bench, message_id)

    @pytest.mark.parametrize("way", list(Way))
    async def test_an_unknown_text_is_never_sent_again_after_an_opt_out(
        self, store: Storage, bench: Bench, way: Way
    ) -> None:
        message_id, claimed = await _submitting(bench)
        await bench.record(claimed, bench.in_doubt(way))

        await bench.opt_out()

        assert await bench.status(message_id) is Status.UNKNOWN
        await _nothing_is_done_about(bench, message_id)

    async def test_an_unknown_text_that_was_queued_again_is_not_sent_and_not_called_canceled(
        self, store: Storage, bench: Bench
    ) -> None:
        message_id, claimed = await _submitting(bench)
        await bench.record(claimed, bench.in_doubt(Way.RESEND))
        bench.wait(seconds=1)
        await store.release(bench.now)

        await bench.opt_out()

        assert await bench.outcome(message_id) == (Status.UNKNOWN, "opted_out")
        await _nothing_is_done_about(bench, message_id)

    @pytest.mark.parametrize("receipt_first", [False, True])
    async def test_an_opt_out_at_the_carrier_is_followed_and_the_sender_is_blocked_there(
        self, store: Storage, bench: Bench, *, receipt_first: bool
    ) -> None:
        chat = await bench.chat()
        claimed = await bench.submitted(chat)
        drip = await bench.queue(chat, "drip", origin=Origin.DRIP)
        if receipt_first:
            await bench.receipt(Status.REJECTED, reference=claimed.outgoing.reference)

        await bench.record(claimed, WasRejected(code="21610", opted_out=True))

        subscription = await store.get_subscription(DEFAULT_ORG, ALICE)
        assert subscription is not None
        assert (subscription.opted_out, subscription.source) == (True, Source.CARRIER)
        assert (await store.facts(DEFAULT_ORG, chat.id)).blocked_by_carrier
        other = await bench.chat(ALICE, await bench.sender(LOBBY))
        assert not (await store.facts(DEFAULT_ORG, other.id)).blocked_by_carrier
        assert await bench.status(drip) is Status.CANCELED
        if not receipt_first:
            assert await bench.outcome(claimed.message.id) == (Status.BLOCKED, "21610")

    async def test_an_opt_out_that_a_receipt_tells_of_is_followed_once(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        claimed = await bench.submitted(chat)
        await bench.record(claimed, TAKEN)
        drip = await bench.queue(chat, "drip", origin=Origin.DRIP)
        reference = claimed.outgoing.reference

        await bench.receipt(Status.REJECTED, reference=reference, code="21610", opted_out=True)

        subscription = await store.get_subscription(DEFAULT_ORG, ALICE)
        assert subscription is not None
        assert (subscription.opted_out, subscription.source) == (True, Source.CARRIER)
        assert (await store.facts(DEFAULT_ORG, chat.id)).blocked_by_carrier
        assert await bench.status(drip) is Status.CANCELED
        await bench.receive("START", word=Word.START)
        await bench.receipt(Status.REJECTED, reference=reference, code="21610", opted_out=True)
        facts = await store.facts(DEFAULT_ORG, chat.id)
        assert (facts.blocked_by_carrier, facts.subscription.opted_out) == (False, False)


async def _automated(bench: Bench, state: str) -> MessageId:
    """An automated text in one of the states before admission."""
    chat = await bench.chat()
    if state == "waiting":
        await bench.queue(chat, "before it", origin=Origin.DRIP)
    if state == "held":
        new = await bench.text(chat, "automated", origin=Origin.DRIP, outcome=Outcome.HELD, until=HOUR)
        return (await bench.store.enqueue(new, bench.now)).message.id
    due_in = HOUR if state == "scheduled" else None
    message_id = await bench.queue(chat, "automated", origin=Origin.DRIP, due_in=due_in)
    if state in {"claimed", "backed off", "behind consent"}:
        claimed = await bench.claim_one()
        if state == "backed off":
            await bench.admit(bench.ruling(claimed))
            await bench.record(claimed, WasUnavailable(code="down", retry_at=bench.now + HOUR))
        if state == "behind consent":
            await bench.admit(bench.ruling(claimed, consent_first=True))
    return message_id


async def _submitting(bench: Bench) -> tuple[MessageId, Claimed]:
    message_id = await bench.queue(await bench.chat(), "automated", origin=Origin.DRIP)
    return message_id, await bench.admitted()


async def _nothing_is_done_about(bench: Bench, message_id: MessageId) -> None:
    for _ in range(3):
        bench.wait(hours=1)
        assert await bench.store.doubts("asker", ["carrier"], bench.now, lease=HOUR) == []
        assert await bench.send_all() == []
    assert not await bench.store.send_again(DEFAULT_ORG, message_id, FRONTDESK, bench.now)
    assert await bench.status(message_id) is Status.UNKNOWN

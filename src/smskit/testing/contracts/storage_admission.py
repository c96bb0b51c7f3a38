"""What a store must do when a message is let go to the wire, and when it is not: invariants A1 and A2."""

from __future__ import annotations

from datetime import timedelta

import anyio
import attrs

from smskit.model.addresses import PhoneNumber
from smskit.model.decisions import Outcome
from smskit.model.ids import DEFAULT_ORG
from smskit.model.messages import Flag, Origin
from smskit.model.policies import Policy
from smskit.model.statuses import Status
from smskit.storage.base import Claimed, Storage, Verdict
from smskit.testing.contracts.bench import ALICE, BOB, LEASE, OFFICE, Bench
from smskit.testing.contracts.storage_base import StoreTests

RACES = 100


class AdmissionContract(StoreTests):
    """Rulings count only while the lease stands and nothing changed since they were made."""

    async def test_a_claim_brings_all_that_the_gate_and_the_driver_need(self, bench: Bench) -> None:
        chat = await bench.chat()
        message_id = await bench.queue(chat, "Hello", parts=2, expires_in=timedelta(hours=1))

        claimed = await bench.claim_one()

        assert claimed.message == await bench.message(message_id)
        assert (claimed.facts.to, claimed.facts.sender.text) == (ALICE, OFFICE)
        assert claimed.facts == await bench.store.facts(DEFAULT_ORG, chat.id)
        outgoing = claimed.outgoing
        assert (outgoing.message_id, outgoing.text, outgoing.parts) == (message_id, "Hello", 2)
        assert (outgoing.to, outgoing.sender.text, outgoing.attempt) == (ALICE, OFFICE, 1)
        assert outgoing.expires_at == bench.now + timedelta(hours=1)

    async def test_an_admitted_message_is_submitting(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())

        message = await bench.message(claimed.message.id)

        assert (message.status, message.admitted_at) == (Status.SUBMITTING, bench.now)

    async def test_a_message_is_admitted_once(self, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat())

        assert await bench.admit(bench.ruling(claimed)) is Verdict.LOST

    async def test_a_ruling_on_facts_that_changed_is_stale(self, bench: Bench) -> None:
        await bench.queue(await bench.chat())
        claimed = await bench.claim_one()
        await bench.opt_out()

        assert await bench.admit(bench.ruling(claimed)) is Verdict.STALE
        facts = await bench.store.facts(DEFAULT_ORG, claimed.message.conversation_id)
        assert await bench.admit(bench.ruling(claimed, facts=facts)) is Verdict.ADMITTED

    async def test_a_ruling_under_a_policy_that_changed_is_stale(self, store: Storage, bench: Bench) -> None:
        await bench.queue(await bench.chat())
        claimed = await bench.claim_one()

        await store.save_policy(DEFAULT_ORG, Policy(brand="Acme"))

        assert await bench.admit(bench.ruling(claimed)) is Verdict.STALE

    async def test_a_ruling_after_the_lease_ran_out_is_lost(self, bench: Bench) -> None:
        await bench.queue(await bench.chat())
        claimed = await bench.claim_one()
        bench.clock.advance_to(bench.now + LEASE)

        assert await bench.admit(bench.ruling(claimed)) is Verdict.LOST

    async def test_a_claimed_message_goes_back_when_its_lease_ran_out(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.queue(await bench.chat())
        first = await bench.claim_one()
        bench.clock.advance_to(bench.now + LEASE)

        assert await store.reap(bench.now, {}) == 1
        second = await bench.claim_one()

        assert second.message.id == first.message.id
        assert second.ticket.fence > first.ticket.fence
        assert await bench.admit(bench.ruling(first)) is Verdict.LOST
        assert await bench.admit(bench.ruling(second)) is Verdict.ADMITTED

    async def test_a_ruling_of_somebody_else_is_lost(self, bench: Bench) -> None:
        await bench.queue(await bench.chat())
        claimed = await bench.claim_one()
        ruling = bench.ruling(claimed)
        foreign = attrs.evolve(ruling, ticket=attrs.evolve(claimed.ticket, worker="other"))

        assert await bench.admit(foreign) is Verdict.LOST
        assert await bench.admit(ruling) is Verdict.ADMITTED

    async def test_a_denied_message_is_blocked_and_the_next_one_goes(self, bench: Bench) -> None:
        chat = await bench.chat()
        await bench.queue(chat, "first")
        await bench.queue(chat, "second")
        claimed = await bench.claim_one()

        verdict = await bench.admit(bench.ruling(claimed, Outcome.DENIED))

        assert verdict is Verdict.SETTLED
        assert await bench.outcome(claimed.message.id) == (Status.BLOCKED, "of_the_test")
        assert await bench.send_all() == ["second"]

    async def test_a_decision_is_written_down_only_when_it_says_something_new(
        self, store: Storage, bench: Bench
    ) -> None:
        message_id = await bench.queue(await bench.chat())
        held_until = timedelta(hours=1)
        await bench.admit(bench.ruling(await bench.claim_one(), Outcome.HELD, until=held_until))
        bench.wait(hours=1)
        await store.release(bench.now)
        await bench.admitted()

        outcomes = [decision.outcome for decision in await store.decisions(DEFAULT_ORG, message_id)]

        assert outcomes == [Outcome.ALLOWED, Outcome.HELD, Outcome.ALLOWED]

    async def test_rulings_are_judged_each_for_itself(self, store: Storage, bench: Bench) -> None:
        for number in (ALICE, BOB):
            await bench.queue(await bench.chat(number))
        alice, bob = await bench.claim()
        await bench.opt_out(ALICE)

        verdicts = await store.admit([bench.ruling(alice), bench.ruling(bob)], bench.now)

        assert list(verdicts) == [Verdict.STALE, Verdict.ADMITTED]

    async def test_an_opt_out_and_an_admission_have_exactly_one_winner(
        self, store: Storage, bench: Bench
    ) -> None:
        """Invariant A1: either the text is canceled, or it was admitted first and is flagged as raced."""
        for number in range(RACES):
            chat = await bench.chat(number_of(number))
            await bench.queue(chat, origin=Origin.REMINDER)
            claimed = await bench.claim_one()

            verdict = await race(bench, claimed, opt_out_first=number % 2 == 0)

            message = await bench.message(claimed.message.id)
            if verdict is Verdict.ADMITTED:
                assert (message.status, message.flags) == (Status.SUBMITTING, Flag.RACED)
                await bench.record(claimed)
            else:
                assert (verdict, message.status) == (Verdict.LOST, Status.CANCELED)


async def race(bench: Bench, claimed: Claimed, *, opt_out_first: bool) -> Verdict:
    """Let an opt-out and an admission of the same message begin together; what became of the admission."""
    verdicts: list[Verdict] = []
    ruling = bench.ruling(claimed)

    async def admit() -> None:
        verdicts.append(await bench.admit(ruling))

    async def opt_out() -> None:
        await bench.opt_out(claimed.outgoing.to)

    async with anyio.create_task_group() as tasks:
        for task in (opt_out, admit) if opt_out_first else (admit, opt_out):
            tasks.start_soon(task)
    return verdicts[0]


def number_of(index: int) -> PhoneNumber:
    """A number of its own for each index, from the ranges kept for fiction."""
    area, line = divmod(index, 100)
    return PhoneNumber(f"+1{200 + area}5550{100 + line}")

"""What a store must do with the pair of a consent message and its text: invariant A5."""

from __future__ import annotations

from datetime import timedelta

import anyio
import pytest

from smskit.model.contacts import ConsentState
from smskit.model.conversations import ConversationRecord
from smskit.model.decisions import Outcome
from smskit.model.ids import DEFAULT_ORG, SYSTEM, MessageId
from smskit.model.messages import Origin
from smskit.model.statuses import Status
from smskit.storage.base import Answer, Claimed, Storage, Verdict, WasRejected, WasUnavailable, Way
from smskit.testing.contracts.bench import ALICE, BOB, CONSENT, LEASE, LOBBY, TAKEN, Bench
from smskit.testing.contracts.storage_base import StoreTests


class ConsentContract(StoreTests):
    """At most one consent message per number that may have gone out, and no text before it was accepted."""

    async def test_the_consent_message_goes_first_and_the_text_once_it_was_accepted(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        text, consent = await self._pair(bench, chat)

        message = await bench.message(text)
        assert (message.status, message.after_id) == (Status.QUEUED, consent.message.id)
        assert (consent.message.origin, consent.message.text) == (Origin.CONSENT, CONSENT)
        assert (await self._consent(bench)) == (ConsentState.CLAIMED, consent.message.id)
        await bench.admit(bench.ruling(consent))
        assert await bench.claim() == ()
        await bench.record(consent)
        assert (await self._consent(bench)) == (ConsentState.SENT, consent.message.id)
        assert await bench.claimed_texts() == ["Hello"]

    async def test_ten_first_texts_give_one_consent_message(self, bench: Bench) -> None:
        chats = [await bench.chat(ALICE, await bench.sender(f"+1415555010{line}")) for line in range(5)]
        for number, chat in enumerate(chats * 2):
            await bench.queue(chat, f"{number}")

        sent = await bench.send_all(consent_first=True)

        assert sent[0] == CONSENT
        assert sorted(sent[1:]) == [f"{number}" for number in range(10)]

    async def test_first_texts_admitted_at_once_give_one_consent_message(
        self, store: Storage, bench: Bench
    ) -> None:
        for line in range(10):
            chat = await bench.chat(ALICE, await bench.sender(f"+1415555010{line}"))
            await bench.queue(chat, f"{line}")
        claimed = await bench.claim()
        verdicts: list[Verdict] = []

        async def admit(one: Claimed) -> None:
            verdict = Verdict.STALE
            while verdict is Verdict.STALE:
                facts = await store.facts(DEFAULT_ORG, one.message.conversation_id)
                verdict = await bench.admit(bench.ruling(one, consent_first=True, facts=facts))
            verdicts.append(verdict)

        async with anyio.create_task_group() as tasks:
            for one in claimed:
                tasks.start_soon(admit, one)

        assert verdicts == [Verdict.SETTLED] * 10
        assert await bench.claimed_texts() == [CONSENT]

    async def test_texts_behind_a_consent_message_keep_their_order(self, bench: Bench) -> None:
        chat = await bench.chat()
        for number in range(4):
            await bench.queue(chat, f"{number}")

        assert await bench.send_all(consent_first=True) == [CONSENT, "0", "1", "2", "3"]

    async def test_a_consent_message_is_as_urgent_as_the_most_urgent_text_behind_it(
        self, bench: Bench
    ) -> None:
        """Invariant A7: a reply does not wait behind a blast because a blast was the first to need consent."""
        for number in (BOB, ALICE):
            await bench.queue(await bench.chat(number), "blast", origin=Origin.BLAST)
        _, blast = await bench.claim()
        await bench.admit(bench.ruling(blast, consent_first=True))
        await bench.store.reap(bench.now + LEASE, {})
        await bench.queue(await bench.chat(), "reply")
        (reply,) = await bench.claim(1)

        await bench.admit(bench.ruling(reply, consent_first=True))

        (consent,) = await bench.claim(1)
        assert consent.message.text == CONSENT
        await self._answer(bench, consent, TAKEN)
        assert [one.message.text for one in await bench.claim(1)] == ["reply"]

    @pytest.mark.parametrize("end", ["rejected", "blocked", "withdrawn"])
    async def test_a_consent_message_that_never_went_frees_the_claim_for_the_next_text(
        self, store: Storage, bench: Bench, end: str
    ) -> None:
        chat = await bench.chat()
        text, consent = await self._pair(bench, chat)
        if end == "rejected":
            await bench.admit(bench.ruling(consent))
            await bench.record(consent, WasRejected(code="42"))
        elif end == "blocked":
            await bench.admit(bench.ruling(consent, Outcome.DENIED))
        else:
            await store.cancel(DEFAULT_ORG, consent.message.id, bench.now)

        assert await bench.outcome(text) == (Status.FAILED, "consent_not_sent")
        assert await self._consent(bench) == (ConsentState.NONE, None)
        await bench.queue(chat, "again")
        assert await bench.send_all(consent_first=True) == [CONSENT, "again"]

    async def test_a_consent_message_is_withdrawn_with_the_last_text_behind_it(
        self, store: Storage, bench: Bench
    ) -> None:
        first, consent = await self._pair(bench, await bench.chat())
        second = await bench.queue(await bench.chat(ALICE, await bench.sender(LOBBY)), "second")
        (claimed,) = await bench.claim()
        await bench.admit(bench.ruling(claimed, consent_first=True))

        await store.cancel(DEFAULT_ORG, first, bench.now)
        assert await bench.status(consent.message.id) is Status.QUEUED
        await store.cancel(DEFAULT_ORG, second, bench.now)

        assert await bench.outcome(consent.message.id) == (Status.CANCELED, "canceled")
        assert await self._consent(bench) == (ConsentState.NONE, None)
        assert await bench.admit(bench.ruling(consent)) is Verdict.LOST
        assert await bench.send_all() == []

    async def test_a_consent_message_on_its_way_stays_on_it_without_its_text(
        self, store: Storage, bench: Bench
    ) -> None:
        text, consent = await self._pair(bench, await bench.chat())
        await bench.admit(bench.ruling(consent))

        await store.cancel(DEFAULT_ORG, text, bench.now)
        await bench.record(consent)

        assert await bench.status(consent.message.id) is Status.ACCEPTED
        assert await self._consent(bench) == (ConsentState.SENT, consent.message.id)

    async def test_a_consent_message_without_a_driver_expires_with_its_text(self, bench: Bench) -> None:
        chat = await bench.chat()
        text = await bench.queue(chat, expires_in=timedelta(hours=1))
        await bench.admit(bench.ruling(await bench.claim_one(), consent_first=True))
        consent = await bench.admitted()

        await bench.record(consent, WasUnavailable(code="down", retry_at=bench.now + timedelta(hours=1)))

        assert await bench.outcome(consent.message.id) == (Status.EXPIRED, "down")
        assert await bench.outcome(text) == (Status.FAILED, "consent_not_sent")
        assert await self._consent(bench) == (ConsentState.NONE, None)

    async def test_a_text_behind_an_unknown_consent_message_fails_after_its_patience(
        self, store: Storage, bench: Bench
    ) -> None:
        text, consent = await self._pair(bench, await bench.chat())
        await self._answer(bench, consent, bench.in_doubt(Way.LEAVE))

        bench.wait(minutes=4)
        await store.release(bench.now)
        before = await bench.status(text)
        bench.wait(minutes=1)
        await store.release(bench.now)

        assert before is Status.QUEUED
        assert await bench.outcome(text) == (Status.FAILED, "consent_unconfirmed")

    async def test_a_text_made_after_the_consent_message_became_unknown_waits_no_longer_either(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        _, consent = await self._pair(bench, chat)
        await self._answer(bench, consent, bench.in_doubt(Way.LEAVE))
        bench.wait(minutes=10)
        await store.release(bench.now)
        text = await bench.queue(chat, "second")
        await bench.admit(bench.ruling(await bench.claim_one(), consent_first=True))

        bench.wait(minutes=5)
        await store.release(bench.now)

        assert await bench.outcome(text) == (Status.FAILED, "consent_unconfirmed")
        assert await bench.claim() == ()

    async def test_a_receipt_for_an_unknown_consent_message_lets_its_texts_go(
        self, store: Storage, bench: Bench
    ) -> None:
        _, consent = await self._pair(bench, await bench.chat())
        await self._answer(bench, consent, bench.in_doubt(Way.LEAVE))

        await bench.receipt(Status.DELIVERED, reference=consent.outgoing.reference)

        assert await self._consent(bench) == (ConsentState.SENT, consent.message.id)
        assert await bench.claimed_texts() == ["Hello"]

    @pytest.mark.parametrize("end", ["withdrawn", "opted out", "expired", "blocked", "rejected by hand"])
    async def test_there_is_no_second_consent_message_while_the_first_may_have_gone_out(
        self, store: Storage, bench: Bench, end: str
    ) -> None:
        """Once a consent message that was queued again freed the claim when it ended before its second attempt."""
        chat = await bench.chat()
        await bench.queue(chat, expires_in=timedelta(hours=1))
        await bench.admit(bench.ruling(await bench.claim_one(), consent_first=True))
        consent = await bench.claim_one()
        way = Way.LEAVE if end == "rejected by hand" else Way.RESEND
        await self._answer(bench, consent, bench.in_doubt(way))
        bench.wait(hours=1 if end == "expired" else 0, seconds=1)
        if end == "rejected by hand":
            await store.send_again(DEFAULT_ORG, consent.message.id, SYSTEM, bench.now)
        await store.release(bench.now)

        await self._end_again(bench, consent, end)

        assert await bench.status(consent.message.id) is Status.UNKNOWN
        assert await self._consent(bench) == (ConsentState.CLAIMED, consent.message.id)

    async def _end_again(self, bench: Bench, consent: Claimed, end: str) -> None:
        if end == "withdrawn":
            assert not await bench.store.cancel(DEFAULT_ORG, consent.message.id, bench.now)
            await bench.opt_out()
        elif end == "opted out":
            await bench.opt_out()
        elif end == "expired":
            assert await bench.claim() == ()
        elif end == "blocked":
            await bench.admit(bench.ruling(await bench.claim_one(), Outcome.DENIED))
        else:
            await self._answer(bench, await bench.claim_one(), WasRejected(code="42"))

    async def _pair(self, bench: Bench, chat: ConversationRecord) -> tuple[MessageId, Claimed]:
        """A text behind its consent message, which is claimed."""
        text = await bench.queue(chat)
        claimed = await bench.claim_one()
        assert await bench.admit(bench.ruling(claimed, consent_first=True)) is Verdict.SETTLED
        return text, await bench.claim_one()

    async def _answer(self, bench: Bench, claimed: Claimed, answer: Answer) -> None:
        assert await bench.admit(bench.ruling(claimed)) is Verdict.ADMITTED
        assert await bench.record(claimed, answer)

    async def _consent(self, bench: Bench) -> tuple[ConsentState, MessageId | None]:
        subscription = await bench.store.get_subscription(DEFAULT_ORG, ALICE)
        assert subscription is not None
        return subscription.consent, subscription.consent_message_id

"""What a store must tell of a number's subscription: who changed it, when and why."""

from __future__ import annotations

from smskit.compliance.opt_words import Word
from smskit.model.addresses import Address, PhoneNumber
from smskit.model.contacts import ChangeKind, Scope, Source, SubscriptionChange
from smskit.model.ids import DEFAULT_ORG, Actor, Org
from smskit.model.messages import Origin
from smskit.storage.base import NewContact, Storage, WasRejected
from smskit.testing.contracts.bench import ALICE, BOB, DRIVER, FRONTDESK, OFFICE, Bench
from smskit.testing.contracts.storage_base import StoreTests

ACME = Org("acme")
CONTACT = Actor("contact")
CARRIER = Actor("carrier")


class HistoryContract(StoreTests):
    """The ledger of opt-outs, opt-ins, carrier blocks and consent messages."""

    async def test_the_history_of_a_number_says_when_by_whom_and_why(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.chat()
        moments = []
        for step in ("by hand", "STOP", "START"):
            bench.wait(hours=1)
            moments.append(bench.now)
            if step == "by hand":
                await store.opt_out(
                    DEFAULT_ORG,
                    ALICE,
                    scope=Scope.PROMOTIONAL,
                    source=Source.HOST,
                    actor=FRONTDESK,
                    now=bench.now,
                    reason="asked at the counter",
                )
            else:
                await bench.receive(step, word=Word[step])
        page = await store.list_messages(DEFAULT_ORG, (await bench.chat()).id, after=None, limit=10)
        ids = {message.text: message.id for message in page.items}

        assert await _history(store) == [
            SubscriptionChange(
                at=moments[2],
                kind=ChangeKind.OPTED_IN,
                actor=CONTACT,
                source=Source.WORD,
                message_id=ids["START"],
            ),
            SubscriptionChange(
                at=moments[1],
                kind=ChangeKind.OPTED_OUT,
                actor=CONTACT,
                scope=Scope.ALL,
                source=Source.WORD,
                message_id=ids["STOP"],
            ),
            SubscriptionChange(
                at=moments[0],
                kind=ChangeKind.OPTED_OUT,
                actor=FRONTDESK,
                scope=Scope.PROMOTIONAL,
                source=Source.HOST,
                reason="asked at the counter",
            ),
        ]

    async def test_the_history_tells_of_carrier_blocks_and_their_end(
        self, store: Storage, bench: Bench
    ) -> None:
        sent = await bench.submitted(await bench.chat())
        await bench.record(sent, WasRejected(code="21610", opted_out=True))
        blocked_at = bench.now
        bench.wait(hours=1)
        start = await bench.receive("START", word=Word.START)

        assert await _history(store) == [
            SubscriptionChange(
                at=bench.now,
                kind=ChangeKind.OPTED_IN,
                actor=CONTACT,
                source=Source.WORD,
                message_id=start.message_id,
            ),
            SubscriptionChange(
                at=bench.now,
                kind=ChangeKind.CARRIER_BLOCK_LIFTED,
                actor=CONTACT,
                message_id=start.message_id,
                driver=DRIVER,
                sender=PhoneNumber(OFFICE),
            ),
            SubscriptionChange(
                at=blocked_at,
                kind=ChangeKind.OPTED_OUT,
                actor=CARRIER,
                scope=Scope.ALL,
                source=Source.CARRIER,
                code="21610",
                driver=DRIVER,
            ),
            SubscriptionChange(
                at=blocked_at,
                kind=ChangeKind.BLOCKED_BY_CARRIER,
                actor=CARRIER,
                code="21610",
                driver=DRIVER,
                sender=PhoneNumber(OFFICE),
            ),
        ]

    async def test_the_history_tells_when_the_consent_message_was_sent(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        await bench.queue(chat)
        bench.wait(minutes=1)

        await bench.send_all(consent_first=True)

        page = await store.list_messages(DEFAULT_ORG, chat.id, after=None, limit=10)
        (consent,) = [message for message in page.items if message.origin is Origin.CONSENT]
        assert await _history(store) == [
            SubscriptionChange(
                at=bench.now, kind=ChangeKind.CONSENT_SENT, actor=FRONTDESK, message_id=consent.id
            )
        ]

    async def test_the_history_survives_a_new_import_and_belongs_to_number_and_org(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.chat()
        await bench.chat(BOB)
        await store.put_contacts(ACME, [NewContact(number=ALICE)], bench.now)
        await bench.opt_out()
        before = await _history(store)

        await store.import_contacts(DEFAULT_ORG, [NewContact(number=ALICE, name="Alice")], bench.now)

        assert len(before) == 1
        assert await _history(store) == before
        assert await _history(store, BOB) == []
        assert (await store.subscription_history(ACME, ALICE, after=None, limit=10)).items == ()

    async def test_the_history_comes_in_pages_that_hold_each_change_once(
        self, store: Storage, bench: Bench
    ) -> None:
        for word in (Word.STOP, Word.START) * 3:
            bench.wait(minutes=1)
            await bench.receive(word.value, word=word)
        whole = await _history(store)

        assert [change.kind for change in whole] == [ChangeKind.OPTED_IN, ChangeKind.OPTED_OUT] * 3
        assert await _history(store, limit=2) == whole
        assert [change.at for change in whole] == sorted((change.at for change in whole), reverse=True)


async def _history(store: Storage, number: Address = ALICE, *, limit: int = 100) -> list[SubscriptionChange]:
    found: list[SubscriptionChange] = []
    cursor = None
    while True:
        page = await store.subscription_history(DEFAULT_ORG, number, after=cursor, limit=limit)
        found += page.items
        cursor = page.next
        if cursor is None:
            return found

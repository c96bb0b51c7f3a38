"""What a store must do with messages that wait for their time: change them until they are claimed, and no later."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs
import pytest

from smskit.errors import Conflict, NotFound
from smskit.model.conversations import ConversationRecord
from smskit.model.events import MessageEdited
from smskit.model.ids import DEFAULT_ORG, MessageId, Org
from smskit.model.local_time import LocalTime
from smskit.model.messages import MessageRecord, Written
from smskit.model.statuses import Status
from smskit.storage.base import MessageEdit, Storage, Verdict
from smskit.testing.contracts.bench import Bench
from smskit.testing.contracts.storage_base import StoreTests

NINE = LocalTime(datetime(2027, 1, 5, 9, 0), "America/Denver")  # noqa: DTZ001 - its zone stands beside it


class SchedulesContract(StoreTests):
    """Messages that are edited, and local times whose moments change."""

    async def test_a_text_is_changed_and_keeps_its_time(self, store: Storage, bench: Bench) -> None:
        message_id = await bench.queue(await bench.chat(), "old", due_in=timedelta(hours=1))

        edited = await self._edit(store, bench, message_id, "new and longer", parts=2)

        assert (edited.text, edited.parts, edited.status) == ("new and longer", 2, Status.SCHEDULED)
        bench.wait(hours=1)
        await store.release(bench.now)
        outgoing = (await bench.claim_one()).outgoing
        assert (outgoing.text, outgoing.parts) == ("new and longer", 2)

    async def test_a_time_is_changed_to_later_and_to_sooner(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        later, sooner = [
            await bench.queue(chat, text, due_in=timedelta(hours=1)) for text in ("later", "sooner")
        ]

        await self._edit(store, bench, later, due_in=timedelta(hours=2))
        await self._edit(store, bench, sooner, due_in=timedelta(minutes=1))

        assert [one.text for one in await self._scheduled(store, chat)] == ["sooner", "later"]
        bench.wait(minutes=1)
        assert await bench.send_all() == ["sooner"]
        bench.wait(hours=1)
        assert await bench.send_all() == []
        bench.wait(hours=1)
        assert await bench.send_all() == ["later"]

    async def test_what_was_queued_may_be_put_off_and_lets_the_next_one_go(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        first = await bench.queue(chat, "first")
        await bench.queue(chat, "second")

        await self._edit(store, bench, first, due_in=timedelta(hours=1))

        assert await bench.send_all() == ["second"]
        bench.wait(hours=1)
        assert await bench.send_all() == ["first"]

    @pytest.mark.parametrize("state", ["claimed", "submitting", "accepted", "canceled", "unknown"])
    async def test_when_it_is_too_late_nothing_is_changed(
        self, store: Storage, bench: Bench, state: str
    ) -> None:
        message_id = await bench.queue(await bench.chat(), "as it was")
        if state == "canceled":
            await store.cancel(DEFAULT_ORG, message_id, bench.now)
        else:
            claimed = await bench.claim_one()
            if state != "claimed":
                assert await bench.admit(bench.ruling(claimed)) is Verdict.ADMITTED
            if state == "accepted":
                await bench.record(claimed)
            if state == "unknown":
                await bench.record(claimed, bench.in_doubt())

        with pytest.raises(Conflict):
            await self._edit(store, bench, message_id, "something else", due_in=timedelta(hours=1))

        assert (await bench.message(message_id)).text == "as it was"

    async def test_an_edit_is_told_and_its_decision_kept(self, store: Storage, bench: Bench) -> None:
        message_id = await bench.queue(await bench.chat(), due_in=timedelta(hours=1))

        await self._edit(store, bench, message_id, "new")

        told = [event.what for event in await store.read_events(None, after=0, limit=100)]
        edited = MessageEdited(
            conversation_id=(await bench.message(message_id)).conversation_id, message_id=message_id
        )
        assert told.count(edited) == 1
        assert len(await store.decisions(DEFAULT_ORG, message_id)) == 2

    async def test_another_org_has_no_such_message(self, store: Storage, bench: Bench) -> None:
        message_id = await bench.queue(await bench.chat(), due_in=timedelta(hours=1))

        with pytest.raises(NotFound):
            await self._edit(store, bench, message_id, "mine", org=Org("other"))

    async def test_new_rules_for_a_zone_move_what_was_meant_as_a_local_time(
        self, store: Storage, bench: Bench
    ) -> None:
        chat = await bench.chat()
        under_old_rules = NINE.moment - timedelta(hours=1)
        meant = attrs.evolve(
            await bench.text(chat, "at nine"),
            due_at=under_old_rules,
            local_due=NINE,
            expires_at=under_old_rules + timedelta(hours=24),
        )
        moment = attrs.evolve(await bench.text(chat, "at a moment"), due_at=under_old_rules)
        await store.rezone("2026a")
        for new in (meant, moment):
            await store.enqueue(new, bench.now)

        moved = [await store.rezone(release) for release in ("2026a", "2026b", "2026b")]

        assert moved == [0, 1, 0]
        assert [(one.text, one.due_at) for one in await self._scheduled(store, chat)] == [
            ("at a moment", under_old_rules),
            ("at nine", NINE.moment),
        ]
        bench.clock.advance_to(under_old_rules)
        assert await bench.send_all() == ["at a moment"]
        bench.clock.advance_to(NINE.moment)
        assert await bench.send_all() == ["at nine"]

    @staticmethod
    async def _scheduled(store: Storage, chat: ConversationRecord) -> list[MessageRecord]:
        return list(await store.list_scheduled(DEFAULT_ORG, chat.id, 100))

    @staticmethod
    async def _edit(
        store: Storage,
        bench: Bench,
        message_id: MessageId,
        text: str | None = None,
        *,
        parts: int = 1,
        due_in: timedelta | None = None,
        org: Org = DEFAULT_ORG,
    ) -> MessageRecord:
        facts = await store.facts(DEFAULT_ORG, (await bench.message(message_id)).conversation_id)
        change = MessageEdit(
            org=org,
            message_id=message_id,
            written=None if text is None else Written(text, parts),
            decision=bench.decision(facts),
            due_at=None if due_in is None else bench.now + due_in,
        )
        return await store.edit(change, bench.now)

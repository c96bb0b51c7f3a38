"""What a store must do with long texts that come in part by part: join them once, and lose nothing of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import attrs
import pytest

from smskit.compliance.opt_words import Word
from smskit.encoding import Encoding, Label, Language, Piece, Shift, alphabet, segment, take_apart
from smskit.model.addresses import PhoneNumber
from smskit.model.events import MessageReceived, TextIncomplete
from smskit.model.ids import DEFAULT_ORG
from smskit.model.messages import Flag, MessageRecord, Origin
from smskit.model.statuses import Status
from smskit.model.traffic import InboundPart
from smskit.storage.base import Storage
from smskit.testing.contracts.bench import ALICE, BOB, LOBBY, OFFICE, Bench
from smskit.testing.contracts.storage_base import StoreTests

LONG = "A bill of 500 € and 🙂 " * 12
PIECES = take_apart(segment(LONG))
PATIENCE = timedelta(hours=24)


def labelled(pieces: Sequence[Piece], *, reference: int = 7, wide: bool = False) -> list[InboundPart]:
    """The parts that carry these pieces from Alice to the office."""
    return [
        InboundPart(
            sender=ALICE,
            to=PhoneNumber(OFFICE),
            label=Label(reference=reference, total=len(pieces), sequence=place, wide=wide),
            piece=piece,
            carrier_id=f"in-{reference}-{wide}-{place}",
        )
        for place, piece in enumerate(pieces, start=1)
    ]


class PartsContract(StoreTests):
    """Inbound parts: kept, joined, given up visibly."""

    @pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 2, 0, 3, 1)], ids=["in order", "in disorder"])
    async def test_a_text_is_there_once_with_its_last_part(
        self, store: Storage, bench: Bench, order: Sequence[int]
    ) -> None:
        parts = labelled(PIECES)
        assert len(parts) == len(order)
        for place in order[:-1]:
            assert await bench.receive_part(parts[place]) is None
        assert await self._received(store, bench) == []

        stored = await bench.receive_part(parts[order[-1]])

        assert stored is not None
        (message,) = await self._received(store, bench)
        assert (message.id, message.text, message.parts) == (stored.message_id, LONG, len(PIECES))
        assert message.flags is Flag.NONE

    async def test_a_part_that_comes_again_changes_nothing(self, store: Storage, bench: Bench) -> None:
        parts = labelled(PIECES)
        for part in (parts[0], *parts, *parts):
            await bench.receive_part(part)
        told = await bench.happenings()

        again = await bench.receive_part(parts[-1])

        (message,) = await self._received(store, bench)
        assert again is not None
        assert (again.message_id, again.new) == (message.id, False)
        assert await bench.happenings() == told
        assert not await bench.later_given_up(PATIENCE)

    async def test_other_references_widths_senders_and_numbers_are_other_texts(
        self, store: Storage, bench: Bench
    ) -> None:
        pieces = take_apart(segment("x" * 200))
        first, second = labelled(pieces)
        await bench.receive_part(first)
        await bench.receive_part(labelled(pieces, reference=8)[1])
        await bench.receive_part(labelled(pieces, wide=True)[1])
        await bench.receive_part(attrs.evolve(second, sender=BOB))
        await bench.receive_part(second, to=await bench.sender(LOBBY))
        assert await bench.later_given_up(timedelta()) == 0

        stored = await bench.receive_part(second)

        assert stored is not None
        assert (await bench.message(stored.message_id)).text == "x" * 200

    async def test_the_first_part_counts_as_a_reply(self, bench: Bench) -> None:
        chat = await bench.chat()
        step = await bench.queue(chat, "step 2", origin=Origin.DRIP)

        await bench.receive_part(labelled(PIECES)[0])

        assert (await bench.message(step)).status is Status.CANCELED

    async def test_a_word_cut_into_parts_is_obeyed_once(self, store: Storage, bench: Bench) -> None:
        stop = " " * 160 + "STOP"
        for part in labelled(take_apart(segment(stop))) * 2:
            await bench.receive_part(part, word=Word.STOP)

        contact = await store.find_contact(DEFAULT_ORG, ALICE)
        assert contact is not None
        assert contact.opted_out
        assert await bench.send_all() == ["answer to stop"]

    async def test_what_never_becomes_complete_is_shown_with_its_gaps(
        self, store: Storage, bench: Bench
    ) -> None:
        parts = labelled(take_apart(segment("a" * 153 + "b" * 153 + "c" * 20)))
        await bench.receive_part(parts[2])
        bench.clock.advance_to(bench.now + timedelta(hours=1))
        await bench.receive_part(parts[0])
        assert await store.next_deadline(bench.now) == bench.now + timedelta(hours=23)
        assert await bench.later_given_up(timedelta(hours=22)) == 0

        assert await bench.later_given_up(timedelta(hours=1)) == 1

        (message,) = await self._received(store, bench)
        assert message.text == "a" * 153 + "[part 2 of 3 did not arrive]" + "c" * 20
        assert message.flags is Flag.INCOMPLETE
        assert (await bench.happenings())[-2:] == [
            MessageReceived(conversation_id=message.conversation_id, message_id=message.id),
            TextIncomplete(
                conversation_id=message.conversation_id, message_id=message.id, total=3, missing=(2,)
            ),
        ]
        assert await bench.later_given_up(PATIENCE) == 0

    async def test_a_reference_that_is_used_again_begins_another_text(
        self, store: Storage, bench: Bench
    ) -> None:
        """Eight bits are soon used up, and some devices always say the same."""
        lost, _ = labelled(take_apart(segment("old " * 50)))
        await bench.receive_part(lost)
        for number, part in enumerate(labelled(take_apart(segment("new " * 50)))):
            await bench.receive_part(attrs.evolve(part, carrier_id=f"other-{number}"))

        new, old = await self._received(store, bench)

        assert new.text == "new " * 50
        assert old.text.endswith("[part 2 of 2 did not arrive]")
        assert old.flags is Flag.INCOMPLETE

    async def test_a_part_that_comes_after_the_patience_begins_another_text(
        self, store: Storage, bench: Bench
    ) -> None:
        """Nobody looked after the store meanwhile, so the old part is still there."""
        first, second = labelled(take_apart(segment("x" * 200)))
        await bench.receive_part(first)
        bench.clock.advance_to(bench.now + PATIENCE)

        assert await bench.receive_part(second) is None

        (old,) = await self._received(store, bench)
        assert (old.flags, old.text) == (Flag.INCOMPLETE, "x" * 153 + "[part 2 of 2 did not arrive]")
        assert await bench.later_given_up(PATIENCE) == 1

    async def test_a_part_that_is_here_already_does_not_restore_the_conversation(
        self, store: Storage, bench: Bench
    ) -> None:
        part = attrs.evolve(labelled(PIECES)[0], carrier_id=None)
        await bench.receive_part(part)
        chat = await bench.chat()
        await store.set_archived(DEFAULT_ORG, chat.id, archived=True, now=bench.now)
        told = await bench.happenings()

        assert await bench.receive_part(part) is None

        assert await bench.happenings() == told

    async def test_parts_keep_their_national_tables(self, store: Storage, bench: Bench) -> None:
        shift = Shift(locking=Language.TURKISH, single=Language.PORTUGUESE)
        text = "ğüş ãê " * 20
        septets = alphabet(shift).encode(text)
        pieces = [Piece(Encoding.GSM7, septets[:100], shift), Piece(Encoding.GSM7, septets[100:], shift)]
        for part in labelled(pieces):
            await bench.receive_part(part)

        (message,) = await self._received(store, bench)
        assert message.text == text

    async def test_equal_parts_of_a_text_are_not_taken_for_repetitions(
        self, store: Storage, bench: Bench
    ) -> None:
        for part in labelled([Piece(Encoding.GSM7, b"ha ")] * 3):
            await bench.receive_part(attrs.evolve(part, carrier_id=None, may_repeat=True))

        assert [message.text for message in await self._received(store, bench)] == ["ha ha ha "]

    async def test_what_came_of_a_stop_counts_without_an_answer(self, store: Storage, bench: Bench) -> None:
        first, _ = labelled(take_apart(segment("STOP" + " " * 160)))
        await bench.receive_part(first)

        await bench.later_given_up(PATIENCE)

        contact = await store.find_contact(DEFAULT_ORG, ALICE)
        assert contact is not None
        assert contact.opted_out
        assert await bench.send_all() == []

    async def test_without_ids_the_same_text_twice_is_two_texts(self, store: Storage, bench: Bench) -> None:
        for part in labelled(PIECES) * 2:
            await bench.receive_part(attrs.evolve(part, carrier_id=None))

        assert [message.text for message in await self._received(store, bench)] == [LONG, LONG]

    async def test_without_ids_a_part_nobody_heard_of_is_recognised_after_the_link_broke(
        self, store: Storage, bench: Bench
    ) -> None:
        *parts, last = labelled(PIECES)
        for part in parts:
            await bench.receive_part(attrs.evolve(part, carrier_id=None))
        stored = await bench.receive_part(attrs.evolve(last, carrier_id=None))

        again = await bench.receive_part(attrs.evolve(last, carrier_id=None, may_repeat=True))

        assert stored is not None
        assert again is not None
        assert (again.message_id, again.new) == (stored.message_id, False)
        assert len(await self._received(store, bench)) == 1

    async def _received(self, store: Storage, bench: Bench) -> list[MessageRecord]:
        """What the desk shows, newest first."""
        chat = await bench.chat()
        return list((await store.list_messages(DEFAULT_ORG, chat.id, after=None, limit=100)).items)

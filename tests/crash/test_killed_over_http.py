"""A worker that texts over Twilio, and a host that Twilio calls back, are killed with SIGKILL at each moment.

Twilio is the look-alike in the process of the test, over real HTTP: it outlives them all. What can be neither asked
about nor repeated there is `unknown` after a death, until a receipt with our signed reference tells.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

import anyio
import attrs
import pytest

from smskit import Status
from smskit.model.events import MessageReceived, OptedOut
from smskit.testing.carriers import TwilioLookalike
from tests.crash.over_http import PUBLIC, patient
from tests.crash.practice import Door, Practice, a_day_passes, read

if TYPE_CHECKING:
    from tests.crash.conftest import Workers

STATUSES_TOLD = ("queued", "sent", "delivered")
"""Twilio's words for what became of a text that arrived."""


@attrs.frozen
class Moment:
    """When a worker dies, and what is true of the one text that it has in hand."""

    step: str
    taken: bool
    """Twilio has it."""
    doubtful: bool
    """We cannot know whether Twilio has it."""


MOMENTS = [
    Moment("claimed", taken=False, doubtful=False),
    Moment("inside__admit", taken=False, doubtful=False),
    Moment("admitted", taken=False, doubtful=True),
    Moment("before_request", taken=False, doubtful=True),
    Moment("written, not read", taken=False, doubtful=True),
    Moment("written and taken", taken=True, doubtful=True),
    Moment("answered", taken=True, doubtful=True),
    Moment("inside_apply", taken=True, doubtful=True),
    Moment("recorded", taken=True, doubtful=False),
]
at_each_moment = pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.step)

TEXT_STEPS = (
    "before_text",
    "inside__store",
    "inside__obey",
    "inside_cancel_replied",
    "inside_tell",
    "inside__remember",
    "text_stored",
)
RECEIPT_STEPS = ("before_receipt", "inside__report", "inside_refresh", "inside_move", "receipt_stored")
"""From a callback to its answer."""


@pytest.fixture
async def practice(workers: Workers, anyio_backend_name: str) -> AsyncIterator[Practice]:
    door = Door()
    async with TwilioLookalike(webhook_url=f"{PUBLIC}/twilio", post=door) as twilio:
        yield Practice(workers, twilio, door, anyio_backend_name)


@pytest.fixture
def program() -> Sequence[str]:
    return ["-m", "tests.crash.over_http"]


@at_each_moment
async def test_a_text_in_hand_is_sent_once_or_in_doubt_and_a_receipt_tells_which(
    practice: Practice, moment: Moment
) -> None:
    await practice.dies(moment.step, 3, texts=5)
    assert practice.in_doubt() == moment.doubtful
    before = practice.taken()
    await practice.finishes(texts=5)

    async with practice.kit() as kit:
        desk = await read(kit)
        unknown, missing = desk.having(Status.UNKNOWN), desk.texts - set(practice.taken())
        assert len(desk.texts) == len(desk.messages) == 5
        assert before.total() == 2 + moment.taken
        assert max(practice.taken().values()) == 1
        assert len(unknown) == moment.doubtful
        assert missing == (set() if moment.taken else unknown)
        assert desk.having(Status.ACCEPTED) == desk.texts - unknown

        assert set(await practice.twilio.deliver(shuffle=1, repeat=2)) == {204}
        desk = await read(kit)
        assert desk.having(Status.UNKNOWN) == missing
        assert desk.having(Status.DELIVERED) == desk.texts - missing


@pytest.mark.parametrize("step", [moment.step for moment in MOMENTS if moment.taken and moment.doubtful])
async def test_a_receipt_that_comes_before_the_lease_has_run_out_leaves_no_doubt(
    practice: Practice, step: str
) -> None:
    await practice.dies(step, 3, texts=5)
    assert practice.in_doubt() == 1
    async with practice.host():
        assert set(await practice.twilio.deliver()) == {204}
    async with practice.kit() as kit:
        assert len((await read(kit)).having(Status.DELIVERED)) == 3
    await practice.finishes(texts=5)

    async with practice.kit() as kit:
        desk = await read(kit)
    assert practice.taken() == dict.fromkeys(desk.texts, 1)
    assert len(desk.having(Status.DELIVERED)) == 3
    assert len(desk.having(Status.ACCEPTED)) == 2
    assert not desk.moves_to(Status.UNKNOWN)


async def test_dying_again_and_again_with_eight_texts_in_hand(practice: Practice) -> None:
    orders = {"texts": 150, "window": 8}
    for moment in MOMENTS:
        await practice.dies(moment.step, 2 if moment.step in {"claimed", "admitted"} else 9, **orders)
    await practice.finishes(**orders)

    unknown = await _nothing_is_lost_and_nothing_goes_twice(practice, 150)
    assert len(unknown) <= practice.in_doubt()
    assert unknown & set(practice.taken()), "some were taken, and their answers lost"
    assert unknown - set(practice.taken()), "some were admitted, and never taken"
    await _receipts_tell_which_are_in_doubt(practice)


async def test_dying_at_any_moment(practice: Practice) -> None:
    luck = random.Random()
    orders = {"texts": 150, "window": 8}
    for _ in range(2):
        await practice.is_killed_after(luck.uniform(0.0, 0.2), **orders)
    await practice.finishes(**orders)

    await _nothing_is_lost_and_nothing_goes_twice(practice, 150)
    await _receipts_tell_which_are_in_doubt(practice)


async def _nothing_is_lost_and_nothing_goes_twice(practice: Practice, texts: int) -> set[str]:
    async with practice.kit() as kit:
        desk = await read(kit)
    unknown = desk.having(Status.UNKNOWN)
    assert len(desk.texts) == len(desk.messages) == texts
    assert max(practice.taken().values()) == 1
    assert desk.texts - set(practice.taken()) <= unknown
    assert desk.having(Status.ACCEPTED) == desk.texts - unknown
    assert desk.moves_to(Status.UNKNOWN) == Counter(
        one.id for one in desk.messages if one.status is Status.UNKNOWN
    )
    return unknown


async def _receipts_tell_which_are_in_doubt(practice: Practice) -> None:
    async with practice.host():
        assert set(await practice.twilio.deliver(shuffle=1, repeat=2)) == {204}
    async with practice.kit() as kit:
        desk = await read(kit)
    assert desk.having(Status.DELIVERED) == set(practice.taken())
    assert desk.having(Status.UNKNOWN) == desk.texts - set(practice.taken())


@pytest.mark.parametrize("taken", [False, True])
async def test_a_silence_without_a_death_ends_in_the_same_doubt(practice: Practice, *, taken: bool) -> None:
    """The first text opens the connection, so that the whole of the time-out is for the answer."""
    async with practice.kit(timeout=1) as kit:
        chat = await kit.conversations.start(patient(0))
        await chat.send("Your appointment is on Friday.")
        await kit.run_until_idle()
        practice.twilio.fall_silent(after_accepting=taken, times=1)
        sent = await chat.send("Your crown is ready.")
        await kit.run_until_idle()
        await a_day_passes(kit)
        assert (await sent.refresh()).status is Status.UNKNOWN
        assert practice.twilio.attempts == 2

        await practice.twilio.deliver()
        assert (await sent.refresh()).status is (Status.DELIVERED if taken else Status.UNKNOWN)
        assert practice.taken()[sent.text] == taken


async def test_a_host_that_dies_has_lost_nothing_and_done_nothing_twice(practice: Practice) -> None:
    said = Counter[tuple[str, str]]()
    await practice.finishes(texts=20, window=8)
    for number, step in enumerate(TEXT_STEPS):
        async with practice.host(step, 3):
            said.update(await practice.patient_says(number, "I am late", "is it on?", "STOP"))
    for step in RECEIPT_STEPS:
        async with practice.host(step, 3):
            assert 502 in await practice.twilio.deliver(*STATUSES_TOLD)
    assert practice.twilio.due, "some heard no yes"

    await _has_one_effect_each(practice, said)


async def test_a_host_that_dies_at_any_moment_has_lost_nothing_and_done_nothing_twice(
    practice: Practice,
) -> None:
    luck = random.Random()
    said = Counter[tuple[str, str]]()
    await practice.finishes(texts=60, window=8)
    for number in range(3):
        async with practice.host() as kill, anyio.create_task_group() as tasks:
            tasks.start_soon(practice.twilio.deliver, *STATUSES_TOLD)
            tasks.start_soon(_after, luck.uniform(0.0, 0.15), kill)
            said.update(await practice.patient_says(number, *(f"{n} more" for n in range(40)), "STOP"))

    await _has_one_effect_each(practice, said)


async def _after(seconds: float, kill: Callable[[], None]) -> None:
    await anyio.sleep(seconds)
    kill()


async def _has_one_effect_each(practice: Practice, said: Counter[tuple[str, str]]) -> None:
    """All that nobody said yes to comes again, to a new process."""
    async with practice.host():
        assert set(await practice.twilio.deliver(repeat=2, shuffle=1)) <= {200, 204}
    async with practice.kit() as kit:
        desk = await read(kit)
    stops = sum(text == "STOP" for _, text in said.elements())

    assert not practice.twilio.due
    assert desk.received == said
    assert desk.unread == {number: len([one for one in said if one[0] == number]) for number in desk.unread}
    assert desk.counts(MessageReceived) == said.total()
    assert desk.counts(OptedOut) == stops
    assert desk.having(Status.DELIVERED) == desk.texts
    assert desk.moves_to(Status.DELIVERED) == Counter(one.id for one in desk.messages)
    assert max(desk.moves_to(Status.SENT).values()) == 1

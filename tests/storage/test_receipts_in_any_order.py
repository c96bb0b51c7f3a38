"""Invariant A3 on a real store: the same receipts in any order, with the record anywhere among them, end the same."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smskit.clock import VirtualClock
from smskit.model.statuses import Status, highest, of_message
from smskit.model.traffic import Accepted, Receipt
from smskit.storage.base import Answer, IsUnknown, WasAccepted, WasRejected, Way
from smskit.storage.sqlite import SqliteStorage
from smskit.testing.contracts.bench import DRIVER, START, Bench

REPORTED = [status for status in Status if status.rank] + [Status.UNKNOWN]


@attrs.frozen
class Said:
    """One receipt: of which part, and what of it."""

    part: int
    status: Status


@st.composite
def stories(draw: st.DrawFn) -> tuple[int, list[Said], list[int]]:
    """A number of parts, receipts of them, and two orders in which these and the record (the last) happen."""
    parts = draw(st.integers(1, 3))
    said = draw(st.lists(st.builds(Said, st.integers(1, parts), st.sampled_from(REPORTED)), max_size=6))
    said += draw(st.lists(st.sampled_from(said), max_size=2)) if said else []
    return parts, said, draw(st.permutations(range(len(said) + 1)))


def naming(style: str, said: Said, reference: str) -> Receipt:
    """A receipt as a carrier of this style sends it."""
    match style:
        case "an id per part":
            return Receipt(status=said.status, carrier_id=f"id-{said.part}")
        case "an id per part, and our reference":
            return Receipt(status=said.status, carrier_id=f"id-{said.part}", reference=reference)
        case "an id for all":
            return Receipt(status=said.status, carrier_id="id", part=said.part)
        case "our reference":
            return Receipt(status=said.status, part=said.part, reference=reference)
        case _:
            return Receipt(status=said.status, carrier_id="id")


def answer_of(style: str, parts: int) -> Answer:
    if style.startswith("an id per part"):
        return WasAccepted(Accepted.each(f"id-{part}" for part in range(1, parts + 1)))
    return WasAccepted(Accepted.whole(None if style == "our reference" else "id"))


def expected(style: str, parts: int, said: Sequence[Said]) -> Status:
    reports = {0: Status.ACCEPTED}
    for one in said:
        part = 0 if style == "an id for the whole" else one.part
        reports[part] = highest((reports.get(part, Status.UNKNOWN), one.status))
    return of_message(parts, reports)


STYLES = [
    "an id per part",
    "an id per part, and our reference",
    "an id for all",
    "an id for the whole",
    "our reference",
]


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=40, deadline=None)
@given(story=stories())
def test_every_order_of_receipts_and_record_gives_the_same_status(
    style: str, story: tuple[int, list[Said], list[int]]
) -> None:
    parts, said, order = story

    status = anyio.run(final_status, style, parts, said, order, answer_of(style, parts))

    assert status is expected(style, parts, said)


@pytest.mark.parametrize(
    "answer",
    [WasRejected(code="no"), IsUnknown(code=None, way=Way.RESEND, act_at=START)],
    ids=["rejected", "unknown"],
)
@settings(max_examples=40, deadline=None)
@given(story=stories())
def test_receipts_that_prove_a_message_sent_stand_against_any_answer_in_any_order(
    answer: Answer, story: tuple[int, list[Said], list[int]]
) -> None:
    parts, said, order = story
    proved = of_message(
        parts, {part: highest(s.status for s in said if s.part == part) for part in range(1, parts + 1)}
    )

    status = anyio.run(final_status, "our reference", parts, said, order, answer)

    assert status.rank >= proved.rank
    if not isinstance(answer, WasRejected):
        assert status is (proved if proved.rank else Status.UNKNOWN)


async def final_status(
    style: str, parts: int, said: Sequence[Said], order: Sequence[int], answer: Answer
) -> Status:
    """Where a message ends. A status that goes back on the way fails the test at once."""
    clock = VirtualClock(START)
    store = SqliteStorage(None, lease_clock=clock.now)
    await store.open()
    try:
        bench = Bench(store, clock)
        claimed = await bench.submitted(await bench.chat(), parts=parts)
        seen = [await bench.status(claimed.message.id)]
        for step in order:
            if step == len(said):
                await bench.record(claimed, answer)
            else:
                receipt = naming(style, said[step], claimed.outgoing.reference)
                await store.apply_receipt(DRIVER, receipt, bench.now)
            seen.append(await bench.status(claimed.message.id))
        assert all(after.rank >= before.rank for before, after in itertools.pairwise(seen))
        return seen[-1]
    finally:
        await store.aclose()

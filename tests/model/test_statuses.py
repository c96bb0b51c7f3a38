"""Statuses: one total order, in which receipts of parts may come as they like."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smskit.model.statuses import Status, highest, of_message

ORDER = ["accepted", "sent", "expired", "rejected", "failed", "undelivered", "delivered"]
BELOW = [status for status in Status if status not in ORDER]

statuses = st.sampled_from(Status)
reported = st.sampled_from([*map(Status, ORDER), Status.UNKNOWN])
receipts = st.lists(st.tuples(st.integers(0, 3), reported), max_size=12)


def test_what_carriers_report_has_one_total_order_with_delivered_highest() -> None:
    ranks = [Status(word).rank for word in ORDER]

    assert ranks == sorted(set(ranks))
    assert ranks[0] > 0
    assert max(Status, key=lambda status: status.rank) is Status.DELIVERED


@pytest.mark.parametrize("status", BELOW)
def test_what_no_carrier_reports_is_below_all_that_one_does(status: Status) -> None:
    assert status.rank == 0


@pytest.mark.parametrize(
    "status",
    ["scheduled", "held", "queued", "submitting", "unknown", "accepted", "sent"],
)
def test_a_message_that_may_still_move_is_not_final(status: str) -> None:
    assert not Status(status).is_final


@pytest.mark.parametrize(
    "status", ["expired", "rejected", "failed", "undelivered", "delivered", "blocked", "canceled"]
)
def test_an_end_is_final(status: str) -> None:
    assert Status(status).is_final


@pytest.mark.parametrize(
    ("parts", "reports", "status"),
    [
        pytest.param(1, {}, "unknown", id="nobody said anything"),
        pytest.param(1, {0: "sent"}, "sent", id="the whole"),
        pytest.param(1, {1: "delivered"}, "delivered", id="its one part"),
        pytest.param(2, {1: "delivered"}, "unknown", id="nothing of the second part"),
        pytest.param(2, {1: "delivered", 2: "sent"}, "sent", id="the lowest part counts"),
        pytest.param(2, {1: "delivered", 2: "undelivered"}, "undelivered", id="one part lost"),
        pytest.param(3, {0: "accepted", 2: "delivered"}, "accepted", id="the whole and one part"),
        pytest.param(3, {0: "delivered", 2: "failed"}, "delivered", id="the whole counts for every part"),
        pytest.param(2, {1: "sent", 2: "sent", 3: "accepted"}, "sent", id="a part that is not there"),
    ],
)
def test_a_message_stands_where_its_lowest_part_stands(
    parts: int, reports: Mapping[int, str], status: str
) -> None:
    assert of_message(parts, {part: Status(said) for part, said in reports.items()}) is Status(status)


@given(st.lists(reported))
def test_the_highest_does_not_depend_on_the_order_or_on_repetition(said: list[Status]) -> None:
    shuffled = random.Random(0).sample(said * 2, len(said) * 2)

    assert highest(said) is highest(shuffled)


def test_the_highest_of_nothing_is_unknown() -> None:
    assert highest([]) is Status.UNKNOWN


@given(st.lists(reported), reported)
def test_one_more_report_never_lowers_the_highest(said: list[Status], more: Status) -> None:
    assert highest([*said, more]).rank >= highest(said).rank


@given(st.integers(1, 3), receipts, st.randoms())
def test_every_order_of_receipts_gives_the_same_status(
    parts: int, said: list[tuple[int, Status]], chance: random.Random
) -> None:
    shuffled = list(said)
    chance.shuffle(shuffled)

    assert _played(parts, said)[-1] is _played(parts, shuffled)[-1]


@given(st.integers(1, 3), receipts)
def test_no_receipt_ever_takes_a_status_back(parts: int, said: list[tuple[int, Status]]) -> None:
    ranks = [status.rank for status in _played(parts, said)]

    assert ranks == sorted(ranks)


@given(st.integers(1, 3), receipts)
def test_a_receipt_that_comes_twice_changes_nothing(parts: int, said: list[tuple[int, Status]]) -> None:
    assert _played(parts, said)[-1] is _played(parts, said + said)[-1]


def _played(parts: int, said: list[tuple[int, Status]]) -> list[Status]:
    """Where the message stands after each receipt, beginning with none."""
    reports: dict[int, Status] = {}
    seen = [of_message(parts, reports)]
    for part, status in said:
        reports[part] = highest((reports.get(part, Status.UNKNOWN), status))
        seen.append(of_message(parts, reports))
    return seen

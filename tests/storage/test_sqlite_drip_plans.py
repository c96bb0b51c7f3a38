"""How SQLite carries out the statements of drip campaigns and schedules: by an index, however many there are."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import attrs
import pytest

from smskit.clock import VirtualClock
from smskit.model.campaigns import EnrolmentRecord, EnrolmentState
from smskit.model.ids import DEFAULT_ORG, CampaignId, ContactId
from smskit.storage.sqlite import SqliteStorage
from smskit.testing.contracts.storage_drips import HOURLY, DripBench
from tests.storage.test_sqlite_plans import is_slow, plan, statements

__all__ = ["statements"]

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


ONE_ROW = {"SCAN CONSTANT ROW", "SCAN c"}
"""A row of values that a statement makes for itself."""


async def run_a_campaign(drips: DripBench) -> None:
    """Call everything that is called for each step, reply or look."""
    enrolment = await drips.enrol(HOURLY, key="spring")
    await drips.enrol(HOURLY, key="spring")
    await drips.pause(enrolment)
    await drips.resume(enrolment)
    drips.wait(hours=2)
    await drips.send_all()
    await drips.enrol(HOURLY, restart=True)
    await drips.receive("hello")
    await drips.end(await drips.enrol(HOURLY))
    drips.wait(hours=20)
    await drips.enrol(attrs.evolve(HOURLY, steps=HOURLY.steps[:1]))
    await drips.opt_out()
    await drips.store.get_version(DEFAULT_ORG, enrolment.campaign_id, 1)
    await drips.steps(enrolment)
    await read_lists(drips, enrolment)


async def read_lists(drips: DripBench, enrolment: EnrolmentRecord) -> None:
    for state in (None, EnrolmentState.ACTIVE):
        for after in (None, "9"):
            for campaign, contact in (
                *((None, None), (enrolment.campaign_id, None), (None, enrolment.contact_id)),
                (enrolment.campaign_id, enrolment.contact_id),
            ):
                await drips.store.list_enrolments(
                    DEFAULT_ORG, campaign_id=campaign, contact_id=contact, state=state, after=after, limit=10
                )


async def test_no_statement_of_a_campaign_reads_a_whole_table_or_sorts_one(
    statements: set[str], path: Path, clock: VirtualClock
) -> None:
    store = SqliteStorage(str(path), lease_clock=clock.now)
    await store.open()
    await run_a_campaign(DripBench(store, clock))
    await store.aclose()

    connection = sqlite3.connect(path)
    plans = {sql: plan(connection, sql) for sql in statements}
    connection.close()

    slow = {
        sql: [step for step in steps if is_slow(step) and step not in ONE_ROW] for sql, steps in plans.items()
    }
    assert [f"{sql}: {steps}" for sql, steps in slow.items() if steps] == []
    assert len(plans) > 60


CAMPAIGN, ANYBODY, ACTIVE = CampaignId(1), ContactId(1), EnrolmentState.ACTIVE


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ((CAMPAIGN, None, None), "smskit_enrolment_campaign"),
        ((CAMPAIGN, None, ACTIVE), "smskit_enrolment_campaign_state"),
        ((None, ANYBODY, None), "smskit_enrolment_contact"),
        ((None, ANYBODY, ACTIVE), "smskit_enrolment_contact"),
        ((None, None, None), "smskit_enrolment_list"),
        ((None, None, ACTIVE), "smskit_enrolment_state"),
    ],
    ids=str,
)
async def test_each_list_of_enrolments_is_served_by_its_index(
    statements: set[str],
    path: Path,
    clock: VirtualClock,
    asked: tuple[CampaignId | None, ContactId | None, EnrolmentState | None],
    index: str,
) -> None:
    store = SqliteStorage(str(path), lease_clock=clock.now)
    await store.open()
    statements.clear()
    campaign, contact, state = asked
    await store.list_enrolments(
        DEFAULT_ORG, campaign_id=campaign, contact_id=contact, state=state, after=None, limit=10
    )
    await store.aclose()

    connection = sqlite3.connect(path)
    (steps,) = [plan(connection, sql) for sql in statements]
    connection.close()

    assert next(step for step in steps if step.startswith("SEARCH e ")).startswith(
        f"SEARCH e USING INDEX {index} ("
    )

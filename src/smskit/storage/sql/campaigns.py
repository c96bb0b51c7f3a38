"""Campaigns: each name has versions, and an enrolment keeps the one it was made with."""

from __future__ import annotations

from datetime import datetime

from smskit.errors import NotFound
from smskit.model.campaigns import CampaignRecord, DripCampaign
from smskit.model.codec import from_json, from_micros, to_json, to_micros
from smskit.model.ids import Actor, CampaignId, Org
from smskit.storage.base import Page
from smskit.storage.sql import cursors
from smskit.storage.sql.tx import Row, Tx, existing

_CURRENT = (
    "select c.id, c.org, v.version, v.record, v.saved_at, v.saved_by from smskit_campaign c "
    "join smskit_campaign_version v on v.campaign_id = c.id and v.version = c.version "
)


def save_campaign(tx: Tx, org: Org, campaign: DripCampaign, actor: Actor, now: datetime) -> CampaignRecord:
    record = to_json(campaign)
    known = tx.one(_CURRENT + "where c.org = ? and c.name = ?", (org, campaign.name))
    if known is None or known["record"] != record:
        _add_version(tx, org, campaign.name, record, actor, to_micros(now))
    return get_campaign(tx, org, campaign.name)


def _add_version(tx: Tx, org: Org, name: str, record: str, actor: Actor, now: int) -> None:
    row = existing(
        tx.one(
            "insert into smskit_campaign (org, name, version) values (?, ?, 1) "
            "on conflict (org, name) do update set version = version + 1 returning id, version",
            (org, name),
        )
    )
    tx.run(
        "insert into smskit_campaign_version (campaign_id, version, record, saved_at, saved_by) "
        "values (?, ?, ?, ?, ?)",
        (row["id"], row["version"], record, now, actor),
    )


def get_campaign(tx: Tx, org: Org, name: str) -> CampaignRecord:
    row = tx.one(_CURRENT + "where c.org = ? and c.name = ?", (org, name))
    if row is None:
        msg = f"org {org!r} has no drip campaign of this name"
        raise NotFound(msg)
    return _campaign(row)


def get_version(tx: Tx, org: Org, campaign_id: CampaignId, version: int) -> CampaignRecord:
    row = tx.one(
        "select c.id, c.org, v.version, v.record, v.saved_at, v.saved_by from smskit_campaign c "
        "join smskit_campaign_version v on v.campaign_id = c.id where c.org = ? and c.id = ? and v.version = ?",
        (org, campaign_id, version),
    )
    if row is None:
        msg = f"org {org!r} has no version {version} of drip campaign {campaign_id}"
        raise NotFound(msg)
    return _campaign(row)


def list_campaigns(tx: Tx, org: Org, after: str | None, limit: int) -> Page[CampaignRecord]:
    (last,) = cursors.read(after, 1) or (0,)
    rows = tx.all(_CURRENT + "where c.org = ? and c.id > ? order by c.id limit ?", (org, last, limit))
    return cursors.page([_campaign(row) for row in rows], limit, lambda record: (record.id,))


def _campaign(row: Row) -> CampaignRecord:
    return CampaignRecord(
        id=CampaignId(row["id"]),
        org=Org(row["org"]),
        version=row["version"],
        campaign=from_json(DripCampaign, row["record"]),
        saved_at=from_micros(row["saved_at"]),
        saved_by=Actor(row["saved_by"]),
    )

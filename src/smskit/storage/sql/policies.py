"""Policies of orgs."""

from __future__ import annotations

from smskit.model.codec import from_json, to_json
from smskit.model.ids import Org
from smskit.model.policies import Policy, PolicyRecord
from smskit.storage.sql.tx import Tx, existing


def get_policy(tx: Tx, org: Org) -> PolicyRecord | None:
    row = tx.one("select version, record from smskit_policy where org = ?", (org,))
    return None if row is None else PolicyRecord(row["version"], from_json(Policy, row["record"]))


def save_policy(tx: Tx, org: Org, policy: Policy) -> PolicyRecord:
    row = existing(
        tx.one(
            "insert into smskit_policy (org, version, record) values (?, 1, ?) "
            "on conflict (org) do update set version = version + 1, record = excluded.record returning version",
            (org, to_json(policy)),
        )
    )
    return PolicyRecord(row["version"], policy)


def policy_version(tx: Tx, org: str) -> int:
    """The version a decision is made under; 0 while the org has saved no policy."""
    row = tx.one("select version from smskit_policy where org = ?", (org,))
    return 0 if row is None else int(row["version"])

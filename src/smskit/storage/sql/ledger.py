"""The ledger: decisions and changes of subscriptions, append-only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from smskit.model.codec import from_json, to_json
from smskit.model.decisions import DecisionRecord
from smskit.model.ids import MessageId, Org
from smskit.storage.sql.tx import Tx


def write_decision(tx: Tx, org: str, message_id: int, decision: DecisionRecord, now: int) -> None:
    tx.run(
        "insert into smskit_ledger (org, at, kind, message_id, record) values (?, ?, 'decision', ?, ?)",
        (org, now, message_id, to_json(decision)),
    )


def write_change(
    tx: Tx, org: str, number: str | None, *, actor: str, change: Mapping[str, str | None], now: int
) -> None:
    """Write down a change of a subscription: what it is now, and why."""
    tx.run(
        "insert into smskit_ledger (org, at, kind, number, actor, record) values (?, ?, 'subscription', ?, ?, ?)",
        (org, now, number, actor, to_json(dict(change))),
    )


def decisions(tx: Tx, org: Org, message_id: MessageId) -> Sequence[DecisionRecord]:
    rows = tx.all(
        "select record from smskit_ledger where message_id = ? and org = ? and kind = 'decision' order by id",
        (message_id, org),
    )
    return [from_json(DecisionRecord, row["record"]) for row in rows]


def last_decision(tx: Tx, message_id: int) -> DecisionRecord | None:
    row = tx.one(
        "select record from smskit_ledger where message_id = ? and kind = 'decision' order by id desc limit 1",
        (message_id,),
    )
    return None if row is None else from_json(DecisionRecord, row["record"])

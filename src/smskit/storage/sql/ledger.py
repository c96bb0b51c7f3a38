"""The ledger: decisions and changes of subscriptions, append-only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from smskit.model.addresses import Address, address_of
from smskit.model.codec import from_json, from_micros, to_json
from smskit.model.contacts import ChangeKind, Scope, Source, SubscriptionChange
from smskit.model.decisions import DecisionRecord
from smskit.model.ids import Actor, MessageId, Org
from smskit.storage.base import Page
from smskit.storage.sql import cursors
from smskit.storage.sql.tx import Row, Tx


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
        (org, now, number, actor, to_json({name: said for name, said in change.items() if said is not None})),
    )


def history(tx: Tx, org: Org, number: Address, after: str | None, limit: int) -> Page[SubscriptionChange]:
    (last,) = cursors.read(after, 1) or (_NEWEST,)
    rows = tx.all(
        "select id, at, actor, record from smskit_ledger where org = ? and number = ? and id < ? "
        "order by id desc limit ?",
        (org, number.text, last, limit),
    )
    page = cursors.page(rows, limit, lambda row: (row["id"],))
    return Page(tuple(map(_change, page.items)), page.next)


_NEWEST = 1 << 62


def _change(row: Row) -> SubscriptionChange:
    said = from_json(dict[str, str], row["record"])
    scope, source, sender, message_id = map(said.get, ("scope", "source", "sender", "message"))
    return SubscriptionChange(
        at=from_micros(row["at"]),
        kind=ChangeKind(said["change"]),
        actor=Actor(row["actor"]),
        scope=None if scope is None else Scope(scope),
        source=None if source is None else Source(source),
        reason=said.get("reason"),
        code=said.get("code"),
        driver=said.get("driver"),
        sender=None if sender is None else address_of(sender),
        message_id=None if message_id is None else MessageId(int(message_id)),
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

"""Receipts, and the carrier's ids for our messages: one row that records and receipts both write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.model.codec import to_micros
from smskit.model.ids import MessageId, Org
from smskit.model.statuses import Status, highest, of_message
from smskit.model.traffic import Accepted, PartOutcome, Receipt
from smskit.storage.sql import outbox
from smskit.storage.sql.claiming import Referenced
from smskit.storage.sql.outbox import State
from smskit.storage.sql.settling import move
from smskit.storage.sql.tx import Row, Tx, existing


def apply_receipt(tx: Tx, driver: str, receipt: Receipt, now: datetime) -> None:
    moment = to_micros(now)
    named = _referenced(tx, receipt)
    known = _known(tx, driver, receipt)
    if known is not None and named not in (None, known["message_id"]):
        # Our own reference beats the carrier's id, which it gave to another message before.
        known = None
    message_id = known["message_id"] if known else named
    carrier_id = receipt.carrier_id or (f"#{message_id}" if message_id is not None else None)
    if carrier_id is None:
        return
    part = known["part"] if known else receipt.part
    before = Status(known["status"]) if known else Status.UNKNOWN
    status = highest((before, receipt.status))
    _write(tx, (driver, carrier_id, part), message_id, status, receipt.code, moment)
    if message_id is not None:
        refresh(tx, message_id, receipt.code, moment)


def part_outcomes(tx: Tx, org: Org, message_id: MessageId) -> Sequence[PartOutcome]:
    rows = tx.all(
        "select r.part, r.status, r.carrier_id, r.code from smskit_carrier_ref r "
        "join smskit_message m on m.id = r.message_id where m.id = ? and m.org = ? order by r.part",
        (message_id, org),
    )
    return [_outcome(row) for row in rows]


def _outcome(row: Row) -> PartOutcome:
    ours = row["carrier_id"].startswith("#")
    return PartOutcome(
        part=row["part"],
        status=Status(row["status"]),
        carrier_id=None if ours else row["carrier_id"],
        code=row["code"],
    )


def write_outcomes(tx: Tx, row: Row, accepted: Accepted) -> Status:
    """Bind the carrier's ids to a message, take over receipts that came first, and say where it stands."""
    for outcome in accepted.parts:
        _bind(tx, row, outcome)
    return _standing(tx, row["message_id"], row["parts"])


def refresh(tx: Tx, message_id: int, code: str | None, now: int) -> None:
    """Move a message up to where its receipts put it; down it never goes."""
    message = existing(tx.one("select status, parts from smskit_message where id = ?", (message_id,)))
    status = _standing(tx, message_id, message["parts"])
    if status.rank <= Status(message["status"]).rank:
        return
    state = tx.one("select state from smskit_outbox where message_id = ?", (message_id,))
    if state is not None and state["state"] != State.SUBMITTING:
        outbox.remove(tx, message_id)
    move(tx, message_id, status, None if status is Status.DELIVERED else code, now)


def _known(tx: Tx, driver: str, receipt: Receipt) -> Row | None:
    """The row of the carrier's id: of the part the receipt names, or the only one there is."""
    if receipt.carrier_id is None:
        return None
    rows = _refs(tx, driver, receipt.carrier_id)
    exact = [row for row in rows if row["part"] == receipt.part]
    return exact[0] if exact else rows[0] if len(rows) == 1 else None


def _referenced(tx: Tx, receipt: Receipt) -> int | None:
    named = Referenced.read(receipt.reference) if receipt.reference else None
    if named is None:
        return None
    row = tx.one(
        "select id from smskit_message where id = ? and created_at = ?", (named.message_id, named.created_at)
    )
    return None if row is None else int(row["id"])


def _bind(tx: Tx, row: Row, outcome: PartOutcome) -> None:
    """Newest wins, since carriers reuse ids; a receipt stored since the admission may be this message's own."""
    carrier_id = outcome.carrier_id or f"#{row['message_id']}"
    reports = [outcome.status]
    for ref in _refs(tx, row["driver"], carrier_id):
        if ref["part"] not in (0, outcome.part):
            continue
        if ref["message_id"] == row["message_id"] or (ref["received_at"] or 0) >= row["admitted_at"]:
            reports.append(Status(ref["status"]))
        if ref["part"] != outcome.part and ref["message_id"] is None:
            tx.run(
                "delete from smskit_carrier_ref where driver = ? and carrier_id = ? and part = ?",
                (row["driver"], carrier_id, ref["part"]),
            )
    key = (row["driver"], carrier_id, outcome.part)
    _write(tx, key, row["message_id"], highest(reports), outcome.code, None)


def _standing(tx: Tx, message_id: int, parts: int) -> Status:
    rows = tx.all("select part, status from smskit_carrier_ref where message_id = ?", (message_id,))
    reports: dict[int, Status] = {}
    for row in rows:
        reports[row["part"]] = highest((reports.get(row["part"], Status.UNKNOWN), Status(row["status"])))
    return of_message(parts, reports)


def _refs(tx: Tx, driver: str, carrier_id: str) -> Sequence[Row]:
    return tx.all(
        "select part, message_id, status, received_at from smskit_carrier_ref "
        "where driver = ? and carrier_id = ?",
        (driver, carrier_id),
    )


def _write(
    tx: Tx,
    key: tuple[str, str, int],
    message_id: int | None,
    status: Status,
    code: str | None,
    received_at: int | None,
) -> None:
    tx.run(
        "insert into smskit_carrier_ref (driver, carrier_id, part, message_id, status, code, received_at) "
        "values (?, ?, ?, ?, ?, ?, ?) on conflict (driver, carrier_id, part) do update set "
        "message_id = excluded.message_id, status = excluded.status, code = excluded.code, "
        "received_at = coalesce(excluded.received_at, received_at)",
        (*key, message_id, status, code, received_at),
    )

"""Receipts, and the carrier's ids for our messages: one row that records and receipts both write.

Until the driver's answer is recorded nobody knows whose id is whose, so receipts only park their status in that row.
The record takes over what came before it, and the result is the same as if the receipts had come after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from smskit.model.codec import to_micros
from smskit.model.ids import MessageId, Org
from smskit.model.statuses import Status, highest, of_message
from smskit.model.traffic import Accepted, PartOutcome, Receipt
from smskit.storage.sql import outbox, subscriptions
from smskit.storage.sql.claiming import Referenced
from smskit.storage.sql.outbox import State
from smskit.storage.sql.settling import move
from smskit.storage.sql.tx import Row, Tx, existing

_LATELY = timedelta(minutes=10) // timedelta(microseconds=1)
"""Longer than from any admission to its record."""


def apply_receipt(tx: Tx, driver: str, receipt: Receipt, now: datetime) -> None:
    named = _referenced(tx, receipt)
    carrier_id = receipt.carrier_id or (None if named is None else f"#{named}")
    if carrier_id is None:
        return
    rows = _refs(tx, driver, carrier_id)
    message_id = named if named is not None else _holder(rows)
    part = _part(rows, message_id, receipt.part) if receipt.carrier_id else receipt.part
    known = next((row for row in rows if row["part"] == part), None)
    _report(tx, (driver, carrier_id, part), known, message_id, receipt, to_micros(now))
    if message_id is not None and refresh(tx, message_id, to_micros(now)) and receipt.opted_out:
        subscriptions.heed_carrier(
            tx, existing(tx.one(_REFUSED, (message_id,))), receipt.code, to_micros(now)
        )


_REFUSED = (
    "select m.org, k.number, n.driver, n.address from smskit_message m "
    "join smskit_conversation c on c.id = m.conversation_id join smskit_sender n on n.id = c.sender_id "
    "join smskit_contact k on k.id = c.contact_id where m.id = ?"
)


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


def write_outcomes(tx: Tx, row: Row, accepted: Accepted) -> None:
    """Bind the carrier's ids to a message that was handed over, and take over receipts that came first."""
    ids = Counter(outcome.carrier_id for outcome in accepted.parts)
    for outcome in accepted.parts:
        alone = outcome.carrier_id is not None and ids[outcome.carrier_id] == 1
        _bind(tx, row, outcome, alone=alone)


def standing(tx: Tx, message_id: int, parts: int) -> tuple[Status, str | None]:
    """Where records and receipts put a message, and the carrier's word for it."""
    rows = tx.all(
        "select part, status, code from smskit_carrier_ref where message_id = ? order by part", (message_id,)
    )
    reports: dict[int, Status] = {}
    for row in rows:
        reports[row["part"]] = highest((reports.get(row["part"], Status.UNKNOWN), Status(row["status"])))
    status = of_message(parts, reports)
    code = next((row["code"] for row in rows if row["status"] == status and row["code"]), None)
    return status, None if status is Status.DELIVERED else code


def refresh(tx: Tx, message_id: int, now: int) -> bool:
    """Move a message up to where its receipts put it; down it never goes. False if it stays.

    While a long text is handed over that waits for the record, which tells whose part an id is.
    """
    message = existing(
        tx.one(
            "select m.status, m.parts, o.state from smskit_message m "
            "left join smskit_outbox o on o.message_id = m.id where m.id = ?",
            (message_id,),
        )
    )
    is_in_hand = message["state"] == State.SUBMITTING
    if is_in_hand and message["parts"] > 1:
        return False
    status, code = standing(tx, message_id, message["parts"])
    if status.rank <= Status(message["status"]).rank:
        return False
    if not is_in_hand:
        outbox.remove(tx, message_id, now)
    move(tx, message_id, status, code, now)
    return True


def _referenced(tx: Tx, receipt: Receipt) -> int | None:
    named = Referenced.read(receipt.reference) if receipt.reference else None
    if named is None:
        return None
    row = tx.one(
        "select id from smskit_message where id = ? and created_at = ? and kind = 'outbound'",
        (named.message_id, named.created_at),
    )
    return None if row is None else int(row["id"])


def _holder(rows: Sequence[Row]) -> int | None:
    """Whose id it is: the newest message's, since carriers reuse ids."""
    return max((row["message_id"] for row in rows if row["message_id"] is not None), default=None)


def _part(rows: Sequence[Row], message_id: int | None, said: int) -> int:
    """The part a receipt is about: an id that the carrier gave to one part only means that part."""
    recorded = [row["part"] for row in rows if row["recorded"] and row["message_id"] == message_id]
    return int(recorded[0]) if len(recorded) == 1 and recorded[0] else said


def _report(
    tx: Tx, key: tuple[str, str, int], known: Row | None, message_id: int | None, receipt: Receipt, now: int
) -> None:
    """Write down what a receipt says, besides what was said before of the same message."""
    before, recent, code, recorded = Status.UNKNOWN, Status.UNKNOWN, receipt.code, 0
    if known is not None and now - (known["received_at"] or 0) < _LATELY:
        recent = Status(known["recent"] or Status.UNKNOWN)
    if known is not None and known["message_id"] == message_id:
        before, recorded = Status(known["status"]), known["recorded"]
    elif known is not None and known["message_id"] is None:
        before = recent
    if known is not None and before.rank >= receipt.status.rank:
        code = known["code"]
    said = (highest((before, receipt.status)), highest((recent, receipt.status)))
    _write(tx, key, message_id, said, code, now, recorded)


def _bind(tx: Tx, row: Row, outcome: PartOutcome, *, alone: bool) -> None:
    """An id is this message's from now on, with the receipts that came since its admission.

    If it is the id of one part alone, they are all about that part.
    """
    carrier_id = outcome.carrier_id or f"#{row['message_id']}"
    said, code = outcome.status, outcome.code
    for ref in _refs(tx, row["driver"], carrier_id):
        key, status = (row["driver"], carrier_id, ref["part"]), _own(ref, row)
        if ref["part"] == outcome.part or (alone and outcome.part):
            if status.rank > said.rank:
                said, code = status, ref["code"]
            _forget(tx, key)
        elif ref["message_id"] != row["message_id"]:
            _forget(tx, key)
            if status.rank:
                _write(tx, key, row["message_id"], (status, status), ref["code"], ref["received_at"], 0)
    key = (row["driver"], carrier_id, outcome.part)
    _write(tx, key, row["message_id"], (said, Status.UNKNOWN), code, None, 1)


def _own(ref: Row, row: Row) -> Status:
    """What a row says of this message: all of it, or what was said since its admission and may be meant for it."""
    if ref["message_id"] == row["message_id"]:
        return Status(ref["status"])
    if (ref["received_at"] or 0) >= row["admitted_at"]:
        return Status(ref["recent"] or Status.UNKNOWN)
    return Status.UNKNOWN


def _refs(tx: Tx, driver: str, carrier_id: str) -> Sequence[Row]:
    return tx.all(
        "select part, message_id, status, code, recent, received_at, recorded from smskit_carrier_ref "
        "where driver = ? and carrier_id = ?",
        (driver, carrier_id),
    )


def _forget(tx: Tx, key: tuple[str, str, int]) -> None:
    tx.run("delete from smskit_carrier_ref where driver = ? and carrier_id = ? and part = ?", key)


def _write(
    tx: Tx,
    key: tuple[str, str, int],
    message_id: int | None,
    said: tuple[Status, Status],
    code: str | None,
    received_at: int | None,
    recorded: int,
) -> None:
    """Write a row anew. `said` is its status, and what receipts said lately."""
    tx.run(
        "insert or replace into smskit_carrier_ref "
        "(driver, carrier_id, part, message_id, status, recent, code, received_at, recorded) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*key, message_id, *said, code, received_at, recorded),
    )

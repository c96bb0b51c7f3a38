"""The intake: rows that hosts insert in their own transactions, until they become messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.model.codec import from_row, to_micros
from smskit.model.events import IntakeRefused
from smskit.model.ids import Org
from smskit.storage.base import IntakeRow
from smskit.storage.sql.events import tell
from smskit.storage.sql.tx import Tx


def intake(tx: Tx, limit: int) -> Sequence[IntakeRow]:
    rows = tx.all(
        "select id, org, number, text, key, actor, sender from smskit_intake where error is null "
        "order by id limit ?",
        (limit,),
    )
    return [from_row(IntakeRow, row) for row in rows]


def refuse_intake(tx: Tx, intake_id: int, org: Org, error: str, now: datetime) -> None:
    tx.run("update smskit_intake set error = ? where id = ?", (error, intake_id))
    tell(tx, org, IntakeRefused(intake_id=intake_id, error=error), to_micros(now))

"""Filing many conversations at once: each for itself, and each told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.model.codec import to_micros
from smskit.model.ids import ConversationId, Org
from smskit.storage.base import BulkOutcome
from smskit.storage.sql.conversations import archive, restore
from smskit.storage.sql.tx import Tx


def set_archived_many(
    tx: Tx, org: Org, ids: Sequence[ConversationId], archived: bool, as_of: datetime | None, now: datetime
) -> Sequence[BulkOutcome]:
    latest = None if as_of is None or not archived else to_micros(as_of)
    return [_file(tx, org, one, archived, latest, to_micros(now)) for one in ids]


def _file(tx: Tx, org: Org, one: ConversationId, archived: bool, latest: int | None, now: int) -> BulkOutcome:
    row = tx.one("select archived from smskit_conversation where id = ? and org = ?", (one, org))
    if row is None:
        return BulkOutcome.NOT_FOUND
    if bool(row["archived"]) is archived:
        return BulkOutcome.ALREADY
    if latest is not None and _wrote_after(tx, one, latest):
        return BulkOutcome.NEWER
    (archive if archived else restore)(tx, org, one, now)
    return BulkOutcome.MOVED


def _wrote_after(tx: Tx, conversation_id: int, moment: int) -> bool:
    row = tx.one(
        "select 1 from smskit_message where conversation_id = ? and at > ? and kind = 'inbound' limit 1",
        (conversation_id, moment),
    )
    return row is not None

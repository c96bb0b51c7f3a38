"""Media of messages: links that go out, and those that came in and are to be fetched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import overload

from smskit.model.codec import from_micros, from_row, to_micros
from smskit.model.events import MediaLost, MediaStored
from smskit.model.ids import ConversationId, MediaId, MessageId, Org
from smskit.model.media import MediaRecord, MediaState
from smskit.model.traffic import MediaLink
from smskit.storage.base import Fetching, MediaErrand, WasFetched
from smskit.storage.sql.events import tell
from smskit.storage.sql.tx import Row, Tx

_RECORD = "d.id, d.message_id, d.place, d.state, d.url, d.content_type, d.size, d.digest, d.code"


def add_ours(tx: Tx, message_id: int, urls: Sequence[str]) -> None:
    """What goes with a message of ours."""
    for place, url in enumerate(urls):
        tx.run(
            "insert into smskit_media (message_id, place, state, url) values (?, ?, ?, ?)",
            (message_id, place, MediaState.LINKED, url),
        )


def add_theirs(tx: Tx, driver: str, message_id: int, links: Sequence[MediaLink], now: int) -> None:
    """What came with a text, to be fetched at once."""
    for place, link in enumerate(links):
        url, kind = _readable(link.url), _readable(link.content_type)
        tx.run(
            "insert into smskit_media (message_id, place, state, url, content_type, driver, due_at) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            (message_id, place, MediaState.PENDING, url, kind, driver, now),
        )


def urls_of(tx: Tx, message_id: int) -> tuple[str, ...]:
    """What goes with a message, in order."""
    rows = tx.all("select url from smskit_media where message_id = ? order by place", (message_id,))
    return tuple(row["url"] for row in rows)


def list_media(tx: Tx, org: Org, message_id: MessageId) -> Sequence[MediaRecord]:
    rows = tx.all(
        f"select {_RECORD} from smskit_media d join smskit_message m on m.id = d.message_id "
        "where m.id = ? and m.org = ? order by d.place",
        (message_id, org),
    )
    return [from_row(MediaRecord, row) for row in rows]


def claim_media(
    tx: Tx, worker: str, drivers: Sequence[str], now: datetime, lease: timedelta, limit: int
) -> Sequence[MediaErrand]:
    moment = to_micros(now)
    rows = tx.all(
        "select d.*, m.created_at from smskit_media d join smskit_message m on m.id = d.message_id "
        f"where d.due_at is not null and d.due_at <= ? and d.driver in ({', '.join('?' * len(drivers))}) "
        "order by d.due_at, d.id limit ?",
        (moment, *drivers, limit),
    )
    return [_take(tx, row, worker, to_micros(now + lease)) for row in rows]


def _take(tx: Tx, row: Row, worker: str, until: int) -> MediaErrand:
    """Nobody else fetches it for as long as the lease."""
    tx.run(
        "update smskit_media set worker = ?, fence = fence + 1, due_at = ? where id = ?",
        (worker, until, row["id"]),
    )
    return MediaErrand(
        media_id=MediaId(row["id"]),
        worker=worker,
        fence=row["fence"] + 1,
        driver=row["driver"],
        link=MediaLink(url=row["url"], content_type=row["content_type"]),
        tries=row["tries"],
        since=from_micros(row["created_at"]),
    )


def settle_media(tx: Tx, errand: MediaErrand, outcome: Fetching, now: datetime) -> bool:
    row = tx.one(
        "select d.id, m.id as message_id, m.org, m.conversation_id from smskit_media d "
        "join smskit_message m on m.id = d.message_id "
        "where d.id = ? and d.worker = ? and d.fence = ? and d.due_at is not null",
        (errand.media_id, errand.worker, errand.fence),
    )
    if row is None:
        return False
    if isinstance(outcome, WasFetched):
        _stored(tx, row, outcome, to_micros(now))
    elif outcome.retry_at is None:
        _lost(tx, row, _readable(outcome.code), to_micros(now))
    else:
        tx.run(
            "update smskit_media set tries = tries + 1, code = ?, due_at = ?, worker = null where id = ?",
            (_readable(outcome.code), to_micros(outcome.retry_at), row["id"]),
        )
    return True


def _stored(tx: Tx, row: Row, outcome: WasFetched, now: int) -> None:
    tx.run(
        "update smskit_media set state = ?, digest = ?, size = ?, content_type = coalesce(?, content_type), "
        "code = null, due_at = null, worker = null where id = ?",
        (MediaState.STORED, outcome.digest, outcome.size, _readable(outcome.content_type), row["id"]),
    )
    told = MediaStored(
        conversation_id=ConversationId(row["conversation_id"]),
        message_id=MessageId(row["message_id"]),
        media_id=MediaId(row["id"]),
    )
    tell(tx, row["org"], told, now)


def _lost(tx: Tx, row: Row, code: str, now: int) -> None:
    tx.run(
        "update smskit_media set state = ?, code = ?, due_at = null, worker = null where id = ?",
        (MediaState.LOST, code, row["id"]),
    )
    told = MediaLost(
        conversation_id=ConversationId(row["conversation_id"]),
        message_id=MessageId(row["message_id"]),
        media_id=MediaId(row["id"]),
        code=code,
    )
    tell(tx, row["org"], told, now)


@overload
def _readable(said: str) -> str: ...
@overload
def _readable(said: None) -> None: ...
def _readable(said: str | None) -> str | None:
    """What a carrier said, as far as it is text: half a character would have no place in the store."""
    return None if said is None else said.encode("utf-8", "replace").decode("utf-8")

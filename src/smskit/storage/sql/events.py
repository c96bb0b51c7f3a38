"""Events: written in the transaction they tell of, read in the order of commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.errors import EventsLost
from smskit.model.codec import from_micros, happening_from_row, happening_to_row, to_micros
from smskit.model.events import Event, Happening
from smskit.model.ids import Org
from smskit.storage.sql.tx import Row, Tx, existing


def tell(tx: Tx, org: str, what: Happening, now: int) -> None:
    """Write down that something happened."""
    kind, record = happening_to_row(what)
    tx.run(
        "insert into smskit_event (org, at, kind, record) values (?, ?, ?, ?)",
        (org, now, kind, record),
    )


def read_events(tx: Tx, org: Org | None, after: int, limit: int) -> Sequence[Event]:
    dropped = _dropped(tx, org)
    if after < dropped:
        msg = f"events up to {dropped} are no longer kept, and the reader is at {after}; start it anew"
        raise EventsLost(msg)
    mine, params = ("", ()) if org is None else ("and org = ? ", (org,))
    rows = tx.all(
        f"select id, org, at, kind, record from smskit_event where id > ? {mine}order by id limit ?",
        (after, *params, limit),
    )
    return [_event(row) for row in rows]


def last_position(tx: Tx) -> int:
    row = existing(tx.one("select coalesce(max(id), 0) as last from smskit_event"))
    return max(int(row["last"]), _dropped(tx, None))


def reader_position(tx: Tx, org: Org, reader: str) -> int | None:
    row = tx.one("select position from smskit_reader where org = ? and name = ?", (org, reader))
    return None if row is None else int(row["position"])


def save_position(tx: Tx, org: Org, reader: str, position: int) -> None:
    tx.run(
        "insert into smskit_reader (org, name, position) values (?, ?, ?) "
        "on conflict (org, name) do update set position = max(position, excluded.position)",
        (org, reader, position),
    )


def drop_events(tx: Tx, before: datetime) -> int:
    kept = tx.one("select id from smskit_event where at >= ? order by id limit 1", (to_micros(before),))
    up_to = last_position(tx) if kept is None else kept["id"] - 1
    for mark, events in (
        ("'events_dropped:' || org", "group by org"),
        ("'events_dropped'", "having count(*) > 0"),
    ):
        tx.run(
            f"insert into smskit_mark (name, value) select {mark}, max(id) from smskit_event where id <= ? "
            f"{events} on conflict (name) do update set value = excluded.value",
            (up_to,),
        )
    return tx.run("delete from smskit_event where id <= ?", (up_to,))


def _dropped(tx: Tx, org: Org | None) -> int:
    """The newest event that was dropped, of an org or of all."""
    row = tx.one("select coalesce(max(value), 0) as last from smskit_mark where name = ?", (_mark(org),))
    return int(existing(row)["last"])


def _mark(org: Org | None) -> str:
    return "events_dropped" if org is None else f"events_dropped:{org}"


def _event(row: Row) -> Event:
    return Event(
        position=row["id"],
        org=row["org"],
        at=from_micros(row["at"]),
        what=happening_from_row(row["kind"], row["record"]),
    )

"""Senders: our own addresses, and which org's texts come and go there."""

from __future__ import annotations

from collections.abc import Sequence

from smskit.errors import Conflict
from smskit.model.addresses import Address, address_of
from smskit.model.conversations import Sender, SenderRecord
from smskit.model.ids import Org, SenderId
from smskit.storage.sql.tx import Row, Tx, existing

_MICROS = 1_000_000


def put_senders(tx: Tx, driver: str, senders: Sequence[Sender]) -> None:
    for sender in senders:
        _put(tx, driver, sender)


def _put(tx: Tx, driver: str, sender: Sender) -> None:
    rate = sender.rate
    interval = 0 if rate is None else max(1, round(_MICROS / rate.per_second))
    row = existing(
        tx.one(
            "insert into smskit_sender (org, driver, address, interval, burst, debt) values (?, ?, ?, ?, ?, ?) "
            "on conflict (driver, address) do update set "
            "interval = excluded.interval, burst = excluded.burst, debt = excluded.debt, "
            "free_at = case when interval = excluded.interval then free_at else 0 end returning org",
            (
                sender.org,
                driver,
                sender.address.text,
                interval,
                rate.burst if rate else 1,
                rate.debt if rate else 0,
            ),
        )
    )
    if row["org"] != sender.org:
        msg = f"sender {sender.address.masked} on driver {driver!r} belongs to org {row['org']!r}, not {sender.org!r}"
        raise Conflict(msg)


def list_senders(tx: Tx, org: Org) -> Sequence[SenderRecord]:
    rows = tx.all("select id, org, driver, address from smskit_sender where org = ? order by id", (org,))
    return [_sender(row) for row in rows]


def route(tx: Tx, driver: str, address: Address, default: Org) -> SenderRecord:
    tx.run(
        "insert into smskit_sender (org, driver, address) values (?, ?, ?) on conflict do nothing",
        (default, driver, address.text),
    )
    row = tx.one(
        "select id, org, driver, address from smskit_sender where driver = ? and address = ?",
        (driver, address.text),
    )
    return _sender(existing(row))


def _sender(row: Row) -> SenderRecord:
    return SenderRecord(
        id=SenderId(row["id"]),
        org=Org(row["org"]),
        driver=row["driver"],
        address=address_of(row["address"]),
    )

"""Links: one worker at a time runs a driver that holds a connection."""

from __future__ import annotations

from datetime import datetime, timedelta

from smskit.model.codec import to_micros
from smskit.storage.sql.tx import Tx


def take_link(tx: Tx, driver: str, worker: str, lease: timedelta, lease_now: datetime) -> bool:
    moment = to_micros(lease_now)
    taken = tx.one(
        "insert into smskit_link (driver, worker, lease_until) values (?, ?, ?) on conflict (driver) do update "
        "set worker = excluded.worker, lease_until = excluded.lease_until "
        "where smskit_link.worker = excluded.worker or smskit_link.lease_until <= ? returning worker",
        (driver, worker, to_micros(lease_now + lease), moment),
    )
    return taken is not None


def drop_link(tx: Tx, driver: str, worker: str) -> None:
    tx.run("delete from smskit_link where driver = ? and worker = ?", (driver, worker))

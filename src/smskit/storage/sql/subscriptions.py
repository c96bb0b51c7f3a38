"""Subscriptions: may this number be texted, and was its consent message sent. The lock of the whole desk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from smskit.errors import NotFound
from smskit.model.addresses import Address, address_of
from smskit.model.codec import from_row, to_micros
from smskit.model.contacts import ChangeKind, Scope, Source, Subscription
from smskit.model.events import OptedIn, OptedOut
from smskit.model.ids import Actor, ContactId, Org
from smskit.storage.sql import canceling
from smskit.storage.sql.events import tell
from smskit.storage.sql.ledger import write_change
from smskit.storage.sql.tx import Row, Tx, existing


def see(tx: Tx, org: str, number: str, now: int) -> None:
    """Make the row of a number that is seen for the first time."""
    tx.run(
        "insert into smskit_subscription (org, number, changed_at) values (?, ?, ?) on conflict do nothing",
        (org, number, now),
    )


def get_subscription(tx: Tx, org: Org, number: Address) -> Subscription | None:
    row = tx.one("select * from smskit_subscription where org = ? and number = ?", (org, number.text))
    return None if row is None else from_row(Subscription, row)


def opt_out(
    tx: Tx,
    org: Org,
    number: Address,
    scope: Scope,
    source: Source,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> bool:
    row = tx.one(
        "select opted_out, scope from smskit_subscription where org = ? and number = ?", (org, number.text)
    )
    if row is None:
        msg = "this org has never seen that number; make a contact of it first"
        raise NotFound(msg)
    if row["opted_out"] and row["scope"] in (Scope.ALL, scope):
        return False
    why = {"reason": reason}
    move_out(tx, org, number, scope=scope, source=source, actor=actor, now=to_micros(now), why=why)
    return True


def move_out(
    tx: Tx,
    org: Org,
    number: Address,
    *,
    scope: Scope,
    source: Source,
    actor: Actor,
    now: int,
    why: Mapping[str, str | None],
) -> None:
    """Opt a number out, with all that follows: its automated messages are withdrawn before admission."""
    tx.run(
        "update smskit_subscription set opted_out = 1, scope = ?, source = ?, changed_at = ?, version = version + 1 "
        "where org = ? and number = ?",
        (scope, source, now, org, number.text),
    )
    change = {"change": ChangeKind.OPTED_OUT, "scope": scope, "source": source, **why}
    write_change(tx, org, number.text, actor=actor, change=change, now=now)
    contact = _contact_id(tx, org, number)
    canceling.cancel_automated(tx, contact, scope, now)
    tell(tx, org, OptedOut(number_masked=number.masked, contact_id=contact, source=source), now)


def follow_carrier(tx: Tx, org: Org, number: Address, now: int, *, code: str | None, driver: str) -> None:
    """The carrier says that the contact opted out there: then it is so here too."""
    row = existing(
        tx.one("select opted_out from smskit_subscription where org = ? and number = ?", (org, number.text))
    )
    if not row["opted_out"]:
        carrier, why = Actor("carrier"), {"code": code, "driver": driver}
        move_out(tx, org, number, scope=Scope.ALL, source=Source.CARRIER, actor=carrier, now=now, why=why)


def move_in(tx: Tx, org: Org, number: Address, *, source: Source, actor: Actor, now: int, by: int) -> None:
    """Opt a number in again, by the contact's own text and by nothing else. What was withdrawn stays withdrawn."""
    tx.run(
        "update smskit_subscription set opted_out = 0, scope = 'all', source = ?, changed_at = ?, "
        "version = version + 1 where org = ? and number = ?",
        (source, now, org, number.text),
    )
    change = {"change": ChangeKind.OPTED_IN, "source": source, "message": str(by)}
    write_change(tx, org, number.text, actor=actor, change=change, now=now)
    contact = _contact_id(tx, org, number)
    tell(tx, org, OptedIn(number_masked=number.masked, contact_id=contact, source=source), now)


def heed_carrier(tx: Tx, row: Row, code: str | None, now: int) -> None:
    """The carrier refused a message because its recipient opted out there: note the block, and follow it."""
    number = address_of(row["number"])
    _block(tx, row["org"], number.text, row["driver"], row["address"], code, now)
    follow_carrier(tx, Org(row["org"]), number, now, code=code, driver=row["driver"])


def _block(tx: Tx, org: str, number: str, driver: str, address: str, code: str | None, now: int) -> None:
    """Note that the carrier refuses texts from this sender to this number."""
    is_new = tx.run(
        "insert into smskit_block (org, number, driver, address, code, since) values (?, ?, ?, ?, ?, ?) "
        "on conflict do nothing",
        (org, number, driver, address, code, now),
    )
    if not is_new:
        return
    _bump(tx, org, number)
    change = {"change": ChangeKind.BLOCKED_BY_CARRIER, "driver": driver, "sender": address, "code": code}
    write_change(tx, org, number, actor="carrier", change=change, now=now)


def lift_block(tx: Tx, org: str, number: str, driver: str, address: str, now: int, *, by: int) -> None:
    """The contact's START to this sender ends the carrier's block too."""
    lifted = tx.run(
        "delete from smskit_block where org = ? and number = ? and driver = ? and address = ?",
        (org, number, driver, address),
    )
    if lifted:
        _bump(tx, org, number)
        change = {
            "change": ChangeKind.CARRIER_BLOCK_LIFTED,
            "driver": driver,
            "sender": address,
            "message": str(by),
        }
        write_change(tx, org, number, actor="contact", change=change, now=now)


def _bump(tx: Tx, org: str, number: str) -> None:
    tx.run("update smskit_subscription set version = version + 1 where org = ? and number = ?", (org, number))


def _contact_id(tx: Tx, org: Org, number: Address) -> ContactId:
    row = tx.one("select id from smskit_contact where org = ? and number = ?", (org, number.text))
    return ContactId(existing(row)["id"])

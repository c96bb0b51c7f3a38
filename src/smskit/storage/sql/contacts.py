"""Contacts: made when a number is first seen, merged by number, never twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from smskit.errors import NotFound
from smskit.model.addresses import Address
from smskit.model.codec import from_row, to_json, to_micros
from smskit.model.contacts import ContactRecord
from smskit.model.ids import ContactId, Org
from smskit.storage.base import NewContact, Page
from smskit.storage.sql import cursors
from smskit.storage.sql.subscriptions import see
from smskit.storage.sql.tx import Row, Tx, existing

_SELECT = (
    "select k.id, k.org, k.number, k.name, k.zone, k.attributes, k.created_at, k.updated_at, "
    "s.opted_out, s.source as opted_out_by, s.consent from smskit_contact k "
    "join smskit_subscription s on s.org = k.org and s.number = k.number "
)


def put_contacts(tx: Tx, org: Org, contacts: Sequence[NewContact], now: datetime) -> Sequence[ContactRecord]:
    return [_put(tx, org, contact, to_micros(now)) for contact in contacts]


def _put(tx: Tx, org: Org, contact: NewContact, now: int) -> ContactRecord:
    see(tx, org, contact.number.text, now)
    attributes = None if contact.attributes is None else to_json(contact.attributes)
    row = tx.one(
        "insert into smskit_contact (org, number, name, zone, attributes, created_at, updated_at) "
        "values (?, ?, coalesce(?, ''), ?, coalesce(?, '{}'), ?, ?) on conflict (org, number) do update set "
        "name = coalesce(?, name), zone = coalesce(?, zone), "
        "attributes = coalesce(?, attributes), updated_at = excluded.updated_at returning id",
        (
            *(org, contact.number.text, contact.name, contact.zone, attributes, now, now),
            *(contact.name, contact.zone, attributes),
        ),
    )
    return get_contact(tx, org, ContactId(existing(row)["id"]))


def meet(tx: Tx, org: str, number: str, now: int) -> int:
    """The contact of a number, made without a name if the number is new."""
    row = tx.one("select id from smskit_contact where org = ? and number = ?", (org, number))
    if row is None:
        see(tx, org, number, now)
        row = tx.one(
            "insert into smskit_contact (org, number, created_at, updated_at) values (?, ?, ?, ?) returning id",
            (org, number, now, now),
        )
    return int(existing(row)["id"])


def get_contact(tx: Tx, org: Org, contact_id: ContactId) -> ContactRecord:
    row = tx.one(_SELECT + "where k.id = ? and k.org = ?", (contact_id, org))
    if row is None:
        msg = f"org {org!r} has no contact {contact_id}"
        raise NotFound(msg)
    return _contact(row)


def find_contact(tx: Tx, org: Org, number: Address) -> ContactRecord | None:
    row = tx.one(_SELECT + "where k.org = ? and k.number = ?", (org, number.text))
    return None if row is None else _contact(row)


def list_contacts(tx: Tx, org: Org, after: str | None, limit: int) -> Page[ContactRecord]:
    (last,) = cursors.read(after, 1) or (0,)
    rows = tx.all(_SELECT + "where k.org = ? and k.id > ? order by k.id limit ?", (org, last, limit))
    return cursors.page([_contact(row) for row in rows], limit, lambda contact: (contact.id,))


def _contact(row: Row) -> ContactRecord:
    return from_row(ContactRecord, row)

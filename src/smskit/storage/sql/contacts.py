"""Contacts: made when a number is first seen, merged by number, never twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from smskit.errors import NotFound
from smskit.model.addresses import Address
from smskit.model.codec import from_json, from_row, to_json, to_micros
from smskit.model.contacts import ContactRecord, Source
from smskit.model.events import ContactAdded, ContactChanged
from smskit.model.ids import ContactId, Org
from smskit.storage.base import NewContact, Page
from smskit.storage.sql import cursors
from smskit.storage.sql.events import tell
from smskit.storage.sql.subscriptions import opt_out, see
from smskit.storage.sql.tx import Row, Tx, existing

_SELECT = (
    "select k.id, k.org, k.number, k.name, k.zone, k.attributes, k.created_at, k.updated_at, "
    "k.merged_into, s.opted_out, s.source as opted_out_by, s.scope as opted_out_scope, s.consent "
    "from smskit_contact k "
    "join smskit_subscription s on s.org = k.org and s.number = k.number "
)


def put_contacts(tx: Tx, org: Org, contacts: Sequence[NewContact], now: datetime) -> Sequence[ContactRecord]:
    return [get_contact(tx, org, ContactId(_put(tx, org, contact, now)[0])) for contact in contacts]


def import_contacts(tx: Tx, org: Org, contacts: Sequence[NewContact], now: datetime) -> int:
    return sum(_put(tx, org, contact, now)[1] for contact in contacts)


def _put(tx: Tx, org: Org, new: NewContact, now: datetime) -> tuple[int, bool]:
    """The contact's id, and whether it was made."""
    row = tx.one(
        "select id, name, zone, attributes from smskit_contact where org = ? and number = ?",
        (org, new.number.text),
    )
    moment = to_micros(now)
    contact_id = _add(tx, org, new, moment) if row is None else _change(tx, org, row, new, moment)
    if new.opt_out is not None:
        scope, actor, reason = new.opt_out.scope, new.opt_out.actor, new.opt_out.reason
        opt_out(tx, org, new.number, scope, Source.HOST, actor, now, reason)
    return contact_id, row is None


def _add(tx: Tx, org: str, new: NewContact, now: int) -> int:
    see(tx, org, new.number.text, now)
    attributes = to_json(_joined({}, new.attributes))
    row = tx.one(
        "insert into smskit_contact (org, number, name, zone, attributes, created_at, updated_at) "
        "values (?, ?, ?, ?, ?, ?, ?) returning id",
        (org, new.number.text, new.name or "", new.zone or None, attributes, now, now),
    )
    contact_id = ContactId(existing(row)["id"])
    tell(tx, org, ContactAdded(contact_id=contact_id), now)
    return contact_id


def _change(tx: Tx, org: str, row: Row, new: NewContact, now: int) -> int:
    """Write what is new about a contact, and tell of it, if anything is."""
    contact_id = ContactId(row["id"])
    attributes = row["attributes"]
    if new.attributes is not None:
        attributes = to_json(_joined(from_json(dict[str, str], attributes), new.attributes))
    values = (
        row["name"] if new.name is None else new.name,
        row["zone"] if new.zone is None else new.zone or None,
        attributes,
    )
    if values != (row["name"], row["zone"], row["attributes"]):
        tx.run(
            "update smskit_contact set name = ?, zone = ?, attributes = ?, updated_at = ? where id = ?",
            (*values, now, contact_id),
        )
        tell(tx, org, ContactChanged(contact_id=contact_id), now)
    return contact_id


def _joined(known: Mapping[str, str], new: Mapping[str, str | None] | None) -> Mapping[str, str]:
    return {name: value for name, value in {**known, **(new or {})}.items() if value}


def meet(tx: Tx, org: str, number: Address, now: int) -> int:
    """The contact of a number, made without a name if the number is new."""
    row = tx.one("select id from smskit_contact where org = ? and number = ?", (org, number.text))
    return _add(tx, org, NewContact(number=number), now) if row is None else int(row["id"])


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
    rows = tx.all(
        _SELECT + "where k.org = ? and k.merged_into is null and k.id > ? order by k.id limit ?",
        (org, last, limit),
    )
    return cursors.page([_contact(row) for row in rows], limit, lambda contact: (contact.id,))


def attribute_names(tx: Tx, org: Org) -> Sequence[str]:
    rows = tx.all(
        "select distinct a.key as name from smskit_contact k, json_each(k.attributes) a "
        "where k.org = ? and k.merged_into is null",
        (org,),
    )
    return sorted(row["name"] for row in rows)


def of_ids(tx: Tx, org: Org, ids: str) -> Sequence[ContactRecord]:
    """The org's of a JSON list of ids, in the order they were made."""
    rows = tx.all(_SELECT + "where k.id in (select value from json_each(?)) order by k.id", (ids,))
    return [_contact(row) for row in rows if row["org"] == org]


def of_person(tx: Tx, person: ContactId) -> Sequence[ContactRecord]:
    """The contact that stands for a person, and those that are merged into it, in no order."""
    rows = tx.all(_SELECT + "where k.id = ? or k.merged_into = ?", (person, person))
    return [_contact(row) for row in rows]


def _contact(row: Row) -> ContactRecord:
    return from_row(ContactRecord, row)

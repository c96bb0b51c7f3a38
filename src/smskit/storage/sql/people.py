"""People with several numbers: contacts that point at the one that stands for the person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from smskit.errors import Conflict, UsageError
from smskit.model.codec import to_micros
from smskit.model.contacts import ContactRecord
from smskit.model.conversations import ConversationRecord
from smskit.model.events import ContactMerged, ContactUnmerged
from smskit.model.ids import ContactId, Org
from smskit.storage.base import NewContact, Page
from smskit.storage.sql import contacts, conversations, cursors
from smskit.storage.sql.events import tell
from smskit.storage.sql.tx import Tx


def merge_contacts(tx: Tx, org: Org, into: ContactId, other: ContactId, now: datetime) -> bool:
    person, extra = contacts.get_contact(tx, org, into), contacts.get_contact(tx, org, other)
    if into == other:
        raise UsageError("a contact is the same person as itself already; name two contacts")
    if extra.merged_into == into:
        return False
    _must_stand_alone(person, extra)
    moment = to_micros(now)
    moved = tx.all(
        "update smskit_contact set merged_into = ?, updated_at = ? where id = ? or merged_into = ? returning id",
        (into, moment, other, other),
    )
    for contact_id in sorted(row["id"] for row in moved):
        tell(tx, org, ContactMerged(contact_id=contact_id, into_id=into), moment)
    contacts.put_contacts(tx, org, [_what_lacks(person, extra)], now)
    return True


def _must_stand_alone(person: ContactRecord, extra: ContactRecord) -> None:
    if person.merged_into is not None:
        raise Conflict(
            f"contact {person.id} is merged into contact {person.merged_into}; merge into that one"
        )
    if extra.merged_into is not None:
        raise Conflict(f"contact {extra.id} is merged into contact {extra.merged_into}; unmerge it first")


def _what_lacks(person: ContactRecord, extra: ContactRecord) -> NewContact:
    """What the second knows and the first does not."""
    return NewContact(
        number=person.number,
        name=person.name or extra.name,
        zone=person.zone or extra.zone,
        attributes={**extra.attributes, **person.attributes},
    )


def unmerge_contact(tx: Tx, org: Org, contact: ContactId, now: datetime) -> bool:
    person = contacts.get_contact(tx, org, contact).merged_into
    if person is None:
        return False
    moment = to_micros(now)
    tx.run("update smskit_contact set merged_into = null, updated_at = ? where id = ?", (moment, contact))
    tell(tx, org, ContactUnmerged(contact_id=contact, from_id=person), moment)
    return True


def same_person(tx: Tx, org: Org, contact: ContactId) -> Sequence[ContactRecord]:
    person = contacts.get_contact(tx, org, contact).merged_into or contact
    return sorted(contacts.of_person(tx, person), key=lambda record: (record.id != person, record.id))


def conversations_with(
    tx: Tx, org: Org, contact: ContactId, after: str | None, limit: int
) -> Page[ConversationRecord]:
    key = cursors.read(after, 2)
    person = contacts.get_contact(tx, org, contact).merged_into or contact
    further = "" if key is None else "and (last_at, id) < (?, ?) "
    rows = tx.all(
        "select id, last_at from smskit_conversation where contact_id in "
        f"(select id from smskit_contact where id = ? or merged_into = ?) {further}"
        "order by last_at desc, id desc limit ?",
        (person, person, *(key or ()), limit),
    )
    page = cursors.page(rows, limit, lambda row: (row["last_at"], row["id"]))
    ids = [row["id"] for row in page.items]
    found = {chat.id: chat for chat in conversations.of_ids(tx, org, json.dumps(ids))}
    return Page(tuple(found[chat] for chat in ids), page.next)

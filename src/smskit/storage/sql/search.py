"""Searching: from words to the ids of messages and contacts, by the index, and from ids to records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

import attrs

from smskit.model.codec import from_row, to_micros
from smskit.model.contacts import ContactRecord
from smskit.model.ids import ContactId, Org
from smskit.model.messages import MessageRecord
from smskit.storage.base import Found, Page, Wanted
from smskit.storage.sql import contacts, conversations, cursors
from smskit.storage.sql.indexing import BLOCK_BITS, DAY, about, mark_token, tag, word_token
from smskit.storage.sql.tx import Row, Tx, existing
from smskit.storage.sql.words import Term, fragments, terms

CHUNK = 1000
"""So many messages are read at a time if the index alone cannot tell whether they are wanted."""
MOST_LOOKS = 50
"""So often the index is asked for one page; whoever wants more goes on from there."""
MOST_CHATS = 100
"""So many conversations are looked for by the index."""


@attrs.frozen(kw_only=True)
class _Plan:
    """A search as the index is asked, and what only the rows can tell."""

    terms: Sequence[Term]
    marks: Sequence[str]
    conditions: Sequence[str]
    params: Sequence[object]


def search(tx: Tx, org: Org, wanted: Wanted, after: str | None, limit: int) -> Page[Found]:
    key, span = cursors.read(after, 1), _span(tx, org, wanted)
    plan = None if span is None else _plan(tx, org, wanted)
    if span is None or plan is None:
        return Page(())
    first, last = span
    upper = last if key is None else min(last, key[0] - 1)
    found: list[MessageRecord] = []
    for looks, (messages, rest) in enumerate(_looks(tx, org, plan, first, upper, limit), start=1):
        found += messages
        if len(found) >= limit:
            return Page(_with_conversations(tx, org, found[:limit]), str(found[limit - 1].id))
        if looks == MOST_LOOKS and rest >= first:
            return Page(_with_conversations(tx, org, found), str(rest + 1))
    return Page(_with_conversations(tx, org, found))


def search_contacts(tx: Tx, org: Org, words: str, after: str | None, limit: int) -> Page[ContactRecord]:
    (last,) = cursors.read(after, 1) or (0,)
    ids = _people(tx, org, words, last, limit)
    records = contacts.of_ids(tx, org, json.dumps(ids))
    return Page(tuple(records), str(ids[-1]) if len(ids) == limit else None)


def _looks(
    tx: Tx, org: Org, plan: _Plan, first: int, upper: int, limit: int
) -> Iterator[tuple[Sequence[MessageRecord], int]]:
    """What was found at each look into the index, and the newest id that was not looked at."""
    size = CHUNK if plan.conditions else limit
    for match, lower in _blocks(org, plan, first, upper):
        while upper >= lower:
            ids = _candidates(tx, match, lower, upper, size)
            upper = ids["last"] - 1 if ids["count"] == size else lower - 1
            yield _messages(tx, org, ids["ids"], plan, limit) if ids["count"] else (), upper


def _span(tx: Tx, org: Org, wanted: Wanted) -> tuple[int, int] | None:
    """Between which ids the org's messages of the wanted days lie."""
    since = 0 if wanted.since is None else to_micros(wanted.since) // DAY
    until = _NEVER if wanted.until is None else to_micros(wanted.until) // DAY
    row = existing(
        tx.one(
            "select min(first) as first, max(last) as last from smskit_search_day "
            "where org = ? and day between ? and ?",
            (org, since, until),
        )
    )
    return None if row["first"] is None else (int(row["first"]), int(row["last"]))


_NEVER = 1 << 40


def _plan(tx: Tx, org: Org, wanted: Wanted) -> _Plan | None:
    """How to search; None if nothing can be found."""
    asked = terms(wanted.words)
    if not asked and wanted.words.strip():
        return None
    marks = [
        _quoted([mark_token(org, what, which)])
        for what, which in (("kind", wanted.kind), ("origin", wanted.origin), ("sender", wanted.sender))
        if which is not None
    ]
    conditions = _conditions(wanted)
    if wanted.contact is not None:
        chats = _chats(tx, org, wanted.contact)
        if chats is None:
            conditions[_OF_PEOPLE] = _people_match(org, str(wanted.contact))
        elif chats:
            marks.append(f"({' OR '.join(_quoted([mark_token(org, 'chat', chat)]) for chat in chats)})")
        else:
            return None
    return _Plan(terms=asked, marks=marks, conditions=tuple(conditions), params=tuple(conditions.values()))


def _conditions(wanted: Wanted) -> dict[str, object]:
    """What may change after a message was indexed, with the values that are wanted."""
    conditions = {
        "status = ?": wanted.status,
        "at >= ?": None if wanted.since is None else to_micros(wanted.since),
        "at < ?": None if wanted.until is None else to_micros(wanted.until),
        _ARCHIVED: None if wanted.archived is None else int(wanted.archived),
    }
    return {sql: value for sql, value in conditions.items() if value is not None}


_CHAT = "exists (select 1 from smskit_conversation c where c.id = conversation_id and "
_ARCHIVED = _CHAT + "c.archived = ?)"
_OF_PEOPLE = _CHAT + (
    "exists (select 1 from smskit_contact k join smskit_search_person p on p.rowid in (k.id, k.merged_into) "
    "where k.id = c.contact_id and p.smskit_search_person match ?))"
)


def _blocks(org: Org, plan: _Plan, first: int, upper: int) -> Iterator[tuple[str, int]]:
    """What to ask the index, block by block from the newest, and where each block begins."""
    if not plan.terms:
        yield " AND ".join(plan.marks) or _quoted([mark_token(org)]), first
        return
    for block in range(upper >> BLOCK_BITS, (first >> BLOCK_BITS) - 1, -1):
        asked = (_asked(org, block, term) for term in plan.terms)
        yield " AND ".join([*asked, *plan.marks]), max(first, block << BLOCK_BITS)


def _asked(org: Org, block: int, term: Term) -> str:
    return _quoted(word_token(org, block, word) for word in term.words) + (" *" if term.open_end else "")


def _quoted(tokens: Iterable[str]) -> str:
    return f'"{" ".join(tokens)}"'


def _candidates(tx: Tx, match: str, lower: int, upper: int, limit: int) -> Row:
    """The next ids as JSON, how many there are, and the last of them. They need not come to Python one by one."""
    return existing(
        tx.one(
            "select json_group_array(id) as ids, count(*) as count, min(id) as last from "
            "(select rowid as id from smskit_search where smskit_search match ? and rowid between ? and ? "
            "order by rowid desc limit ?)",
            (match, lower, upper, limit),
        )
    )


def _messages(tx: Tx, org: Org, ids: str, plan: _Plan, limit: int) -> Sequence[MessageRecord]:
    conditions = "".join(f"and {condition} " for condition in plan.conditions)
    rows = tx.all(
        f"select {conversations.MESSAGE} from smskit_message where id in (select value from json_each(?)) "
        f"and org = ? {conditions}order by id desc limit ?",
        (ids, org, *plan.params, limit),
    )
    return [from_row(MessageRecord, row) for row in rows]


def _with_conversations(tx: Tx, org: Org, found: Sequence[MessageRecord]) -> tuple[Found, ...]:
    ids = json.dumps(list({message.conversation_id for message in found}))
    chats = {chat.id: chat for chat in conversations.of_ids(tx, org, ids)}
    return tuple(Found(message, chats[message.conversation_id]) for message in found)


def _chats(tx: Tx, org: Org, contact: ContactId | str) -> list[int] | None:
    """The conversations of a contact, or of people; None if they are too many to name each to the index."""
    people = (
        _people(tx, org, contact, 0, MOST_CHATS + 1) if isinstance(contact, str) else [_person(tx, contact)]
    )
    rows = tx.all(_CHATS, (json.dumps(people), json.dumps(people)))
    too_many = isinstance(contact, str) and max(len(people), len(rows)) > MOST_CHATS
    return None if too_many else [row["id"] for row in rows]


_CHATS = (
    "select id from smskit_conversation where contact_id in (select value from json_each(?) union "
    "select id from smskit_contact where merged_into in (select value from json_each(?)))"
)


def _person(tx: Tx, contact: ContactId) -> int:
    """The contact that stands for all numbers of the person."""
    row = tx.one("select coalesce(merged_into, id) as id from smskit_contact where id = ?", (contact,))
    return contact if row is None else int(row["id"])


def _people(tx: Tx, org: Org, words: str, after: int, limit: int) -> list[int]:
    if not fragments(words):
        return []
    rows = tx.all(
        "select rowid from smskit_search_person where smskit_search_person match ? and rowid > ? "
        "order by rowid limit ?",
        (_people_match(org, words), after, limit),
    )
    return [row["rowid"] for row in rows]


def _people_match(org: Org, words: str) -> str:
    asked = [f"about : {_fragment(found)}" for found in fragments(words)]
    return " AND ".join([f'tag : "{tag(org)}"', *asked])


def _fragment(found: tuple[str, ...]) -> str:
    text = "  ".join(found)
    if len(text) < 3:
        return f'"{about(found)}"'
    # As people dial at home: 0171 for +44171.
    national = text.lstrip("0")
    return f'"{text}"' if text == national or len(national) < 3 else f'("{text}" OR "{national}")'

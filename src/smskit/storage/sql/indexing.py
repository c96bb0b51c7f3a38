"""The search index: beside the messages, filled behind a watermark, so that sending and receiving never wait for it.

It is made by the first search, and holds nothing that cannot be made again from messages and contacts. FTS5 serves as
an inverted index and no more: rows are keyed by message, and every token begins with a tag of its org, so that one
org's words cost another nothing. Words also carry the block of ids they are in: a search goes block by block from the
newest, and the lists of a common beginning of words are merged for one block and not for all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

from smskit.errors import StorageUnsupported
from smskit.model.ids import MessageId
from smskit.storage.sql.tx import Row, Tx, existing
from smskit.storage.sql.words import words

BATCH = 1000
"""Rows that one transaction indexes: it keeps other writers waiting for some 20 ms."""
BLOCK_BITS = 16
DAY = 86_400_000_000
MARK = "searchable"

_MODULE = "fts5"

_SCHEMA = f"""
create virtual table smskit_search using fts5 (tokens, content = '', columnsize = 0, tokenize = 'ascii')

-- Between which ids an org's messages of a day (UTC) lie.
create table smskit_search_day (
    org text not null,
    day integer not null,
    first integer not null,
    last integer not null,
    primary key (org, day)
) without rowid

create trigger smskit_search_moved after update of at on smskit_message begin
    insert into smskit_search_day (org, day, first, last) values (new.org, new.at / {DAY}, new.id, new.id)
    on conflict (org, day) do update set first = min(first, excluded.first), last = max(last, excluded.last);
end

create virtual table smskit_search_person using fts5 (tag, about, tokenize = 'trigram')

-- Contacts that are new or changed since they were indexed.
create table smskit_search_changed (contact_id integer primary key)

create trigger smskit_search_met after insert on smskit_contact begin
    insert or ignore into smskit_search_changed (contact_id) values (new.id);
end

create trigger smskit_search_renamed after update of name, number on smskit_contact
when new.name is not old.name or new.number is not old.number begin
    insert or ignore into smskit_search_changed (contact_id) values (new.id);
end

create trigger smskit_search_left after delete on smskit_contact begin
    insert or ignore into smskit_search_changed (contact_id) values (old.id);
end

insert into smskit_search_changed (contact_id) select id from smskit_contact

insert into smskit_mark (name, value) values ('{MARK}', 0)
"""

_SELECT = (
    "select m.id, m.org, m.conversation_id, c.sender_id, m.kind, m.origin, m.text, m.at from smskit_message m "
    "join smskit_conversation c on c.id = m.conversation_id "
)


def behind(tx: Tx) -> int | None:
    """Up to which message the index has to be brought; None if nothing is missing.

    :raises StorageUnsupported: if SQLite has no full-text search.
    """
    if tx.one("select 1 from pragma_module_list where name = ?", (_MODULE,)) is None:
        msg = "search needs FTS5, and the SQLite of this Python was built without it"
        raise StorageUnsupported(msg)
    mark = _mark(tx)
    last = int(existing(tx.one("select coalesce(max(id), 0) as last from smskit_message"))["last"])
    if mark is None or mark < last:
        return last
    return None if tx.one("select 1 from smskit_search_changed limit 1") is None else last


def catch_up(tx: Tx, last: int) -> bool:
    """Index the next messages and contacts; True once all up to message `last` are."""
    mark = _mark(tx)
    if mark is None:
        for statement in _SCHEMA.split("\n\n"):
            tx.run(statement)
        mark = 0
    people_done = _index_people(tx)
    rows = tx.all(_SELECT + "where m.id > ? order by m.id limit ?", (mark, BATCH))
    if rows:
        _index(tx, rows)
        tx.run("update smskit_mark set value = ? where name = ?", (rows[-1]["id"], MARK))
        mark = int(rows[-1]["id"])
    return people_done and (mark >= last or len(rows) < BATCH)


def reword(tx: Tx, message_id: MessageId, text: str, origin: str | None = None) -> None:
    """Index a message by the text and the origin, if another, that it is about to get. Its row has them after this."""
    row = _indexed(tx, message_id)
    if row is not None:
        _drop(tx, row)
        _add(tx, {**row, "text": text, "origin": origin or row["origin"]})


def forget(tx: Tx, message_id: MessageId) -> None:
    """Take a message out of the index. To be called before its row is deleted."""
    row = _indexed(tx, message_id)
    if row is not None:
        _drop(tx, row)


def word_token(org: str, block: int, word: str) -> str:
    """The token of a word in a block of ids."""
    return f"{_words_of(tag(org), block)}{word}"


def mark_token(org: str, what: str = "all", which: object = "") -> str:
    """The token that all messages of an org have, or those of one kind, origin, sender or chat."""
    return f"{tag(org)}{what}\u00b7{which}"


@lru_cache(maxsize=1024)
def tag(org: str) -> str:
    """What the tokens of an org begin with. Two orgs may share one: rows are compared by org as well."""
    return hashlib.blake2b(org.encode(), digest_size=4).hexdigest()


def about(parts: Iterable[str]) -> str:
    """Words in the trigram index: the spaces before each make trigrams even of its first letter."""
    return "  " + "  ".join(parts)


def _words_of(org_tag: str, block: int) -> str:
    return f"{org_tag}{block:x}\u00b7"


def _mark(tx: Tx) -> int | None:
    row = tx.one("select value from smskit_mark where name = ?", (MARK,))
    return None if row is None else int(row["value"])


def _indexed(tx: Tx, message_id: MessageId) -> Row | None:
    mark = _mark(tx)
    return None if mark is None or message_id > mark else tx.one(_SELECT + "where m.id = ?", (message_id,))


def _index(tx: Tx, rows: Sequence[Row]) -> None:
    days: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        _add(tx, row)
        days.setdefault((row["org"], row["at"] // DAY), []).append(row["id"])
    for (org, day), ids in days.items():
        tx.run(
            "insert into smskit_search_day (org, day, first, last) values (?, ?, ?, ?) on conflict (org, day) "
            "do update set first = min(first, excluded.first), last = max(last, excluded.last)",
            (org, day, ids[0], ids[-1]),
        )


def _add(tx: Tx, row: Row) -> None:
    tx.run("insert into smskit_search (rowid, tokens) values (?, ?)", (row["id"], _tokens(row)))


def _drop(tx: Tx, row: Row) -> None:
    tx.run(
        "insert into smskit_search (smskit_search, rowid, tokens) values ('delete', ?, ?)",
        (row["id"], _tokens(row)),
    )


def _tokens(row: Row) -> str:
    org, start = row["org"], _words_of(tag(row["org"]), row["id"] >> BLOCK_BITS)
    marks = [mark_token(org), mark_token(org, "kind", row["kind"])]
    if row["origin"] is not None:
        marks.append(mark_token(org, "origin", row["origin"]))
    marks += [mark_token(org, "sender", row["sender_id"]), mark_token(org, "chat", row["conversation_id"])]
    return " ".join([start + word for word in words(row["text"])] + marks)


def _index_people(tx: Tx) -> bool:
    """Index contacts that changed; True if these were all."""
    rows = tx.all("select contact_id as id from smskit_search_changed order by contact_id limit ?", (BATCH,))
    for row in rows:
        tx.run("delete from smskit_search_person where rowid = ?", (row["id"],))
        contact = tx.one("select id, org, number, name from smskit_contact where id = ?", (row["id"],))
        if contact is not None:
            tx.run(
                "insert into smskit_search_person (rowid, tag, about) values (?, ?, ?)",
                (contact["id"], tag(contact["org"]), about(words(f"{contact['name']} {contact['number']}"))),
            )
    if rows:
        tx.run("delete from smskit_search_changed where contact_id <= ?", (rows[-1]["id"],))
    return len(rows) < BATCH

"""Choosing conversations: pages of those that are meant, each by an index that holds them in the order of the list."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import attrs

from smskit.model.codec import to_micros
from smskit.model.conversations import ConversationRecord
from smskit.model.ids import ConversationId, Org
from smskit.model.labels import Label
from smskit.storage.base import EVERY, Chosen, Page
from smskit.storage.sql import cursors
from smskit.storage.sql.conversations import COLUMNS, JOINS, record
from smskit.storage.sql.tx import Params, Row, Tx


def list_conversations(
    tx: Tx, org: Org, archived: bool | None, after: str | None, limit: int, chosen: Chosen = EVERY
) -> Page[ConversationRecord]:
    page = _page(tx, COLUMNS, JOINS, org, archived, after, limit, chosen)
    return Page(tuple(map(record, page.items)), page.next)


def choose(
    tx: Tx, org: Org, archived: bool, chosen: Chosen, after: str | None, limit: int
) -> Page[ConversationId]:
    page = _page(tx, "c.id, c.last_at", "", org, archived, after, limit, chosen)
    return Page(tuple(ConversationId(row["id"]) for row in page.items), page.next)


def label_id(tx: Tx, org: str, label: Label) -> int | None:
    """The row of a label that conversations have."""
    row = tx.one("select id from smskit_label where org = ? and key = ?", (org, label.key))
    return None if row is None else int(row["id"])


def _page(
    tx: Tx,
    columns: str,
    joins: str,
    org: Org,
    archived: bool | None,
    after: str | None,
    limit: int,
    chosen: Chosen,
) -> Page[Row]:
    """Each of the two lists is in order by its index; both at once are merged here."""
    key = cursors.read(after, 2)
    label = None if chosen.label is None else label_id(tx, org, chosen.label)
    if chosen.label is not None and label is None:
        return Page(())
    since = None if chosen.idle_since is None else to_micros(chosen.idle_since)
    lists = [
        _rows(tx, columns, joins, _way(org, one, chosen, label), since, key, limit)
        for one in ((False, True) if archived is None else (archived,))
    ]
    rows = lists[0] if len(lists) == 1 else _merged(lists)[:limit]
    return cursors.page(rows, limit, _place)


_Condition: TypeAlias = tuple[str, Params]
"""A condition and its values."""


@attrs.frozen
class _Way:
    """What a page is read from, the two columns it is in order of, and which rows are wanted."""

    source: str
    last_at: str
    last_id: str
    conditions: Sequence[_Condition]


def _way(org: Org, archived: bool, chosen: Chosen, label: int | None) -> _Way:
    """By what is unread if that is wanted, since it is little; else by label; else by the list, or who has what."""
    narrowing = tuple(_narrowing(chosen))
    if label is not None and not chosen.unread:
        source = "smskit_labelled d join smskit_conversation c on c.id = d.conversation_id "
        labelled = ("d.label_id = ? and d.archived = ?", (label, archived))
        return _Way(source, "d.last_at", "d.conversation_id", (labelled, *narrowing))
    listed = ("c.org = ? and c.archived = ?", (org, archived))
    has_label = () if label is None else ((_HAS_LABEL, (label,)),)
    return _Way("smskit_conversation c ", "c.last_at", "c.id", (listed, *has_label, *narrowing))


_HAS_LABEL = "exists (select 1 from smskit_labelled d where d.conversation_id = c.id and d.label_id = ?)"


def _narrowing(chosen: Chosen) -> Iterator[_Condition]:
    if chosen.unread is not None:
        yield "c.unread > 0" if chosen.unread else "c.unread = 0", ()
    if chosen.assigned is not None:
        yield f"c.assigned_to is {'not ' if chosen.assigned else ''}null", ()
    if chosen.assigned_to is not None:
        yield "c.assigned_to = ?", (chosen.assigned_to,)


def _rows(
    tx: Tx, columns: str, joins: str, way: _Way, since: int | None, key: tuple[int, ...] | None, limit: int
) -> Sequence[Row]:
    conditions = [*way.conditions]
    if since is not None:
        conditions.append((f"{way.last_at} <= ?", (since,)))
    if key is not None:
        conditions.append((f"({way.last_at}, {way.last_id}) < (?, ?)", key))
    return tx.all(
        f"select {columns} from {way.source}{joins}where {' and '.join(sql for sql, _ in conditions)} "
        f"order by {way.last_at} desc, {way.last_id} desc limit ?",
        (*(value for _, values in conditions for value in values), limit),
    )


def _merged(lists: Iterable[Sequence[Row]]) -> list[Row]:
    return list(heapq.merge(*lists, key=_place, reverse=True))


def _place(row: Row) -> tuple[int, int]:
    return row["last_at"], row["id"]

"""Archiving and restoring many conversations at once."""

from __future__ import annotations

import itertools
from array import array
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Self, TypeAlias

import attrs

from smskit.clock import as_utc
from smskit.desk.office import Office
from smskit.model.ids import ConversationId
from smskit.model.policies import Permission
from smskit.storage.base import BulkOutcome, Chosen

AT_ONCE = 500
"""So many conversations are filed in one transaction."""
PAGE = 1000


@attrs.frozen
class Filed:
    """What became of one conversation."""

    conversation_id: ConversationId
    outcome: BulkOutcome


@attrs.frozen(kw_only=True)
class BulkReport:
    """How many conversations were archived or restored, and how many were not, and why."""

    moved: int
    already: int
    """They were so before."""
    newer: int
    """They were left active, since the contact wrote after the moment as of which they were to be archived."""
    not_found: int


@attrs.frozen(kw_only=True)
class Matching:
    """The conversations that match when the work begins, as of a moment."""

    chosen: Chosen
    idle_for: timedelta | None

    async def ids(self, office: Office, as_of: datetime, *, archived: bool) -> Iterable[ConversationId]:
        """Their ids, in eight octets each."""
        found, after = array("q"), None
        while True:
            page = await office.storage.choose(
                office.org, archived=archived, chosen=self.at(as_of), after=after, limit=PAGE
            )
            found.extend(page.items)
            after = page.next
            if after is None:
                return map(ConversationId, found)

    def at(self, as_of: datetime) -> Chosen:
        """What is chosen at a moment."""
        idle_since = None if self.idle_for is None else as_of - self.idle_for
        return attrs.evolve(self.chosen, idle_since=idle_since)


_Ids: TypeAlias = Iterable[ConversationId]


@attrs.frozen(kw_only=True)
class Bulk:
    """Work on many conversations: `await` it for a `BulkReport`, or iterate over it for what becomes of each.

    Nothing happens before. It goes by 500 a transaction, and may be left at any point, or broken off, and made again:
    what is done is done, and comes as `ALREADY` the next time.
    """

    office: Office
    whom: _Ids | Matching
    archived: bool
    as_of: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(as_utc))

    def __await__(self) -> Generator[object, None, BulkReport]:
        return self._count().__await__()

    async def _count(self) -> BulkReport:
        count: Counter[BulkOutcome] = Counter()
        async for filed in self:
            count[filed.outcome] += 1
        return BulkReport(**{outcome.value: count[outcome] for outcome in BulkOutcome})

    def __aiter__(self) -> Walk:
        return Walk(self)


class Walk:
    """One way through the conversations of a `Bulk`."""

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk
        self._as_of = bulk.as_of
        self._ids: Iterator[ConversationId] | None = None
        self._filed: deque[Filed] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Filed:
        """What became of the next one.

        :raises PermissionDenied: at the first, if the actor may not.
        """
        if self._ids is None:
            self._ids = iter(await self._begin())
        if not self._filed:
            await self._file(list(itertools.islice(self._ids, AT_ONCE)))
        if not self._filed:
            raise StopAsyncIteration
        return self._filed.popleft()

    async def _begin(self) -> _Ids:
        bulk = self._bulk
        await bulk.office.require(Permission.ARCHIVE)
        if not isinstance(bulk.whom, Matching):
            return bulk.whom
        self._as_of = self._as_of or bulk.office.now()
        return await bulk.whom.ids(bulk.office, self._as_of, archived=not bulk.archived)

    async def _file(self, ids: list[ConversationId]) -> None:
        if not ids:
            return
        office = self._bulk.office
        outcomes = await office.storage.set_archived_many(
            office.org, ids, archived=self._bulk.archived, as_of=self._as_of, now=office.now()
        )
        self._filed.extend(map(Filed, ids, outcomes))


@attrs.frozen
class Selection:
    """Conversations by what they are, whichever these will be when something is done with them."""

    _office: Office
    _matching: Matching

    def archive(self, *, as_of: datetime | None = None) -> Bulk:
        """Archive the active ones that match when it begins, unless the contact wrote after `as_of` (then).

        :raises NaiveDatetime: if `as_of` has no zone.
        """
        return Bulk(office=self._office, whom=self._matching, archived=True, as_of=as_of)

    def restore(self) -> Bulk:
        """Bring the archived ones that match when it begins back to the active list."""
        return Bulk(office=self._office, whom=self._matching, archived=False)

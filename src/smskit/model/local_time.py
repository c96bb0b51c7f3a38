"""Local times: what a person meant by "at nine", kept with its zone, and the moment that this is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from smskit.errors import UsageError


@attrs.frozen
class LocalTime:
    """A wall-clock time in an IANA zone. When the zone's rules change, its moment changes with them.

    A time that a clock change leaves out is moved forward by as much as the clocks are; of a time that comes twice
    it is the first.
    """

    wall: datetime
    """Without a zone of its own."""
    zone: str

    @classmethod
    def of(cls, moment: datetime) -> LocalTime | None:
        """What a moment says where its zone has an IANA name; None if it has none, or is UTC.

        None too for the second of two equal times, which only a moment can tell from the first.
        """
        key = getattr(moment.tzinfo, "key", None)
        if key is None or key in {"UTC", "Etc/UTC"}:
            return None
        local = cls(moment.replace(tzinfo=None, fold=0), key)
        is_second = moment.fold and moment.utcoffset() != moment.replace(fold=0).utcoffset()
        return None if is_second else local

    @classmethod
    def read(cls, text: str) -> LocalTime:
        """What `text` wrote."""
        wall, _, zone = text.partition(" ")
        return cls(datetime.fromisoformat(wall), zone)

    @property
    def text(self) -> str:
        """As it is stored: `2027-03-14T02:30:00 America/Denver`."""
        return f"{self.wall.isoformat()} {self.zone}"

    @property
    def moment(self) -> datetime:
        """When this is, in UTC."""
        return self.wall.replace(tzinfo=zone_of(self.zone), fold=0).astimezone(UTC)

    def plus_days(self, days: int) -> LocalTime:
        """The same time of day so many days later."""
        return attrs.evolve(self, wall=self.wall + timedelta(days=days))


@lru_cache(1024)
def zone_of(name: str) -> ZoneInfo:
    """:raises UsageError: if it is no IANA zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"{name!r} is no IANA time zone such as 'America/Denver'"
        raise UsageError(msg) from error

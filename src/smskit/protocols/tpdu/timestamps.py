"""Moments as service centres write them: 3GPP TS 23.040, 9.2.3.11."""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs

from smskit.errors import NaiveDatetime, UsageError
from smskit.protocols.tpdu.checks import octets_long
from smskit.protocols.tpdu.reader import Reader
from smskit.protocols.tpdu.semi_octets import digits_of, octets_of

_QUARTER: Final = dt.timedelta(minutes=15)
_NO_DIGITS_ARE_0: Final = str.maketrans("abcdef", "000000")


@attrs.frozen
class Timestamp:
    """A moment to the second, in the seven octets that came: a receiver keeps them whatever they mean."""

    octets: bytes = attrs.field(validator=octets_long(7), repr=bytes.hex)

    @classmethod
    def of(cls, moment: dt.datetime) -> Timestamp:
        """The moment in its own zone. What is less than a second is left out.

        :raises NaiveDatetime: if it has no zone.
        :raises UsageError: if its year is not from 1990 to 2089, or its zone is no whole number of quarter hours.
        """
        offset = moment.utcoffset()
        if offset is None:
            raise NaiveDatetime("a timestamp needs a zone; use datetime.now(UTC) or .replace(tzinfo=...)")
        if not 1990 <= moment.year < 2090:
            raise UsageError("the year must be from 1990 to 2089: a timestamp has two digits for it")
        quarters, rest = divmod(abs(offset), _QUARTER)
        if rest or quarters > 79:
            raise UsageError("the zone must be whole quarters of an hour, at most 79; use .astimezone(UTC)")
        tens, units = divmod(quarters, 10)
        sign = 0x08 if offset < dt.timedelta(0) else 0
        return cls(octets_of(moment.strftime("%y%m%d%H%M%S")) + bytes((units << 4 | sign | tens,)))

    @property
    def datetime(self) -> dt.datetime | None:
        """The moment in the zone that it was written in; None if the octets are no date.

        Two-digit years from 90 on are in the 20th century. What is no decimal digit counts as 0.
        """
        digits = digits_of(self.octets)
        if not digits.isdecimal():
            digits = digits.translate(_NO_DIGITS_ARE_0)
        year, month, day, hour, minute, second = (int(digits[place : place + 2]) for place in range(0, 12, 2))
        try:
            return dt.datetime(
                year + (1900 if year >= 90 else 2000), month, day, hour, minute, second, tzinfo=self._zone
            )
        except ValueError:
            return None

    @property
    def _zone(self) -> dt.timezone:
        """Quarter hours; the sign is the high bit of the first semi-octet, which leaves three for its digit."""
        octet = self.octets[6]
        units = octet >> 4
        quarters = 10 * (octet & 0x07) + (units if units < 10 else 0)
        return dt.timezone((-quarters if octet & 0x08 else quarters) * _QUARTER)


def read_timestamp(reader: Reader, path: str) -> Timestamp:
    """Seven octets, whatever they are."""
    return Timestamp(reader.take(7, path))

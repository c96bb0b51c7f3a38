"""How long a service centre keeps trying: 3GPP TS 23.040, 9.2.3.12."""

from __future__ import annotations

import bisect
from datetime import timedelta
from typing import Final, TypeAlias

import attrs

from smskit.errors import UsageError
from smskit.protocols.tpdu.checks import octet, octets_long
from smskit.protocols.tpdu.reader import Reader
from smskit.protocols.tpdu.semi_octets import digits_of, octets_of
from smskit.protocols.tpdu.timestamps import Timestamp, read_timestamp

_PERIODS: Final = (
    *(timedelta(minutes=5 * (value + 1)) for value in range(144)),
    *(timedelta(hours=12, minutes=30 * (value - 143)) for value in range(144, 168)),
    *(timedelta(days=value - 166) for value in range(168, 197)),
    *(timedelta(weeks=value - 192) for value in range(197, 256)),
)


@attrs.frozen
class Relative:
    """A period in steps that grow: from 5 minutes to 63 weeks in one octet (9.2.3.12.1)."""

    value: int = attrs.field(validator=octet)

    @classmethod
    def of(cls, period: timedelta) -> Relative:
        """The shortest period that is not shorter.

        :raises UsageError: if it is negative or longer than 63 weeks.
        """
        if not timedelta(0) <= period <= _PERIODS[-1]:
            raise UsageError("a relative validity period is at most 63 weeks, and not negative")
        return cls(bisect.bisect_left(_PERIODS, period))

    @property
    def period(self) -> timedelta:
        """Counted from when the service centre has the message."""
        return _PERIODS[self.value]

    @property
    def octets(self) -> bytes:
        """As it stands in a TPDU."""
        return bytes((self.value,))


@attrs.frozen
class Enhanced:
    """Seven octets, the first of which says how to read the others (9.2.3.12.3). They are kept as they came."""

    octets: bytes = attrs.field(validator=octets_long(7), repr=bytes.hex)

    @classmethod
    def of(cls, period: timedelta | None, *, single_shot: bool = False) -> Enhanced:
        """A period to the second, or none. What is less than a second is left out.

        :raises UsageError: if it is negative or 100 hours and more; `Relative` can say longer ones.
        """
        first = 0x40 if single_shot else 0
        if period is None:
            return cls(bytes((first, 0, 0, 0, 0, 0, 0)))
        if not timedelta(0) <= period < timedelta(hours=100):
            raise UsageError(
                "an enhanced validity period is less than 100 hours, and not negative; use Relative"
            )
        minutes, seconds = divmod(int(period.total_seconds()), 60)
        digits = f"{minutes // 60:02}{minutes % 60:02}{seconds:02}"
        return cls(bytes((first | 0x03,)) + octets_of(digits) + bytes(3))

    @property
    def single_shot(self) -> bool:
        """The service centre makes one attempt only."""
        return bool(self.octets[0] & 0x40)

    @property
    def period(self) -> timedelta | None:
        """Counted from when the service centre has the message; None if there is none, or none that is defined."""
        first, value = self.octets[:2]
        if first & 0x80:
            return None  # an extension, of which the standard says nothing yet
        match first & 0x07:
            case 1:
                return _PERIODS[value]
            case 2:
                return timedelta(seconds=value) if value else None
            case 3:
                return _clock_period(digits_of(self.octets[1:4]))
            case _:
                return None


def _clock_period(digits: str) -> timedelta | None:
    if not digits.isdecimal():
        return None
    return timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:]))


Validity: TypeAlias = Relative | Enhanced | Timestamp
"""A Timestamp is the moment up to which the service centre tries (9.2.3.12.2)."""

# TP-Validity-Period-Format, bits 3 and 4 of the first octet (9.2.3.3).
FORMATS: Final[dict[type[Validity] | None, int]] = {None: 0, Enhanced: 0x08, Relative: 0x10, Timestamp: 0x18}


def format_of(validity: Validity | None) -> int:
    """The bits that the first octet of a TPDU has for it."""
    return 0 if validity is None else FORMATS[type(validity)]


def read_validity(reader: Reader, first: int) -> Validity | None:
    """The validity period that the first octet of a TPDU announces."""
    path = "validity"
    match first & 0x18:
        case 0x10:
            return Relative(reader.octet(path))
        case 0x18:
            return read_timestamp(reader, path)
        case 0x08:
            return Enhanced(reader.take(7, path))
        case _:
            return None

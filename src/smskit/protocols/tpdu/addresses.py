"""Who sends and who receives: 3GPP TS 23.040, 9.1.2.5, and 3GPP TS 24.011, 8.2.5, for the service centre."""

from __future__ import annotations

import enum
from typing import Final

import attrs

from smskit.encoding import alphabet
from smskit.encoding.septets import pack, unpack
from smskit.errors import DecodeError, UsageError
from smskit.protocols.tpdu.reader import Reader
from smskit.protocols.tpdu.semi_octets import digits_of, octets_of


class TypeOfNumber(enum.IntEnum):
    """How a number is to be dialled. The reserved type is read as UNKNOWN."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER = 4
    ALPHANUMERIC = 5
    """No number at all, but a name in the GSM 7 bit default alphabet."""
    ABBREVIATED = 6


class NumberingPlan(enum.IntEnum):
    """Whose number it is. Reserved plans are read as UNKNOWN."""

    UNKNOWN = 0
    ISDN = 1
    """The telephone numbers of the world: E.164."""
    DATA = 3
    TELEX = 4
    SERVICE_CENTRE_5 = 5
    SERVICE_CENTRE_6 = 6
    NATIONAL = 8
    PRIVATE = 9
    ERMES = 10


_MOST_DIGITS: Final = 20
"""The address value has 10 octets at most."""
_MOST_SEPTETS: Final = 11

_DIGITS: Final = "0123456789*#abc"
_DIALLED: Final = "0123456789*#"
_AS_HEX: Final = str.maketrans("*#abc", "abcde")
_FROM_HEX: Final = str.maketrans("abcde", "*#abc")
_FILLER: Final = "f"

_TYPES: Final[tuple[TypeOfNumber, ...]] = (*TypeOfNumber, TypeOfNumber.UNKNOWN)
_PLANS: Final = tuple(
    NumberingPlan(code) if code in set(NumberingPlan) else NumberingPlan.UNKNOWN for code in range(16)
)


@attrs.frozen(repr=False)
class Address:
    """A number or a name.

    A number has up to 20 of the digits 0 to 9, `*`, `#`, `a`, `b` and `c`, without a + in front: the type says whether
    it is international. A name takes up to 11 septets of the GSM 7 bit default alphabet. Either may be empty.
    `str()` gives the number, `repr()` hides it.
    """

    number: str
    type: TypeOfNumber = TypeOfNumber.UNKNOWN
    plan: NumberingPlan = NumberingPlan.ISDN

    def __attrs_post_init__(self) -> None:
        if self.type is TypeOfNumber.ALPHANUMERIC:
            tables = alphabet()
            if not tables.fits(self.number) or tables.count(self.number) > _MOST_SEPTETS:
                raise UsageError(
                    "a name is at most 11 characters of the GSM alphabet; signs such as € count twice"
                )
        elif len(self.number) > _MOST_DIGITS or self.number.strip(_DIGITS):
            raise UsageError(
                "a number is at most 20 of the digits 0 to 9, *, #, a, b and c, without a + in front"
            )

    @classmethod
    def of(cls, text: str) -> Address:
        """What people write: a + and digits, digits as they are dialled, or else a name.

        :raises UsageError: if it is too long, or a name with characters that are not in the GSM alphabet.
        """
        if text.startswith("+"):
            return cls(text[1:], TypeOfNumber.INTERNATIONAL)
        if text.strip(_DIALLED):
            return cls(text, TypeOfNumber.ALPHANUMERIC, NumberingPlan.UNKNOWN)
        return cls(text)

    def encode(self) -> bytes:
        """The address field of a TPDU. Its length counts the semi-octets that are in use."""
        if self.type is TypeOfNumber.ALPHANUMERIC:
            septets = alphabet().encode(self.number)
            return bytes(((len(septets) * 7 + 3) // 4, self._kind)) + pack(septets)
        return bytes((len(self.number), self._kind)) + self._semi_octets()

    def encode_service_centre(self) -> bytes:
        """The service centre address that modems want before a TPDU. Its length counts octets.

        :raises UsageError: if this is a name; a service centre has a number.
        """
        if self.type is TypeOfNumber.ALPHANUMERIC:
            raise UsageError("a service centre has no name; give its number")
        octets = self._semi_octets()
        return bytes((1 + len(octets), self._kind)) + octets

    @property
    def _kind(self) -> int:
        return 0x80 | self.type << 4 | self.plan

    def _semi_octets(self) -> bytes:
        digits = self.number
        if not digits.isdecimal():
            digits = digits.translate(_AS_HEX)
        return octets_of(digits + _FILLER if len(digits) % 2 else digits)

    def __str__(self) -> str:
        return f"+{self.number}" if self.type is TypeOfNumber.INTERNATIONAL else self.number

    def __repr__(self) -> str:
        return f"<Address {self.type.name} {self.plan.name}, {len(self.number)} characters>"


def read_address(reader: Reader, path: str) -> Address:
    """An address field. The value of a name has whole octets, but its length says how many characters are in it."""
    length = reader.octet(path)
    if length > _MOST_DIGITS:
        raise DecodeError(path, reader.place - 1, "an address has at most 20 semi-octets")
    kind = reader.octet(path)
    octets = reader.take((length + 1) // 2, path)
    if _type(kind) is TypeOfNumber.ALPHANUMERIC:
        name = alphabet().decode(unpack(octets, length * 4 // 7))
        return Address(name, TypeOfNumber.ALPHANUMERIC, _plan(kind))
    return Address(_digits(octets, length), _type(kind), _plan(kind))


def read_service_centre(reader: Reader) -> Address | None:
    """What stands before a TPDU: a length in octets, and if that is not 0 the address of the service centre."""
    path = "service_centre"
    length = reader.octet(path)
    if length == 0:
        return None
    if length > 1 + _MOST_DIGITS // 2:
        raise DecodeError(path, reader.place - 1, "a service centre address has at most 11 octets")
    kind = reader.octet(path)
    if _type(kind) is TypeOfNumber.ALPHANUMERIC:
        raise DecodeError(path, reader.place - 1, "a service centre has a number, not a name")
    octets = reader.take(length - 1, path)
    return Address(_digits(octets, 2 * len(octets)), _type(kind), _plan(kind))


def _digits(octets: bytes, length: int) -> str:
    """A filler is no digit, wherever it stands and even where the length counts it (9.1.2.3)."""
    digits = digits_of(octets)[:length]
    if digits.isdecimal():
        return digits
    return digits.replace(_FILLER, "").translate(_FROM_HEX)


def _type(kind: int) -> TypeOfNumber:
    return _TYPES[kind >> 4 & 0x07]


def _plan(kind: int) -> NumberingPlan:
    return _PLANS[kind & 0x0F]

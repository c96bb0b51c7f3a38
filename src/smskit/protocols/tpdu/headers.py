"""The information elements of a user data header: 3GPP TS 23.040, 9.2.3.24."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final, TypeAlias

import attrs

from smskit.encoding import Label, Language
from smskit.errors import UsageError
from smskit.protocols.tpdu.checks import octet


@attrs.frozen(kw_only=True)
class Concatenation:
    """Which part of a long text this is: 9.2.3.24.1 with a reference of 8 bits, 9.2.3.24.8 with one of 16."""

    reference: int
    total: int
    sequence: int
    wide: bool = False
    """The reference has 16 bits."""

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.reference <= (0xFFFF if self.wide else 0xFF):
            raise UsageError("a reference is from 0 to 255, or with wide=True to 65535")
        if not 1 <= self.sequence <= self.total <= 0xFF:
            raise UsageError("a sequence is from 1 to the total, and that is at most 255")

    @property
    def label(self) -> Label:
        """What a collector of parts asks for."""
        return Label(reference=self.reference, total=self.total, sequence=self.sequence, wide=self.wide)

    def encode(self) -> bytes:
        """The element with its identifier and length."""
        if self.wide:
            return bytes((0x08, 4, *divmod(self.reference, 256), self.total, self.sequence))
        return bytes((0x00, 3, self.reference, self.total, self.sequence))


@attrs.frozen(kw_only=True)
class Ports:
    """Which application it is for and from: 9.2.3.24.3 with ports of 8 bits, 9.2.3.24.4 with ports of 16."""

    destination: int
    source: int
    wide: bool = True
    """The ports have 16 bits."""

    def __attrs_post_init__(self) -> None:
        most = 0xFFFF if self.wide else 0xFF
        if not (0 <= self.destination <= most and 0 <= self.source <= most):
            raise UsageError("a port is from 0 to 65535, or with wide=False to 255")

    def encode(self) -> bytes:
        """The element with its identifier and length."""
        if self.wide:
            return bytes((0x05, 4, *divmod(self.destination, 256), *divmod(self.source, 256)))
        return bytes((0x04, 2, self.destination, self.source))


@attrs.frozen
class NationalLanguage:
    """A national table that the text uses: the single shift table (9.2.3.24.15) or the locking one (9.2.3.24.16)."""

    language: Language
    locking: bool = attrs.field(kw_only=True)
    """It takes the place of the default alphabet; otherwise of its extension table."""

    def encode(self) -> bytes:
        """The element with its identifier and length."""
        return bytes((0x25 if self.locking else 0x24, 1, self.language))


@attrs.frozen
class Element:
    """Any other element. So is one whose identifier is known but whose data is nonsense, which receivers ignore."""

    identifier: int = attrs.field(validator=octet)
    data: bytes

    def __attrs_post_init__(self) -> None:
        if len(self.data) > 0xFF:
            raise UsageError("an element has at most 255 octets of data")
        if _understood(self.identifier, self.data) is not None:
            raise UsageError(
                "this element has a class of its own: use Concatenation, Ports or NationalLanguage"
            )

    def encode(self) -> bytes:
        """The element with its identifier and length."""
        return bytes((self.identifier, len(self.data))) + self.data


InformationElement: TypeAlias = Concatenation | Ports | NationalLanguage | Element


def header_size(elements: Iterable[InformationElement]) -> int:
    """The octets that the header takes with its length."""
    octets = sum(len(element.encode()) for element in elements)
    return octets and octets + 1


def encode_header(elements: Iterable[InformationElement]) -> bytes:
    """The header with its length; nothing at all for no elements."""
    octets = b"".join(element.encode() for element in elements)
    return bytes((len(octets),)) + octets if octets else b""


def decode_header(octets: bytes) -> tuple[InformationElement, ...]:
    """The elements of a header without its length.

    Where the last one has too few or too many octets, the whole header is ignored (9.2.3.24).
    """
    elements: list[InformationElement] = []
    place = 0
    while place + 1 < len(octets):
        identifier, length = octets[place : place + 2]
        place += 2 + length
        data = octets[place - length : place]
        elements.append(_understood(identifier, data) or Element(identifier, data))
    return tuple(elements) if place == len(octets) else ()


def _understood(identifier: int, data: bytes) -> InformationElement | None:
    read = _READERS.get(identifier)
    return None if read is None else read(data)


def _concatenation(data: bytes, *, wide: bool) -> Concatenation | None:
    if len(data) != 3 + wide or not 1 <= data[-1] <= data[-2]:
        return None
    *reference, total, sequence = data
    return Concatenation(reference=int.from_bytes(reference), total=total, sequence=sequence, wide=wide)


def _ports(data: bytes, *, wide: bool) -> Ports | None:
    octets = 1 + wide
    if len(data) != 2 * octets:
        return None
    destination, source = int.from_bytes(data[:octets]), int.from_bytes(data[octets:])
    return Ports(destination=destination, source=source, wide=wide)


def _national_language(data: bytes, *, locking: bool) -> NationalLanguage | None:
    language = _LANGUAGES.get(data)
    return None if language is None else NationalLanguage(language, locking=locking)


_LANGUAGES: Final = {bytes((language,)): language for language in Language}

_READERS: Final[Mapping[int, Callable[[bytes], InformationElement | None]]] = {
    0x00: partial(_concatenation, wide=False),
    0x04: partial(_ports, wide=False),
    0x05: partial(_ports, wide=True),
    0x08: partial(_concatenation, wide=True),
    0x24: partial(_national_language, locking=False),
    0x25: partial(_national_language, locking=True),
}

"""What a message carries, TP-UD: 3GPP TS 23.040, 9.2.3.16 and 9.2.3.24."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import attrs

from smskit.encoding import (
    Encoding,
    Label,
    Language,
    Piece,
    Segmented,
    Shift,
    alphabet,
    national,
    segment,
    ucs2,
)
from smskit.encoding.septets import pack, unpack
from smskit.errors import DecodeError, UsageError
from smskit.protocols.tpdu.checks import Check
from smskit.protocols.tpdu.coding import CharacterSet, DataCoding
from smskit.protocols.tpdu.headers import (
    Concatenation,
    InformationElement,
    NationalLanguage,
    decode_header,
    encode_header,
    header_size,
)
from smskit.protocols.tpdu.reader import Reader

ROOM: Final = 140
"""The octets of user data in a SUBMIT or DELIVER; reports have other numbers."""

_MOST: Final = 159
"""In a DELIVER-REPORT, which holds more than any other TPDU."""


@attrs.frozen
class UserData:
    """A text or other data, its header, and the data coding that says how to read it.

    On the wire the coding stands in a field of its own, TP-DCS.
    """

    coding: DataCoding
    header: tuple[InformationElement, ...]
    payload: bytes = attrs.field(repr=lambda payload: f"<{len(payload)} units>")
    """Septets, one an octet, if `coding.in_septets`; otherwise octets."""

    def __attrs_post_init__(self) -> None:
        if self.coding.in_septets and not self.payload.isascii():
            raise UsageError("the payload of this coding is septets, one an octet, each from 0 to 127")
        check_room(self, _MOST)

    @classmethod
    def of_text(
        cls, text: str, *, message_class: int | None = None, languages: Collection[Language] = ()
    ) -> UserData:
        """A text that needs one message only, in GSM 7 bit if it can be, else in UCS2.

        `languages` are those whose national tables may be used, as in `smskit.encoding.segment`.

        :raises UsageError: if it is too long.
        """
        segmented = segment(text, languages=languages)
        if len(segmented.parts) > 1:
            raise UsageError(
                "the text needs more than one message; use user_data_of(segment(text), reference=...)"
            )
        return user_data_of(segmented, reference=0, message_class=message_class)[0]

    @property
    def text(self) -> str | None:
        """The text, read with the national tables that the header names; None for data and what is compressed.

        Join the pieces of a long text before they are decoded: a character may stand across two parts.
        """
        if self.coding.in_septets:
            return alphabet(self.shift).decode(self.payload)
        return ucs2.decode(self.payload) if self._is_ucs2 else None

    @property
    def piece(self) -> Piece | None:
        """What `smskit.encoding.join` joins; None where `text` is None."""
        if self.coding.in_septets:
            return Piece(Encoding.GSM7, self.payload, self.shift)
        return Piece(Encoding.UCS2, self.payload) if self._is_ucs2 else None

    @property
    def label(self) -> Label | None:
        """Which part of which long text this is, by the last element that says so (9.2.3.24)."""
        for element in reversed(self.header):
            if isinstance(element, Concatenation):
                return element.label
        return None

    @property
    def shift(self) -> Shift:
        """The national tables that the text uses, by the last element of each kind. Only septets use any."""
        if not (self.header and self.coding.in_septets):
            return _NO_SHIFT
        tables = {
            element.locking: element.language
            for element in self.header
            if isinstance(element, NationalLanguage) and _has_table(element)
        }
        return Shift(tables.get(True), tables.get(False))

    @property
    def size(self) -> int:
        """The octets that header and payload take."""
        header = header_size(self.header)
        if not self.coding.in_septets:
            return header + len(self.payload)
        return _octets(_septets(header) + len(self.payload))

    def encode(self) -> bytes:
        """The user data after their length (TP-UDL), which counts septets or octets as the coding wants."""
        header = encode_header(self.header)
        if not self.coding.in_septets:
            return bytes((len(header) + len(self.payload),)) + header + self.payload
        septets = _septets(len(header))
        packed = pack(self.payload, fill=septets * 7 - len(header) * 8)
        return bytes((septets + len(self.payload),)) + header + packed

    @property
    def _is_ucs2(self) -> bool:
        return self.coding.character_set is CharacterSet.UCS2 and not self.coding.compressed


def user_data_of(
    segmented: Segmented, *, reference: int, wide: bool = False, message_class: int | None = None
) -> tuple[UserData, ...]:
    """The user data of every part of a text; the header of each says what is needed to join and to read it.

    All parts have the reference, which should differ from that of other texts to the same recipient. It has 8 bits, or
    16 if `wide`; then the text must have been segmented with `wide_reference=True`.

    :raises UsageError: if the reference has too many bits, there are more than 255 parts, or a part is too long.
    """
    character_set = CharacterSet.GSM7 if segmented.encoding is Encoding.GSM7 else CharacterSet.UCS2
    coding = DataCoding.of(character_set, message_class)
    encode = alphabet(segmented.shift).encode if coding.in_septets else ucs2.encode
    languages = tuple(_languages(segmented.shift))
    total = len(segmented.parts)
    if total == 1:
        return (_part(coding, languages, encode(segmented.parts[0].text)),)
    if total > 255:
        raise UsageError("the text needs more than 255 parts, which no header can count; send several texts")
    return tuple(
        _part(
            coding,
            (Concatenation(reference=reference, total=total, sequence=sequence, wide=wide), *languages),
            encode(part.text),
        )
        for sequence, part in enumerate(segmented.parts, start=1)
    )


def _part(coding: DataCoding, header: tuple[InformationElement, ...], payload: bytes) -> UserData:
    part = UserData(coding, header, payload)
    check_room(part, ROOM)
    return part


def _languages(shift: Shift) -> Iterator[NationalLanguage]:
    if shift.locking is not None:
        yield NationalLanguage(shift.locking, locking=True)
    if shift.single is not None:
        yield NationalLanguage(shift.single, locking=False)


def fits(room: int) -> Check:
    """The field is user data that take no more octets."""

    def check(_value: object, _field: object, user_data: UserData) -> None:
        check_room(user_data, room)

    return check


def read_user_data(reader: Reader, coding: DataCoding, *, has_header: bool, room: int = ROOM) -> UserData:
    """The length and what it announces; `has_header` is TP-UDHI."""
    path = "user_data"
    length = reader.octet(path)
    size = _octets(length) if coding.in_septets else length
    if size > room:
        raise DecodeError(path, reader.place - 1, f"at most {room} octets fit, not {size}")
    octets = reader.take(size, path)
    if not has_header:
        return UserData(coding, (), unpack(octets, length) if coding.in_septets else octets)
    end = 1 + octets[0] if octets else 1
    septets = _septets(end)
    if end > size or (coding.in_septets and septets > length):
        raise DecodeError(f"{path}.header", reader.place - size, "the header is longer than the user data")
    header, payload = decode_header(octets[1:end]), octets[end:]
    if coding.in_septets:
        payload = unpack(payload, length - septets, fill=septets * 7 - end * 8)
    return UserData(coding, header, payload)


def check_room(user_data: UserData, room: int) -> None:
    """Make sure that they take no more octets.

    :raises UsageError: if they do.
    """
    size = user_data.size
    if size > room:
        raise UsageError(
            f"header and payload take {size} octets, and {room} fit; cut a text with smskit.encoding.segment, "
            "with wide_reference=True for references of 16 bits"
        )


def _has_table(element: NationalLanguage) -> bool:
    return not element.locking or national.locking_table(element.language) is not None


def _octets(septets: int) -> int:
    return (septets * 7 + 7) // 8


def _septets(octets: int) -> int:
    """How many septets octets take the place of; what follows begins on a septet boundary (9.2.3.24)."""
    return (octets * 8 + 6) // 7


_NO_SHIFT: Final = Shift()

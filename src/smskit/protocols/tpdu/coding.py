"""What an octet says of the text that follows, TP-DCS: 3GPP TS 23.038, 4."""

from __future__ import annotations

import enum
from typing import Final

import attrs

from smskit.errors import UsageError
from smskit.protocols.tpdu.checks import octet


class CharacterSet(enum.Enum):
    """How the characters are written."""

    GSM7 = "gsm7"
    """The GSM 7 bit alphabet, packed into septets."""
    DATA8 = "data8"
    """Octets that are no text, or a text of which only the applications know how it is written."""
    UCS2 = "ucs2"


class WaitingKind(enum.IntEnum):
    """What is waiting for the recipient elsewhere."""

    VOICEMAIL = 0
    FAX = 1
    EMAIL = 2
    OTHER = 3


@attrs.frozen(kw_only=True)
class Waiting:
    """An indication for the recipient's handset to show or to take away."""

    kind: WaitingKind
    active: bool
    """Something is waiting; False says that nothing is any more."""
    discard: bool
    """The text is of no use once the indication is shown."""


@attrs.frozen
class DataCoding:
    """The octet as it came, and what it means. Reserved codings mean the GSM 7 bit alphabet, as the standard wants."""

    octet: int = attrs.field(validator=octet, repr=hex)

    @classmethod
    def of(cls, character_set: CharacterSet, message_class: int | None = None) -> DataCoding:
        """The plainest octet that says so.

        :raises UsageError: if the class is not from 0 to 3.
        """
        octet = _CHARACTER_SETS.index(character_set) << 2
        if message_class is None:
            return CODINGS[octet]
        if message_class not in range(4):
            raise UsageError("a message class is 0 (flash), 1 (handset), 2 (SIM) or 3 (terminal)")
        return CODINGS[octet | 0x10 | message_class]

    @property
    def character_set(self) -> CharacterSet:
        """How the characters are written, before they are compressed."""
        group = self.octet >> 4
        if group < 0x8:
            return _CHARACTER_SETS[self.octet >> 2 & 0x03]
        if group == 0xE:
            return CharacterSet.UCS2
        return CharacterSet.DATA8 if group == 0xF and self.octet & 0x04 else CharacterSet.GSM7

    @property
    def in_septets(self) -> bool:
        """The text is counted and packed in septets; all else is octets."""
        return _IN_SEPTETS[self.octet]

    @property
    def compressed(self) -> bool:
        """The text is compressed by 3GPP TS 23.042, which smskit does not undo."""
        return self.octet & 0xA0 == 0x20

    @property
    def message_class(self) -> int | None:
        """0 is shown at once and not kept (flash), 1 is for the handset, 2 for the SIM, 3 for what is connected."""
        if self.octet & 0x90 == 0x10 or self.octet >> 4 == 0xF:
            return self.octet & 0x03
        return None

    @property
    def automatic_deletion(self) -> bool:
        """The handset may delete the message once it was read."""
        return self.octet >> 6 == 0x1

    @property
    def waiting(self) -> Waiting | None:
        """What the message says of others that are waiting."""
        group = self.octet >> 4
        if group not in {0xC, 0xD, 0xE}:
            return None
        return Waiting(kind=_KINDS[self.octet & 0x03], active=bool(self.octet & 0x08), discard=group == 0xC)


_CHARACTER_SETS: Final = (CharacterSet.GSM7, CharacterSet.DATA8, CharacterSet.UCS2, CharacterSet.GSM7)
_KINDS: Final = tuple(WaitingKind)

CODINGS: Final = tuple(map(DataCoding, range(256)))
"""Every data coding, at the place of its octet."""

_IN_SEPTETS: Final = tuple(
    coding.character_set is CharacterSet.GSM7 and not coding.compressed for coding in CODINGS
)

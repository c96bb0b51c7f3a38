"""Which TPDU it is, and the service centre that modems put before it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import attrs

from smskit.errors import DecodeError
from smskit.protocols.tpdu.acknowledgements import (
    DeliverReport,
    SubmitReport,
    read_deliver_report,
    read_submit_report,
)
from smskit.protocols.tpdu.addresses import Address, read_service_centre
from smskit.protocols.tpdu.deliver import Deliver, read_deliver
from smskit.protocols.tpdu.reader import Reader
from smskit.protocols.tpdu.status_report import StatusReport, read_status_report
from smskit.protocols.tpdu.submit import Submit, read_submit


class Direction(enum.Enum):
    """Which way a TPDU goes. The octets do not say it, and mean something else each way (3GPP TS 23.040, 9.2.3.1)."""

    TO_MOBILE = "to mobile"
    FROM_MOBILE = "from mobile"


Tpdu: TypeAlias = Deliver | DeliverReport | StatusReport | Submit | SubmitReport


@attrs.frozen
class Pdu:
    """A TPDU as modems give and take it in PDU mode (3GPP TS 27.005, 3.1): after the address of a service centre."""

    tpdu: Tpdu
    service_centre: Address | None = None
    """None leaves it to the modem."""

    def __attrs_post_init__(self) -> None:
        if self.service_centre is not None:
            self.service_centre.encode_service_centre()  # raises UsageError if it is a name

    @property
    def length(self) -> int:
        """The octets of the TPDU alone, which is what AT+CMGS asks for."""
        return len(self.tpdu.encode())

    def encode(self) -> bytes:
        """The octets with the address in front."""
        prefix = b"\0" if self.service_centre is None else self.service_centre.encode_service_centre()
        return prefix + self.tpdu.encode()


def decode(octets: bytes, direction: Direction) -> Tpdu:
    """Read a TPDU.

    What the standard tells a receiver to ignore is ignored, so encoding it again may give other octets.

    :raises DecodeError: if the octets are no TPDU, or one with something behind it. Nothing else is raised.
    """
    return _read(Reader(octets), direction)


def decode_pdu(octets: bytes, direction: Direction) -> Pdu:
    """Read the address of a service centre, and a TPDU as `decode` does.

    :raises DecodeError: if they are not that.
    """
    reader = Reader(octets)
    service_centre = read_service_centre(reader)
    return Pdu(_read(reader, direction), service_centre)


def _read(reader: Reader, direction: Direction) -> Tpdu:
    first = reader.octet(_PATH)
    tpdu = _READERS[direction][first & 0x03](reader, first)
    reader.finish()
    return tpdu


def _read_command(reader: Reader, _first: int) -> Tpdu:
    raise DecodeError(_PATH, reader.place - 1, "SMS-COMMAND is not supported")


def _read_reserved(reader: Reader, _first: int) -> Tpdu:
    raise DecodeError(_PATH, reader.place - 1, "a handset has no TPDU of this type")


_PATH: Final = "message_type"

# By TP-Message-Type-Indicator. A handset treats the reserved one as a DELIVER (9.2.3.1).
_READERS: Final[Mapping[Direction, tuple[Callable[[Reader, int], Tpdu], ...]]] = {
    Direction.TO_MOBILE: (read_deliver, read_submit_report, read_status_report, read_deliver),
    Direction.FROM_MOBILE: (read_deliver_report, read_submit, _read_command, _read_reserved),
}

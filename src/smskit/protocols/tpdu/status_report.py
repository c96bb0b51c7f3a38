"""SMS-STATUS-REPORT, what became of a message: 3GPP TS 23.040, 9.2.2.3."""

from __future__ import annotations

import enum
from typing import Final

import attrs

from smskit.protocols.tpdu.addresses import Address, read_address
from smskit.protocols.tpdu.checks import octet
from smskit.protocols.tpdu.parameters import (
    encode_parameters,
    has_header,
    read_indicator,
    read_parameters,
)
from smskit.protocols.tpdu.reader import Reader
from smskit.protocols.tpdu.timestamps import Timestamp, read_timestamp
from smskit.protocols.tpdu.user_data import UserData, fits

ROOM: Final = 131
"""The octets of user data in a STATUS-REPORT."""


class Outcome(enum.Enum):
    """What a status means for the message (9.2.3.15)."""

    DELIVERED = "delivered"
    """The recipient's handset has it."""
    UNCONFIRMED = "unconfirmed"
    """The service centre is done with it, but cannot or does not say that it arrived."""
    REPLACED = "replaced"
    """A later message took its place."""
    TRYING = "trying"
    """It did not arrive yet, and the service centre goes on."""
    FAILED = "failed"
    """It cannot be delivered."""
    GAVE_UP = "gave up"
    """It might be delivered at another time, but the service centre does not go on."""


# From 0x10 on in each group of 32, service centres have values of their own.
_RESERVED: Final = {
    *range(0x03, 0x10),
    *range(0x26, 0x30),
    *range(0x4A, 0x50),
    *range(0x66, 0x70),
    *range(0x80, 0x100),
}


def _outcome(status: int) -> Outcome:
    """Reserved values mean that the service was rejected (0x63)."""
    if status in _RESERVED:
        return _outcome(0x63)
    if status >= 0x20:
        return (Outcome.TRYING, Outcome.FAILED, Outcome.GAVE_UP)[(status >> 5) - 1]
    return {0x00: Outcome.DELIVERED, 0x02: Outcome.REPLACED}.get(status, Outcome.UNCONFIRMED)


_OUTCOMES: Final = tuple(map(_outcome, range(256)))

_optional_octet = attrs.validators.optional(octet)


@attrs.frozen(kw_only=True)
class StatusReport:
    """What a service centre tells of a message that was submitted with `status_report_request`."""

    message_reference: int = attrs.field(validator=octet)
    """Of the SUBMIT, as the modem told it then."""
    recipient_address: Address
    service_centre_timestamp: Timestamp
    """When the service centre received the message."""
    discharge_time: Timestamp
    """When it arrived; for other outcomes, when the service centre last tried or gave up (9.2.3.13)."""
    status: int = attrs.field(validator=octet, repr=hex)
    """As the service centre gave it; `outcome` says what it means."""
    more_messages: bool = False
    """More are waiting in the service centre. On the wire, TP-MMS says the opposite."""
    loop_prevention: bool = False
    """It must not be answered or forwarded by a machine (9.2.3.28)."""
    answers_command: bool = False
    """It tells of an SMS-COMMAND and not of a SUBMIT: TP-SRQ."""
    protocol_id: int | None = attrs.field(default=None, validator=_optional_octet)
    user_data: UserData | None = attrs.field(default=None, validator=attrs.validators.optional(fits(ROOM)))

    @property
    def outcome(self) -> Outcome:
        """What the status means for the message."""
        return _OUTCOMES[self.status]

    def encode(self) -> bytes:
        """The octets of the TPDU. It ends with the status if there is nothing else to say."""
        first = (
            0x02
            | (not self.more_messages) << 2
            | self.loop_prevention << 3
            | self.answers_command << 5
            | has_header(self.user_data)
        )
        parameters = encode_parameters(self.protocol_id, self.user_data)
        return b"".join(
            (
                bytes((first, self.message_reference)),
                self.recipient_address.encode(),
                self.service_centre_timestamp.octets,
                self.discharge_time.octets,
                bytes((self.status,)),
                parameters if len(parameters) > 1 else b"",
            )
        )


def read_status_report(reader: Reader, first: int) -> StatusReport:
    """What follows the first octet."""
    message_reference = reader.octet("message_reference")
    recipient_address = read_address(reader, "recipient_address")
    timestamp = read_timestamp(reader, "service_centre_timestamp")
    discharge_time = read_timestamp(reader, "discharge_time")
    status = reader.octet("status")
    indicator = read_indicator(reader) if reader.left else 0
    protocol_id, user_data = read_parameters(reader, indicator, first, room=ROOM)
    return StatusReport(
        message_reference=message_reference,
        recipient_address=recipient_address,
        service_centre_timestamp=timestamp,
        discharge_time=discharge_time,
        status=status,
        more_messages=not first & 0x04,
        loop_prevention=bool(first & 0x08),
        answers_command=bool(first & 0x20),
        protocol_id=protocol_id,
        user_data=user_data,
    )

"""SMS-DELIVER-REPORT and SMS-SUBMIT-REPORT, the answers to the other two: 3GPP TS 23.040, 9.2.2.1a and 9.2.2.2a.

Each has two forms: one for an RP-ACK, and one for an RP-ERROR, which has a failure cause. The layer below knows which
it carries. Here the octet decides that stands next: failure causes are 0x80 and more (9.2.3.22), and indicators less,
as long as no standard extends them.
"""

from __future__ import annotations

import attrs

from smskit.protocols.tpdu.checks import failure_cause, octet
from smskit.protocols.tpdu.parameters import (
    encode_parameters,
    has_header,
    read_indicator,
    read_parameters,
)
from smskit.protocols.tpdu.reader import Reader
from smskit.protocols.tpdu.timestamps import Timestamp, read_timestamp
from smskit.protocols.tpdu.user_data import UserData, check_room

_optional_octet = attrs.validators.optional(octet)


@attrs.frozen(kw_only=True)
class DeliverReport:
    """What a handset answers to a DELIVER."""

    failure_cause: int | None = attrs.field(default=None, validator=failure_cause)
    """Why the message was refused (9.2.3.22); None if it was taken."""
    protocol_id: int | None = attrs.field(default=None, validator=_optional_octet)
    user_data: UserData | None = None

    def __attrs_post_init__(self) -> None:
        if self.user_data is not None:
            check_room(self.user_data, _room(159, self.failure_cause))

    def encode(self) -> bytes:
        """The octets of the TPDU."""
        first = has_header(self.user_data)
        parameters = encode_parameters(self.protocol_id, self.user_data)
        return bytes((first, *_causes(self.failure_cause))) + parameters


@attrs.frozen(kw_only=True)
class SubmitReport:
    """What a service centre answers to a SUBMIT."""

    service_centre_timestamp: Timestamp
    """When the service centre received the message."""
    failure_cause: int | None = attrs.field(default=None, validator=failure_cause)
    """Why the message was refused (9.2.3.22); None if it was taken."""
    protocol_id: int | None = attrs.field(default=None, validator=_optional_octet)
    user_data: UserData | None = None

    def __attrs_post_init__(self) -> None:
        if self.user_data is not None:
            check_room(self.user_data, _room(152, self.failure_cause))

    def encode(self) -> bytes:
        """The octets of the TPDU."""
        first = 0x01 | has_header(self.user_data)
        parameters = encode_parameters(self.protocol_id, self.user_data)
        timestamp = self.service_centre_timestamp.octets
        return bytes((first, *_causes(self.failure_cause))) + parameters[:1] + timestamp + parameters[1:]


def read_deliver_report(reader: Reader, first: int) -> DeliverReport:
    """What follows the first octet."""
    cause = _read_cause(reader)
    indicator = read_indicator(reader)
    protocol_id, user_data = read_parameters(reader, indicator, first, room=_room(159, cause))
    return DeliverReport(failure_cause=cause, protocol_id=protocol_id, user_data=user_data)


def read_submit_report(reader: Reader, first: int) -> SubmitReport:
    """What follows the first octet."""
    cause = _read_cause(reader)
    indicator = read_indicator(reader)
    timestamp = read_timestamp(reader, "service_centre_timestamp")
    protocol_id, user_data = read_parameters(reader, indicator, first, room=_room(152, cause))
    return SubmitReport(
        service_centre_timestamp=timestamp, failure_cause=cause, protocol_id=protocol_id, user_data=user_data
    )


def _read_cause(reader: Reader) -> int | None:
    return reader.octet("failure_cause") if reader.peek() >= 0x80 else None


def _causes(cause: int | None) -> tuple[int, ...]:
    return () if cause is None else (cause,)


def _room(octets: int, cause: int | None) -> int:
    """The cause takes one of the octets that the TPDU has for user data."""
    return octets if cause is None else octets - 1

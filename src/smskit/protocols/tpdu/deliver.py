"""SMS-DELIVER, from the service centre to a handset: 3GPP TS 23.040, 9.2.2.1."""

from __future__ import annotations

import attrs

from smskit.protocols.tpdu.addresses import Address, read_address
from smskit.protocols.tpdu.checks import octet
from smskit.protocols.tpdu.coding import CODINGS
from smskit.protocols.tpdu.reader import Reader
from smskit.protocols.tpdu.timestamps import Timestamp, read_timestamp
from smskit.protocols.tpdu.user_data import ROOM, UserData, fits, read_user_data


@attrs.frozen(kw_only=True)
class Deliver:
    """A message that came in."""

    originating_address: Address
    service_centre_timestamp: Timestamp
    """When the service centre received it."""
    user_data: UserData = attrs.field(validator=fits(ROOM))
    protocol_id: int = attrs.field(default=0, validator=octet)
    more_messages: bool = False
    """More are waiting in the service centre. On the wire, TP-MMS says the opposite."""
    loop_prevention: bool = False
    """It was forwarded or made by a machine, and must not be answered or forwarded by one (9.2.3.28)."""
    status_report_indication: bool = False
    """The sender gets a status report."""
    reply_path: bool = False
    """An answer may go over the service centre that it came from (9.2.3.17)."""

    def encode(self) -> bytes:
        """The octets of the TPDU."""
        first = (
            (not self.more_messages) << 2
            | self.loop_prevention << 3
            | self.status_report_indication << 5
            | bool(self.user_data.header) << 6
            | self.reply_path << 7
        )
        return b"".join(
            (
                bytes((first,)),
                self.originating_address.encode(),
                bytes((self.protocol_id, self.user_data.coding.octet)),
                self.service_centre_timestamp.octets,
                self.user_data.encode(),
            )
        )


def read_deliver(reader: Reader, first: int) -> Deliver:
    """What follows the first octet."""
    originating_address = read_address(reader, "originating_address")
    protocol_id = reader.octet("protocol_id")
    coding = CODINGS[reader.octet("data_coding")]
    timestamp = read_timestamp(reader, "service_centre_timestamp")
    return Deliver(
        originating_address=originating_address,
        service_centre_timestamp=timestamp,
        user_data=read_user_data(reader, coding, has_header=bool(first & 0x40)),
        protocol_id=protocol_id,
        more_messages=not first & 0x04,
        loop_prevention=bool(first & 0x08),
        status_report_indication=bool(first & 0x20),
        reply_path=bool(first & 0x80),
    )

"""SMS-SUBMIT, from a handset to the service centre: 3GPP TS 23.040, 9.2.2.2."""

from __future__ import annotations

import attrs

from smskit.protocols.tpdu.addresses import Address, read_address
from smskit.protocols.tpdu.checks import octet
from smskit.protocols.tpdu.coding import CODINGS
from smskit.protocols.tpdu.reader import Reader
from smskit.protocols.tpdu.user_data import ROOM, UserData, fits, read_user_data
from smskit.protocols.tpdu.validity import Validity, format_of, read_validity


@attrs.frozen(kw_only=True)
class Submit:
    """A message to be sent."""

    destination_address: Address
    user_data: UserData = attrs.field(validator=fits(ROOM))
    validity: Validity | None = None
    """How long the service centre tries; None leaves it to the centre."""
    message_reference: int = attrs.field(default=0, validator=octet)
    """Status reports name it. Most modems put in their own, and tell it when the message is handed over."""
    protocol_id: int = attrs.field(default=0, validator=octet)
    status_report_request: bool = False
    reject_duplicates: bool = False
    """The service centre refuses it while it holds one from here with the same reference and destination."""
    reply_path: bool = False
    """An answer may come over the same service centre (9.2.3.17)."""

    def encode(self) -> bytes:
        """The octets of the TPDU."""
        first = (
            0x01
            | self.reject_duplicates << 2
            | format_of(self.validity)
            | self.status_report_request << 5
            | bool(self.user_data.header) << 6
            | self.reply_path << 7
        )
        return b"".join(
            (
                bytes((first, self.message_reference)),
                self.destination_address.encode(),
                bytes((self.protocol_id, self.user_data.coding.octet)),
                b"" if self.validity is None else self.validity.octets,
                self.user_data.encode(),
            )
        )


def read_submit(reader: Reader, first: int) -> Submit:
    """What follows the first octet."""
    message_reference = reader.octet("message_reference")
    destination_address = read_address(reader, "destination_address")
    protocol_id = reader.octet("protocol_id")
    coding = CODINGS[reader.octet("data_coding")]
    validity = read_validity(reader, first)
    return Submit(
        destination_address=destination_address,
        user_data=read_user_data(reader, coding, has_header=bool(first & 0x40)),
        validity=validity,
        message_reference=message_reference,
        protocol_id=protocol_id,
        status_report_request=bool(first & 0x20),
        reject_duplicates=bool(first & 0x04),
        reply_path=bool(first & 0x80),
    )

"""What `smskit decode` knows: hexadecimal as people paste it, and which octets are what."""

from __future__ import annotations

from smskit.errors import UsageError
from smskit.protocols.tpdu import Direction, Pdu, decode, decode_pdu


def read_pdu(text: str, direction: Direction, *, service_centre: bool) -> Pdu:
    """The PDU of hexadecimal digits; `service_centre` says that its address stands first.

    :raises UsageError: if there is anything else than pairs of digits and spaces.
    :raises DecodeError: if the octets are no PDU.
    """
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        raise UsageError("that is not hexadecimal: pairs of 0 to 9 and A to F, perhaps with spaces") from None
    return decode_pdu(octets, direction) if service_centre else Pdu(decode(octets, direction))

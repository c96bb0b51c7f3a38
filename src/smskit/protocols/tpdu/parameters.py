"""What a report may say besides, announced by the parameter indicator, TP-PI: 3GPP TS 23.040, 9.2.3.27."""

from __future__ import annotations

from smskit.protocols.tpdu.coding import CODINGS
from smskit.protocols.tpdu.reader import Reader
from smskit.protocols.tpdu.user_data import UserData, read_user_data


def has_header(user_data: UserData | None) -> int:
    """The bit of the first octet, TP-UDHI."""
    return 0x40 if user_data is not None and user_data.header else 0


def encode_parameters(protocol_id: int | None, user_data: UserData | None) -> bytes:
    """The indicator and what it announces."""
    if user_data is None:
        return b"\0" if protocol_id is None else bytes((0x01, protocol_id))
    if protocol_id is None:
        return bytes((0x06, user_data.coding.octet)) + user_data.encode()
    return bytes((0x07, protocol_id, user_data.coding.octet)) + user_data.encode()


def read_indicator(reader: Reader) -> int:
    """The indicator. The octets that extend it are skipped."""
    path = "parameter_indicator"
    indicator = last = reader.octet(path)
    while last & 0x80:
        last = reader.octet(path)
    return indicator


def read_parameters(
    reader: Reader, indicator: int, first: int, *, room: int
) -> tuple[int | None, UserData | None]:
    """The protocol identifier and the user data that an indicator announces; `first` is the octet with TP-UDHI.

    User data without a data coding are in the GSM 7 bit alphabet. Where the indicator has a reserved bit or an
    extension, more follows the user data, and is skipped.
    """
    protocol_id = reader.octet("protocol_id") if indicator & 0x01 else None
    coding = CODINGS[reader.octet("data_coding") if indicator & 0x02 else 0]
    user_data = None
    if indicator & 0x04:
        user_data = read_user_data(reader, coding, has_header=bool(first & 0x40), room=room)
    if indicator & 0xF8:
        reader.skip_rest()
    return protocol_id, user_data

"""Short messages in the octets of the GSM world, both ways: the TPDUs of 3GPP TS 23.040.

Values are checked when they are built, so each of them can be encoded, and decoding that gives the value back. Pure: no
I/O, no clock, no log.
"""

from smskit.protocols.tpdu.acknowledgements import DeliverReport, SubmitReport
from smskit.protocols.tpdu.addresses import Address, NumberingPlan, TypeOfNumber
from smskit.protocols.tpdu.coding import CharacterSet, DataCoding, Waiting, WaitingKind
from smskit.protocols.tpdu.deliver import Deliver
from smskit.protocols.tpdu.headers import (
    Concatenation,
    Element,
    InformationElement,
    NationalLanguage,
    Ports,
)
from smskit.protocols.tpdu.pdu import Direction, Pdu, Tpdu, decode, decode_pdu
from smskit.protocols.tpdu.status_report import Outcome, StatusReport
from smskit.protocols.tpdu.submit import Submit
from smskit.protocols.tpdu.timestamps import Timestamp
from smskit.protocols.tpdu.user_data import UserData, user_data_of
from smskit.protocols.tpdu.validity import Enhanced, Relative, Validity

__all__ = [
    "Address",
    "CharacterSet",
    "Concatenation",
    "DataCoding",
    "Deliver",
    "DeliverReport",
    "Direction",
    "Element",
    "Enhanced",
    "InformationElement",
    "NationalLanguage",
    "NumberingPlan",
    "Outcome",
    "Pdu",
    "Ports",
    "Relative",
    "StatusReport",
    "Submit",
    "SubmitReport",
    "Timestamp",
    "Tpdu",
    "TypeOfNumber",
    "UserData",
    "Validity",
    "Waiting",
    "WaitingKind",
    "decode",
    "decode_pdu",
    "user_data_of",
]

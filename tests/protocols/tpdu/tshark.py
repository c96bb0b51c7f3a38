"""tshark, Wireshark's `gsm_sms` dissector, asked about TPDUs: it gets a capture file with one in each packet."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from smskit.protocols.tpdu import Direction
from tests.protocols.tpdu.corpus import Case

NAME = "tshark"

FIELDS = {
    *(
        "tp-mti",
        "tp-rp",
        "tp-srr",
        "tp-rd",
        "tp-sri",
        "tp-lp",
        "tp-mms",
        "tp-srq",
        "tp-mr",
        "tp-pid",
        "tp-dcs",
        "tp-fcs",
    ),
    *("dis_field_addr.num_type", "dis_field_addr.num_plan", "tp-oa", "tp-da", "tp-ra"),
    *("scts.year", "scts.month", "scts.day", "scts.hour", "scts.minutes", "scts.seconds", "scts.timezone"),
    *("vp.validity_period", "dis_field.st_error", "dis.field_st_reason", "dis_field.definition"),
    *("udh.mm.msg_id", "udh.mm.msg_parts", "udh.mm.msg_part", "destination_port", "originator_port"),
    *("dis_iei_lang.single_shift", "dis_iei_lang.locking_shift", "sms_text", "sms_body", "compressed_data"),
}
"""What is written down of its answers."""

TIMES = ("TP-Service-Centre-Time-Stamp", "TP-Discharge-Time", "TP-Validity-Period: absolute")
"""Fields that stand in these are told apart by them."""

_LINK_TYPE = 147  # kept for users
_OPTIONS = (
    *("-o", f'uat:user_dlts:"User 0 (DLT={_LINK_TYPE})","gsm_sms","0","","0",""'),
    *("-o", "gsm_sms.reassemble:FALSE", "-T", "json", "-J", "gsm_sms"),
)


def version() -> str | None:
    """Which tshark is here, if any."""
    if shutil.which("tshark") is None:
        return None
    said = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True).stdout
    return said.split()[2].rstrip(".")


def ask(cases: Sequence[Case]) -> Mapping[str, Mapping[str, str]]:
    """What it reads in each case, by name."""
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder) / "capture.pcapng"
        capture.write_bytes(b"".join(_capture(cases)))
        command = ["tshark", "-r", str(capture), *_OPTIONS]
        said = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
    packets = json.loads(said)
    return {
        case.name: dict(_fields(packet["_source"]["layers"].get("gsm_sms")))
        for case, packet in zip(cases, packets, strict=True)
    }


def _fields(layer: object, where: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a layer and of all in it. What it cannot read is a text and no layer."""
    if not isinstance(layer, Mapping):
        return
    for name, content in layer.items():
        if isinstance(content, Mapping):
            yield from _fields(content, f"{name}: " if name in TIMES else where)
        elif name.removeprefix("gsm_sms.") in FIELDS:
            yield where + name.removeprefix("gsm_sms."), str(content)


def _capture(cases: Sequence[Case]) -> Iterator[bytes]:
    """A pcapng file: a section, an interface, and a packet with its direction for each case."""
    yield _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    yield _block(1, struct.pack("<HHI", _LINK_TYPE, 0, 0))
    for case in cases:
        octets = bytes.fromhex(case.hex)
        flags = 1 if case.direction is Direction.FROM_MOBILE else 2
        options = struct.pack("<HHIHH", 2, 4, flags, 0, 0)
        lengths = struct.pack("<IIIII", 0, 0, 0, len(octets), len(octets))
        yield _block(6, lengths + _padded(octets) + options)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)

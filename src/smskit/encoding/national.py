"""The national language tables: 3GPP TS 23.038, annex A.

`data/national.json` has the characters of the standard, less its slips. Locking Kannada 0x24 is U+0CA1 (printed is
U+0CAA, which stands at 0x3D already), single Tamil 0x24 is U+0BEE (printed is U+0BEF, which stands at 0x25), single
Telugu 0x22 and 0x23 are U+0C6C and U+0C6D (printed are U+06CC and U+06CD, of another script), and single Punjabi 0x23
is U+0A6D (printed with the letter O for the first digit).
"""

from __future__ import annotations

import enum
import functools
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final


class Language(enum.IntEnum):
    """The languages with tables of their own, by national language identifier (3GPP TS 23.038, 6.2.1.2.4)."""

    TURKISH = 1
    SPANISH = 2
    PORTUGUESE = 3
    BENGALI = 4
    GUJARATI = 5
    HINDI = 6
    KANNADA = 7
    MALAYALAM = 8
    ORIYA = 9
    PUNJABI = 10
    TAMIL = 11
    TELUGU = 12
    URDU = 13


_NONE: Final = "----"


@functools.cache
def locking_table(language: Language) -> str | None:
    """The locking shift table (A.3): 128 characters, the place of each its code; None for Spanish, which has none.

    The escape stands at 0x1B, and U+FFFE where the standard has no character.
    """
    rows: list[str] | None = _tables()[language.name.lower()]["locking"]
    if rows is None:
        return None
    return "".join(
        "\ufffe" if point == _NONE else chr(int(point, 16)) for row in rows for point in row.split()
    )


@functools.cache
def single_table(language: Language) -> Mapping[int, str]:
    """The single shift table (A.2): the characters by the codes that follow the escape.

    Without the two codes that are no characters: 0x0D, a control, and 0x1B, for a table to come.
    """
    points: dict[str, str] = _tables()[language.name.lower()]["single"]
    return MappingProxyType({int(code, 16): chr(int(point, 16)) for code, point in points.items()})


@functools.cache
def _tables() -> dict[str, Any]:
    from importlib import resources  # noqa: PLC0415 - the first to need a table pays for it

    file = resources.files("smskit.encoding") / "data" / "national.json"
    tables: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return tables

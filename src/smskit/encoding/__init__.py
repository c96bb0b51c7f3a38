"""Text as carriers count and carry it. Pure: knows nothing of messages, contacts or drivers."""

from smskit.encoding.gsm7 import Alphabet, Shift, alphabet
from smskit.encoding.national import Language
from smskit.encoding.reassembly import (
    Collector,
    Complete,
    Incomplete,
    Label,
    Piece,
    join,
    join_incomplete,
    missing,
    take_apart,
)
from smskit.encoding.report import Costly, Report, report, smart_encoding
from smskit.encoding.segments import Encoding, Segmented, TextPart, count_parts, segment
from smskit.encoding.transliteration import REPLACEMENTS, transliterate

__all__ = [
    "REPLACEMENTS",
    "Alphabet",
    "Collector",
    "Complete",
    "Costly",
    "Encoding",
    "Incomplete",
    "Label",
    "Language",
    "Piece",
    "Report",
    "Segmented",
    "Shift",
    "TextPart",
    "alphabet",
    "count_parts",
    "join",
    "join_incomplete",
    "missing",
    "report",
    "segment",
    "smart_encoding",
    "take_apart",
    "transliterate",
]

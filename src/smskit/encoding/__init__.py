"""Text as carriers count and carry it. Pure: knows nothing of messages, contacts or drivers."""

from smskit.encoding.segments import Encoding, Segmented, TextPart, count_parts, segment

__all__ = ["Encoding", "Segmented", "TextPart", "count_parts", "segment"]

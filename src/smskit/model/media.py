"""Media: pictures, videos and the like that go or come with a text (MMS)."""

from __future__ import annotations

import enum
import re

import attrs

from smskit.errors import InvalidMessage
from smskit.model.ids import MediaId, MessageId

_URL = re.compile(
    r"https?://[^\s/?#\x00-\x20\x7f\ud800-\udfff]+[^\s\x00-\x20\x7f\ud800-\udfff]*", re.IGNORECASE
)
_LONGEST_URL = 2000


class MediaState(enum.StrEnum):
    """Where the content is."""

    LINKED = "linked"
    """At the URL that was sent, from where the carrier fetches it."""
    PENDING = "pending"
    """At the carrier. A worker fetches it as soon as it can."""
    STORED = "stored"
    """In the Kit's media store."""
    LOST = "lost"
    """Nowhere: the carrier no longer has it, or it is too large."""


@attrs.frozen(kw_only=True)
class MediaRecord:
    """One of the media of a message."""

    id: MediaId
    message_id: MessageId
    place: int
    """Which of the message's, counted from 0."""
    state: MediaState
    url: str = attrs.field(repr=False)
    """Where it was, or is, to be fetched."""
    content_type: str | None
    """As in `image/jpeg`, by whoever sent it. Not to be believed when it is shown to people."""
    size: int | None
    """In bytes, once it is stored."""
    digest: str | None
    """Its SHA-256 in hexadecimal digits, once it is stored."""
    code: str | None
    """Why it is lost, or could not be fetched yet."""


def must_be_url(url: str) -> None:
    """:raises InvalidMessage: if no carrier could fetch media from there."""
    if len(url) > _LONGEST_URL or _URL.fullmatch(url) is None:
        raise InvalidMessage(
            f"media are given as URLs of http or https, of {_LONGEST_URL} characters at most"
        )

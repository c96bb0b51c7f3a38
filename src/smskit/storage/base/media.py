"""Media of messages: what is known of them, and where their content is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

import attrs

from smskit.model.ids import MediaId, MessageId, Org
from smskit.model.media import MediaRecord
from smskit.model.traffic import MediaLink


@attrs.frozen(kw_only=True)
class MediaErrand:
    """The right to fetch something from a carrier. It is void once the lease ran out or the fence moved."""

    media_id: MediaId
    worker: str
    fence: int
    driver: str
    link: MediaLink
    tries: int
    """How often it was tried before."""
    since: datetime
    """When the text came."""


@attrs.frozen(kw_only=True)
class WasFetched:
    """It is in the media store."""

    digest: str
    size: int
    content_type: str | None


@attrs.frozen(kw_only=True)
class WasNotFetched:
    """It is tried again at `retry_at`; without that it is lost."""

    code: str
    retry_at: datetime | None = None


Fetching: TypeAlias = WasFetched | WasNotFetched


class Media(Protocol):
    """What is known of the media of messages."""

    async def list_media(self, org: Org, message_id: MessageId) -> Sequence[MediaRecord]:
        """Those of a message, in order."""

    async def claim_media(
        self, worker: str, drivers: Sequence[str], now: datetime, *, lease: timedelta, limit: int
    ) -> Sequence[MediaErrand]:
        """Take media that are to be fetched now over one of the drivers, and lease them to the worker."""

    async def settle_media(self, errand: MediaErrand, outcome: Fetching, now: datetime) -> bool:
        """Write down what came of an errand; False if it is void, and then nothing is done."""


class MediaStore(Protocol):
    """Keeps the content of media, each by its SHA-256 in hexadecimal digits. Equal content is kept once."""

    async def put(self, content: bytes) -> str:
        """Keep it and give its digest; when this returns it is on disk, or wherever this store keeps it.

        :raises StorageUnavailable: it could not be kept.
        """

    async def get(self, digest: str) -> bytes:
        """The content.

        :raises NotFound: it is not here.
        :raises StorageUnavailable: it could not be read.
        """

    async def drop(self, digest: str) -> None:
        """Forget content that nothing refers to. What is not here is forgotten already.

        What was put within the last hour stays: somebody may be about to refer to it.

        :raises StorageUnavailable: it could not be forgotten.
        """

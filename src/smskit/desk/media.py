"""Media handles: what came or goes with a text."""

from __future__ import annotations

from smskit.desk.office import Office
from smskit.errors import NotFound
from smskit.model.ids import MediaId
from smskit.model.media import MediaRecord, MediaState


class Media:
    """One of the media of a message, as it was when the handle was made."""

    def __init__(self, office: Office, record: MediaRecord) -> None:
        self._office = office
        self.record = record
        """The whole snapshot."""

    @property
    def id(self) -> MediaId:
        return self.record.id

    @property
    def state(self) -> MediaState:
        return self.record.state

    @property
    def content_type(self) -> str | None:
        """As in `image/jpeg`, as whoever sent it says. Do not show what you did not check yourself."""
        return self.record.content_type

    @property
    def size(self) -> int | None:
        """In bytes, once it is stored."""
        return self.record.size

    @property
    def url(self) -> str:
        """Where it was, or is, to be fetched."""
        return self.record.url

    async def read(self) -> bytes:
        """The content of what a contact sent.

        :raises NotFound: it is not stored; `state` and `record.code` say why.
        :raises StorageUnavailable: the media store does not answer.
        """
        store = self._office.tools.media
        if self.record.digest is None or store is None:
            raise NotFound(f"media {self.id} are {self.state}, not stored; a worker fetches what is pending")
        return await store.get(self.record.digest)

    def __repr__(self) -> str:
        return f"Media({self.id}, {self.state}, {self.content_type})"

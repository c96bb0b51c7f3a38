"""Where Twilio keeps what comes with texts: its API knows where each is, and a storage elsewhere gives it out."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from functools import partial

from smskit.testing.carriers.behaving import Behaviour, Script, Without
from smskit.testing.carriers.server import Request, Response
from smskit.testing.carriers.twilio.account import Account, refusal


class MediaStore:
    """Pictures and the like from handsets, and what is done when the app asks for one.

    The API wants credentials and redirects to a storage on another port, by a link that anybody may follow. The
    storage must not be shown credentials: it refuses them, as real ones do, and `leaks` counts them. `asked` counts
    what the API was asked for, whatever it said.
    """

    def __init__(self, account: Account, keep_silent: Callable[[Request], Awaitable[object]]) -> None:
        self.storage_url = ""
        self.leaks = 0
        self.asked = 0
        self._account = account
        self._keep_silent = keep_silent
        self._links: dict[str, str] = {}
        self._kept: dict[str, tuple[bytes, str]] = {}
        self._api = Script()
        self._storage = Script()

    def behave(self, *, times: int | None = None) -> None:
        """Give out what is asked for, as at first."""
        self._api.add(Behaviour(), times)
        self._storage.add(Behaviour(), times)

    def be_missing(self, *, times: int | None = None) -> None:
        """Say that there is nothing, as Twilio may for a moment after a text came."""
        self._api.add(Behaviour(says=refusal("20404", 404)), times)

    def stumble(self, status: int = 500, *, times: int | None = None) -> None:
        """Answer with a fault of Twilio's own."""
        self._api.add(Behaviour(says=refusal("20500", status)), times)

    def throttle(self, *, retry_after: int | None = None, times: int | None = None) -> None:
        """Say that there are too many requests, and for how many seconds to wait."""
        self._api.add(Behaviour(says=refusal("20429", 429, retry_after=retry_after)), times)

    def stall(self, *, times: int | None = None) -> None:
        """Send half of what is asked for, and the rest after `TwilioLookalike.break_silence`."""
        self._storage.add(Behaviour(says=Without.SILENT), times)

    def keep(self, path: str, content: bytes, kind: str) -> None:
        """Give this out from now on, to who asks the API for the path."""
        link = f"/{secrets.token_hex(16)}?X-Amz-Signature={secrets.token_hex(32)}"
        self._links[path] = link
        self._kept[link] = content, kind

    def answer(self, path: str) -> Response | None:
        """What the API says to who has the credentials; nothing if there never was such a path."""
        link = self._links.get(path)
        if link is None:
            return None
        self.asked += 1
        said = self._api.take().says
        return (
            said if isinstance(said, Response) else Response(307, b"", {"Location": self.storage_url + link})
        )

    async def give(self, request: Request) -> Response:
        """What the storage says."""
        if "authorization" in request.headers:
            self.leaks += 1
            return Response(400, b"<Error><Code>InvalidArgument</Code></Error>")
        if request.method != "GET" or request.target not in self._kept:
            return Response(403, b"<Error><Code>AccessDenied</Code></Error>")
        content, kind = self._kept[request.target]
        stalls = self._storage.take().says is Without.SILENT
        pause = partial(self._keep_silent, request) if stalls else None
        return Response(200, content, {"Content-Type": kind}, pause)

"""Media by the link that a callback gave: fetched from where it is, but never from where nobody should be led."""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache

import anyio
import attrs
import httpx

from smskit.drivers.http.places import Resolve, are_at_home, are_public, resolve
from smskit.drivers.http.quiet import quiet
from smskit.drivers.http.waiting import retry_after
from smskit.errors import Rejected, Unavailable
from smskit.model.traffic import Fetched

LARGEST_MEDIA = 10 * 1024 * 1024
MOST_REDIRECTS = 5

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAY_CHANGE = frozenset({401, 403, 404, 408, 409, 425, 429})
_PORTS: Mapping[str, int] = {"http": 80, "https": 443}
_CONTENT_TYPE = re.compile(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
)  # RFC 6838, 4.2


@attrs.frozen(kw_only=True)
class MediaFetcher:
    """Fetches what came with a text, from a carrier at `base_url`.

    Only https is followed, and http if the carrier itself is at http. `auth`, a user and a password, goes to the
    carrier's own scheme, host and port and nowhere else. No address that is not public is connected to, unless the
    carrier itself has none that is. No proxy of the environment is used, and no cookie kept.
    """

    base_url: str
    auth: tuple[str, str] | None = attrs.field(default=None, repr=False)
    largest: int = LARGEST_MEDIA
    timeout: timedelta = timedelta(seconds=60)
    """For all of it, redirects included."""
    resolve: Resolve = resolve
    tls: ssl.SSLContext | None = None

    async def fetch(self, link: str) -> Fetched:
        """What is behind the link, after at most five redirects.

        :raises Rejected: it never gets better. The code is `address`, `redirects`, `encoding`, `size`, or the status.
        :raises Unavailable: it may. The code is `connect`, `timeout`, `broken`, or the status.
        """
        try:
            with quiet(), anyio.fail_after(self.timeout.total_seconds()):
                return await self._follow(_parsed(link))
        except (TimeoutError, httpx.TimeoutException) as error:
            raise Unavailable("the media did not come in time", code="timeout") from error
        except httpx.HTTPError as error:
            raise Unavailable("the connection broke before all of the media came", code="broken") from error

    async def _follow(self, url: httpx.URL) -> Fetched:
        for _ in range(MOST_REDIRECTS + 1):
            async with self._asked(url) as response:
                location = response.headers.get("location")
                if response.status_code not in _REDIRECTS or location is None:
                    return await self._read(response)
            url = _parsed(location, url)
        raise Rejected("the media is behind too many redirects", code="redirects")

    @asynccontextmanager
    async def _asked(self, url: httpx.URL) -> AsyncIterator[httpx.Response]:
        """Each on a connection of its own, to an address that was judged: nobody looks the host up again."""
        addresses = await self._judged(url)
        async with httpx.AsyncHTTPTransport(verify=self.tls or _usual_tls(), trust_env=False) as transport:
            response = await self._first_answer(transport, url, addresses)
            try:
                yield response
            finally:
                await response.aclose()

    async def _judged(self, url: httpx.URL) -> Sequence[str]:
        base = httpx.URL(self.base_url)
        if url.scheme not in {"https", base.scheme} or url.userinfo or not url.host or _port(url) > 65535:
            raise Rejected("the media is at a URL that is not followed", code="address")
        addresses = await self._addresses_of(url)
        if are_public(addresses):
            return addresses
        if are_at_home(addresses) and are_at_home(await self._addresses_of(base)):
            return addresses
        raise Rejected("the media is at an address that is not public", code="address")

    async def _addresses_of(self, url: httpx.URL) -> Sequence[str]:
        try:
            addresses = await self.resolve(url.raw_host.decode("ascii"), _port(url))
        except (OSError, UnicodeError) as error:
            raise Unavailable("the host of the media is not found", code="connect") from error
        if not addresses:
            raise Unavailable("the host of the media has no address", code="connect")
        return addresses

    async def _first_answer(
        self, transport: httpx.AsyncHTTPTransport, url: httpx.URL, addresses: Sequence[str]
    ) -> httpx.Response:
        for address in addresses:
            try:
                return await transport.handle_async_request(self._request(url, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        raise Unavailable("no connection to where the media is", code="connect") from failed

    def _request(self, url: httpx.URL, address: str) -> httpx.Request:
        headers = {"Host": url.netloc.decode("ascii"), "User-Agent": "smskit", "Accept-Encoding": "identity"}
        if self.auth is not None and _origin(url) == _origin(httpx.URL(self.base_url)):
            headers["Authorization"] = "Basic " + b64encode(":".join(self.auth).encode()).decode()
        extensions = {
            "sni_hostname": url.raw_host.decode("ascii"),  # which the certificate has to be for
            "timeout": {"connect": self.timeout.total_seconds() / 4},
        }
        return httpx.Request("GET", url.copy_with(host=address), headers=headers, extensions=extensions)

    async def _read(self, response: httpx.Response) -> Fetched:
        _check_status(response)
        if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            raise Rejected("the media is in an encoding that was not asked for", code="encoding")
        self._check_size(int(_declared(response)))
        content = bytearray()
        async for piece in response.aiter_raw():
            content += piece
            self._check_size(len(content))
        return Fetched(content=bytes(content), content_type=_content_type(response))

    def _check_size(self, size: int) -> None:
        if size > self.largest:
            raise Rejected("the media is too large", code="size")


@cache
def _usual_tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _parsed(link: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        return httpx.URL(link) if base is None else base.join(link)
    except (httpx.InvalidURL, ValueError) as error:
        raise Rejected("the media is at what is no URL", code="address") from error


def _origin(url: httpx.URL) -> tuple[str, bytes, int]:
    return url.scheme, url.raw_host, _port(url)


def _port(url: httpx.URL) -> int:
    return _PORTS.get(url.scheme, 0) if url.port is None else url.port


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    if 400 <= status < 500 and status not in _MAY_CHANGE:
        raise Rejected("the media is not given out", code=str(status))
    wait = retry_after({name.lower(): value for name, value in response.headers.items()})
    raise Unavailable("the media is not given out now", code=str(status), retry_after=wait)


def _declared(response: httpx.Response) -> str:
    length = response.headers.get("content-length", "")
    return length[:18] if length.isdecimal() else "0"


def _content_type(response: httpx.Response) -> str | None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind if _CONTENT_TYPE.fullmatch(kind) else None

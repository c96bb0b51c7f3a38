"""Media is fetched from where a link leads, over real sockets, and from nowhere that nobody should be led to."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from smskit.drivers.http import LARGEST_MEDIA, MOST_REDIRECTS, MediaFetcher
from smskit.errors import DeliveryError, Rejected, Unavailable
from smskit.model.traffic import Fetched
from tests.drivers.loopback import (
    Handler,
    a_server,
    answering,
    close_before_reading,
    closing_after,
    drip,
    read_request,
    stay_silent,
)

AUTH = ("AC1", "secret")
CERTIFICATE = Path(__file__).parent / "media.example.pem"
OK = b"HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\ncontent-length: 2\r\n\r\nok"
PICTURE = Fetched(content=b"ok", content_type="image/jpeg")
CARRIER = "https://carrier.example"
PUBLIC, ELSEWHERE = "93.184.216.34", "198.41.0.4"
SOON = timedelta(seconds=1)

# On trio httpx leaves generators behind when an answer is not read to its end.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Names:
    """A resolver that knows these hosts, and whom it was asked for."""

    def __init__(self, known: Mapping[str, Sequence[str]]) -> None:
        self.known = known
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.known:
            raise OSError(f"nobody knows {host}")
        return self.known[host]


class Recorder:
    """Answers each request with the next answer, and the last one ever after."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heads: list[bytes] = []

    async def __call__(self, stream: ByteStream) -> None:
        self.heads.append((await read_request(stream)).partition(b"\r\n\r\n")[0])
        await stream.send(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    @property
    def saw_credentials(self) -> list[bool]:
        return [b"\r\nauthorization: basic" in head.lower() for head in self.heads]


def redirect(location: str, status: int = 307) -> bytes:
    return f"HTTP/1.1 {status} Over there\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode()


@asynccontextmanager
async def two_servers(first: Handler, second: Handler) -> AsyncIterator[tuple[str, str]]:
    async with a_server(first) as carrier, a_server(second) as storage:
        yield carrier, storage


async def failure(fetcher: MediaFetcher, link: str) -> tuple[type[DeliveryError], str | None]:
    with pytest.raises(DeliveryError) as raised:
        await fetcher.fetch(link)
    assert not any(private in str(raised.value) for private in ("secret", "example", "127.0.0.1", "/me"))
    return type(raised.value), raised.value.code


async def fault(handler: Handler, **options: timedelta | int) -> tuple[type[DeliveryError], str | None]:
    async with a_server(handler) as url:
        return await failure(MediaFetcher(base_url=url, auth=AUTH, **options), f"{url}/me")  # type: ignore[arg-type] # by name


async def test_what_is_there_comes_with_its_type() -> None:
    server = Recorder(OK)
    async with a_server(server) as url:
        fetched = await MediaFetcher(base_url=url, auth=AUTH).fetch(f"{url}/me%2F1?a=b%20c#rest")

    assert fetched == PICTURE
    (head,) = server.heads
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "get /me%2f1?a=b%20c http/1.1"
    assert {f"host: {urlsplit(url).netloc}", "accept-encoding: identity", "user-agent: smskit"} <= set(lines)
    assert server.saw_credentials == [True]


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("image/jpeg", "image/jpeg"),
        ("Image/JPEG; name=x.jpg", "image/jpeg"),
        (" application/vnd.x+xml ", "application/vnd.x+xml"),
        ("", None),
        ("jpeg", None),
        ("image/", None),
        ("image/jpeg/x", None),
        ("text/<script>", None),
        (f"image/{'x' * 200}", None),
    ],
)
async def test_a_type_is_taken_only_if_it_looks_like_one(said: str, taken: str | None) -> None:
    answer = f"HTTP/1.1 200 OK\r\ncontent-type: {said}\r\ncontent-length: 2\r\n\r\nok"
    async with a_server(answering(answer.encode())) as url:
        fetched = await MediaFetcher(base_url=url).fetch(url)

    assert fetched == Fetched(content=b"ok", content_type=taken)


async def test_without_a_type_there_is_none() -> None:
    async with a_server(answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as url:
        assert await MediaFetcher(base_url=url).fetch(url) == Fetched(content=b"")


# Redirects and credentials


async def test_credentials_go_to_the_carrier_and_nowhere_else_however_often_it_goes_back_and_forth() -> None:
    carrier, storage = Recorder(OK), Recorder(OK)
    async with two_servers(carrier, storage) as (here, there):
        carrier.answers = [redirect(f"{there}/1"), OK]
        storage.answers = [redirect(f"{here}/2")]

        fetched = await MediaFetcher(base_url=here, auth=AUTH).fetch(f"{here}/me")

    assert fetched == PICTURE
    assert (carrier.saw_credentials, storage.saw_credentials) == ([True, True], [False])


async def test_the_same_machine_by_another_name_gets_no_credentials() -> None:
    server = Recorder(OK)
    async with a_server(server) as url:
        fetcher = MediaFetcher(base_url=url, auth=AUTH)
        await fetcher.fetch(url.replace("127.0.0.1", "127.1"))
        await fetcher.fetch(url.upper().replace("HTTP", "http"))

    assert server.saw_credentials == [False, True]


async def test_without_credentials_none_are_sent() -> None:
    server = Recorder(OK)
    async with a_server(server) as url:
        await MediaFetcher(base_url=url).fetch(url)

    assert server.saw_credentials == [False]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_relative_ones_too(status: int) -> None:
    server = Recorder(redirect("../b?c", status), OK)
    async with a_server(server) as url:
        assert await MediaFetcher(base_url=url).fetch(f"{url}/x/a") == PICTURE

    assert [head.split(b" ")[1] for head in server.heads] == [b"/x/a", b"/b?c"]


@pytest.mark.parametrize(("redirects", "taken"), [(MOST_REDIRECTS, True), (MOST_REDIRECTS + 1, False)])
async def test_five_redirects_are_enough(redirects: int, *, taken: bool) -> None:
    server = Recorder(*[redirect("/on")] * redirects, OK)
    async with a_server(server) as url:
        fetcher = MediaFetcher(base_url=url)
        said = await fetcher.fetch(url) if taken else await failure(fetcher, url)

    assert said == (PICTURE if taken else (Rejected, "redirects"))
    assert len(server.heads) == MOST_REDIRECTS + 1


async def test_a_redirect_to_nowhere_may_get_better() -> None:
    assert await fault(answering(b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n")) == (Unavailable, "302")


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/me",
        "file:///etc/passwd",
        "http://u:p@127.0.0.1/me",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/me",
        "http://0.0.0.0/me",
        "http://224.0.0.1/me",
        "http://[::1",
        "http://127.0.0.1:99999999999999999999/",
    ],
)
async def test_each_redirect_is_judged_anew(location: str) -> None:
    """Even if the carrier is on this machine, not everything is its private network."""
    assert await fault(answering(redirect(location))) == (Rejected, "address")


async def test_cookies_are_not_kept() -> None:
    cookie = b"HTTP/1.1 302 Found\r\nlocation: /b\r\nset-cookie: a=b; path=/\r\ncontent-length: 0\r\n\r\n"
    server = Recorder(cookie, OK)
    async with a_server(server) as url:
        await MediaFetcher(base_url=url).fetch(url)

    assert not any(b"\r\ncookie" in head.lower() for head in server.heads)
    assert len(server.heads) == 2


# Addresses


@pytest.mark.parametrize(
    "link",
    [
        "http://carrier.example/me",
        "ftp://carrier.example/me",
        "file:///etc/passwd",
        "data:text/plain,x",
        "//carrier.example/me",
        "/me",
        "",
        "https:///me",
        "https://carrier.example:65536/me",
        "https://user@carrier.example/me",
        "https://user:secret@carrier.example/me",
        "https://:@carrier.example/me",
        "https://carrier.example\r\nX: y/me",
        "https://[::1/me",
    ],
)
async def test_only_a_plain_https_link_is_followed(link: str) -> None:
    names = Names({"carrier.example": [PUBLIC]})

    assert await failure(MediaFetcher(base_url=CARRIER, resolve=names), link) == (Rejected, "address")
    assert names.asked == []


PRIVATE = {
    "loopback": ["127.0.0.1"],
    "private": ["10.1.2.3"],
    "private too": ["192.168.0.1"],
    "link-local": ["169.254.169.254"],
    "shared": ["100.64.0.1"],
    "unspecified": ["0.0.0.0"],
    "multicast": ["224.0.0.1"],
    "global multicast": ["233.252.0.1"],
    "reserved": ["240.0.0.1"],
    "IPv6 loopback": ["::1"],
    "unique local": ["fd00::1"],
    "IPv6 link-local": ["fe80::1%1"],
    "site-local": ["fec0::1"],
    "IPv6 multicast": ["ff0e::1"],
    "mapped": ["::ffff:127.0.0.1"],
    "wrapped by NAT64": ["64:ff9b::7f00:1"],
    "wrapped by 6to4": ["2002:7f00:1::1"],
    "compatible": ["::7f00:1"],
    "one of several": [PUBLIC, "10.1.2.3"],
}


@pytest.mark.parametrize("addresses", PRIVATE.values(), ids=PRIVATE.keys())
async def test_no_address_but_public_ones_is_connected_to(addresses: Sequence[str]) -> None:
    connections: list[ByteStream] = []

    async def handler(stream: ByteStream) -> None:
        connections.append(stream)

    async with a_server(handler) as url:
        port = urlsplit(url).port
        names = Names({"carrier.example": [PUBLIC], "media.example": addresses})
        fetcher = MediaFetcher(base_url=CARRIER, resolve=names, timeout=SOON)

        assert await failure(fetcher, f"https://media.example:{port}/me") == (Rejected, "address")
        await anyio.wait_all_tasks_blocked()

    assert connections == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::1]", "localhost"])
async def test_this_machine_is_known_however_it_is_written(host: str) -> None:
    async def system(name: str, port: int) -> Sequence[str]:
        return [PUBLIC] if name == "carrier.example" else await MediaFetcher(base_url="").resolve(name, port)

    fetcher = MediaFetcher(base_url=CARRIER, resolve=system, timeout=SOON)
    assert await failure(fetcher, f"https://{host}/me") == (Rejected, "address")


@pytest.mark.parametrize(
    "addresses",
    [[ELSEWHERE], [PUBLIC, "2606:4700::1111"], ["::ffff:93.184.216.34"], ["64:ff9b::5db8:d822"]],
    ids=["one", "several", "mapped", "wrapped by NAT64"],
)
async def test_public_addresses_are_taken_as_they_are(addresses: Sequence[str]) -> None:
    """Seen from inside, since no test connects to the internet."""
    fetcher = MediaFetcher(base_url=CARRIER, resolve=Names({"media.example": addresses}))

    assert await fetcher._judged(httpx.URL("https://media.example/me")) == addresses


@pytest.mark.parametrize("home", [["127.0.0.1"], ["10.9.8.7"], ["fd00::1"]], ids=["here", "there", "IPv6"])
async def test_a_carrier_in_a_private_network_may_lead_into_it(home: Sequence[str]) -> None:
    async with a_server(answering(OK)) as url:
        names = Names({"carrier.example": home, "media.example": ["127.0.0.1"]})
        fetcher = MediaFetcher(base_url="http://carrier.example", resolve=names)

        assert await fetcher.fetch(url.replace("127.0.0.1", "media.example")) == PICTURE


@pytest.mark.parametrize("home", [[PUBLIC], [PUBLIC, "10.9.8.7"], ["169.254.1.1"]])
async def test_a_carrier_elsewhere_may_not(home: Sequence[str]) -> None:
    names = Names({"carrier.example": home, "media.example": ["127.0.0.1"]})
    fetcher = MediaFetcher(base_url="http://carrier.example", resolve=names)

    assert await failure(fetcher, "http://media.example/me") == (Rejected, "address")


async def test_the_address_that_was_judged_is_connected_to_and_nobody_asks_again() -> None:
    server = Recorder(OK)
    async with a_server(server) as url:
        port = urlsplit(url).port
        names = Names({"carrier.example": ["127.0.0.1"], "media.example": ["127.0.0.1"]})
        link = f"http://media.example:{port}/me"

        assert await MediaFetcher(base_url="http://carrier.example", resolve=names).fetch(link) == PICTURE

    assert names.asked == ["media.example", "carrier.example"]
    assert f"\r\nHost: media.example:{port}".encode() in server.heads[0]


async def test_the_next_address_is_tried_if_one_does_not_answer() -> None:
    async with a_server(answering(OK)) as url:
        names = Names({"127.0.0.1": ["::1", "127.0.0.1"]})

        assert await MediaFetcher(base_url=url, resolve=names).fetch(url) == PICTURE


# TLS


@pytest.mark.parametrize(
    ("host", "said"), [("media.example", PICTURE), ("other.example", (Unavailable, "connect"))]
)
async def test_the_certificate_has_to_be_for_the_host_of_the_link(host: str, said: object) -> None:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(CERTIFICATE)
    names = Names({"media.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    async with a_server(answering(OK), ours) as url:
        link = url.replace("127.0.0.1", host)
        trusting = ssl.create_default_context(cafile=CERTIFICATE)
        fetcher = MediaFetcher(base_url=link, resolve=names, tls=trusting)

        assert (await fetcher.fetch(link) if said == PICTURE else await failure(fetcher, link)) == said


async def test_a_certificate_that_nobody_vouches_for_is_not_taken() -> None:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(CERTIFICATE)
    async with a_server(answering(OK), ours) as url:
        link = url.replace("127.0.0.1", "media.example")
        fetcher = MediaFetcher(base_url=link, resolve=Names({"media.example": ["127.0.0.1"]}))

        assert await failure(fetcher, link) == (Unavailable, "connect")


# Sizes, encodings and answers


async def test_what_says_that_it_is_too_large_is_not_read() -> None:
    async def handler(stream: ByteStream) -> None:
        await read_request(stream)
        await stream.send(f"HTTP/1.1 200 OK\r\ncontent-length: {LARGEST_MEDIA + 1}\r\n\r\n".encode())
        await anyio.sleep_forever()

    assert await fault(handler, timeout=timedelta(seconds=5)) == (Rejected, "size")


async def test_what_does_not_say_how_large_it_is_is_read_up_to_the_limit() -> None:
    async def handler(stream: ByteStream) -> None:
        await read_request(stream)
        await stream.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            await stream.send(b"400\r\n" + b"x" * 1024 + b"\r\n")

    assert await fault(handler, largest=5000) == (Rejected, "size")


@pytest.mark.parametrize("head", ["content-length: 1000", "connection: close"])
async def test_the_largest_is_still_taken(head: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n{'x' * 1000}"
    async with a_server(closing_after(answer.encode())) as url:
        fetched = await MediaFetcher(base_url=url, largest=1000).fetch(url)
        smaller = await failure(MediaFetcher(base_url=url, largest=999), url)

    assert len(fetched.content) == 1000
    assert smaller == (Rejected, "size")


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "x"])
async def test_what_would_have_to_be_unpacked_is_refused(encoding: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: 2\r\n\r\nok"

    assert await fault(answering(answer.encode())) == (Rejected, "encoding")


async def test_identity_is_no_encoding() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: Identity\r\ncontent-length: 2\r\n\r\nok"
    async with a_server(answering(answer)) as url:
        assert (await MediaFetcher(base_url=url).fetch(url)).content == b"ok"


@pytest.mark.parametrize("status", [400, 402, 405, 406, 410, 411, 413, 414, 415, 422, 451])
async def test_some_answers_never_change(status: int) -> None:
    answer = f"HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n"

    assert await fault(answering(answer.encode())) == (Rejected, str(status))


@pytest.mark.parametrize(
    "status", [204, 206, 300, 304, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504, 599]
)
async def test_all_others_may(status: int) -> None:
    answer = f"HTTP/1.1 {status} Some\r\ncontent-length: 0\r\n\r\n"

    assert await fault(answering(answer.encode())) == (Unavailable, str(status))


@pytest.mark.parametrize("status", [404, 429, 503])
async def test_a_server_may_say_when_to_come_back(status: int) -> None:
    answer = f"HTTP/1.1 {status} Later\r\nRetry-After: 7\r\ncontent-length: 0\r\n\r\n"
    async with a_server(answering(answer.encode())) as url:
        with pytest.raises(Unavailable) as raised:
            await MediaFetcher(base_url=url).fetch(url)

    assert raised.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize(
    "handler",
    [
        close_before_reading,
        closing_after(b""),
        closing_after(b"HTTP/1.1 20"),
        closing_after(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhal"),
        closing_after(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal"),
        closing_after(b"+OK POP3 server ready\r\n"),
    ],
    ids=["at once", "unanswered", "half a line", "half", "chunk", "garbage"],
)
async def test_half_of_it_is_nothing(handler: Handler) -> None:
    assert await fault(handler) == (Unavailable, "broken")


@pytest.mark.parametrize("handler", [stay_silent, drip])
async def test_the_timeout_is_for_all_of_it(handler: Handler) -> None:
    assert await fault(handler, timeout=SOON) == (Unavailable, "timeout")


async def test_redirects_do_not_extend_the_timeout() -> None:
    async def handler(stream: ByteStream) -> None:
        await read_request(stream)
        await anyio.sleep(0.4)
        await stream.send(redirect("/on"))

    assert await fault(handler, timeout=SOON) == (Unavailable, "timeout")


@pytest.mark.parametrize("known", [{}, {"carrier.example": []}], ids=["unknown", "no address"])
async def test_a_host_that_is_not_found_may_be_found_later(known: Mapping[str, Sequence[str]]) -> None:
    fetcher = MediaFetcher(base_url=CARRIER, resolve=Names(known))

    assert await failure(fetcher, f"{CARRIER}/me") == (Unavailable, "connect")


async def test_nobody_at_the_port_is_unavailable() -> None:
    async with a_server(answering(OK)) as url:
        pass

    assert await failure(MediaFetcher(base_url=url), url) == (Unavailable, "connect")


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with a_server(answering(OK)) as url:
        assert await MediaFetcher(base_url=url).fetch(url) == PICTURE


def test_the_credentials_do_not_show() -> None:
    assert "secret" not in repr(MediaFetcher(base_url=CARRIER, auth=AUTH))

"""Who calls us: Twilio's signature on every callback, and ours on the reference that a receipt brings back."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from urllib.parse import urlencode

import attrs

from smskit.drivers.base import WebhookRequest
from smskit.drivers.http import Pairs, bare_url, first_values, form_of, is_form, is_same, octets_of, query_of
from smskit.drivers.twilio.urls import OVERRIDES
from smskit.errors import BadSignature

_ALGORITHMS: Mapping[str, str] = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_PORT = re.compile(r":[0-9]+$")
_PORTS: Mapping[str, str] = {"http": ":80", "https": ":443"}


@attrs.frozen(kw_only=True)
class Hook:
    """Where Twilio calls us, and by which secrets it and we prove ourselves."""

    url: str = attrs.field(converter=bare_url)
    """As Twilio knows it, whatever proxies stand before us."""
    keys: Mapping[str, str] = attrs.field(repr=False)
    """What callbacks may be signed with: shared keys by id, and the auth token as that of no id."""
    secret: str = attrs.field(repr=False)
    """What references are signed with."""
    older: Sequence[str] = attrs.field(default=(), repr=False)
    """Auth tokens that are going out of use: what is signed with one of them still counts."""

    def receipts_url(self, reference: str) -> str:
        """Where the receipts of one text go, again if need be: they bring back our reference."""
        return f"{self.url}?{urlencode({'r': reference, 's': _sign(reference, self.secret)})}{OVERRIDES}"

    def reference(self, request: WebhookRequest) -> str | None:
        """The reference that a callback brings back; none if we did not sign it."""
        query = first_values(query_of(request))
        reference = query.get("r", "")
        signed = [_sign(reference, secret) for secret in (self.secret, *self.older) if secret]
        return reference if any(is_same(query.get("s", ""), wanted) for wanted in signed) else None

    def secrets(self, key: str) -> Sequence[str]:
        """What a callback may be signed with that names this key."""
        older = self.older if key == "" else ()
        return [secret for secret in (self.keys.get(key, ""), *older) if secret]


def verify(request: WebhookRequest, hook: Hook) -> None:
    """See that Twilio signed the callback: its URL, and its form or, by its hash, its body.

    Twilio signs the URL it was given, at times with and at times without the port. Whether with the overrides at its
    end is not known, so both count. Of what came only the query does: the path is ours, and proxies may have changed
    it.

    :raises BadSignature: it did not.
    :raises BadCallback: the callback cannot be read.
    """
    key, algorithm = _settings(request.header("X-Twilio-Webhooks-Signature-Settings") or "")
    secrets = hook.secrets(key)
    if not secrets or algorithm not in _ALGORITHMS:
        raise BadSignature("signed with a key or an algorithm that is not known here")
    if not (request.method == "GET" or is_form(request) or _is_hashed(request)):
        raise BadSignature("the body is not the one that was signed")
    form = () if request.method == "GET" else fields(request)
    given = request.header("X-Twilio-Signature") or ""
    urls = list(_urls(hook.url, request))
    signatures = (signature(url, form, secret, algorithm) for secret in secrets for url in urls)
    if not any(is_same(given, wanted) for wanted in signatures):
        raise BadSignature("the signature does not match")


def signature(url: str, form: Iterable[tuple[str, str]], secret: str, algorithm: str = "HMAC_SHA1") -> str:
    """What Twilio puts in `X-Twilio-Signature`; pairs that repeat count once."""
    said = url + "".join(name + value for name, value in sorted(set(form)))
    return b64encode(hmac.digest(octets_of(secret), octets_of(said), _ALGORITHMS[algorithm])).decode()


def fields(request: WebhookRequest) -> Pairs:
    """What a callback says: its form, or its query if it is a GET. What is no UTF-8 is in surrogate escapes.

    :raises BadCallback: it says too much.
    """
    return query_of(request) if request.method == "GET" else form_of(request)


def _sign(reference: str, secret: str) -> str:
    said = f"smskit receipts {reference}"
    return hmac.new(octets_of(secret), octets_of(said), sha256).hexdigest()[:32]


def _settings(header: str) -> tuple[str, str]:
    said = dict(part.strip().split("=", 1) for part in header.split(",") if "=" in part)
    return said.get("key", ""), said.get("algorithm", "HMAC_SHA1")


def _is_hashed(request: WebhookRequest) -> bool:
    """The signed query holds the hash of this body, and of no other."""
    hashes = {value.lower() for name, value in query_of(request) if name == "bodySHA256"}
    return hashes == {sha256(request.body).hexdigest()}


def _urls(hook: str, request: WebhookRequest) -> Iterable[str]:
    scheme, _, rest = hook.partition("://")
    place, slash, path = rest.partition("/")
    host = _PORT.sub("", place)
    port = place.removeprefix(host) or _PORTS[scheme]
    path = slash + path
    # Not the path that came: what was signed as a form could be put into it, and pass for a GET.
    came, mark, query = request.raw_target.partition("?")
    target = f"{path}{'/' * came.endswith('/')}{mark}{query}"
    for place in (host, host + port):
        yield f"{scheme}://{place}{target}"
        yield f"{scheme}://{place}{target}{OVERRIDES}"

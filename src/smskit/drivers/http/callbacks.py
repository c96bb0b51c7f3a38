"""What carriers call us with: fields of a query, a form or JSON, and signatures that are compared without a hint."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import parse_qsl

from smskit.drivers.base import WebhookRequest
from smskit.errors import BadCallback

Pairs: TypeAlias = Sequence[tuple[str, str]]
"""Names and values in their order; a name may repeat. Octets that are no UTF-8 stand in surrogate escapes."""

MOST_FIELDS = 1000


def query_of(request: WebhookRequest) -> Pairs:
    """What stands behind the `?` of the URL. :raises BadCallback: it has too many fields."""
    return _pairs(request.raw_target.partition("?")[2])


def is_form(request: WebhookRequest) -> bool:
    """Whether the body says that it is a web form."""
    kind = (request.header("Content-Type") or "").partition(";")[0]
    return kind.strip().lower() == "application/x-www-form-urlencoded"


def form_of(request: WebhookRequest) -> Pairs:
    """The fields of a web form; none if the body is something else. :raises BadCallback: it has too many."""
    return _pairs(request.body.decode("utf-8", "surrogateescape")) if is_form(request) else ()


def json_of(request: WebhookRequest) -> Mapping[str, object]:
    """The JSON object in the body, whatever its type is said to be. :raises BadCallback: there is none."""
    try:
        said = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise BadCallback("the body is no JSON") from error
    if not isinstance(said, dict):
        raise BadCallback("the body is no JSON object")
    return said


def first_values(pairs: Pairs) -> Mapping[str, str]:
    """The pairs as a mapping; of a name that repeats, the first."""
    return dict(reversed(pairs))


def readable(text: str) -> str:
    """The text with U+FFFD for each octet that was no UTF-8, and a question mark for half a surrogate pair."""
    try:
        octets = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        octets = text.encode("utf-8", "replace")
    return octets.decode("utf-8", "replace")


def is_same(given: str, wanted: str) -> bool:
    """Whether a signature is the wanted one; how long it takes tells nobody how much of it was right."""
    return hmac.compare_digest(octets_of(given), octets_of(wanted))


def octets_of(text: str) -> bytes:
    """The octets that a text was read from, also where they were no UTF-8: what a signature covers."""
    return text.encode("utf-8", "surrogateescape")


def _pairs(text: str) -> Pairs:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise BadCallback("more fields than any callback has") from error

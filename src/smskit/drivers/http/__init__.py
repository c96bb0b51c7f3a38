"""HTTP for drivers: a call and what is known after it, callbacks, and media by link. Nothing else asks httpx."""

from __future__ import annotations

from smskit.drivers.http.callbacks import (
    Pairs,
    first_values,
    form_of,
    is_form,
    is_same,
    json_of,
    octets_of,
    query_of,
    readable,
)
from smskit.drivers.http.calling import IDLE, LARGEST_ANSWER, HttpAnswer, HttpCaller, HttpRequest
from smskit.drivers.http.fetching import LARGEST_MEDIA, MOST_REDIRECTS, MediaFetcher
from smskit.drivers.http.urls import bare_url, safe_url
from smskit.drivers.http.waiting import LONGEST_RETRY_AFTER

__all__ = [
    "IDLE",
    "LARGEST_ANSWER",
    "LARGEST_MEDIA",
    "LONGEST_RETRY_AFTER",
    "MOST_REDIRECTS",
    "HttpAnswer",
    "HttpCaller",
    "HttpRequest",
    "MediaFetcher",
    "Pairs",
    "bare_url",
    "first_values",
    "form_of",
    "is_form",
    "is_same",
    "json_of",
    "octets_of",
    "query_of",
    "readable",
    "safe_url",
]

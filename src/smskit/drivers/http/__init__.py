"""HTTP for drivers: one call and what is known after it, and media by its link. The only package that asks httpx."""

from __future__ import annotations

from smskit.drivers.http.calling import IDLE, LARGEST_ANSWER, HttpAnswer, HttpCaller, HttpRequest
from smskit.drivers.http.fetching import LARGEST_MEDIA, MOST_REDIRECTS, MediaFetcher
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
]

"""URLs that a host configures: where the carrier is, and where we are."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from smskit.errors import UsageError

_WEB = re.compile(r"https?://([^\s/?#:@\[\]]+|\[[0-9a-fA-F:]+\])(:([0-9]{1,5}))?(/[^\s?#]*)?")


def bare_url(url: str) -> str:
    """The URL without a slash at its end. :raises UsageError: it has a query, or is no web address."""
    found = _WEB.fullmatch(url)
    if found is None or not 0 < int(found[3] or 1) <= 65535:
        raise UsageError("the URL is one like https://acme.example/sms, without user or query")
    return url.rstrip("/")


def safe_url(url: str) -> str:
    """The bare URL. :raises UsageError: anybody on the way could read what goes there."""
    bare = bare_url(url)
    parts = urlsplit(bare)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise UsageError("plain http is for this machine: give an https URL; insecure=True does without")
    return bare


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

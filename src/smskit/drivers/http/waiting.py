"""How long a server asks us to wait: Retry-After, RFC 9110, 10.2.3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER = timedelta(days=1)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """What it says in seconds, or as a date, which counts from the date of the answer. Names are in lower case."""
    said = headers.get("retry-after", "").strip()
    try:
        if said.isdecimal():
            wait = timedelta(seconds=int(said))
        else:
            wait = parsedate_to_datetime(said) - parsedate_to_datetime(headers.get("date", ""))
    except OverflowError:
        return LONGEST_RETRY_AFTER
    except (TypeError, ValueError):
        return None
    return min(max(wait, timedelta()), LONGEST_RETRY_AFTER)

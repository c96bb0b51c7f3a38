"""Two judges register a codec of their own under one name, and the first to come would serve both."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from messaging.sms.gsm0338 import search_gsm0338 as of_messaging  # type: ignore[import-untyped]
from smsutil.codecs import search_gsm0338 as of_smsutil  # type: ignore[import-untyped]

__all__ = ["of_messaging", "of_smsutil", "with_codec"]


@contextmanager
def with_codec(search: Callable[[str], codecs.CodecInfo | None]) -> Iterator[None]:
    """In here, or in a function with this above it, the name means this judge's codec."""
    for other in (of_messaging, of_smsutil):
        codecs.unregister(other)
    codecs.register(search)
    yield

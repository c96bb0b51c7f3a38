"""No log of ours holds a URL or a header: they may hold account ids, or secrets that open a picture to anybody."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LOUD = ("httpx", "httpcore.http11")
"""The loggers that write the URL of each request, and the headers of each answer."""

_ours: ContextVar[bool] = ContextVar("smskit_http", default=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what these loggers are told here, and nowhere else: the host's own requests are logged as ever."""
    before = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(before)


class _Filter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not _ours.get()


for _name in LOUD:
    logging.getLogger(_name).addFilter(_Filter())

"""Drivers by URL: the scheme names an entry point of the group `smskit.drivers`, so anybody can add one.

An entry point is a callable that takes a `DriverUrl` and gives a `Driver`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

from smskit.drivers.base import Driver
from smskit.errors import UsageError

GROUP = "smskit.drivers"


@attrs.frozen(kw_only=True)
class DriverUrl:
    """A driver's URL taken apart. User and password never show."""

    scheme: str
    user: str | None = attrs.field(default=None, repr=False)
    password: str | None = attrs.field(default=None, repr=False)
    host: str | None = None
    port: int | None = None
    path: str = ""
    options: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, repr=False)

    @classmethod
    def parse(cls, url: str) -> DriverUrl:
        """:raises UsageError: if it has no scheme, or a port that is none."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            msg = f"the port of the {parts.scheme!r} driver URL is no port"
            raise UsageError(msg) from error
        if not parts.scheme:
            msg = "a driver is an object or a URL such as 'local:?sender=%2B14155550100'"
            raise UsageError(msg)
        return cls(
            scheme=parts.scheme,
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            host=parts.hostname,
            port=port,
            path=unquote(parts.path),
            options={key: tuple(values) for key, values in parse_qs(parts.query).items()},
        )

    def option(self, name: str) -> str | None:
        """The last value of an option."""
        return self.options.get(name, (None,))[-1]

    def take(self, *known: str) -> Mapping[str, tuple[str, ...]]:
        """All options. :raises UsageError: if there is one besides the known."""
        unknown = sorted(set(self.options) - set(known))
        if unknown:
            msg = f"driver {self.scheme!r} does not know {', '.join(unknown)}; it knows {', '.join(known)}"
            raise UsageError(msg)
        return self.options


Factory: TypeAlias = Callable[[DriverUrl], Driver]


def open_driver(driver: Driver | str) -> Driver:
    """A driver as it is, or the one that a URL names.

    :raises UsageError: if nobody registered the scheme; it lists those that are known.
    """
    if isinstance(driver, Driver):
        return driver
    url = DriverUrl.parse(driver)
    known = _known()
    if url.scheme not in known:
        msg = f"no driver is registered for {url.scheme!r}; known here: {', '.join(sorted(known))}"
        raise UsageError(msg)
    factory: Factory = known[url.scheme].load()
    return factory(url)


def _known() -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}

"""Checks of the fields of values: whatever can be built can be encoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from smskit.errors import UsageError

Check: TypeAlias = Callable[[Any, "attrs.Attribute[Any]", Any], None]


def octet(_value: object, field: attrs.Attribute[int], number: object) -> None:
    """The field is a whole number of one octet."""
    _check(field.name, number, 0, 0xFF)


def failure_cause(_value: object, field: attrs.Attribute[int | None], cause: object) -> None:
    """The field is a failure cause (3GPP TS 23.040, 9.2.3.22), or None."""
    if cause is not None:
        _check(field.name, cause, 0x80, 0xFF)


def octets_long(count: int) -> Check:
    """The field is so many octets."""

    def check(_value: object, field: attrs.Attribute[bytes], octets: object) -> None:
        if not (isinstance(octets, bytes) and len(octets) == count):
            raise UsageError(f"{field.name} must be {count} octets")

    return check


def _check(name: str, number: object, least: int, most: int) -> None:
    if not (isinstance(number, int) and least <= number <= most):
        raise UsageError(f"{name} must be a whole number from {least} to {most}")

"""Values of ours by their names: what `--json` writes and trees show, without a list of every field."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from typing import Final, TypeAlias, TypeGuard

import attrs

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

_REPEATED: Final = {"label", "octets", "piece", "shift"}
"""Properties that say again, in another form, what fields say."""


def named(value: attrs.AttrsInstance) -> dict[str, object]:
    """The fields of a value and, after them, its public properties."""
    members = {
        name: member for owner in reversed(type(value).__mro__) for name, member in vars(owner).items()
    }
    properties = (name for name, member in members.items() if isinstance(member, property))
    names = (
        *(field.name for field in attrs.fields(type(value))),
        *(name for name in properties if not name.startswith("_") and name not in _REPEATED),
    )
    return {name: getattr(value, name) for name in names}


def to_json(value: object, *, classes: bool = False) -> Json:
    """The value as JSON has it; with `classes`, each object also says which class it was.

    An enum is its name in small letters, octets are hexadecimal, a moment is in ISO 8601, a duration in seconds.
    """
    match value:
        case enum.Enum():
            return value.name.lower()
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return value.hex()
        case dt.datetime():
            return value.isoformat()
        case dt.timedelta():
            return value.total_seconds()
        case Sequence():
            return [to_json(one, classes=classes) for one in value]
        case _ if is_ours(value):
            said: dict[str, Json] = {"class": type(value).__name__} if classes else {}
            return said | {name: to_json(one, classes=classes) for name, one in named(value).items()}
    raise TypeError(f"JSON has nothing for {type(value).__name__}")


def is_ours(value: object) -> TypeGuard[attrs.AttrsInstance]:
    """Whether it has fields with names."""
    return attrs.has(type(value))

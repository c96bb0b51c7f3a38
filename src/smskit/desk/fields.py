"""What a contact is made of, as people and files give it: names, zones and attributes, tidied and checked."""

from __future__ import annotations

from collections.abc import Mapping

from smskit.errors import UsageError
from smskit.model.local_time import zone_of

RESERVED = frozenset({"number", "phone", "name", "zone", "subscribed"})
"""Names of fields and of columns of contact files, so no names of attributes."""


def clean_name(name: str | None) -> str | None:
    """The name without spaces around it."""
    return None if name is None else name.strip()


def clean_zone(zone: str | None) -> str | None:
    """The zone's IANA name; an empty text stays one. :raises UsageError: if there is no such zone."""
    bare = "" if zone is None else zone.strip()
    return zone_of(bare).key if bare else None if zone is None else ""


def clean_attributes(attributes: Mapping[str, str | None] | None) -> Mapping[str, str | None] | None:
    """Names and values without spaces around them. :raises UsageError: if a name cannot be an attribute's."""
    if attributes is None:
        return None
    return {attribute_name(name): (value or "").strip() for name, value in attributes.items()}


def attribute_name(name: str) -> str:
    """The name without spaces around it. :raises UsageError: if it is empty, or the name of a field."""
    bare = name.strip()
    if not bare:
        raise UsageError("an attribute needs a name; in a file, that is the header of its column")
    if bare.lower() in RESERVED:
        raise UsageError(f"{bare!r} is a field of its own and no name for an attribute")
    return bare

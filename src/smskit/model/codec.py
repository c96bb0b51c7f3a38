"""Values to rows and JSON and back, in one place, by cattrs.

In rows and JSON a moment is an integer of microseconds since 1970 (UTC), a duration one of microseconds,
an address its text, and a set a sorted list.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from types import NoneType
from typing import Any, TypeVar, cast, get_args, get_origin

import attrs
import cattrs

from smskit.model.addresses import Address, PhoneNumber, SenderName, ShortCode, address_of
from smskit.model.events import Happening
from smskit.model.local_time import LocalTime
from smskit.model.templates import Template

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """A moment as the store keeps it: microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The moment that `to_micros` wrote."""
    return _EPOCH + timedelta(0, 0, micros)


def to_json(value: object) -> str:
    """A value as compact JSON, the same text for the same value."""
    return _to_text(_converter.unstructure(value))


def from_json(kind: type[T], text: str) -> T:
    """The value that `to_json` wrote."""
    return _converter.structure(json.loads(text), kind)


def from_row(kind: type[T], row: Mapping[str, Any]) -> T:
    """A record from a row whose columns are named like its fields. The row may have more."""
    make = _makers.get(kind)
    if make is None:
        make = _makers[kind] = _new_maker(kind)
    return cast(T, make(row))


def happening_to_row(what: Happening) -> tuple[str, str]:
    """An event's type and its JSON."""
    return type(what).__name__, to_json(what)


def happening_from_row(kind: str, record: str) -> Happening:
    """The happening that `happening_to_row` wrote."""
    return from_json(_HAPPENINGS[kind], record)


_HAPPENINGS: dict[str, type[Happening]] = {kind.__name__: kind for kind in get_args(Happening)}


def _make() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    converter.register_unstructure_hook(datetime, to_micros)
    converter.register_structure_hook(datetime, lambda micros, _: from_micros(micros))
    converter.register_unstructure_hook(timedelta, lambda span: span // _MICROSECOND)
    converter.register_structure_hook(timedelta, lambda micros, _: timedelta(microseconds=micros))
    converter.register_structure_hook_func(lambda kind: kind == Mapping[str, str], _attributes)
    converter.register_unstructure_hook(LocalTime, lambda local: local.text)
    converter.register_structure_hook(LocalTime, lambda text, _: LocalTime.read(text))
    converter.register_unstructure_hook(Template, lambda template: template.source)
    converter.register_structure_hook(Template, lambda text, _: Template(text))
    converter.register_structure_hook(PhoneNumber, lambda text, _: PhoneNumber(text))
    converter.register_structure_hook(Address, lambda text, _: address_of(text))
    for kind in (PhoneNumber, ShortCode, SenderName):
        converter.register_unstructure_hook(kind, lambda address: address.text)
    converter.register_unstructure_hook_func(
        lambda kind: frozenset in (kind, get_origin(kind)),
        lambda values: sorted(map(converter.unstructure, values)),
    )
    return converter


def _attributes(value: str | Mapping[str, str], _: object) -> Mapping[str, str]:
    return json.loads(value) if isinstance(value, str) else dict(value)


_converter = _make()
_to_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def _new_maker(kind: type[Any]) -> Callable[[Mapping[str, Any]], object]:
    """What makes records of a kind. A page has fifty and is to take under a millisecond, so nothing is asked twice."""
    readers = [(field.name, _reader(field.type)) for field in attrs.fields(attrs.resolve_types(kind))]
    as_it_is = tuple(name for name, reader in readers if reader is None)
    read = tuple((name, reader) for name, reader in readers if reader is not None)

    def make(row: Mapping[str, Any]) -> object:
        values = {name: row[name] for name in as_it_is}
        for name, reader in read:
            value = row[name]
            values[name] = value if value is None else reader(value)
        return kind(**values)

    return make


_makers: dict[type, Callable[[Mapping[str, Any]], object]] = {}


def _reader(kind: Any) -> Callable[[Any], object] | None:  # noqa: ANN401 - whatever an annotation may be
    """What makes a field's value of a column's, unless it is the same; null is always None."""
    kinds = [one for one in get_args(kind) if one is not NoneType]
    if kind is not Address and len(kinds) == 1:
        (kind,) = kinds
    kind = getattr(kind, "__supertype__", kind)
    if kind in (str, int):
        return None
    if kind is datetime:
        return from_micros
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return cache(kind)
    hook = _converter.get_structure_hook(kind)
    return lambda value: hook(value, kind)

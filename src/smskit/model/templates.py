"""Templates: texts with merge fields, which are filled in from what is known of a contact."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import attrs

from smskit.errors import InvalidMessage, MissingField
from smskit.model.contacts import ContactRecord

_PIECES = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<field>[^{}]*)\}|(?P<text>[^{}]+)|(?P<stray>[{}])")
_NAME = re.compile(r"[^\W\d][\w -]*")


@attrs.frozen
class _Field:
    name: str
    fallback: str | None


@attrs.frozen
class Template:
    """A text with merge fields such as `{first_name}`, or `{first_name|there}` with what to say without a value.

    Names are looked up as they stand, and nothing else is done with values. `{{` and `}}` are braces.
    """

    source: str
    _pieces: tuple[str | _Field, ...] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_pieces", tuple(_parse(self.source)))

    @property
    def fields(self) -> frozenset[str]:
        """The names it asks for."""
        return frozenset(piece.name for piece in self._pieces if isinstance(piece, _Field))

    def render(self, values: Mapping[str, str]) -> str:
        """The text for somebody. An empty value counts as none.

        :raises MissingField: if a field has neither a value nor a fallback; it names all that lack one.
        """
        missing = sorted(
            piece.name
            for piece in self._pieces
            if isinstance(piece, _Field) and piece.fallback is None and not values.get(piece.name)
        )
        if missing:
            raise MissingField(tuple(dict.fromkeys(missing)))
        return "".join(_filled(piece, values) for piece in self._pieces)


def _filled(piece: str | _Field, values: Mapping[str, str]) -> str:
    if isinstance(piece, str):
        return piece
    return values.get(piece.name) or piece.fallback or ""


def _parse(source: str) -> Iterator[str | _Field]:
    for found in _PIECES.finditer(source):
        if found["stray"]:
            raise InvalidMessage("a template has a lone brace; write {{ or }} for one that is text")
        if found["brace"]:
            yield found["brace"][0]
        elif found["field"] is not None:
            yield _field(found["field"])
        else:
            yield found["text"]


def _field(inside: str) -> _Field:
    name, bar, fallback = inside.partition("|")
    if _NAME.fullmatch(name.strip()) is None:
        raise InvalidMessage("a merge field is a plain name, as in {first_name} or {first_name|there}")
    return _Field(name.strip(), fallback if bar else None)


def values_of(contact: ContactRecord) -> Mapping[str, str]:
    """What templates may ask of a contact: `name`, `first_name`, `last_name`, `number` and its attributes."""
    first, _, last = contact.name.partition(" ")
    known = {"name": contact.name, "first_name": first, "last_name": last, "number": contact.number.text}
    return {**known, **{name: value for name, value in contact.attributes.items() if value}}

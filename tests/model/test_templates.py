"""Templates: fields filled in, fallbacks, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smskit.errors import InvalidMessage, MissingField
from smskit.model.templates import Template


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hi {first_name}!", "Hi Ada!"),
        ("Hi { first_name }!", "Hi Ada!"),
        ("Hi {nickname|there}!", "Hi there!"),
        ("Hi {empty|there}!", "Hi there!"),
        ("Hi {first_name|there}!", "Hi Ada!"),
        ("Hi{nickname|}!", "Hi!"),
        ("{next visit} at {next visit}", "Tuesday at Tuesday"),
        ("{{braces}} and {{{first_name}}}", "{braces} and {Ada}"),
        ("no fields", "no fields"),
        ("", ""),
    ],
)
def test_fields_are_filled_in(source: str, text: str) -> None:
    assert Template(source).render({"first_name": "Ada", "empty": "", "next visit": "Tuesday"}) == text


def test_all_missing_values_are_named_once() -> None:
    with pytest.raises(MissingField) as error:
        Template("{b} {a} {b} {c|x}").render({"b": ""})

    assert error.value.fields == ("a", "b")


@pytest.mark.parametrize(
    "source", ["{", "}", "Hi {name", "name}", "{}", "{0}", "{a.b}", "{a[0]}", "{a!r}", "{{}"]
)
def test_what_is_no_template_is_refused_when_it_is_written(source: str) -> None:
    with pytest.raises(InvalidMessage):
        Template(source)


def test_values_are_text_and_no_templates() -> None:
    assert Template("{a}").render({"a": "{b}", "b": "no"}) == "{b}"


@given(st.text())
def test_any_text_can_be_written_with_doubled_braces(text: str) -> None:
    assert Template(text.replace("{", "{{").replace("}", "}}")).render({}) == text

"""What drivers read out of callbacks: nothing that comes in makes them fail, and nothing is lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smskit.drivers.base import WebhookRequest
from smskit.drivers.http import (
    HttpAnswer,
    first_values,
    form_of,
    is_form,
    is_same,
    json_of,
    octets_of,
    query_of,
    readable,
)
from smskit.errors import BadCallback

FORM = ("Content-Type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8")


def a_request(
    body: bytes = b"", *, target: str = "/", headers: tuple[tuple[str, str], ...] = (FORM,)
) -> WebhookRequest:
    return WebhookRequest(method="POST", raw_target=target, headers=headers, body=body)


def test_a_form_keeps_its_order_its_repetitions_and_its_empty_fields() -> None:
    pairs = form_of(a_request(b"b=1&a=%F0%9F%99%82+x&b=&b=2"))

    assert list(pairs) == [("b", "1"), ("a", "🙂 x"), ("b", ""), ("b", "2")]
    assert first_values(pairs) == {"b": "1", "a": "🙂 x"}


def test_what_does_not_say_that_it_is_a_form_is_none() -> None:
    for headers in ((), (("Content-Type", "application/json"),), (("X-Type", FORM[1]),)):
        request = a_request(b"a=1", headers=headers)

        assert not is_form(request)
        assert form_of(request) == ()


def test_a_query_is_read_up_to_nothing() -> None:
    assert list(query_of(a_request(target="/sms/x?a=1&b=%3F?"))) == [("a", "1"), ("b", "??")]
    assert list(query_of(a_request(target="/sms/x"))) == []


def test_more_fields_than_anybody_sends_are_refused() -> None:
    many = "&".join(["a=1"] * 1001)

    with pytest.raises(BadCallback):
        form_of(a_request(many.encode()))
    with pytest.raises(BadCallback):
        query_of(a_request(target=f"/?{many}"))


def test_octets_that_are_no_text_survive_for_the_signature_and_are_readable() -> None:
    ((_, value),) = form_of(a_request(b"a=%FF\xfe"))

    assert octets_of(value) == b"\xff\xfe"
    assert readable(value) == "\ufffd\ufffd"


def test_json_is_an_object_whatever_its_type() -> None:
    assert json_of(a_request(b'{"a": [1]}', headers=())) == {"a": [1]}


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"null", b"{", b'"a"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadCallback):
        json_of(a_request(body))


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"null", b"{", b"<html>", b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_json_object_has_no_fields(body: bytes) -> None:
    assert HttpAnswer(status=200, body=body).fields() == {}


def test_an_answer_has_the_fields_of_its_object() -> None:
    assert HttpAnswer(status=200, body=b'{"id": "a"}').fields() == {"id": "a"}


@given(st.text(st.characters()))
def test_any_text_can_be_made_readable(text: str) -> None:
    read = readable(text)

    assert read.encode().decode() == read


@given(st.text())
def test_what_is_readable_stays_as_it_is(text: str) -> None:
    assert readable(text) == text


def test_half_a_character_out_of_json_is_readable() -> None:
    assert readable(str(json_of(a_request(b'{"t": "a\\ud83d"}'))["t"])) == "a?"


@given(st.text(), st.text())
def test_signatures_are_the_same_only_if_they_are_equal(given_one: str, wanted: str) -> None:
    assert is_same(given_one, wanted) is (given_one == wanted)

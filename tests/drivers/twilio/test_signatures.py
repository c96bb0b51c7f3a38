"""A callback is believed only if Twilio signed it; Twilio's own code is the judge."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from smskit.drivers.base import WebhookRequest
from smskit.drivers.twilio.signatures import Hook, signature, verify
from smskit.drivers.twilio.urls import OVERRIDES
from smskit.errors import BadCallback, BadSignature, UsageError

TOKEN = "12345"
KEYS = {"": TOKEN, "webhooks_sharedkey_1": "shared"}
URL = "https://acme.example/sms/twilio"
TARGET = "/sms/twilio"
FORM = [("Body", " Hi, 1+1? 🙂 "), ("From", "+14155550123"), ("FromCity", ""), ("MessageSid", "SM1")]
FORM_TYPE = ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
JSON_TYPE = ("Content-Type", "application/json")


class Fields(dict[str, list[str]]):
    """A form as web frameworks give it, to Twilio's code."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        for name, value in pairs:
            self.setdefault(name, []).append(value)

    def getlist(self, name: str) -> list[str]:
        return self[name]


def theirs(
    url: str, form: Sequence[tuple[str, str]] = (), secret: str = TOKEN, algorithm: str = "HMAC_SHA1"
) -> str:
    return str(RequestValidator(secret).compute_signature(url, Fields(form), algorithm))


def a_hook(url: str = URL) -> Hook:
    return Hook(url=url, keys=KEYS, secret=TOKEN)


def post(
    signed: str | None,
    *,
    target: str = TARGET,
    form: Sequence[tuple[str, str]] = FORM,
    body: bytes | None = None,
    kind: tuple[str, str] = FORM_TYPE,
    settings: str | None = None,
) -> WebhookRequest:
    headers = [kind]
    if signed is not None:
        headers.append(("x-twilio-signature", signed))
    if settings is not None:
        headers.append(("X-Twilio-Webhooks-Signature-Settings", settings))
    body = urlencode(form).encode() if body is None else body
    return WebhookRequest(method="POST", raw_target=target, headers=headers, body=body)


def get(signed: str, target: str) -> WebhookRequest:
    return WebhookRequest(method="GET", raw_target=target, headers=[("X-Twilio-Signature", signed)])


def is_refused(request: WebhookRequest, hook: Hook | None = None) -> bool:
    with pytest.raises(BadSignature):
        verify(request, hook or a_hook())
    return True


@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
@given(
    form=st.lists(
        st.tuples(st.sampled_from(["Body", "From", "é", "a"]), st.text(st.characters(codec="utf-8")))
    ),
    query=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#")),
)
def test_we_sign_as_twilio_does(algorithm: str, form: list[tuple[str, str]], query: str) -> None:
    url = f"https://acme.example:443/sms/twilio?{query}"

    assert signature(url, form, TOKEN, algorithm) == theirs(url, form, TOKEN, algorithm)


@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
@pytest.mark.parametrize("url", [URL, "http://acme.example:8080/a?b=1&a=2", f"{URL}?r=1&s=2"])
def test_twilios_validator_takes_what_we_sign(url: str, algorithm: str) -> None:
    signed = signature(url, FORM, TOKEN, algorithm)

    assert RequestValidator(TOKEN).validate(url, dict(FORM), signed, algorithm)


def test_twilios_validator_takes_our_signature_of_a_body() -> None:
    body = '{"a": "é"}'
    url = f"{URL}?bodySHA256={sha256(body.encode()).hexdigest()}"

    assert RequestValidator(TOKEN).validate(url, body, signature(url, (), TOKEN))


@pytest.mark.parametrize(
    ("public", "signed", "target"),
    [
        (URL, URL, TARGET),
        (URL, "https://acme.example:443/sms/twilio", TARGET),
        ("https://acme.example:443/sms/twilio", URL, TARGET),
        ("https://acme.example:8443/sms/twilio", "https://acme.example:8443/sms/twilio", TARGET),
        ("https://acme.example:8443/sms/twilio", URL, TARGET),
        ("http://acme.example/sms/twilio", "http://acme.example:80/sms/twilio", TARGET),
        ("https://[2001:db8::1]:8443/twilio", "https://[2001:db8::1]:8443/twilio", "/twilio"),
        ("https://[2001:db8::1]/twilio", "https://[2001:db8::1]:443/twilio", "/twilio"),
        (URL, f"{URL}?b=%7E&a=1+2&a=%2B", f"{TARGET}?b=%7E&a=1+2&a=%2B"),
        (URL, f"{URL}?r=1&s=2", "/twilio?r=1&s=2"),
        (URL, URL, "/hooks/elsewhere"),
        (URL, f"{URL}/?x", f"{TARGET}/?x"),
        (URL, f"{URL}?", f"{TARGET}?"),
    ],
    ids=[
        *("plain", "default port", "default port configured", "port", "port left out", "http", "address"),
        *(
            "address without port",
            "odd query",
            "prefix cut off by a proxy",
            "rewritten path",
            "slash",
            "empty query",
        ),
    ],
)
def test_callbacks_that_twilio_signed_are_believed(public: str, signed: str, target: str) -> None:
    verify(post(theirs(signed, FORM), target=target), a_hook(public))


@pytest.mark.parametrize("port", ["", ":443"])
@pytest.mark.parametrize("query", ["", "?r=1&s=2"])
@pytest.mark.parametrize("overrides", ["", OVERRIDES], ids=["without", "with"])
def test_overrides_may_be_signed_or_not(overrides: str, query: str, port: str) -> None:
    """Twilio's documentation has them left out; its validators sign what they are given."""
    url = f"https://acme.example{port}/sms/twilio{query}{overrides}"
    signed = theirs(url, FORM)

    assert RequestValidator(TOKEN).validate(url, dict(FORM), signed)
    verify(post(signed, target=f"{TARGET}{query}"), a_hook())


@pytest.mark.parametrize("fragment", ["#", "#rc=5", "#rc=5&rp=all", OVERRIDES * 2])
def test_other_overrides_than_ours_may_not_be_signed(fragment: str) -> None:
    assert is_refused(post(theirs(URL + fragment, FORM)))


def test_callbacks_signed_with_an_older_token_are_believed_while_it_is_replaced() -> None:
    hook = Hook(url=URL, keys={"": "new", "k": "shared"}, secret="new", older=("", TOKEN, "oldest"))

    for token in ("new", TOKEN, "oldest"):
        verify(post(theirs(URL, FORM, token)), hook)
    assert is_refused(post(theirs(URL, FORM, "another")), hook)
    assert is_refused(post(theirs(URL, FORM, "")), hook)


def test_an_older_token_does_not_sign_for_a_shared_key() -> None:
    hook = Hook(url=URL, keys=KEYS, secret=TOKEN, older=("older",))
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"

    assert is_refused(post(theirs(URL, FORM, "older", "HMAC_SHA256"), settings=settings), hook)
    assert is_refused(post(theirs(URL, FORM, "older"), settings="key=nobody's"), hook)


def test_a_get_is_signed_with_its_query_as_it_stands() -> None:
    target = f"{TARGET}?{urlencode(FORM)}&bodySHA256=1&bodySHA256=1"

    verify(get(theirs(f"https://acme.example{target}"), target), a_hook())


def test_fields_that_repeat_are_signed_once() -> None:
    form = [*FORM, ("Body", "b"), ("Body", "a"), ("Body", "b")]

    verify(post(theirs(URL, form), form=form), a_hook())


def test_octets_that_are_no_text_are_signed_as_they_are() -> None:
    signed = b64encode(hmac.digest(TOKEN.encode(), URL.encode() + b"Bodycaf\xe9\xff", "sha1")).decode()

    verify(post(signed, body=b"Body=caf%E9\xff"), a_hook())


def test_a_shared_key_signs_in_the_place_of_the_token() -> None:
    settings = "key=webhooks_sharedkey_1, algorithm=HMAC_SHA256"

    verify(post(theirs(URL, FORM, "shared", "HMAC_SHA256"), settings=settings), a_hook())


@pytest.mark.parametrize(
    ("settings", "secret", "algorithm"),
    [
        ("key=webhooks_sharedkey_2,algorithm=HMAC_SHA256", "shared", "HMAC_SHA256"),
        ("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", TOKEN, "HMAC_SHA256"),
        ("key=webhooks_sharedkey_1,algorithm=HMAC_SHA1", "shared", "HMAC_SHA256"),
        ("key=webhooks_sharedkey_1,algorithm=HMAC_MD5", "shared", "HMAC_SHA256"),
        ("key=webhooks_sharedkey_1,algorithm=none", "shared", "HMAC_SHA1"),
        (None, "shared", "HMAC_SHA1"),
        (None, "shared", "HMAC_SHA256"),
    ],
)
def test_keys_and_algorithms_are_not_mixed_up(settings: str | None, secret: str, algorithm: str) -> None:
    assert is_refused(post(theirs(URL, FORM, secret, algorithm), settings=settings))


def test_no_token_believes_no_signature_with_an_empty_one() -> None:
    hook = Hook(url=URL, keys={"": ""}, secret="key secret")

    assert is_refused(post(theirs(URL, FORM, "")), hook)


GOOD = theirs(URL, FORM)


@pytest.mark.parametrize(
    "request_",
    [
        post(None),
        post(""),
        post("é not base64"),
        post(GOOD.lower()),
        post(GOOD[:-1]),
        post(theirs(URL, FORM, "another token")),
        post(GOOD, form=FORM[:-1]),
        post(GOOD, form=[*FORM, ("OptOutType", "STOP")]),
        post(GOOD, form=[*FORM, ("Body", "another")]),
        post(GOOD, form=[("Body", "Hi, 1+1? 🙂"), *FORM[1:]]),
        post(GOOD, target=f"{TARGET}?r=1"),
        post(theirs(f"{URL}?a=1&b=2", FORM), target=f"{TARGET}?b=2&a=1"),
        post(theirs(f"{URL}?a=%7E", FORM), target=f"{TARGET}?a=~"),
        post(theirs("https://evil.example/sms/twilio", FORM)),
        post(theirs("http://acme.example/sms/twilio", FORM)),
        get(theirs(URL), f"{TARGET}?{urlencode(FORM)}"),
    ],
    ids=[
        *(
            "missing",
            "empty",
            "no base64",
            "another case",
            "cut",
            "another token",
            "field dropped",
            "field added",
        ),
        *(
            "field doubled",
            "field trimmed",
            "query added",
            "query sorted",
            "query escaped anew",
            "another host",
        ),
        *("another scheme", "query of a get"),
    ],
)
def test_everything_else_is_refused(request_: WebhookRequest) -> None:
    assert is_refused(request_)


BODY = b'[{"data": "\xc3\xa9"}]'
HASH = sha256(BODY).hexdigest()


def json_post(query: str, body: bytes = BODY) -> WebhookRequest:
    target = f"{TARGET}{query}"
    return post(theirs(f"https://acme.example{target}"), target=target, body=body, kind=JSON_TYPE)


@pytest.mark.parametrize(
    "query",
    [f"?bodySHA256={HASH}", f"?bodySHA256={HASH}&bodySHA256={HASH}", f"?a=1&bodySHA256={HASH.upper()}"],
)
def test_a_body_that_is_no_form_is_signed_by_its_hash(query: str) -> None:
    verify(json_post(query), a_hook())


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", BODY),
        ("?bodySHA256=", BODY),
        (f"?bodySHA256={HASH}", BODY + b" "),
        (f"?bodySHA256=0&bodySHA256={HASH}", BODY),
    ],
    ids=["no hash", "empty hash", "altered", "two hashes"],
)
def test_a_body_without_its_hash_is_refused(query: str, body: bytes) -> None:
    assert is_refused(json_post(query, body))


def test_a_form_cannot_pass_for_something_else_to_stay_unsigned() -> None:
    signed_for_get = theirs(URL)

    assert is_refused(post(signed_for_get, kind=("Content-Type", "text/plain")))
    assert is_refused(post(signed_for_get, kind=("X-Other", "")))


def test_more_fields_than_any_callback_has_are_not_read() -> None:
    with pytest.raises(BadCallback):
        verify(post(GOOD, body=b"a=b&" * 2000), a_hook())


def test_the_secrets_do_not_show() -> None:
    assert repr(a_hook()) == f"Hook(url='{URL}')"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "acme.example/sms",
        "ftp://acme.example",
        "https://",
        "https://a.example/?x=1",
        "https://u:p@a.example",
        "https://a.example:65536",
        "https://a.example:0",
        "https://a.example/#rc=5",
    ],
)
def test_a_public_url_is_a_web_address_without_more(url: str) -> None:
    with pytest.raises(UsageError):
        a_hook(url)


def test_what_was_signed_as_a_form_does_not_pass_for_a_get() -> None:
    """A texter may write a query, and who sees the signature of that text could have it read as one."""
    body = "/twilio?Body=STOP&From=%2B14155559999&To=%2B14155550100&MessageSid=SMforged&z="
    form = [("AccountSid", "AC1"), ("Body", body), ("From", "+14155550123")]
    signed = signature("https://acme.example/sms/twilio", form, TOKEN)
    path = "/sms/twilio" + "".join(name + value for name, value in sorted(form))
    request = WebhookRequest(method="GET", raw_target=path, headers=[("X-Twilio-Signature", signed)])

    with pytest.raises(BadSignature):
        verify(request, Hook(url="https://acme.example/sms/twilio", keys={"": TOKEN}, secret=TOKEN))

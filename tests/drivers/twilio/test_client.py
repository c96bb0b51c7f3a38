"""The driver is made with what it needs to be safe, or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from smskit import Kit
from smskit.drivers.base import Guarantee, WebhookRequest
from smskit.drivers.registry import DriverUrl
from smskit.drivers.twilio import Twilio, from_url
from smskit.errors import BadCallback, BadSignature, UsageError
from smskit.model.traffic import Inbound

SID = "AC" + "0" * 32
KEY = "SK" + "2" * 32
SENDERS = ["+14155550100"]
PUBLIC = "https://acme.example/sms"
FORM = {"MessageSid": "SM1", "Body": "yes", "From": "+14155550123", "To": "+14155550100"}
BODY = b"MessageSid=SM1&Body=yes&From=%2B14155550123&To=%2B14155550100"
FORM_TYPE = ("Content-Type", "application/x-www-form-urlencoded")


def signed(token: str = "token", name: str = "twilio") -> WebhookRequest:
    signature = RequestValidator(token).compute_signature(f"{PUBLIC}/{name}", FORM)
    return WebhookRequest(
        method="POST",
        raw_target=f"/sms/{name}",
        headers=[FORM_TYPE, ("X-Twilio-Signature", signature)],
        body=BODY,
    )


def test_it_says_what_it_can_do() -> None:
    features = Twilio(SID, "token", SENDERS, window=3, timeout=timedelta(seconds=7)).features

    assert (features.guarantee, features.window, features.receipts, features.inbound) == (
        Guarantee.AT_MOST_ONCE,
        3,
        False,
        False,
    )
    assert features.media == 10
    assert features.timeout > timedelta(seconds=7)


@pytest.mark.parametrize(
    ("sid", "token", "options", "remedy"),
    [
        (SID, None, {}, "insecure=True"),
        (SID, "", {}, "insecure=True"),
        (SID, "", {"api_key": (KEY, "secret")}, "insecure=True"),
        (SID, None, {"insecure": True}, "API key"),
        (SID, "token", {"api_key": (KEY, "")}, "API key"),
        (SID, None, {"shared_keys": {"k": "s"}}, "API key"),
        ("AC123", "token", {}, "AC and 32"),
        (f"{SID}/../x", "token", {}, "AC and 32"),
        (SID, "token", {"api_key": (SID, "secret")}, "SK and 32"),
        (SID, "token", {"messaging_service": "MG1"}, "MG and 32"),
        (SID, "token", {"validity": timedelta()}, "ten hours"),
        (SID, "token", {"validity": timedelta(days=1)}, "ten hours"),
        (SID, "token", {"public_url": "acme.example"}, "https://acme.example/sms"),
        (SID, "token", {"base_url": "api.twilio.com"}, "https://acme.example/sms"),
        (SID, "token", {"base_url": "https://api.twilio.com:65536"}, "https://acme.example/sms"),
        (SID, "token", {"public_url": "https://acme.example:70000/sms"}, "https://acme.example/sms"),
        (SID, "token", {"base_url": "http://api.twilio.com"}, "give an https URL"),
        (SID, "token", {"base_url": "http://10.0.0.1"}, "give an https URL"),
        (SID, "token", {"base_url": "http://127.0.0.1.example"}, "give an https URL"),
        (SID, "token", {"public_url": "http://acme.example/sms"}, "give an https URL"),
        (SID, "token", {"older_tokens": "older"}, "a list"),
    ],
)
def test_what_would_not_work_is_not_made(
    sid: str, token: str | None, options: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(UsageError, match=remedy):
        Twilio(sid, token, SENDERS, **options)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000"])
@pytest.mark.parametrize("url", ["base_url", "public_url"])
def test_plain_http_is_for_this_machine(host: str, url: str) -> None:
    Twilio(SID, "token", SENDERS, **{url: f"http://{host}/sms"})  # type: ignore[arg-type] # by name


@pytest.mark.parametrize("url", ["base_url", "public_url"])
def test_plain_http_elsewhere_is_knowingly_insecure(url: str) -> None:
    Twilio(SID, "token", SENDERS, insecure=True, **{url: "http://acme.example/sms"})  # type: ignore[arg-type] # by name


def test_it_needs_a_sender() -> None:
    with pytest.raises(UsageError, match="sender"):
        Twilio(SID, "token", [])


def test_its_secrets_do_not_show() -> None:
    driver = Twilio(SID, "token", SENDERS, api_key=(KEY, "secret"), public_url=PUBLIC, older_tokens=["older"])

    assert repr(driver) == "Twilio('twilio', senders=1)"
    for shown in (repr(driver._account), repr(driver._media)):
        assert not [secret for secret in ("token", "secret", "older") if secret in shown]


@pytest.mark.parametrize("name", ["twilio", "twilio-eu"])
def test_a_signed_callback_is_believed(name: str) -> None:
    driver = Twilio(SID, "token", SENDERS, public_url=f"{PUBLIC}/", name=name)

    (event,) = driver.parse_webhook(signed(name=name)).events

    assert isinstance(event, Inbound)
    assert event.text == "yes"


@pytest.mark.parametrize("token", ["token", "older", "oldest"])
def test_while_a_token_is_replaced_both_are_believed(token: str) -> None:
    driver = Twilio(SID, "token", SENDERS, public_url=PUBLIC, older_tokens=["older", "", "oldest"])

    assert driver.parse_webhook(signed(token)).events


@pytest.mark.parametrize(
    ("driver", "token"),
    [
        (Twilio(SID, "token", SENDERS, public_url=PUBLIC), "another"),
        (Twilio(SID, "token", SENDERS), "token"),
        (Twilio(SID, "token", SENDERS, public_url=PUBLIC, older_tokens=[""]), ""),
        (Twilio(SID, None, SENDERS, public_url=PUBLIC, api_key=(KEY, "s"), shared_keys={"k": "s"}), "s"),
    ],
    ids=["another token", "no public URL", "an empty token", "shared keys only"],
)
def test_any_other_is_not(driver: Twilio, token: str) -> None:
    with pytest.raises(BadSignature):
        driver.parse_webhook(signed(token))


def test_only_a_driver_that_is_knowingly_insecure_believes_everything() -> None:
    driver = Twilio(SID, None, SENDERS, insecure=True, api_key=(KEY, "secret"))
    request = WebhookRequest(method="POST", raw_target="/", headers=[FORM_TYPE], body=BODY)

    assert len(driver.parse_webhook(request).events) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_somebody_who_looks_at_the_url_brings_nothing(method: str) -> None:
    driver = Twilio(SID, "token", SENDERS, public_url=PUBLIC)

    with pytest.raises(BadCallback):
        driver.parse_webhook(WebhookRequest(method=method, raw_target="/sms/twilio"))


async def test_the_kit_says_no_to_a_forged_callback_and_takes_a_signed_one_once() -> None:
    async with Kit("sqlite://", drivers=[Twilio(SID, "token", SENDERS, public_url=PUBLIC)]) as kit:
        assert (await kit.receive("twilio", signed("forged"))).status == 403
        for _ in range(2):
            assert (await kit.receive("twilio", signed())).body == b"<Response/>"
        (chat,) = (await kit.conversations.list()).items

        assert chat.unread == 1


VARIABLES = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": "token", "SMSKIT_PUBLIC_URL": PUBLIC}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("TWILIO_API_KEY", "TWILIO_API_SECRET", "TWILIO_AUTH_TOKEN_OLD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_environment_makes_one(environment: pytest.MonkeyPatch) -> None:
    assert Twilio.from_env(SENDERS).parse_webhook(signed()).events

    environment.setenv("TWILIO_API_KEY", KEY)
    environment.setenv("TWILIO_API_SECRET", "secret")
    assert Twilio.from_env(SENDERS)._account.auth == (KEY, "secret")


def test_the_environment_may_hold_the_token_before(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSignature):
        Twilio.from_env(SENDERS).parse_webhook(signed("older"))

    environment.setenv("TWILIO_AUTH_TOKEN_OLD", "older")
    for token in ("token", "older"):
        assert Twilio.from_env(SENDERS).parse_webhook(signed(token)).events


@pytest.mark.parametrize("name", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET"])
def test_the_environment_lacks_something(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.setenv("TWILIO_API_KEY", KEY)
    environment.delenv(name, raising=False)

    with pytest.raises(UsageError, match=name):
        Twilio.from_env(SENDERS)


def test_a_url_makes_one() -> None:
    driver = from_url(
        DriverUrl.parse(
            f"twilio://{SID}:token@/?sender=%2B14155550100&sender=12345&name=desk"
            f"&public_url=https%3A%2F%2Facme.example%2Fsms&api_key={KEY}&api_secret=s%2Bs"
            f"&base_url=http%3A%2F%2F127.0.0.1%3A8000&older_token=older&older_token=oldest"
        )
    )

    assert [sender.address.text for sender in driver.senders] == ["+14155550100", "12345"]
    for token in ("token", "older", "oldest"):
        assert driver.parse_webhook(signed(token, name="desk")).events
    assert driver._account.auth == (KEY, "s+s")
    assert driver._account.url == f"http://127.0.0.1:8000/2010-04-01/Accounts/{SID}"


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("twilio:?sender=12345", "auth token"),
        (f"twilio://{SID}:token@/", "sender"),
        (f"twilio://{SID}:token@/?sender=12345&insecure=1", "does not know insecure"),
        (f"twilio://{SID}:token@/?sender=12345&api_key={KEY}", "secret"),
    ],
)
def test_a_url_that_lacks_something(url: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=remedy):
        from_url(DriverUrl.parse(url))


@pytest.mark.parametrize("name", ["", "us/east", "é", "a b"])
def test_a_name_that_no_url_can_hold_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="URL of the callbacks"):
        Twilio(SID, "token", SENDERS, name=name)


def test_an_empty_shared_key_verifies_nothing() -> None:
    with pytest.raises(UsageError, match="no callback can be verified"):
        Twilio(SID, None, SENDERS, api_key=("SK" + "0" * 32, "secret"), shared_keys={"CR1": ""})

"""`smskit webhooks`: what to paste where."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator
from typer.testing import Result

from smskit.drivers.base import WebhookRequest
from smskit.drivers.twilio import Twilio

Run: TypeAlias = Callable[..., Result]

BASE = "https://acme.example/sms"
CLI_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def test_it_prints_the_url_of_each_driver_on_a_line_of_its_own(smskit: Run) -> None:
    said = smskit("webhooks", "--base-url", f"{BASE}/", "--driver", "twilio", "--driver", "my driver").stdout

    lines = said.splitlines()
    assert f"  {BASE}/twilio#rc=5&rp=5xx,ct,rt" in lines
    assert f"  {BASE}/my%20driver" in lines
    assert f"SMSKIT_PUBLIC_URL={BASE} " in said


def test_the_driver_believes_what_is_signed_for_the_url_that_is_printed(smskit: Run) -> None:
    said = smskit("webhooks", "--json", "--base-url", BASE, "--driver", "twilio").stdout
    url = json.loads(said)["url"]
    driver = Twilio(f"AC{'0' * 32}", "token", ["+14155550100"], public_url=BASE)
    form = {"MessageSid": "SM1", "Body": "yes", "From": "+14155550123", "To": "+14155550100"}

    for signed_for in (url, url.partition("#")[0]):
        headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("X-Twilio-Signature", RequestValidator("token").compute_signature(signed_for, form)),
        ]
        request = WebhookRequest(
            method="POST", raw_target="/sms/twilio", headers=headers, body=urlencode(form).encode()
        )
        assert driver.parse_webhook(request).events


def test_without_a_driver_it_tells_of_all_that_it_knows(smskit: Run) -> None:
    assert smskit("webhooks", "--base-url", BASE).stdout.startswith("twilio:\n")


def test_a_driver_that_is_named_twice_is_told_once_and_json_has_a_line_for_each(smskit: Run) -> None:
    drivers = [option for name in ("b", "a", "b") for option in ("--driver", name)]
    lines = smskit("webhooks", "--json", "--base-url", BASE, *drivers).stdout.splitlines()

    assert [json.loads(line)["url"] for line in lines] == [f"{BASE}/b", f"{BASE}/a"]


@pytest.mark.parametrize(
    "base",
    [
        "http://acme.example/sms",
        "acme.example/sms",
        "https:///sms",
        "https://acme.example:port/sms",
        "https://acme.example:65536/sms",
        "https://acme.example/sms?x=1",
        "https://acme.example/sms#x",
        "https://me:secret@acme.example/sms",
        "https://acme.example/my sms",
        "https://acme.example/\x1b[2J",
        "https://[acme/sms",
        "",
    ],
)
def test_a_base_that_no_carrier_could_call_is_refused_without_repeating_it(smskit: Run, base: str) -> None:
    result = smskit("webhooks", "--base-url", base)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "such as" in result.stderr
    assert "secret" not in result.stderr


def test_every_option_has_help_and_is_in_the_docs(smskit: Run) -> None:
    said = smskit("webhooks", "--help").stdout
    documented = CLI_PAGE.read_text(encoding="utf-8")

    assert "`smskit webhooks --base-url URL`" in documented
    assert [option for option in set(re.findall(r"--[a-z-]+", said)) if option not in documented] == []

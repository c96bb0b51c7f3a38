"""What to paste where, so that a carrier calls back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlsplit

import attrs

from smskit.errors import UsageError


@attrs.frozen(kw_only=True)
class Webhook:
    """The address for one driver, and what to do with it."""

    driver: str
    url: str
    steps: tuple[str, ...]


@attrs.frozen(kw_only=True)
class _Form:
    """Where a carrier wants the address, and what it reads at the end of it."""

    steps: tuple[str, ...]
    fragment: str = ""


_ANY: Final = _Form(steps=("Paste it where the carrier asks for a webhook or callback URL, method POST.",))

_FORMS: Final[Mapping[str, _Form]] = {
    "twilio": _Form(
        fragment="#rc=5&rp=5xx,ct,rt",
        steps=(
            'For a number: Active numbers, the number, Messaging, "A message comes in": Webhook, HTTP POST.',
            'For a messaging service: Services, the service, Integration, "Send a webhook", HTTP POST.',
            "Keep what follows the #: it has Twilio try again if your app is down for a moment.",
            "For receipts paste nothing, but set SMSKIT_PUBLIC_URL={base} for your app.",
        ),
    ),
}


def webhooks_for(base_url: str, drivers: Iterable[str] = ()) -> Sequence[Webhook]:
    """What to paste for these drivers; for all carriers that have a form here if none is named.

    :raises UsageError: if the base is no https URL that a carrier could call.
    """
    base = _checked(base_url)
    return [_webhook(base, driver) for driver in dict.fromkeys(drivers) or _FORMS]


def lines_of(webhook: Webhook) -> Sequence[str]:
    """For people: the address on a line of its own, and the steps below it."""
    return [f"{webhook.driver}:", f"  {webhook.url}", *(f"  - {step}" for step in webhook.steps)]


def _webhook(base: str, driver: str) -> Webhook:
    form = _FORMS.get(driver, _ANY)
    steps = tuple(step.format(base=base) for step in form.steps)
    return Webhook(driver=driver, url=f"{base}/{quote(driver, safe='')}{form.fragment}", steps=steps)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and parts.hostname and parts.port != 0 and url.isprintable()
    except ValueError:
        usable = False
    if not usable or set(url) & set("?#@ "):
        raise UsageError(
            "give the https URL where the webhooks are mounted, such as https://acme.example/sms"
        )
    return url.rstrip("/")

"""The driver for Twilio, and the ways to make one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Self
from urllib.parse import quote

from smskit.clock import Clock, SystemClock
from smskit.compliance.opt_words import Word
from smskit.drivers.base import Driver, Features, WebhookRequest, WebhookResult
from smskit.drivers.http import HttpCaller, MediaFetcher, bare_url, safe_url
from smskit.drivers.registry import DriverUrl
from smskit.drivers.twilio.callbacks import parse
from smskit.drivers.twilio.sending import Account, build_check, build_request, read_answer, read_check
from smskit.drivers.twilio.signatures import Hook, verify
from smskit.errors import BadCallback, BadSignature, UsageError
from smskit.model.conversations import Sender
from smskit.model.traffic import Accepted, Fetched, MediaLink, Outgoing

API = "https://api.twilio.com"
MOST_MEDIA = 10
"""How many Twilio takes with a text."""
_OPTIONS = (
    "sender",
    "public_url",
    "api_key",
    "api_secret",
    "older_token",
    "messaging_service",
    "name",
    "base_url",
)
_MARGIN = timedelta(seconds=5)
"""The call itself ends first, since it knows best what a silence means."""


class Twilio(Driver):
    """Sends texts over Twilio and reads its callbacks.

    `public_url` is where the host serves the webhooks of its drivers, as the world sees it; without it no callbacks
    are asked for, and none are believed. Callbacks are signed with `auth_token`, or with one of `shared_keys` (secrets
    by id). Without either the driver is not made unless `insecure=True`, and then it believes every callback.
    Texts are sent with `api_key` (SID and secret) if it is given, and else with the auth token. While a token is
    replaced, `older_tokens` are believed too. Both URLs are https, but on this machine or with `insecure=True`.
    `answers` are the words that Twilio answers by itself.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str | None,
        senders: Sequence[Sender | str],
        *,
        public_url: str | None = None,
        api_key: tuple[str, str] | None = None,
        messaging_service: str | None = None,
        shared_keys: Mapping[str, str] | None = None,
        older_tokens: Sequence[str] = (),
        name: str = "twilio",
        window: int = 10,
        validity: timedelta | None = None,
        insecure: bool = False,
        base_url: str = API,
        answers: frozenset[Word] = frozenset(Word),
        timeout: timedelta = timedelta(seconds=20),
        clock: Clock | None = None,
    ) -> None:
        features = Features(
            window=window,
            answers=answers,
            media=MOST_MEDIA,
            receipts=public_url is not None,
            inbound=public_url is not None or insecure,
            timeout=timeout + _MARGIN,
        )
        super().__init__(name, senders, features)
        if not self.senders:
            raise UsageError("a Twilio driver needs at least one sender")
        if re.fullmatch(r"[\w.~-]+", name, re.ASCII) is None:
            raise UsageError("the name stands in the URL of the callbacks: letters, digits and . _ ~ -")
        if not (auth_token or insecure or any((shared_keys or {}).values())):
            raise UsageError("without the auth token no callback can be verified; insecure=True does without")
        key, secret = api_key or (None, auth_token)
        if not secret:
            raise UsageError("to send texts Twilio needs the auth token, or an API key with its secret")
        if isinstance(older_tokens, str):
            raise UsageError("older_tokens are a list of tokens, also if there is only one")
        checked = bare_url if insecure else safe_url
        hook: Hook | None = None
        if public_url is not None:
            hook = Hook(
                url=f"{checked(public_url)}/{quote(name, safe='')}",
                keys={"": auth_token or "", **(shared_keys or {})},
                secret=auth_token or secret,
                older=tuple(older_tokens),
            )
        self._account = Account(
            sid=account_sid,
            key=key,
            secret=secret,
            base_url=checked(base_url),
            messaging_service=messaging_service,
            validity=validity,
            hook=hook,
        )
        self._insecure = insecure
        self._http = HttpCaller(timeout=timeout, connections=window)
        self._media = MediaFetcher(base_url=self._account.base_url, auth=self._account.auth, timeout=timeout)
        self._clock = clock or SystemClock()

    @classmethod
    def from_env(cls, senders: Sequence[Sender | str], *, name: str = "twilio") -> Self:
        """With the account of TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, and SMSKIT_PUBLIC_URL if that is set.

        With TWILIO_API_KEY and TWILIO_API_SECRET, texts are sent with that key. Callbacks signed with the token
        in TWILIO_AUTH_TOKEN_OLD are believed too.

        :raises UsageError: a variable is missing.
        """
        key = os.environ.get("TWILIO_API_KEY")
        older = os.environ.get("TWILIO_AUTH_TOKEN_OLD")
        return cls(
            _variable("TWILIO_ACCOUNT_SID"),
            _variable("TWILIO_AUTH_TOKEN"),
            senders,
            public_url=os.environ.get("SMSKIT_PUBLIC_URL") or None,
            api_key=(key, _variable("TWILIO_API_SECRET")) if key else None,
            older_tokens=(older,) if older else (),
            name=name,
        )

    async def send(self, message: Outgoing) -> Accepted:
        request = build_request(message, self._account, self._clock.now())
        return read_answer(await self._http.call(request))

    async def fetch_media(self, link: MediaLink) -> Fetched:
        return await self._media.fetch(link.url)

    async def check(self) -> None:
        """See that the account is active and the credentials are right. It may be asked in any event loop.

        :raises Rejected: they are not; the code says why.
        :raises Unavailable: Twilio could not be reached, or is busy.
        :raises OutcomeUnknown: Twilio did not answer, or not as it should.
        """
        caller = HttpCaller(timeout=self.features.timeout)
        try:
            read_check(await caller.call(build_check(self._account)))
        finally:
            await caller.aclose()

    def parse_webhook(self, request: WebhookRequest) -> WebhookResult:
        hook = self._account.hook
        if request.method in {"GET", "HEAD"} and "?" not in request.raw_target:
            raise BadCallback("somebody looks at the URL")
        if not self._insecure:
            if hook is None:
                raise BadSignature("without a public_url no callback can be verified")
            verify(request, hook)
        return parse(request, hook)

    async def aclose(self) -> None:
        await self._http.aclose()


def from_url(url: DriverUrl) -> Twilio:
    """As in `twilio://ACxxx:token@/?sender=%2B14155550100&sender=...&public_url=https%3A%2F%2F...`.

    Further options are `api_key` and `api_secret`, `older_token`, `messaging_service`, `name` and `base_url`.
    """
    options = url.take(*_OPTIONS)
    key = url.option("api_key")
    return Twilio(
        url.user or "",
        url.password,
        options.get("sender", ()),
        public_url=url.option("public_url"),
        api_key=(key, url.option("api_secret") or "") if key else None,
        messaging_service=url.option("messaging_service"),
        older_tokens=options.get("older_token", ()),
        name=url.option("name") or "twilio",
        base_url=url.option("base_url") or API,
    )


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise UsageError(f"the environment lacks {name}")
    return value

"""What Twilio posts to an app, and when: nothing goes out unless a test has it delivered."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from random import Random
from typing import TypeAlias
from urllib.parse import urlencode

import attrs

from smskit.encoding import segment
from smskit.testing.carriers.twilio.account import VERSION, Account, Taken
from smskit.testing.carriers.twilio.handsets import Handset
from smskit.testing.carriers.twilio.signing import signature

Post: TypeAlias = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]
"""Makes a POST request to a URL, with headers and a body, and gives the status of the answer."""

_PLACES = ("FromCity", "FromState", "FromZip", "FromCountry", "ToCity", "ToState", "ToZip", "ToCountry")
"""Fields of a text from a handset that are often empty, as they are here."""


@attrs.frozen(kw_only=True)
class Callback:
    """A post to the app. `status` is the word for what became of a text, or "received" for one from a handset."""

    url: str
    status: str
    form: Mapping[str, str]


class Callbacks:
    """Those that are due, oldest first."""

    def __init__(self, account: Account, post: Post) -> None:
        self.due: list[Callback] = []
        self._account = account
        self._post = post

    async def send(self, callback: Callback) -> int:
        """Post it, and forget that it is due if the app says yes."""
        url = callback.url.partition("#")[0]  # the overrides are for Twilio, and not signed
        body = urlencode(callback.form).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature(self._account.auth_token, url, callback.form),
        }
        status = await self._post(url, headers, body)
        if 200 <= status < 300 and callback in self.due:
            self.due.remove(callback)
        return status

    async def deliver(self, statuses: Collection[str], repeat: int, shuffle: int | None) -> list[int]:
        """Send those with one of the statuses, or all."""
        batch = [callback for callback in self.due if not statuses or callback.status in statuses] * repeat
        if shuffle is not None:
            Random(shuffle).shuffle(batch)
        return [await self.send(callback) for callback in batch]

    def lose(self, statuses: Collection[str]) -> None:
        """Forget those with one of the statuses, or all."""
        self.due[:] = [callback for callback in self.due if statuses and callback.status not in statuses]


def news_of(message: Taken, account: Account, handset: Handset) -> list[Callback]:
    """A callback for each status that a text goes through, to the URL it came with."""
    url = message.form.get("StatusCallback")
    if not url:
        return []
    service = message.form.get("MessagingServiceSid")
    about = _about(account, service, MessageSid=message.sid, From=message.sender, To=message.to)
    forms = [{**about, "MessageStatus": status, "SmsStatus": status} for status in handset.course]
    if handset.code:
        forms[-1]["ErrorCode"] = handset.code
    return [Callback(url=url, status=form["MessageStatus"], form=form) for form in forms]


def text_from(
    handset: str,
    account: Account,
    url: str,
    *,
    to: str,
    text: str,
    word: str | None,
    sid: str,
    media: Sequence[tuple[str, str]],
) -> Callback:
    """A text for a number of the app, with the URL and the type of each of its media.

    `word` is the keyword it is, of which only a service's number hears.
    """
    service = account.service_of(to)
    form = {
        **dict.fromkeys(_PLACES, ""),
        **_about(account, service, MessageSid=sid, From=handset, To=to),
        "SmsMessageSid": sid,
        "SmsStatus": "received",
        "Body": text,
        "NumMedia": str(len(media)),
        "NumSegments": str(len(segment(text).parts)),
    }
    for number, (place, kind) in enumerate(media):
        form |= {f"MediaUrl{number}": place, f"MediaContentType{number}": kind}
    if service and word:
        form["OptOutType"] = word
    return Callback(url=url, status="received", form=form)


def new_sid(kind: str = "SM") -> str:
    """An id for a text, an MM with media or an ME: never one that an earlier look-alike gave."""
    return f"{kind}{uuid.uuid4().hex}"


def _about(account: Account, service: str | None, **told: str) -> dict[str, str]:
    form = {**told, "SmsSid": told["MessageSid"], "AccountSid": account.sid, "ApiVersion": VERSION}
    return {**form, "MessagingServiceSid": service} if service else form

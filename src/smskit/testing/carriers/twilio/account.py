"""An account of Twilio, and what its API says: resources, and errors with Twilio's codes."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import attrs

from smskit.encoding import segment
from smskit.testing.carriers.server import Response

VERSION: Final = "2010-04-01"

ERRORS: Final[Mapping[str, str]] = {
    "20003": "Authenticate",
    "20404": "The requested resource was not found",
    "20429": "Too Many Requests",
    "20500": "An internal server error has occurred",
    "21211": "Invalid 'To' Phone Number",
    "21212": "Invalid From Number",
    "21266": "'To' and 'From' number cannot be the same",
    "21602": "Message body is required",
    "21603": "A 'From' phone number is required",
    "21604": "A 'To' phone number is required",
    "21610": "Attempt to send to unsubscribed recipient",
    "21617": "The concatenated message body exceeds the 1600 character limit",
    "21620": "Invalid media URL(s)",
    "21623": "Number of media files exceeds allowed limit",
    "21701": "The Messaging Service does not exist",
}
"""What is said with a code. With others it is "Refused"."""

MOST_MEDIA: Final = 10
_WEB = re.compile(r"https?://[^\s/]+(/\S*)?", re.IGNORECASE)
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|[A-Za-z0-9 ]{1,11}")


@attrs.frozen(kw_only=True)
class Taken:
    """A text in the book. `form` is all that was posted, `media` its URLs; `sender` is the number the service chose."""

    sid: str
    to: str
    sender: str
    text: str
    form: Mapping[str, str]
    media: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Account:
    """Who may use the API, and the messaging services, each with its number."""

    sid: str
    auth_token: str = attrs.field(repr=False)
    api_key: tuple[str, str] | None = attrs.field(repr=False)
    services: Mapping[str, str]

    @property
    def path(self) -> str:
        """Where the account is found."""
        return f"/{VERSION}/Accounts/{self.sid}"

    def admits(self, authorization: str) -> bool:
        """Whether a request with this header is one of its own."""
        pairs = [(self.sid, self.auth_token), *filter(None, [self.api_key])]
        return authorization in {
            f"Basic {base64.b64encode(':'.join(pair).encode()).decode()}" for pair in pairs
        }

    def service_of(self, number: str) -> str | None:
        """The service a number is in."""
        return next((sid for sid, theirs in self.services.items() if theirs == number), None)

    def sender_for(self, form: Mapping[str, str]) -> str:
        """The number that a text goes out from."""
        return form.get("From") or self.services.get(form.get("MessagingServiceSid", ""), "")

    def fault_in(self, form: Mapping[str, str], media: Sequence[str] = ()) -> str | None:
        """The code of what is wrong with a text that was posted."""
        to, sender, text = form.get("To", ""), self.sender_for(form), form.get("Body", "")
        faults = {
            "21604": not to,
            "21211": not _NUMBER.fullmatch(to),
            "21701": form.get("MessagingServiceSid", "") not in {"", *self.services},
            "21603": not sender,
            "21212": not _SENDER.fullmatch(sender),
            "21266": to == sender,
            "21602": not text and not media,
            "21617": len(text) > 1600,
            "21623": len(media) > MOST_MEDIA,
            "21620": not all(map(_WEB.fullmatch, media)),
        }
        return next((code for code, found in faults.items() if found), None)

    def answer(self, message: Taken, now: datetime) -> Response:
        """What is said to a text that was taken."""
        return _json(201, self._resource(message, now))

    def listing(self, messages: Sequence[Taken], target: str, now: datetime) -> Response:
        """The first page of the texts, newest first."""
        asked = dict(parse_qsl(urlsplit(target).query)).get("PageSize", "")
        size = min(int(asked[:5]), 1000) if asked.isdecimal() else 50
        page = [self._resource(message, now) for message in messages[::-1][:size]]
        return _json(200, {"messages": page, "page": 0, "page_size": size, "uri": target})

    def _resource(self, message: Taken, now: datetime) -> Mapping[str, object]:
        service = message.form.get("MessagingServiceSid") or None
        uri = f"{self.path}/Messages/{message.sid}"
        return {
            "account_sid": self.sid,
            "api_version": VERSION,
            "body": message.text,
            "date_created": format_datetime(now),
            "date_sent": None,
            "date_updated": format_datetime(now),
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": message.form.get("From") or None,
            "messaging_service_sid": service,
            "num_media": str(len(message.media)),
            "num_segments": "0" if service else str(len(segment(message.text).parts)),
            "price": None,
            "price_unit": None,
            "sid": message.sid,
            "status": "accepted" if service else "queued",
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": message.to,
            "uri": f"{uri}.json",
        }

    def describe(self) -> Response:
        """What is said about the account itself."""
        about = {"sid": self.sid, "friendly_name": "A look-alike", "status": "active", "type": "Full"}
        return _json(200, {**about, "uri": f"{self.path}.json"})


def refusal(code: str, status: int, *, retry_after: int | None = None) -> Response:
    """An error as the API tells it."""
    about = {
        "code": int(code),
        "message": ERRORS.get(code, "Refused"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return _json(status, about, {} if retry_after is None else {"Retry-After": str(retry_after)})


def _json(status: int, said: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status, json.dumps(said).encode(), {"Content-Type": "application/json", **(headers or {})}
    )

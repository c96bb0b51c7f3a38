"""What Twilio is asked, and what its answers mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from smskit.drivers.http import HttpAnswer, HttpRequest, bare_url
from smskit.drivers.twilio.signatures import Hook
from smskit.drivers.twilio.words import ACCOUNT, BUSY, OPTED_OUT, reason_of
from smskit.errors import OutcomeUnknown, Rejected, Unavailable, UsageError
from smskit.model.traffic import Accepted, Outgoing

_TO_MEND = timedelta(minutes=1)
_LONGEST_VALIDITY = timedelta(hours=10)
_FAILED = ("failed", "undelivered")


@attrs.frozen(kw_only=True)
class Account:
    """Whose texts are sent, and how."""

    sid: str
    secret: str = attrs.field(repr=False)
    """The auth token, or that of the key."""
    key: str | None = None
    base_url: str = attrs.field(converter=bare_url)
    messaging_service: str | None = None
    validity: timedelta | None = None
    hook: Hook | None = None

    def __attrs_post_init__(self) -> None:
        for kind, sid in (("AC", self.sid), ("SK", self.key), ("MG", self.messaging_service)):
            if sid is not None and re.fullmatch(f"{kind}[0-9a-fA-F]{{32}}", sid) is None:
                raise UsageError(
                    f"such a SID is {kind} and 32 hexadecimal digits; the Twilio Console shows it"
                )
        if self.validity is not None and not timedelta(seconds=1) <= self.validity <= _LONGEST_VALIDITY:
            raise UsageError("Twilio keeps a text for one second at least, and ten hours at most")

    @property
    def auth(self) -> tuple[str, str]:
        """User and password."""
        return self.key or self.sid, self.secret

    @property
    def url(self) -> str:
        """Where everything of this account is."""
        return f"{self.base_url}/2010-04-01/Accounts/{self.sid}"


def build_request(message: Outgoing, account: Account, now: datetime) -> HttpRequest:
    """What hands over a text. With a messaging service too it goes out from the sender that was chosen here."""
    form = [("To", message.to.text), ("From", message.sender.text)]
    if account.messaging_service:
        form.append(("MessagingServiceSid", account.messaging_service))
    if message.text or not message.media:
        form.append(("Body", message.text))
    form += [("MediaUrl", url) for url in message.media]
    if validity := _validity(message, account, now):
        form.append(("ValidityPeriod", str(validity)))
    if account.hook:
        form.append(("StatusCallback", account.hook.receipts_url(message.reference)))
    return HttpRequest(url=f"{account.url}/Messages.json", form=form, auth=account.auth)


def read_answer(answer: HttpAnswer) -> Accepted:
    """What became of the text.

    An account that is not taken, and a refusal that is not Twilio's, are to be mended, and not the text's: it waits.
    What failed by the time of the answer was refused, though Twilio says yes and names it.

    :raises Rejected: Twilio refused it.
    :raises Unavailable: Twilio took nothing, because it is busy or does not take the account.
    :raises OutcomeUnknown: the answer is none of Twilio's.
    """
    said = answer.fields()
    code = _code(answer, said)
    if answer.status == 401 or (400 <= answer.status < 500 and (code in ACCOUNT or not said)):
        raise _to_mend(code)
    sid = _yes(answer).get("sid")
    if said.get("status") in _FAILED:
        code = str(said.get("error_code") or said["status"])
        raise _to_mend(code) if code in ACCOUNT else _refusal(code)
    if not isinstance(sid, str) or not sid:
        raise OutcomeUnknown("the answer names no message", code=str(answer.status))
    return Accepted.whole(sid)


def build_check(account: Account) -> HttpRequest:
    """What Twilio answers only if the credentials are right. Most API keys may not look at the account itself."""
    url = f"{account.url}/Messages.json?PageSize=1" if account.key else f"{account.url}.json"
    return HttpRequest(url=url, method="GET", auth=account.auth)


def read_check(answer: HttpAnswer) -> None:
    """Return if the credentials are right and the account is active; else raise as `read_answer` does."""
    said = _yes(answer)
    status = "active" if "messages" in said else said.get("status")
    if status is None:
        raise OutcomeUnknown("the answer names no account", code=str(answer.status))
    if status != "active":
        raise Rejected("the account is not active", code=str(status))


def _yes(answer: HttpAnswer) -> Mapping[str, object]:
    said = answer.fields()
    if answer.status < 300:
        return said
    if answer.status < 400:
        raise OutcomeUnknown("Twilio sends us elsewhere", code=str(answer.status))
    raise _refusal(_code(answer, said))


def _refusal(code: str) -> Rejected | Unavailable:
    if code in BUSY:
        return Unavailable("Twilio takes no more now", code=code)
    return Rejected(reason_of(code), code=code, opted_out=code == OPTED_OUT)


def _to_mend(code: str) -> Unavailable:
    return Unavailable("the account is not accepted", code=code, retry_after=_TO_MEND)


def _code(answer: HttpAnswer, said: Mapping[str, object]) -> str:
    """Twilio's own, or that of HTTP."""
    code = str(said.get("code", ""))
    return code if code.isdecimal() else str(answer.status)


def _validity(message: Outgoing, account: Account, now: datetime) -> int | None:
    """How many seconds Twilio may keep the text: no longer than it is good for."""
    left = None if message.expires_at is None else message.expires_at - now
    limits = [limit for limit in (account.validity, left) if limit is not None]
    if not limits:
        return None
    return int(max(timedelta(seconds=1), min(*limits, _LONGEST_VALIDITY)).total_seconds())

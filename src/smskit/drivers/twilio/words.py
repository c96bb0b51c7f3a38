"""Twilio's words and codes, and what they mean to us. Twilio keeps adding some, so what is not here is no error."""

from __future__ import annotations

from collections.abc import Mapping

from smskit.model.statuses import Status

_STATUSES: Mapping[str, Status] = {
    "accepted": Status.ACCEPTED,
    "canceled": Status.FAILED,
    "delivered": Status.DELIVERED,
    "failed": Status.FAILED,
    "partially_delivered": Status.DELIVERED,
    "queued": Status.ACCEPTED,
    "read": Status.DELIVERED,
    "scheduled": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    "sent": Status.SENT,
    "undelivered": Status.UNDELIVERED,
}
RECEIVED = frozenset({"received", "receiving"})
"""Its words for texts that come in."""

_STATUSES_BY_CODE: Mapping[str, Status] = {
    "21610": Status.REJECTED,  # the recipient opted out
    "30003": Status.UNDELIVERED,  # unreachable
    "30004": Status.REJECTED,  # blocked
    "30005": Status.UNDELIVERED,  # unknown handset
    "30006": Status.UNDELIVERED,  # a landline
    "30007": Status.REJECTED,  # filtered
    "30036": Status.EXPIRED,  # its validity passed
}

BUSY = frozenset({"20429", "21611"})
"""Too many requests, or more than ten hours of texts queued for the sender: nothing was accepted."""
OPTED_OUT = "21610"

_ACCOUNT = "the account or its credentials are not accepted"
_NUMBER = "this number cannot get texts"
_PAIR = "this sender may not text there"
_REASONS: Mapping[str, str] = {
    "10001": _ACCOUNT,
    "20003": _ACCOUNT,
    "20005": _ACCOUNT,
    "20403": _ACCOUNT,
    "21211": _NUMBER,
    "21217": _NUMBER,
    "21265": _NUMBER,
    "21266": _NUMBER,
    "21268": _NUMBER,
    "21408": _PAIR,
    "21606": _PAIR,
    "21610": "the recipient opted out",
    "21612": _PAIR,
    "21614": _NUMBER,
    "21635": _NUMBER,
    "30002": _ACCOUNT,
}


ACCOUNT = frozenset(code for code, reason in _REASONS.items() if reason == _ACCOUNT)


def status_of(word: str, code: str | None) -> Status:
    """What a receipt says, in Twilio's word and perhaps an error code; `unknown` for a new word."""
    status = _STATUSES.get(word.lower(), Status.UNKNOWN)
    if code is not None and status in {Status.FAILED, Status.UNDELIVERED}:
        return _STATUSES_BY_CODE.get(code, status)
    return status


def reason_of(code: str) -> str:
    """Why Twilio refused a request, for people."""
    return _REASONS.get(code, "Twilio refused it")

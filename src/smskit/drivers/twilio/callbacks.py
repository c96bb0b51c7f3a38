"""What Twilio's callbacks say: texts that came in, and receipts."""

from __future__ import annotations

from collections.abc import Mapping

from smskit.drivers.base import WebhookRequest, WebhookResponse, WebhookResult
from smskit.drivers.http import first_values, readable
from smskit.drivers.twilio.signatures import Hook, fields
from smskit.drivers.twilio.words import OPTED_OUT, RECEIVED, status_of
from smskit.errors import BadCallback, InvalidAddress
from smskit.model.addresses import address_of
from smskit.model.statuses import Status
from smskit.model.traffic import Inbound, MediaLink, Receipt

_SENDS_NOTHING = WebhookResponse(status=200, headers={"Content-Type": "text/xml"}, body=b"<Response/>")
"""TwiML without a reply; anything else might go to the handset."""


def parse(request: WebhookRequest, hook: Hook | None) -> WebhookResult:
    """The text or the receipt that a callback brings, which nobody has verified here.

    A word that Twilio answered by itself (`OptOutType`) is a text like any other.

    :raises BadCallback: it is neither.
    """
    said = first_values(fields(request))
    word = said.get("MessageStatus") or said.get("SmsStatus", "")
    if ("Body" in said or _media(said)) and (not word or word.lower() in RECEIVED):
        return WebhookResult(events=[_inbound(said)], response=_SENDS_NOTHING)
    if not word:
        raise BadCallback("neither a text nor a receipt")
    return WebhookResult(events=[_receipt(said, word, hook.reference(request) if hook else None)])


def _receipt(said: Mapping[str, str], word: str, reference: str | None) -> Receipt:
    code = said.get("ErrorCode") or None
    status = status_of(word, code)
    if status is Status.UNKNOWN:
        code = readable(f"{word} {code}" if code else word)
    return Receipt(
        status=status,
        carrier_id=_sid(said),
        reference=reference,
        code=code,
        opted_out=code == OPTED_OUT and status is Status.REJECTED,
    )


def _inbound(said: Mapping[str, str]) -> Inbound:
    try:
        sender, to = address_of(said.get("From", "")), address_of(said.get("To", ""))
    except InvalidAddress as error:
        raise BadCallback("a text from or to what is no address") from error
    text = readable(said.get("Body", ""))
    return Inbound(sender=sender, to=to, text=text, carrier_id=_sid(said), media=_media(said))


def _media(said: Mapping[str, str]) -> tuple[MediaLink, ...]:
    """As many as there are fields for; what NumMedia counts is not asked."""
    found = ((said.get(f"MediaUrl{n}"), said.get(f"MediaContentType{n}")) for n in range(len(said)))
    return tuple(
        MediaLink(url=readable(url), content_type=readable(kind or "") or None) for url, kind in found if url
    )


def _sid(said: Mapping[str, str]) -> str:
    sid = said.get("MessageSid") or said.get("SmsSid")
    if not sid:
        raise BadCallback("it names no message")
    return readable(sid)

"""The built-in rules, in the order in which they are asked. Each says one thing and fits on a screen."""

from __future__ import annotations

import re
from datetime import datetime

from smskit.compliance.gate import Facts, Request, Rule
from smskit.model.contacts import ConsentState, Scope, Source
from smskit.model.decisions import Allowed, Decision, Denied
from smskit.model.messages import Category, Origin
from smskit.model.policies import Policy, ToOptedOut

# Line feed, carriage return and tab are text; 0x1A ends a text on a modem and 0x1B aborts it (3GPP TS 27.005, 3.5.1).
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def unsafe_text(text: str, media: int = 0) -> str | None:
    """Why a text cannot be sent by anybody: it is empty and without media, or holds control characters."""
    if not (text.strip() or media):
        return "the text is empty"
    if _CONTROL.search(text):
        return "the text holds control characters"
    return None


def content(request: Request, _facts: Facts, policy: Policy, _now: datetime) -> Decision | None:
    """An empty, unsafe or endless text goes to nobody."""
    why = unsafe_text(request.text, request.media)
    if why is not None:
        return Denied("content", why)
    if request.parts > policy.max_parts:
        return Denied(
            "content", f"the text takes {request.parts} parts, and policy allows {policy.max_parts}"
        )
    return None


def recipient(_request: Request, facts: Facts, _policy: Policy, _now: datetime) -> Decision | None:
    """A name in place of a number can text us, and nobody can text it."""
    if not facts.to.can_reply:
        return Denied("recipient", "the contact has a name in place of a number, which cannot be texted")
    return None


def own_number(_request: Request, facts: Facts, _policy: Policy, _now: datetime) -> Decision | None:
    """A sender does not text itself."""
    if facts.sender == facts.to:
        return Denied("own_number", "the recipient is the sender itself")
    return None


def carrier_block(_request: Request, facts: Facts, _policy: Policy, _now: datetime) -> Decision | None:
    """What the carrier refuses is not tried, nor sent by another sender."""
    if facts.blocked_by_carrier:
        return Denied(
            "carrier_block",
            "the carrier blocks this sender for the contact, until the contact texts START to it",
        )
    return None


def system_answer(request: Request, _facts: Facts, _policy: Policy, _now: datetime) -> Decision | None:
    """The one answer to STOP, START or HELP goes past the opt-out."""
    if request.origin is Origin.SYSTEM:
        return Allowed("system_answer", "it answers the contact's own word")
    return None


def opted_out(request: Request, facts: Facts, policy: Policy, _now: datetime) -> Decision | None:
    """Automated messages never go to a contact who opted out; manual ones as policy says."""
    if not facts.subscription.opted_out or request.origin is Origin.SYSTEM:
        return None
    if facts.subscription.scope is Scope.PROMOTIONAL and request.category is not Category.PROMOTIONAL:
        return None
    since = f"{facts.subscription.changed_at:%Y-%m-%d %H:%M %Z} {_HOW[facts.subscription.source]}"
    if request.origin.is_automated or request.category is Category.PROMOTIONAL:
        return Denied("opted_out", f"the contact opted out at {since}; only the contact can opt in again")
    if policy.to_opted_out is ToOptedOut.BLOCK:
        return Denied("opted_out", f"the contact opted out at {since}, and policy blocks manual texts too")
    warning = f"the contact opted out at {since}"
    warnings = (warning,) if policy.to_opted_out is ToOptedOut.WARN else ()
    return Allowed("opted_out_manual", "a person wrote it, and policy lets it go", warnings=warnings)


_HOW = {
    Source.DEFAULT: "before we knew the number",
    Source.WORD: "by text",
    Source.HOST: "by our own hand",
    Source.CARRIER: "at the carrier",
}


def drips_off(request: Request, _facts: Facts, policy: Policy, _now: datetime) -> Decision | None:
    """Where policy switches drip campaigns off, what was applied before stops too."""
    if request.origin is Origin.DRIP and not policy.drips:
        return Denied("drips_off", "the org's policy has drip campaigns switched off")
    return None


def consent_message(request: Request, facts: Facts, policy: Policy, _now: datetime) -> Decision | None:
    """Where policy requires it, the consent message goes before the first text to a number."""
    if request.origin is Origin.CONSENT:
        return Allowed("consent_message", "it has to precede the first text to this number")
    if request.origin is Origin.SYSTEM or policy.consent_for(request.actor) is None:
        return None
    if facts.consent is ConsentState.SENT:
        return None
    if facts.subscription.opted_out:
        return Denied(
            "consent_message", "the consent message has to go first, and cannot go to a contact who opted out"
        )
    return Allowed("consent_first", "policy asks for the consent message before it", consent_first=True)


BUILT_IN: tuple[Rule, ...] = (
    content,
    recipient,
    own_number,
    carrier_block,
    system_answer,
    opted_out,
    drips_off,
    consent_message,
)

"""The gate: may this message go to this number now? A pure question, with a pure answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

import attrs

from smskit.model.addresses import Address
from smskit.model.contacts import ConsentState, Subscription
from smskit.model.decisions import Allowed, Decision, Denied, Held
from smskit.model.ids import Actor, Org
from smskit.model.messages import Category, Origin
from smskit.model.policies import Policy


@attrs.frozen(kw_only=True)
class Request:
    """The message that is judged."""

    org: Org
    actor: Actor
    origin: Origin
    category: Category
    text: str
    parts: int
    media: int = 0
    """How many pictures, videos and the like go with it."""


@attrs.frozen(kw_only=True)
class Facts:
    """What is known of the recipient, as of the versions named in it."""

    subscription: Subscription
    sender: Address
    blocked_by_carrier: bool
    """The carrier refuses texts from this sender to this number."""
    policy_version: int = 0

    @property
    def to(self) -> Address:
        """The recipient."""
        return self.subscription.number

    @property
    def consent(self) -> ConsentState:
        """Where the consent message of the number is."""
        return self.subscription.consent


Rule: TypeAlias = Callable[[Request, Facts, Policy, datetime], Decision | None]
"""What one rule says; None if the message does not concern it."""

HostRule: TypeAlias = Callable[
    [Request, Facts, Policy, datetime], Decision | Awaitable[Decision | None] | None
]
"""A rule written by the host. It may await, runs outside any transaction, and can only make a decision stricter."""


class ComplianceGate:
    """Judges messages by rules: the strictest decision counts."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)

    def decide(self, request: Request, facts: Facts, policy: Policy, now: datetime) -> Decision:
        """The decision on a message, as of `now`. The same arguments give the same decision; nothing raises."""
        return strictest(rule(request, facts, policy, now) for rule in self._rules)


def strictest(decisions: Iterable[Decision | None]) -> Decision:
    """Deny beats hold beats allow: the first that denies, else the longest hold, else all that allow in one."""
    said = [decision for decision in decisions if decision is not None]
    denied = next((one for one in said if isinstance(one, Denied)), None)
    if denied is not None:
        return denied
    held = [one for one in said if isinstance(one, Held)]
    if held:
        return max(held, key=lambda one: one.until)
    return _joined([one for one in said if isinstance(one, Allowed)])


def _joined(allowed: Sequence[Allowed]) -> Allowed:
    if not allowed:
        return Allowed()
    return Allowed(
        rule=allowed[0].rule,
        reason=allowed[0].reason,
        consent_first=any(one.consent_first for one in allowed),
        warnings=tuple(warning for one in allowed for warning in one.warnings),
    )

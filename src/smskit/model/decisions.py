"""Decisions: what the gate says of a message, and the record that explains it years later."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

import attrs


@attrs.frozen
class Allowed:
    """It may go. `consent_first` if the consent message has to be accepted before it."""

    rule: str = "allowed"
    reason: str = "no rule objects"
    consent_first: bool = False
    warnings: tuple[str, ...] = ()


@attrs.frozen
class Held:
    """It may go, but not before `until`; then it is judged anew."""

    rule: str
    reason: str
    until: datetime


@attrs.frozen
class Denied:
    """It may not go."""

    rule: str
    reason: str


Decision: TypeAlias = Allowed | Held | Denied


class Outcome(enum.StrEnum):
    """The kind of a decision, in one word."""

    ALLOWED = "allowed"
    HELD = "held"
    DENIED = "denied"


class Stage(enum.StrEnum):
    """When a message was judged."""

    MADE = "made"
    """Advisory, when the message was made."""
    ADMISSION = "admission"
    """Authoritative, just before it was handed over."""


@attrs.frozen(kw_only=True)
class DecisionRecord:
    """A decision as the ledger keeps it: enough to explain it from this record alone, and no message text."""

    outcome: Outcome
    rule: str
    reason: str
    stage: Stage
    at: datetime
    policy_version: int
    facts_version: int
    consent_first: bool = False
    until: datetime | None = None
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, decision: Decision, *, stage: Stage, at: datetime, policy_version: int, facts_version: int
    ) -> DecisionRecord:
        """The record of a decision."""
        return cls(
            outcome=_OUTCOME[type(decision)],
            rule=decision.rule,
            reason=decision.reason,
            stage=stage,
            at=at,
            policy_version=policy_version,
            facts_version=facts_version,
            consent_first=isinstance(decision, Allowed) and decision.consent_first,
            until=decision.until if isinstance(decision, Held) else None,
            warnings=decision.warnings if isinstance(decision, Allowed) else (),
        )

    @property
    def gist(self) -> str:
        """Outcome and reason in short: equal for decisions that need not be stored twice."""
        said = (self.outcome, self.rule, self.reason, self.consent_first, self.until, self.warnings)
        return hashlib.blake2s(repr(said).encode(), digest_size=8).hexdigest()

    def __str__(self) -> str:
        """The decision in words."""
        until = f" until {self.until:%Y-%m-%d %H:%M %Z}" if self.until else ""
        consent = "; the consent message goes first" if self.consent_first else ""
        warnings = "".join(f"; warning: {warning}" for warning in self.warnings)
        return f"{self.outcome}{until} by rule {self.rule!r}: {self.reason}{consent}{warnings}"


@attrs.frozen
class Explanation:
    """Why a message is where it is: every decision on it, oldest first, and what else is known."""

    status: str
    decisions: tuple[DecisionRecord, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines: Iterable[str] = (
            f"{record.at:%Y-%m-%d %H:%M:%S %Z} {_STAGE[record.stage]}: {record}" for record in self.decisions
        )
        return "\n".join((f"The message is {self.status}.", *lines, *self.notes))


_OUTCOME: dict[type[Decision], Outcome] = {
    Allowed: Outcome.ALLOWED,
    Held: Outcome.HELD,
    Denied: Outcome.DENIED,
}

_STAGE = {Stage.MADE: "when it was made", Stage.ADMISSION: "just before handing it over"}

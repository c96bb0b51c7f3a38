"""Judging: the gate and the host's own rules, asked outside any transaction on facts that have a version."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import anyio

from smskit.clock import as_utc
from smskit.compliance.gate import ComplianceGate, Facts, HostRule, Request, strictest
from smskit.compliance.opt_words import OptWords
from smskit.engine.blaming import blame
from smskit.model.decisions import Allowed, Decision, DecisionRecord, Denied, Held, Stage
from smskit.model.ids import Org
from smskit.model.policies import Policy, PolicyRecord
from smskit.storage.base import Storage

log = logging.getLogger("smskit.compliance")

RULE_DEADLINE = 5.0
"""Seconds a host's rule may take."""
RULE_RETRY = timedelta(minutes=1)
"""How long a message is held when a host's rule failed: the gate fails closed, and asks again."""


class PolicyBook:
    """Policies by org and version, read from the store only when a version is new."""

    def __init__(self, storage: Storage, default: Policy) -> None:
        self._storage = storage
        self._default = PolicyRecord(0, default)
        self._known: dict[Org, PolicyRecord] = {}
        self._words: dict[Org, tuple[PolicyRecord, OptWords]] = {}

    async def current(self, org: Org) -> PolicyRecord:
        """The org's policy as the store has it now."""
        record = await self._storage.get_policy(org) or self._default
        self._known[org] = record
        return record

    async def at_least(self, org: Org, version: int) -> PolicyRecord:
        """The org's policy, which the caller has seen to have this version."""
        known = self._known.get(org, self._default if version == 0 else None)
        return known if known is not None and known.version == version else await self.current(org)

    def words(self, org: Org, record: PolicyRecord) -> OptWords:
        """The words that opt out, in or ask for help in this org."""
        cached = self._words.get(org)
        if cached is None or cached[0] is not record:
            policy = record.policy
            own = OptWords.load().plus(
                stop=policy.stop_words, start=policy.start_words, help=policy.help_words
            )
            cached = self._words[org] = (record, own)
        return cached[1]


class Judge:
    """Asks the gate and the host's rules; the strictest answer counts."""

    def __init__(self, gate: ComplianceGate, host_rules: Sequence[HostRule]) -> None:
        self._gate = gate
        self._host_rules = tuple(host_rules)

    async def judge(
        self, request: Request, facts: Facts, record: PolicyRecord, now: datetime, stage: Stage
    ) -> DecisionRecord:
        """The decision on a message, as the ledger keeps it."""
        decision: Decision = self._gate.decide(request, facts, record.policy, now)
        if self._host_rules:
            said = [await self._ask(rule, request, facts, record.policy, now) for rule in self._host_rules]
            decision = strictest([decision, *said])
        return DecisionRecord.of(
            decision,
            stage=stage,
            at=now,
            policy_version=facts.policy_version,
            facts_version=facts.subscription.version,
        )

    async def _ask(
        self, rule: HostRule, request: Request, facts: Facts, policy: Policy, now: datetime
    ) -> Decision | None:
        name = getattr(rule, "__name__", type(rule).__name__)
        try:
            with anyio.fail_after(RULE_DEADLINE):
                said = rule(request, facts, policy, now)
                return _understood(await said if inspect.isawaitable(said) else said, now)
        except Exception as error:  # noqa: BLE001 - the gate fails closed
            log.error(
                "a rule of the host failed; the message is held: %s", blame(error), extra={"rule": name}
            )
            return Held(name, "the rule failed; it is asked again", now + RULE_RETRY)


def _understood(said: object, now: datetime) -> Decision | None:
    """What a host's rule said, if it is a decision; a hold that is over no longer holds.

    :raises TypeError: if it is something else, such as True.
    :raises NaiveDatetime: if it holds until a time without a zone.
    """
    match said:
        case None | Allowed() | Denied():
            return said
        case Held():
            return said if as_utc(said.until) > now else Allowed(said.rule, said.reason)
        case _:
            msg = f"a rule gives a decision or None, not {type(said).__name__}"
            raise TypeError(msg)

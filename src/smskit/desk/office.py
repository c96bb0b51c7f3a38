"""What a desk works with, and who works at it."""

from __future__ import annotations

from datetime import datetime

import attrs

from smskit.clock import Clock
from smskit.engine.dripping import Dripping
from smskit.engine.editing import Editing
from smskit.engine.hub import Hub
from smskit.engine.judging import PolicyBook
from smskit.engine.outgoing import Sending
from smskit.engine.routing import Router
from smskit.model.ids import Actor, Org
from smskit.model.policies import Permission, Policy
from smskit.storage.base import MediaStore, Storage


@attrs.frozen(kw_only=True)
class Tools:
    """The parts that all desks of a Kit share."""

    storage: Storage
    clock: Clock
    policies: PolicyBook
    sending: Sending
    router: Router
    editing: Editing
    dripping: Dripping
    hub: Hub
    media: MediaStore | None


@attrs.frozen
class Office:
    """The tools, in the hands of one actor of one org."""

    tools: Tools
    org: Org
    actor: Actor

    @property
    def storage(self) -> Storage:
        return self.tools.storage

    def now(self) -> datetime:
        """The present moment."""
        return self.tools.clock.now()

    async def policy(self) -> Policy:
        """The org's policy."""
        return (await self.tools.policies.current(self.org)).policy

    async def require(self, permission: Permission) -> Policy:
        """The policy, if the actor may do this.

        :raises PermissionDenied: if it may not.
        """
        policy = await self.policy()
        policy.require(self.actor, permission)
        return policy

"""Routing: which of our senders a text leaves from."""

from __future__ import annotations

from collections.abc import Sequence

from smskit.errors import NotFound, UsageError
from smskit.model.addresses import Address, parse_address
from smskit.model.conversations import SenderRecord
from smskit.model.ids import ContactId, Org
from smskit.model.policies import Policy
from smskit.storage.base import Storage


class Router:
    """Picks senders. A contact keeps the sender it knows."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def find(self, org: Org, wanted: Address) -> SenderRecord:
        """The sender with this address. :raises NotFound: if the org has none."""
        return _named(await self._storage.list_senders(org), wanted, org)

    async def pick(
        self, org: Org, contact: ContactId, wanted: Address | None, policy: Policy
    ) -> SenderRecord:
        """The sender that is wanted; else the contact's last one; else the org's default, or only, one.

        :raises NotFound: if the org has no such sender.
        :raises UsageError: if the choice is not clear; it lists the senders.
        """
        senders = await self._storage.list_senders(org)
        if wanted is not None:
            return _named(senders, wanted, org)
        last = await self._storage.last_sender(org, contact)
        known = next((sender for sender in senders if sender.id == last), None)
        if known is not None:
            return known
        if policy.default_sender is not None:
            return _named(senders, parse_address(policy.default_sender, policy.default_region), org)
        if len(senders) == 1:
            return senders[0]
        if not senders:
            msg = f"org {org!r} has no sender; give a driver one, for example senders=['+14155550100']"
            raise UsageError(msg)
        choices = ", ".join(sender.address.masked for sender in senders)
        ways = "start(..., sender=...), or the policy's default_sender"
        msg = f"org {org!r} has several senders ({choices}); say which: {ways}"
        raise UsageError(msg)


def _named(senders: Sequence[SenderRecord], wanted: Address, org: Org) -> SenderRecord:
    found = next((sender for sender in senders if sender.address == wanted), None)
    if found is None:
        choices = ", ".join(sender.address.masked for sender in senders) or "none"
        msg = f"org {org!r} has no sender {wanted.masked}; it has: {choices}"
        raise NotFound(msg)
    return found

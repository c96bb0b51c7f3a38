"""Writing: which national tables a text may use, by what policy allows and what the sender's driver can say."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from smskit.drivers.base import Driver
from smskit.encoding import Language
from smskit.model.addresses import Address
from smskit.model.policies import Policy


class Writing:
    """Knows the senders whose drivers write texts themselves, and so can say which tables they use."""

    def __init__(self, drivers: Sequence[Driver]) -> None:
        self._able = {
            sender.address
            for driver in drivers
            if driver.features.national_tables
            for sender in driver.senders
        }

    def languages(self, sender: Address, policy: Policy) -> Collection[Language]:
        """The languages whose tables may be used for a text from this sender."""
        return policy.languages if sender in self._able else ()

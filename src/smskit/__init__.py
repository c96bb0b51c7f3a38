"""A typed SDK for business texting: conversations, opt-outs and consent over any carrier."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smskit.clock import Clock, SystemClock, VirtualClock
    from smskit.compliance.gate import ComplianceGate
    from smskit.desk.contacts import Contact
    from smskit.desk.conversations import Conversation
    from smskit.desk.desk import Desk
    from smskit.desk.messages import Message
    from smskit.drivers.base import Driver, Features
    from smskit.drivers.local import LocalCarrier
    from smskit.kit import Kit
    from smskit.model.addresses import PhoneNumber, SenderName, ShortCode
    from smskit.model.campaigns import DripCampaign, Step, days, hours, minutes, weeks
    from smskit.model.conversations import Rate, Sender
    from smskit.model.decisions import Allowed, Denied, Held
    from smskit.model.messages import Category, Kind, Lane, Origin
    from smskit.model.policies import ActorPolicy, Consent, Permission, Policy
    from smskit.model.statuses import Status

__all__ = [
    "ActorPolicy",
    "Allowed",
    "Category",
    "Clock",
    "ComplianceGate",
    "Consent",
    "Contact",
    "Conversation",
    "Denied",
    "Desk",
    "DripCampaign",
    "Driver",
    "Features",
    "Held",
    "Kind",
    "Kit",
    "Lane",
    "LocalCarrier",
    "Message",
    "Origin",
    "Permission",
    "PhoneNumber",
    "Policy",
    "Rate",
    "Sender",
    "SenderName",
    "ShortCode",
    "Status",
    "Step",
    "SystemClock",
    "VirtualClock",
    "days",
    "hours",
    "minutes",
    "weeks",
]

_HOMES = {
    "smskit.clock": ("Clock", "SystemClock", "VirtualClock"),
    "smskit.compliance.gate": ("ComplianceGate",),
    "smskit.desk.contacts": ("Contact",),
    "smskit.desk.conversations": ("Conversation",),
    "smskit.desk.desk": ("Desk",),
    "smskit.desk.messages": ("Message",),
    "smskit.drivers.base": ("Driver", "Features"),
    "smskit.drivers.local": ("LocalCarrier",),
    "smskit.kit": ("Kit",),
    "smskit.model.addresses": ("PhoneNumber", "SenderName", "ShortCode"),
    "smskit.model.campaigns": ("DripCampaign", "Step", "days", "hours", "minutes", "weeks"),
    "smskit.model.conversations": ("Rate", "Sender"),
    "smskit.model.decisions": ("Allowed", "Denied", "Held"),
    "smskit.model.messages": ("Category", "Kind", "Lane", "Origin"),
    "smskit.model.policies": ("ActorPolicy", "Consent", "Permission", "Policy"),
    "smskit.model.statuses": ("Status",),
}

_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for, so that `import smskit` stays light."""
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("smskit")
    if name not in _HOME:
        msg = f"module 'smskit' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

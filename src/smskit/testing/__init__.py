"""Help for tests of host apps: a world with a virtual clock, a local carrier and people who text."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smskit.testing.world import Person, World

__all__ = ["Person", "World"]


def __getattr__(name: str) -> object:
    """Import a name when it is asked for: the pytest plugin lives beside it and must stay light."""
    if name not in __all__:
        msg = f"module 'smskit.testing' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module("smskit.testing.world"), name)

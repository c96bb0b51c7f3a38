"""The pytest plugin: a `world` for async tests that anyio runs. It imports smskit only when a test wants one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from smskit.testing.world import World

pytest.register_assert_rewrite("smskit.testing.contracts")


@pytest.fixture
def world_options() -> Mapping[str, Any]:
    """What `world` is made with; override it to pass a policy, a seed, faults and so on to `World`."""
    return {}


@pytest.fixture
async def world(anyio_backend: object, world_options: Mapping[str, Any]) -> AsyncIterator[World]:
    """A world, open."""
    from smskit.testing.world import World

    async with World(**world_options) as opened:
        yield opened

"""A desk to work at: a world, its kit and two people."""

from __future__ import annotations

import pytest

from smskit.kit import Kit
from smskit.testing import Person, World


@pytest.fixture
def kit(world: World) -> Kit:
    return world.kit


@pytest.fixture
def alice(world: World) -> Person:
    return world.person("+14155550123")


@pytest.fixture
def bob(world: World) -> Person:
    return world.person("+14155550124")

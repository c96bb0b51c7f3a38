"""The fixtures that all tests of a store share, and the one it has to be given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from smskit.clock import VirtualClock
from smskit.storage.base import Storage
from smskit.testing.contracts.bench import START, Bench

PutIntake: TypeAlias = Callable[..., Awaitable[None]]
"""Called with `number`, `text` and perhaps `key`: what a host does in its own transaction."""


@pytest.mark.anyio
class StoreTests:
    """Tests of an open, empty store. A subclass gives it as the fixture `store`, with `clock.now` for its leases."""

    @pytest.fixture
    def clock(self) -> VirtualClock:
        return VirtualClock(START)

    @pytest.fixture
    def store(self) -> Storage:
        msg = "give the contract a fixture `store`: an open, empty store whose lease clock is `clock.now`"
        raise NotImplementedError(msg)

    @pytest.fixture
    def put_intake(self) -> PutIntake:
        msg = "give the contract a fixture `put_intake`: a function that puts a row into the intake"
        raise NotImplementedError(msg)

    @pytest.fixture
    def bench(self, store: Storage, clock: VirtualClock) -> Bench:
        return Bench(store, clock)

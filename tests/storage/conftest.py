"""What the tests of SQLite share: a file, stores on it, and child processes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from smskit.clock import VirtualClock
from smskit.storage.sqlite import SqliteStorage
from smskit.testing.contracts.bench import START, Bench

RunChild: TypeAlias = Callable[..., list[str]]

PRELUDE = """
import contextlib, os, resource, signal, sqlite3, sys
from datetime import timedelta
import anyio
from smskit.clock import VirtualClock
from smskit.errors import *
from smskit.storage.sqlite import SqliteStorage
from smskit.testing.contracts.bench import START, Bench
path = sys.argv[1]
clock = VirtualClock(START)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
async def store(anyio_backend: str, path: Path, clock: VirtualClock) -> AsyncIterator[SqliteStorage]:
    store = SqliteStorage(str(path), lease_clock=clock.now)
    await store.open()
    yield store
    await store.aclose()


@pytest.fixture
def bench(store: SqliteStorage, clock: VirtualClock) -> Bench:
    return Bench(store, clock)


@pytest.fixture
def run_child(path: Path) -> RunChild:
    """Runs a script in a Python of its own, on the file; the lines it printed."""

    def run(script: str, path: Path = path) -> list[str]:
        code = PRELUDE + textwrap.dedent(script)
        command = [sys.executable, "-W", "error", "-c", code, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run

"""The contract of stores, kept by SQLite in memory and in a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smskit.clock import VirtualClock
from smskit.storage.base import Storage
from smskit.storage.sql.tx import Tx
from smskit.storage.sqlite import SqliteStorage
from smskit.testing.contracts import SharedStorageContract, StorageContract
from smskit.testing.contracts.storage_base import PutIntake

INTAKE = "insert into smskit_intake (number, text, key) values (?, ?, ?)"


class SqliteContract(StorageContract):
    @pytest.fixture
    def put_intake(self, store: SqliteStorage) -> PutIntake:
        async def put(*, number: str, text: str, key: str | None = None) -> None:
            def insert(tx: Tx) -> None:
                tx.run(INTAKE, (number, text, key))

            await store._runner.write(insert)

        return put


class TestMemory(SqliteContract):
    @pytest.fixture
    async def store(self, anyio_backend: str, clock: VirtualClock) -> AsyncIterator[Storage]:
        store = SqliteStorage(None, lease_clock=clock.now)
        await store.open()
        yield store
        await store.aclose()


class TestFile(SqliteContract, SharedStorageContract):
    @pytest.fixture
    async def store(self, anyio_backend: str, clock: VirtualClock, tmp_path: Path) -> AsyncIterator[Storage]:
        store = SqliteStorage(str(tmp_path / "desk.db"), lease_clock=clock.now)
        await store.open()
        yield store
        await store.aclose()

    @pytest.fixture
    async def second(
        self, anyio_backend: str, clock: VirtualClock, tmp_path: Path, store: Storage
    ) -> AsyncIterator[Storage]:
        second = SqliteStorage(str(tmp_path / "desk.db"), lease_clock=clock.now)
        await second.open()
        yield second
        await second.aclose()

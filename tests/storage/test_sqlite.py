"""SQLite as a store: what it opens and refuses, whose loop and process it belongs to, what else is in its file."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from smskit.clock import VirtualClock
from smskit.errors import KitClosed, StorageUnavailable, StorageUnsupported
from smskit.kit import open_storage
from smskit.model.ids import DEFAULT_ORG
from smskit.storage.sqlite import SqliteStorage
from smskit.storage.sqlite.connection import connect
from smskit.testing.contracts.bench import ALICE, Bench

RunChild: TypeAlias = Callable[..., list[str]]

SHORT = timedelta(milliseconds=30)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file as a host opens it, by itself."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def exists(path: Path) -> bool:
    return path.exists()


def content(path: Path) -> bytes:
    return path.read_bytes()


def put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def made(path: Path, clock: VirtualClock) -> None:
    """Make a store in the file and close it."""
    store = SqliteStorage(str(path), lease_clock=clock.now)
    await store.open()
    await store.aclose()


async def test_it_commits_to_disk_in_write_ahead_mode(store: SqliteStorage) -> None:
    writer = store._runner._writer  # type: ignore[attr-defined]  # settings are not to be seen from outside
    settings = [
        writer._connection.execute(f"pragma {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    ]

    assert settings == ["wal", 2, 1]


async def test_reopening_gives_the_same_answers(
    bench: Bench, store: SqliteStorage, clock: VirtualClock
) -> None:
    chat = await bench.chat()
    await bench.submitted(chat)
    await bench.receive("hi")
    before = (
        await bench.happenings(),
        await bench.thread(chat.id),
        await store.get_conversation(chat.org, chat.id),
    )
    await store.aclose()

    again = Bench(SqliteStorage(store.path, lease_clock=clock.now), clock)
    await again.store.open()
    after = (
        await again.happenings(),
        await again.thread(chat.id),
        await again.store.get_conversation(chat.org, chat.id),
    )
    await again.store.aclose()

    assert after == before


async def test_closing_leaves_one_file_behind(path: Path, clock: VirtualClock) -> None:
    await made(path, clock)

    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


async def test_a_store_in_memory_reads_what_it_wrote(anyio_backend: str, clock: VirtualClock) -> None:
    store = SqliteStorage(None, lease_clock=clock.now)
    await store.open()
    bench = Bench(store, clock)

    chat = await bench.chat()

    assert await store.get_conversation(DEFAULT_ORG, chat.id) == chat
    assert repr(store) == "SqliteStorage(':memory:')"
    await store.aclose()


async def test_two_stores_in_memory_are_two(anyio_backend: str, clock: VirtualClock) -> None:
    stores = [SqliteStorage(None, lease_clock=clock.now) for _ in range(2)]
    for store in stores:
        await store.open()
    await Bench(stores[0], clock).chat()

    assert await stores[1].find_contact(DEFAULT_ORG, ALICE) is None
    for store in stores:
        await store.aclose()


async def test_a_closed_store_says_so(store: SqliteStorage) -> None:
    await store.aclose()
    await store.aclose()

    with pytest.raises(KitClosed, match="not open"):
        await store.last_position()


async def test_a_store_that_was_never_opened_says_so(
    anyio_backend: str, path: Path, clock: VirtualClock
) -> None:
    store = SqliteStorage(str(path), lease_clock=clock.now)
    await store.aclose()

    with pytest.raises(KitClosed, match="not open"):
        await store.last_position()
    assert not exists(path)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_a_store_used_in_another_loop_says_so(store: SqliteStorage, backend: str) -> None:
    def elsewhere() -> None:
        with pytest.raises(KitClosed, match="another event loop"):
            anyio.run(store.last_position, backend=backend)

    await anyio.to_thread.run_sync(elsewhere)

    assert await store.last_position() == 0


def test_a_store_used_after_a_fork_says_so_in_the_child_and_works_on_in_the_parent(
    run_child: RunChild,
) -> None:
    said = run_child("""
        async def main():
            store = SqliteStorage(path, lease_clock=clock.now)
            await store.open()
            if (child := os.fork()) == 0:
                try:
                    await store.last_position()
                except KitClosed as error:
                    os.write(1, f"child: {error}\\n".encode())
                await store.aclose()
                os._exit(0)
            os.waitpid(child, 0)
            await Bench(store, clock).chat()
            print("parent:", await store.last_position())
            await store.aclose()
        anyio.run(main)
        """)

    assert said == [
        "child: this Kit was opened before a fork; open one of its own in every process",
        "parent: 2",
    ]


async def test_a_file_that_is_no_database_is_refused_and_left_alone(
    anyio_backend: str, path: Path, clock: VirtualClock
) -> None:
    put(path, b"Dear diary, " * 500)

    with pytest.raises(StorageUnsupported, match="not a SQLite database"):
        await made(path, clock)

    assert content(path) == b"Dear diary, " * 500


async def test_a_file_of_a_newer_smskit_is_refused(
    anyio_backend: str, path: Path, clock: VirtualClock
) -> None:
    await made(path, clock)
    with opened(path) as host:
        host.execute("insert into smskit_schema values (9999, '9999_future', 'x', '2030-01-01')")

    with pytest.raises(StorageUnsupported, match=r"newer smskit \(schema 9999.*upgrade smskit"):
        await made(path, clock)


async def test_a_schema_step_that_was_changed_is_refused(
    anyio_backend: str, path: Path, clock: VirtualClock
) -> None:
    await made(path, clock)
    with opened(path) as host:
        host.execute("update smskit_schema set checksum = 'other' where version = 1")

    with pytest.raises(StorageUnsupported, match=r"step 1 .* differs"):
        await made(path, clock)


async def test_a_missing_folder_is_named_as_the_reason(
    anyio_backend: str, tmp_path: Path, clock: VirtualClock
) -> None:
    with pytest.raises(StorageUnavailable, match="does its folder exist"):
        await made(tmp_path / "nowhere" / "desk.db", clock)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("read_only", "name"), [("file", "SQLITE_READONLY"), ("folder", "SQLITE_READONLY_DIRECTORY")]
)
def test_what_may_not_be_written_is_refused_at_opening(
    run_child: RunChild, public_folder: Path, read_only: str, name: str
) -> None:
    path = public_folder / "desk.db"
    with opened(path) as host:
        host.execute("create table note (body text)")
    path.chmod(0o444 if read_only == "file" else 0o666)
    public_folder.chmod(0o777 if read_only == "file" else 0o555)

    said = run_child(
        """
        async def main():
            if os.getuid() == 0:
                os.setuid(65534)  # root may write everywhere; nobody may not
            try:
                await SqliteStorage(path, lease_clock=clock.now).open()
            except StorageError as error:
                print(type(error).__name__, error)
        anyio.run(main)
        """,
        path,
    )

    assert said == [f"StorageUnsupported the database is read-only ({name})"]


async def test_a_database_that_somebody_keeps_locked_is_unavailable_with_a_reason(
    anyio_backend: str, path: Path, clock: VirtualClock
) -> None:
    store = SqliteStorage(str(path), lease_clock=clock.now, lock_timeout=SHORT)
    await store.open()
    bench = Bench(store, clock)
    with opened(path) as host:
        host.execute("begin immediate")

        with pytest.raises(StorageUnavailable, match="another process keeps the database locked"):
            await bench.sender()
        unlocked = await store.list_senders(DEFAULT_ORG)
        host.execute("rollback")

    await bench.sender()
    assert (len(unlocked), len(await store.list_senders(DEFAULT_ORG))) == (0, 1)
    await store.aclose()


async def test_opening_a_locked_database_is_unavailable(
    anyio_backend: str, path: Path, clock: VirtualClock
) -> None:
    await made(path, clock)
    with opened(path) as host:
        host.execute("begin immediate")
        store = SqliteStorage(str(path), lease_clock=clock.now, lock_timeout=SHORT)

        with pytest.raises(StorageUnavailable, match="another process keeps the database locked"):
            await store.open()

    await made(path, clock)


async def test_opening_waits_while_another_process_has_the_file_to_itself(
    monkeypatch: pytest.MonkeyPatch, anyio_backend: str, path: Path, clock: VirtualClock
) -> None:
    """As the first of several that open a new file does, and one that recovers it after a crash."""
    refused = threading.Event()

    def telling(path: str | None, *, for_reading: bool = False) -> sqlite3.Connection:
        try:
            return connect(path, for_reading=for_reading)
        except sqlite3.OperationalError:
            refused.set()
            raise

    monkeypatch.setattr("smskit.storage.sqlite.runner.connect", telling)
    store = SqliteStorage(str(path), lease_clock=clock.now)
    with opened(path) as host:
        host.execute("create table note (body text)")
        host.execute("begin exclusive")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.open)
            while not refused.is_set():
                await anyio.lowlevel.checkpoint()
            host.execute("rollback")

    assert await store.list_senders(DEFAULT_ORG) == []
    await store.aclose()


async def test_a_write_waits_for_another_process_to_finish(bench: Bench, path: Path) -> None:
    with opened(path) as host:
        host.execute("begin immediate")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.sender)
            while not bench.store._runner._pending:  # type: ignore[attr-defined]  # the inside is the point
                await anyio.lowlevel.checkpoint()
            host.execute("create table note (body text)")
            host.execute("commit")

    assert len(await bench.store.list_senders(DEFAULT_ORG)) == 1


async def test_the_hosts_own_tables_in_the_file_stay_as_they_are(
    anyio_backend: str, path: Path, clock: VirtualClock
) -> None:
    with opened(path) as host:
        host.execute("create table patient (id integer primary key, name text)")
        host.execute("insert into patient values (1, 'Alice')")
        host.execute("pragma user_version = 42")

    await made(path, clock)
    await made(path, clock)

    with opened(path) as host:
        assert host.execute("select * from patient").fetchall() == [(1, "Alice")]
        assert host.execute("pragma user_version").fetchone() == (42,)
        tables = {name for (name,) in host.execute("select name from sqlite_master where type = 'table'")}
    assert all(name.startswith(("smskit_", "sqlite_")) for name in tables - {"patient"})


async def test_a_host_puts_a_message_into_the_intake_within_its_own_transaction(
    store: SqliteStorage, bench: Bench, path: Path
) -> None:
    beat = store.pulse.next()
    with opened(path) as host:
        host.execute("create table job (id integer primary key)")
        host.execute("begin")
        host.execute("insert into job values (17)")
        host.execute(
            "insert into smskit_intake (number, text, key) values (?, 'Ready.', 'order-17')", (ALICE.e164,)
        )
        before = await store.intake(10)
        host.execute("commit")
    with anyio.fail_after(10):
        await beat.wait()
    (row,) = await store.intake(10)

    assert before == []
    assert (row.number, row.text, row.key, row.actor, row.sender) == (
        ALICE.e164,
        "Ready.",
        "order-17",
        "host",
        None,
    )


@pytest.mark.parametrize("column", ["org", "number", "text", "key", "actor", "sender"])
async def test_what_is_no_text_does_not_get_into_the_intake(
    store: SqliteStorage, path: Path, column: str
) -> None:
    """A BLOB there once ended the dispatcher, at every start."""
    row = {"number": "+14155550123", "text": "Hello", column: b"\xff"}
    with opened(path) as host, pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed: typeof"):
        host.execute(
            f"insert into smskit_intake ({', '.join(row)}) values (?, ?{', ?' * (len(row) - 2)})",
            list(row.values()),
        )

    assert await store.intake(10) == []


async def test_what_a_host_rolled_back_was_never_in_the_intake(store: SqliteStorage, path: Path) -> None:
    with opened(path) as host:
        host.execute("begin")
        host.execute("insert into smskit_intake (number, text) values (?, 'Ready.')", (ALICE.e164,))
        host.execute("rollback")

    assert await store.intake(10) == []


async def test_a_damaged_file_is_named_as_such(anyio_backend: str, path: Path, clock: VirtualClock) -> None:
    await made(path, clock)
    whole = content(path)
    put(path, whole[:4096] + b"\xff" * (len(whole) - 4096))

    with pytest.raises(StorageUnsupported, match="damaged"):
        await made(path, clock)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite://", None),
        ("sqlite:///desk.db", "desk.db"),
        ("sqlite:////var/lib/desk.db", "/var/lib/desk.db"),
        ("sqlite:///my%20desk.db", "my desk.db"),
    ],
)
def test_a_url_names_a_file_or_memory(url: str, path: str | None, clock: VirtualClock) -> None:
    storage = open_storage(url, clock)

    assert isinstance(storage, SqliteStorage)
    assert storage.path == path

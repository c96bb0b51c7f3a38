"""Several processes on one SQLite file, and a disk with a real limit."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from smskit.model.ids import DEFAULT_ORG
from smskit.storage.sqlite import SqliteStorage
from smskit.testing.contracts.bench import Bench

RunChild: TypeAlias = Callable[..., list[str]]

WRITER = """
import sys
import anyio
from smskit.clock import VirtualClock
from smskit.model.addresses import PhoneNumber
from smskit.storage.sqlite import SqliteStorage
from smskit.testing.contracts.bench import START, Bench

async def main(path, area):
    clock = VirtualClock(START)
    store = SqliteStorage(path, lease_clock=clock.now)
    await store.open()
    bench = Bench(store, clock, worker=area)
    async with anyio.create_task_group() as tasks:
        for line in range(100, 150):
            tasks.start_soon(one, bench, PhoneNumber(f"+1{area}5550{line}"))
    await store.aclose()

async def one(bench, number):
    await bench.queue(await bench.chat(number))

anyio.run(main, sys.argv[1], sys.argv[2])
"""


def begin_anew(path: Path) -> None:
    path.unlink()


def written_by_processes(path: Path, areas: Sequence[str]) -> list[str]:
    """Let a process per area code write at once; what each of them complained of."""
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WRITER, str(path), area], stderr=subprocess.PIPE
        )
        for area in areas
    ]
    return [child.communicate(timeout=60)[1].decode() for child in children]


def killed_before_closing(path: Path) -> int:
    """Let a process write and kill it; its exit status."""
    script = WRITER.replace(
        "    await store.aclose()\n", "    import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script, str(path), "415"], timeout=60, check=False
    ).returncode


async def test_processes_that_open_a_new_file_at_once_all_write_to_it(
    path: Path, store: SqliteStorage, bench: Bench
) -> None:
    await store.aclose()
    begin_anew(path)

    errors = written_by_processes(path, ("415", "416", "417"))

    assert errors == [""] * 3
    await store.open()
    assert len(await bench.claim(1000)) == 150
    assert len(await store.list_senders(DEFAULT_ORG)) == 1


def test_a_disk_that_is_full_at_commit_reports_no_row_that_is_not_there(
    run_child: RunChild, path: Path
) -> None:
    """The limit on file sizes makes the kernel refuse to write, as a full disk does."""
    said = run_child("""
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        done, failed = [], []

        async def write(store, number, size):
            def insert(tx):
                tx.run("insert into note values (?, zeroblob(?))", (number, size))
            try:
                await store._runner.write(insert)
            except StorageUnavailable as error:
                failed.append(number)
                print("failed:", error)
            else:
                done.append(number)

        async def main():
            store = SqliteStorage(path, lease_clock=clock.now)
            await store.open()
            await store._runner.write(lambda tx: tx.run("create table note (id integer primary key, body blob)"))
            await write(store, 0, 10)
            size = os.path.getsize(path + "-wal")
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100_000, resource.RLIM_INFINITY))
            async with anyio.create_task_group() as tasks:
                for number in range(1, 40):
                    tasks.start_soon(write, store, number, 10 if number != 20 else 500_000)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await write(store, 40, 500_000)
            await store.aclose()
        anyio.run(main)
        print("done:", *sorted(done))
        """)

    connection = sqlite3.connect(path)
    there = [number for (number,) in connection.execute("select id from note order by id")]
    connection.close()
    assert said[-1] == " ".join(["done:", *map(str, there)])
    assert 20 not in there
    assert 40 in there
    assert any(line.startswith("failed: the disk") for line in said)


async def test_a_process_that_is_killed_leaves_only_whole_transactions(
    path: Path, store: SqliteStorage, bench: Bench
) -> None:
    status = killed_before_closing(path)

    claimed = await bench.claim(1000)

    assert status == -9
    assert len(claimed) == 50
    with sqlite3.connect(path) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    connection.close()

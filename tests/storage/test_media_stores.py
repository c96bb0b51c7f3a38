"""Media stores: the contract, and what becomes of files."""

from __future__ import annotations

import os
import stat
import sys
import threading
from pathlib import Path

import anyio
import pytest

from smskit.errors import NotFound, StorageUnavailable
from smskit.storage.base import MediaStore
from smskit.storage.files import FileMediaStore, MemoryMediaStore
from smskit.testing.contracts.media_stores import CONTENT, MediaStoreContract

pytestmark = pytest.mark.anyio


class TestFileMediaStore(MediaStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> MediaStore:
        return FileMediaStore(tmp_path / "media")


class TestMemoryMediaStore(MediaStoreContract):
    @pytest.fixture
    def store(self) -> MediaStore:
        return MemoryMediaStore()


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_equal_content_is_one_file(tmp_path: Path) -> None:
    store = FileMediaStore(tmp_path)

    await store.put(CONTENT)
    await FileMediaStore(tmp_path).put(CONTENT)

    assert len(kept(tmp_path)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
async def test_only_the_owner_may_read(tmp_path: Path) -> None:
    await FileMediaStore(tmp_path / "media").put(CONTENT)

    (path,) = kept(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, tmp_path / "media"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_a_damaged_file_is_not_given_out(tmp_path: Path) -> None:
    store = FileMediaStore(tmp_path)
    digest = await store.put(CONTENT)
    (path,) = kept(tmp_path)
    path.write_bytes(CONTENT[::-1])

    with pytest.raises(StorageUnavailable, match="damaged"):
        await store.get(digest)


async def test_a_file_that_was_cut_short_is_written_anew(tmp_path: Path) -> None:
    store = FileMediaStore(tmp_path)
    digest = await store.put(CONTENT)
    (path,) = kept(tmp_path)
    path.write_bytes(CONTENT[:100])

    await store.put(CONTENT)

    assert await store.get(digest) == CONTENT


async def test_a_damaged_file_is_mended_by_what_comes_again(tmp_path: Path) -> None:
    """Only its size was looked at: the same picture, sent again, was said to be here and could not be read."""
    store = FileMediaStore(tmp_path)
    digest = await store.put(CONTENT)
    (path,) = kept(tmp_path)
    path.write_bytes(CONTENT[::-1])

    await store.put(CONTENT)

    assert await store.get(digest) == CONTENT


@pytest.mark.skipif(sys.platform == "win32", reason="no folder is synced there")
async def test_who_finds_the_content_here_waits_too_until_the_folder_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may have put the file there a moment ago, and not have synced its folder yet."""
    await FileMediaStore(tmp_path / "media").put(CONTENT)
    (path,) = kept(tmp_path)
    synced: list[Path] = []
    monkeypatch.setattr("smskit.storage.files._settle", synced.append)

    await FileMediaStore(tmp_path / "media").put(CONTENT)

    assert synced == [path.parent, tmp_path / "media", tmp_path]


async def test_a_world_can_wait_until_files_are_at_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileMediaStore(tmp_path)
    gate = threading.Event()
    waited: list[bool] = []

    async def wait() -> None:
        waited.append(await store.settled())

    monkeypatch.setattr("smskit.storage.files._write", lambda _path, _content: gate.wait(5))
    await wait()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.put, CONTENT)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert waited == [False]
        gate.set()

    assert waited == [False, True]


async def test_what_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(StorageUnavailable):
        await FileMediaStore(tmp_path).put(CONTENT)

    assert kept(tmp_path) == []


async def test_a_folder_that_is_none_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file")

    with pytest.raises(StorageUnavailable):
        await FileMediaStore(tmp_path / "media").put(CONTENT)


async def test_what_is_dropped_is_gone_unless_it_was_put_within_the_hour(tmp_path: Path) -> None:
    store = FileMediaStore(tmp_path)
    old, new, again = [await store.put(content) for content in (CONTENT, b"new", b"again")]
    for path in kept(tmp_path):
        if path.read_bytes() != b"new":
            os.utime(path, (1, 1))
    await store.put(b"again")

    for digest in (old, new, again):
        await store.drop(digest)

    with pytest.raises(NotFound):
        await store.get(old)
    assert (await store.get(new), await store.get(again)) == (b"new", b"again")
    assert len(kept(tmp_path)) == 2


async def test_what_was_dropped_may_be_put_again(tmp_path: Path) -> None:
    store = MemoryMediaStore()
    digest = await store.put(CONTENT)
    await store.drop(digest)

    with pytest.raises(NotFound):
        await store.get(digest)
    assert await store.put(CONTENT) == digest

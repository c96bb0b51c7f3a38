"""Media stores: the contract, and what becomes of files."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from smskit.errors import StorageUnavailable
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
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


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

"""Stores for the content of media: files under their digests, or memory."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import anyio.to_thread

from smskit.clock import SystemClock
from smskit.errors import NotFound, StorageUnavailable

T = TypeVar("T")

PUT_LATELY = timedelta(hours=1)


class FileMediaStore:
    """Keeps each content in a file of its own under `folder`, which is made when the first one comes.

    Any number of processes may share a folder; only its owner may read it. Back it up after the database, so that
    nothing the database knows is missing.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._under_way = 0
        self._at_rest: anyio.Event | None = None

    async def put(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        try:
            await self._in_thread(partial(_write, self._path(digest), content))
        except OSError as error:
            raise StorageUnavailable("the folder for media cannot be written") from error
        return digest

    async def get(self, digest: str) -> bytes:
        path = self._path(digest)
        try:
            content = await self._in_thread(path.read_bytes)
        except FileNotFoundError as error:
            raise _not_here(digest) from error
        except OSError as error:
            raise StorageUnavailable("the folder for media cannot be read") from error
        if sha256(content).hexdigest() != digest:
            raise StorageUnavailable(
                f"the file of media {digest[:8]} is damaged; bring it back from a backup"
            )
        return content

    async def settled(self) -> bool:
        """Return once no file is written or read; False if none was."""
        waited = False
        while self._under_way:
            waited = True
            self._at_rest = anyio.Event()
            await self._at_rest.wait()
        return waited

    async def drop(self, digest: str) -> None:
        since = (SystemClock().now() - PUT_LATELY).timestamp()
        try:
            await self._in_thread(partial(_drop, self._path(digest), since))
        except OSError as error:
            raise StorageUnavailable("the folder for media cannot be written") from error

    async def _in_thread(self, work: Callable[[], T]) -> T:
        self._under_way += 1
        try:
            return await anyio.to_thread.run_sync(work)
        finally:
            self._under_way -= 1
            if self._at_rest is not None:
                self._at_rest.set()

    def _path(self, digest: str) -> Path:
        if re.fullmatch("[0-9a-f]{64}", digest) is None:
            raise _not_here(digest)
        return self.folder / digest[:2] / digest[2:]

    def __repr__(self) -> str:
        return f"FileMediaStore({str(self.folder)!r})"


class MemoryMediaStore:
    """Keeps content for as long as the process lives, beside a database in memory."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    async def put(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        self._contents[digest] = content
        return digest

    async def get(self, digest: str) -> bytes:
        if digest not in self._contents:
            raise _not_here(digest)
        return self._contents[digest]

    async def drop(self, digest: str) -> None:
        self._contents.pop(digest, None)

    async def settled(self) -> bool:
        """It never has anything under way."""
        return False


def _not_here(digest: str) -> NotFound:
    return NotFound(f"no media {digest[:8]} are kept here")


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, and on disk; also if another process put it there, perhaps a moment ago."""
    inner, folder = path.parent, path.parent.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    inner.mkdir(mode=0o700, exist_ok=True)
    if not _holds(path, content):
        _replace(path, content)
    for one in (inner, folder, folder.parent):
        _settle(one)


def _holds(path: Path, content: bytes) -> bool:
    """Whether it is there, and undamaged."""
    try:
        same = path.read_bytes() == content
        os.utime(path)  # so that nobody drops it as old
    except FileNotFoundError:
        return False
    return same


def _drop(path: Path, since: float) -> None:
    """Put it aside, where nobody refers to it, and back if it was put again since."""
    aside = path.with_suffix(".dropped")
    try:
        path.replace(aside)
    except FileNotFoundError:
        return
    if aside.stat().st_mtime > since:
        aside.replace(path)
    else:
        aside.unlink()


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def _settle(folder: Path) -> None:
    """Have the folder know its files after a loss of power, where the system can do that and lets us."""
    if os.name == "nt":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # a folder around ours
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

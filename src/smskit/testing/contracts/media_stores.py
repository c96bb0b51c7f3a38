"""What every media store must do. Subclass it, and give it a store as the fixture `store`."""

from __future__ import annotations

from hashlib import sha256

import anyio
import pytest

from smskit.errors import NotFound
from smskit.storage.base import MediaStore

CONTENT = bytes(range(256)) * 40


class MediaStoreContract:
    """Contents by their digests."""

    async def test_what_is_put_can_be_got_by_its_digest(self, store: MediaStore) -> None:
        digest = await store.put(CONTENT)

        assert digest == sha256(CONTENT).hexdigest()
        assert await store.get(digest) == CONTENT

    async def test_equal_content_is_the_same(self, store: MediaStore) -> None:
        assert await store.put(CONTENT) == await store.put(CONTENT)

    async def test_nothing_is_content_too(self, store: MediaStore) -> None:
        assert await store.get(await store.put(b"")) == b""

    async def test_many_at_once_do_not_disturb_each_other(self, store: MediaStore) -> None:
        contents = [CONTENT, b"x", CONTENT, b"y"] * 5
        async with anyio.create_task_group() as tasks:
            for content in contents:
                tasks.start_soon(store.put, content)

        for content in contents:
            assert await store.get(sha256(content).hexdigest()) == content

    async def test_what_was_never_put_may_be_dropped(self, store: MediaStore) -> None:
        await store.drop("0" * 64)

    @pytest.mark.parametrize("digest", ["0" * 64, "", "../secret", "/etc/passwd", "A" * 64, "0" * 63 + "\n"])
    async def test_what_is_not_here_is_not_found(self, store: MediaStore, digest: str) -> None:
        with pytest.raises(NotFound):
            await store.get(digest)

"""Running tasks beside a body of code, whose own error passes as it is and not inside a group of errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup


@asynccontextmanager
async def beside(*, until_done: bool = False) -> AsyncIterator[TaskGroup]:
    """A task group whose tasks are cancelled when the body ends, or waited for if `until_done`."""
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield tasks
        except Exception as error:  # noqa: BLE001 - it is raised below, outside the group
            failure = error
        if failure is not None or not until_done:
            tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure

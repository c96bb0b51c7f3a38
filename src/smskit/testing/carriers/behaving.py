"""What a look-alike does with the texts it is handed: for the next few, or until it is told otherwise."""

from __future__ import annotations

import enum
from collections import deque
from itertools import repeat

import attrs

from smskit.testing.carriers.server import Response


class Without(enum.Enum):
    """Ways to leave a request without an answer."""

    SILENT = "silent"
    HANGING_UP = "hanging up"


@attrs.frozen(kw_only=True)
class Behaviour:
    """Whether a text is taken, and what is said about it: what is usual, if nothing else."""

    takes: bool = True
    says: Response | Without | None = None


class Script:
    """The behaviours to come."""

    def __init__(self) -> None:
        self._next: deque[Behaviour] = deque()
        self._then = Behaviour()

    def add(self, behaviour: Behaviour, times: int | None) -> None:
        """Append it for a number of texts; or do only this from now on."""
        if times is None:
            self._next.clear()
            self._then = behaviour
        else:
            self._next.extend(repeat(behaviour, times))

    def take(self) -> Behaviour:
        """The behaviour for the next text."""
        return self._next.popleft() if self._next else self._then

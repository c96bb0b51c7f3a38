"""Who holds a lease: a name that no other worker has, also not one that was forked from this process."""

from __future__ import annotations

import os
import random
import socket


class Identity:
    """A worker's name: the one that was given, or one made anew whenever the Kit is opened."""

    def __init__(self, given: str | None) -> None:
        self._given = given
        self.name = given or ""

    def renew(self) -> None:
        """Make a name for this process and this opening, unless one was given."""
        tag = f"{random.SystemRandom().randrange(16**8):08x}"
        self.name = self._given or f"{socket.gethostname()}-{os.getpid()}-{tag}"

"""Octets that are read from left to right."""

from __future__ import annotations

import attrs

from smskit.errors import DecodeError


@attrs.define
class Reader:
    """Octets and the place of the next one. Every read names the field that it is for, in case it fails."""

    octets: bytes
    place: int = 0

    @property
    def left(self) -> int:
        """How many octets are not read yet."""
        return len(self.octets) - self.place

    def octet(self, path: str) -> int:
        """The next octet.

        :raises DecodeError: if there is none.
        """
        if self.place >= len(self.octets):
            raise self.cut_short(path, 1)
        self.place += 1
        return self.octets[self.place - 1]

    def peek(self) -> int:
        """The next octet, which stays to be read; 0 if there is none."""
        return self.octets[self.place] if self.left else 0

    def take(self, count: int, path: str) -> bytes:
        """The next octets.

        :raises DecodeError: if there are fewer.
        """
        start = self.place
        end = start + count
        if end > len(self.octets):
            raise self.cut_short(path, count)
        self.place = end
        return self.octets[start:end]

    def skip_rest(self) -> None:
        """Leave the other octets unread."""
        self.place = len(self.octets)

    def finish(self) -> None:
        """Make sure that everything is read.

        :raises DecodeError: if octets are left.
        """
        if self.left:
            raise DecodeError("end", self.place, f"{self.left} octet(s) left over")

    def cut_short(self, path: str, count: int) -> DecodeError:
        """The error of a field that should have `count` octets from here on."""
        return DecodeError(
            path, len(self.octets), f"cut short, {count - self.left} more octet(s) should follow"
        )

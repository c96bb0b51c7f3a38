"""Labels: short names that an org gives its conversations, so that they can be found together."""

from __future__ import annotations

import unicodedata

import attrs

from smskit.errors import UsageError

LONGEST = 50

_UNFIT = frozenset({"Cc", "Cs"})
"""Control characters and halves of surrogate pairs."""


@attrs.frozen
class Label:
    """A label as it is written, and what makes it the same as another."""

    name: str
    key: str
    """The same for `VIP` and `vip`."""

    @classmethod
    def of(cls, name: str) -> Label:
        """The label of a name, without space around it and with single spaces inside.

        :raises UsageError: if nothing is left of it, it has more than 50 characters, or holds control characters.
        """
        plain = unicodedata.normalize("NFC", " ".join(name.split()))
        if not 1 <= len(plain) <= LONGEST:
            msg = f"a label has 1 to {LONGEST} characters, not {len(plain)}"
            raise UsageError(msg)
        if any(unicodedata.category(char) in _UNFIT for char in plain):
            raise UsageError("a label holds no control characters")
        return cls(plain, unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).casefold()))


@attrs.frozen
class LabelRecord:
    """A label that conversations have, and how many of these are active."""

    name: str
    conversations: int

"""What the local carrier keeps: its book, its phones, and how often things go wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from smskit.model.addresses import Address
from smskit.model.traffic import Accepted


@attrs.frozen(kw_only=True)
class Faults:
    """How often things go wrong: probabilities from 0 to 1, for each text, part or receipt on its own."""

    refuse: float = 0.0
    throttle: float = 0.0
    silent_before: float = 0.0
    """No answer, and the text was not taken."""
    silent_after: float = 0.0
    """No answer, but the text was taken."""
    refuse_part: float = 0.0
    lose_part: float = 0.0
    """A part is accepted and never heard of again."""
    lose_receipt: float = 0.0
    repeat_receipt: float = 0.0
    delay_receipt: float = 0.0
    """It comes up to an hour late, and so out of order."""


@attrs.frozen(kw_only=True)
class Carried:
    """One line of the carrier's own book: a text it took."""

    reference: str
    sender: Address
    to: Address
    text: str
    accepted: Accepted
    at: datetime
    media: tuple[str, ...] = ()


@attrs.define
class Handset:
    """A simulated phone. `received` holds the texts it got, oldest first, and `media` the URLs that came with them."""

    number: Address
    received: list[str] = attrs.field(factory=list)
    media: list[str] = attrs.field(factory=list)
    answers_with: Callable[[str], str | None] | None = None
    """What it texts back to a text, if anything."""

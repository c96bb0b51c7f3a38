"""Phones behind the look-alike, and the keywords that Twilio obeys and answers by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

Media: TypeAlias = Sequence[tuple[bytes, str]]
"""Pictures and the like: the content of each, and its type."""
TextIn: TypeAlias = Callable[[str, str, str, Media], Awaitable[int]]
"""Brings a text from a number to a number of the app, and what goes with it."""


class Handset:
    """A phone. `received` holds the texts it got, oldest first, with Twilio's own answers to keywords."""

    def __init__(self, number: str, text_in: TextIn) -> None:
        self.number = number
        self.received: list[str] = []
        self.course: tuple[str, ...]
        self.code: str | None
        self._text_in = text_in
        self.behave()

    def behave(self) -> None:
        """From now on get every text, as at first."""
        self.course, self.code = ("queued", "sent", "delivered"), None

    def fail(self, code: str, *, status: Literal["undelivered", "failed"] = "undelivered") -> None:
        """From now on get nothing: what is told of a text ends with this status and code."""
        self.course = ("queued", status) if status == "failed" else ("queued", "sent", status)
        self.code = code

    async def texts(self, text: str, *, to: str, media: Media = ()) -> int:
        """Text a number of the app. Gives the status of the app's answer, or 502 if there was none.

        `media` are pictures and the like, such as `[(content, "image/jpeg")]`: the app hears where they are kept.
        Without success the text stays due: it comes again with the next `deliver`.
        """
        return await self._text_in(self.number, to, text, media)

    def get(self, text: str) -> None:
        """Receive a text, if the phone can be reached."""
        if self.code is None:
            self.received.append(text)


KEYWORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"), "STOP"),
    **dict.fromkeys(("START", "YES", "UNSTOP"), "START"),
    **dict.fromkeys(("HELP", "INFO"), "HELP"),
}
"""What each means."""

REPLIES: Final[Mapping[str, str]] = {
    "STOP": (
        "You have successfully been unsubscribed. You will not receive any more messages from this number. "
        "Reply START to resubscribe."
    ),
    "START": (
        "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
        "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
    ),
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


def keyword_in(text: str) -> str | None:
    """STOP, START or HELP, if the text is a word for it and nothing else."""
    return KEYWORDS.get(text.strip().upper())


class OptOuts:
    """Who wants no texts from whom: pairs of a handset and a number of the app."""

    def __init__(self) -> None:
        self._stopped: set[tuple[str, str]] = set()

    def has(self, handset: str, sender: str) -> bool:
        """Whether texts to the handset are refused."""
        return (handset, sender) in self._stopped

    def obey(self, word: str | None, handset: str, sender: str) -> str | None:
        """Do as the keyword says. The answer to it, unless it changes nothing."""
        before = self.has(handset, sender)
        if word == "STOP":
            self._stopped.add((handset, sender))
        if word == "START":
            self._stopped.discard((handset, sender))
        changed = self.has(handset, sender) is not before
        return REPLIES[word] if word == "HELP" or (word and changed) else None

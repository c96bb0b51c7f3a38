"""Writing: how a text is sent, by what policy allows and what the sender's driver can say to handsets.

It is settled when a message is made, and stored with it: what was counted is what is handed over.
"""

from __future__ import annotations

from collections.abc import Sequence

from smskit.compliance.rules import unsafe_text
from smskit.drivers.base import Driver
from smskit.encoding import count_parts, smart_encoding
from smskit.errors import InvalidMessage
from smskit.model.addresses import Address
from smskit.model.media import must_be_url
from smskit.model.messages import Written
from smskit.model.policies import Policy


class Writing:
    """Knows the senders whose drivers write texts themselves, and so can say which national tables they use."""

    def __init__(self, drivers: Sequence[Driver]) -> None:
        self._able = {
            sender.address
            for driver in drivers
            if driver.features.national_tables
            for sender in driver.senders
        }
        self._media = {
            sender.address: driver.features.media for driver in drivers for sender in driver.senders
        }

    def write(self, text: str, sender: Address, policy: Policy) -> Written:
        """The text with smart encoding, if policy wants that, and its parts.

        :raises InvalidMessage: if it holds half a surrogate pair.
        """
        languages = policy.languages if sender in self._able else frozenset()
        if policy.smart_encoding:
            text = smart_encoding(text, languages=languages)
        return Written(text, count_parts(text, languages=languages), languages)

    def sendable(self, text: str, media: Sequence[str], sender: Address, policy: Policy) -> Written:
        """The same for a text that somebody wants to send. With media it is one part, and goes as it stands.

        :raises InvalidMessage: if it is empty, holds control characters, or takes more parts than policy allows; if
            its media are no URLs, or more than the sender's driver takes.
        """
        must_be_safe(text, len(media))
        if media:
            self._must_be_carried(media, sender)
            count_parts(text)  # which refuses half a character
            return Written(text)
        written = self.write(text, sender, policy)
        must_be_safe(written.text)
        if written.parts > policy.max_parts:
            msg = f"the text takes {written.parts} parts and the policy's max_parts is {policy.max_parts}; "
            raise InvalidMessage(msg + "shorten it or raise that")
        return written

    def _must_be_carried(self, media: Sequence[str], sender: Address) -> None:
        """What is known here; a driver of another process is asked when the message is handed over."""
        for url in media:
            must_be_url(url)
        most = self._media.get(sender, len(media))
        if len(media) > most:
            raise InvalidMessage(
                f"the driver of this sender takes {most} media with a text, not {len(media)}"
            )


def must_be_safe(text: str, media: int = 0) -> None:
    """:raises InvalidMessage: if nobody can send it: it is empty and without media, or holds control characters."""
    why = unsafe_text(text, media)
    if why is not None:
        raise InvalidMessage(f"{why}; give a text that a person can read")

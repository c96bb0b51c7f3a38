"""Observers: what metrics and traces are told. An observer's errors stay its own."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from smskit.engine.blaming import blame
from smskit.model.ids import MessageId
from smskit.model.traffic import Incoming
from smskit.storage.base import Answer

log = logging.getLogger("smskit.engine")


class Observer:
    """Is told what happens; override what matters. Called in the event loop, so be quick."""

    def admitted(self, message_id: MessageId, driver: str) -> None:
        """A message may go to the wire."""

    def submitted(self, message_id: MessageId, driver: str) -> None:
        """It is being handed to the driver."""

    def outcome(self, message_id: MessageId, driver: str, answer: Answer) -> None:
        """The driver answered, or did not."""

    def inbound(self, driver: str, event: Incoming) -> None:
        """Something came in and is stored."""


class Observers(Observer):
    """Several observers as one. What one of them raises is logged and goes no further."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def admitted(self, message_id: MessageId, driver: str) -> None:
        self._tell("admitted", message_id, driver)

    def submitted(self, message_id: MessageId, driver: str) -> None:
        self._tell("submitted", message_id, driver)

    def outcome(self, message_id: MessageId, driver: str, answer: Answer) -> None:
        self._tell("outcome", message_id, driver, answer)

    def inbound(self, driver: str, event: Incoming) -> None:
        self._tell("inbound", driver, event)

    def _tell(self, what: str, *args: object) -> None:
        for observer in self._observers:
            try:
                getattr(observer, what)(*args)
            except Exception as error:  # noqa: BLE001 - its errors stay its own
                extra = {"observer": type(observer).__name__, "what": what}
                log.error("an observer failed: %s", blame(error), extra=extra)

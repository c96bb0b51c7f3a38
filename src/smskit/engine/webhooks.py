"""Webhooks without a framework: authenticate and read, store, and only then say yes."""

from __future__ import annotations

import logging

from smskit.drivers.base import Driver, WebhookRequest, WebhookResponse
from smskit.engine.blaming import blame
from smskit.engine.receiving import Receiver
from smskit.errors import BadCallback, BadSignature

log = logging.getLogger("smskit.engine")


class Webhooks:
    """Takes callbacks for drivers. What went wrong is logged here and never told outside."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def receive(self, driver: Driver, request: WebhookRequest) -> WebhookResponse:
        """The answer to a callback: the driver's own, once everything is stored.

        403 for a bad signature, 400 for what cannot be read, 500 for a fault of ours, so that the carrier tries again.
        """
        try:
            result = driver.parse_webhook(request)
        except BadSignature:
            log.warning("a callback with a bad signature", extra={"driver": driver.name})
            return WebhookResponse(status=403)
        except BadCallback:
            log.warning("a callback that cannot be read", extra={"driver": driver.name})
            return WebhookResponse(status=400)
        except Exception as error:  # noqa: BLE001 - the carrier tries again
            extra = {"driver": driver.name}
            log.error("a driver raised what it must not on a callback: %s", blame(error), extra=extra)
            return WebhookResponse(status=500)
        try:
            for event in result.events:
                await self._receiver.receive(driver, event)
        except Exception as error:  # noqa: BLE001 - the carrier tries again
            extra = {"driver": driver.name}
            log.error("a callback could not be stored: %s", blame(error), extra=extra)
            return WebhookResponse(status=500)
        return result.response

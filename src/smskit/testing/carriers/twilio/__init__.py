"""A look-alike of Twilio's messaging, as its documentation and its SDK show it."""

from __future__ import annotations

from smskit.testing.carriers.twilio.lookalike import TwilioLookalike

__all__ = ["TwilioLookalike"]

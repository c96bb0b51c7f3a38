"""Look-alikes of real carriers: loopback servers with handsets behind them, for tests of apps and drivers.

They know nothing of the drivers they are there to test.
"""

from __future__ import annotations

from smskit.testing.carriers.twilio import TwilioLookalike

__all__ = ["TwilioLookalike"]

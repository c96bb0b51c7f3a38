"""Texts over Twilio: sent by HTTP, and brought by signed callbacks."""

from __future__ import annotations

from smskit.drivers.twilio.client import Twilio, from_url

__all__ = ["Twilio", "from_url"]

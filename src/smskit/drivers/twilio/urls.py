"""What Twilio wants of the URLs that it calls."""

from __future__ import annotations

from typing import Final

OVERRIDES: Final = "#rc=5&rp=5xx,ct,rt"
"""At the end of a URL it has Twilio try again: five times within 15 seconds, after a 5xx or without an answer."""

"""How Twilio signs what it calls back: X-Twilio-Signature, written from Twilio's description of it."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping


def signature(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """HMAC-SHA1 over the URL and each name with its value, sorted by name, in base64."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha1")).decode()

"""Names for things: one type per kind of id, so that one cannot be taken for another."""

from __future__ import annotations

from typing import NewType

Org = NewType("Org", str)
"""The tenant that contacts, policy and ledger belong to."""

Actor = NewType("Actor", str)
"""Who acts: a user of the host app, or the system."""

CampaignId = NewType("CampaignId", int)
ContactId = NewType("ContactId", int)
ConversationId = NewType("ConversationId", int)
DraftId = NewType("DraftId", int)
EnrolmentId = NewType("EnrolmentId", int)
MessageId = NewType("MessageId", int)
MediaId = NewType("MediaId", int)
SenderId = NewType("SenderId", int)

DEFAULT_ORG = Org("default")
SYSTEM = Actor("system")

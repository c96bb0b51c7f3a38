"""The storage interface: small protocols, one per subject, that speak of texting and not of queries.

Every method is one whole transaction: when it returns, all it did is on disk; when it raises, nothing of it is.
Methods take the domain's time as an argument and never wait for anything but the store.
"""

from smskit.storage.base.desk import Contacts, Conversations, Events, Policies, Senders
from smskit.storage.base.media import (
    Fetching,
    Media,
    MediaErrand,
    MediaStore,
    WasFetched,
    WasNotFetched,
)
from smskit.storage.base.queue import Inbox, Links, Queue
from smskit.storage.base.store import Pulse, Storage
from smskit.storage.base.values import (
    Answer,
    Claimed,
    Doubt,
    Enqueued,
    IntakeRow,
    IsUnknown,
    NewContact,
    NewMessage,
    Page,
    Reading,
    Received,
    Ruling,
    SystemAnswer,
    Terms,
    Ticket,
    Turn,
    Verdict,
    WasAccepted,
    WasRejected,
    WasUnavailable,
    Way,
)

__all__ = [
    "Answer",
    "Claimed",
    "Contacts",
    "Conversations",
    "Doubt",
    "Enqueued",
    "Events",
    "Fetching",
    "Inbox",
    "IntakeRow",
    "IsUnknown",
    "Links",
    "Media",
    "MediaErrand",
    "MediaStore",
    "NewContact",
    "NewMessage",
    "Page",
    "Policies",
    "Pulse",
    "Queue",
    "Reading",
    "Received",
    "Ruling",
    "Senders",
    "Storage",
    "SystemAnswer",
    "Terms",
    "Ticket",
    "Turn",
    "Verdict",
    "WasAccepted",
    "WasFetched",
    "WasNotFetched",
    "WasRejected",
    "WasUnavailable",
    "Way",
]

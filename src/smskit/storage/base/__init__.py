"""The storage interface: small protocols, one per subject, that speak of texting and not of queries.

Every method is one whole transaction: when it returns, all it did is on disk; when it raises, nothing of it is.
Methods take the domain's time as an argument and never wait for anything but the store.
"""

from smskit.storage.base.daily_work import EVERY, BulkOutcome, Chosen, DailyWork
from smskit.storage.base.desk import Contacts, Conversations, Events, Policies, Senders
from smskit.storage.base.drips import Drips, NewEnrolment
from smskit.storage.base.media import (
    Fetching,
    Media,
    MediaErrand,
    MediaStore,
    WasFetched,
    WasNotFetched,
)
from smskit.storage.base.people import People
from smskit.storage.base.queue import Inbox, Links, Queue
from smskit.storage.base.search import Found, Search, Wanted
from smskit.storage.base.store import Pulse, Storage
from smskit.storage.base.values import (
    Answer,
    Claimed,
    Doubt,
    Enqueued,
    IntakeRow,
    IsUnknown,
    MessageEdit,
    NewContact,
    NewMessage,
    OptOut,
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
    "EVERY",
    "Answer",
    "BulkOutcome",
    "Chosen",
    "Claimed",
    "Contacts",
    "Conversations",
    "DailyWork",
    "Doubt",
    "Drips",
    "Enqueued",
    "Events",
    "Fetching",
    "Found",
    "Inbox",
    "IntakeRow",
    "IsUnknown",
    "Links",
    "Media",
    "MediaErrand",
    "MediaStore",
    "MessageEdit",
    "NewContact",
    "NewEnrolment",
    "NewMessage",
    "OptOut",
    "Page",
    "People",
    "Policies",
    "Pulse",
    "Queue",
    "Reading",
    "Received",
    "Ruling",
    "Search",
    "Senders",
    "Storage",
    "SystemAnswer",
    "Terms",
    "Ticket",
    "Turn",
    "Verdict",
    "Wanted",
    "WasAccepted",
    "WasFetched",
    "WasNotFetched",
    "WasRejected",
    "WasUnavailable",
    "Way",
]

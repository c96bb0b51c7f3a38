"""Messages: entries of a conversation, why they exist and how urgent they are."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime

import attrs

from smskit.encoding import Language
from smskit.model.ids import Actor, ConversationId, EnrolmentId, MessageId, Org
from smskit.model.local_time import LocalTime
from smskit.model.statuses import Status


class Kind(enum.StrEnum):
    """Which way an entry of a conversation goes."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    NOTE = "note"


class Category(enum.StrEnum):
    """What a message is for, in the words of the CTIA's principles."""

    CONVERSATIONAL = "conversational"
    TRANSACTIONAL = "transactional"
    PROMOTIONAL = "promotional"


class Lane(enum.IntEnum):
    """How urgent a message is; the lower number goes first."""

    INTERACTIVE = 0
    TRANSACTIONAL = 1
    BULK = 2


class Origin(enum.StrEnum):
    """Why an outbound message exists."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    CONSENT = "consent"
    DRIP = "drip"
    BLAST = "blast"
    REMINDER = "reminder"
    KEYWORD = "keyword"
    AWAY = "away"
    SYSTEM = "system"
    """Answers to STOP, START and HELP."""
    EXTERNAL = "external"
    """Sent by somebody else and only recorded here."""

    @property
    def is_automated(self) -> bool:
        """No person wrote it for this moment: an opt-out ends it."""
        return self not in _NOT_AUTOMATED

    @property
    def category(self) -> Category:
        """The category of a message of this origin, unless its author names another."""
        return _CATEGORY[self]

    @property
    def lane(self) -> Lane:
        """How urgent a message of this origin is."""
        return _LANE[self]


_NOT_AUTOMATED = frozenset({Origin.MANUAL, Origin.SYSTEM, Origin.EXTERNAL})

_CATEGORY: Mapping[Origin, Category] = {
    Origin.MANUAL: Category.CONVERSATIONAL,
    Origin.SCHEDULED: Category.CONVERSATIONAL,
    Origin.CONSENT: Category.TRANSACTIONAL,
    Origin.DRIP: Category.PROMOTIONAL,
    Origin.BLAST: Category.PROMOTIONAL,
    Origin.REMINDER: Category.TRANSACTIONAL,
    Origin.KEYWORD: Category.CONVERSATIONAL,
    Origin.AWAY: Category.CONVERSATIONAL,
    Origin.SYSTEM: Category.TRANSACTIONAL,
    Origin.EXTERNAL: Category.CONVERSATIONAL,
}

_LANE: Mapping[Origin, Lane] = {
    Origin.MANUAL: Lane.INTERACTIVE,
    Origin.SCHEDULED: Lane.TRANSACTIONAL,
    Origin.CONSENT: Lane.INTERACTIVE,
    Origin.DRIP: Lane.TRANSACTIONAL,
    Origin.BLAST: Lane.BULK,
    Origin.REMINDER: Lane.TRANSACTIONAL,
    Origin.KEYWORD: Lane.INTERACTIVE,
    Origin.AWAY: Lane.INTERACTIVE,
    Origin.SYSTEM: Lane.INTERACTIVE,
    Origin.EXTERNAL: Lane.INTERACTIVE,
}


class Flag(enum.IntFlag):
    """What is worth knowing about how a message went."""

    NONE = 0
    RACED = 1
    """Admitted before an opt-out or reply that was stored while it was on its way."""
    OUT_OF_ORDER = 2
    """It overtook a message that was stuck for longer than the policy's `hold_for`."""
    POSSIBLE_DUPLICATE = 4
    """A person had it sent again although the first attempt may have gone out."""
    INCOMPLETE = 8
    """A long text of the contact of which parts never came; the text says where."""


@attrs.frozen
class Written:
    """A text as it is sent, and how many SMS it takes on the air."""

    text: str
    parts: int = 1
    languages: frozenset[Language] = frozenset()
    """Whose national tables may be used; the parts were counted with them."""


@attrs.frozen(kw_only=True)
class MessageRecord:
    """One entry of a conversation as it is stored."""

    id: MessageId
    org: Org
    conversation_id: ConversationId
    kind: Kind
    origin: Origin | None
    category: Category | None
    status: Status
    text: str
    parts: int
    """How many SMS the text takes on the air."""
    actor: Actor
    key: str | None
    at: datetime
    """Its place in the thread: when it was received, or became sendable."""
    created_at: datetime
    due_at: datetime | None
    admitted_at: datetime | None
    accepted_at: datetime | None
    settled_at: datetime | None
    """When it reached the status it has now."""
    code: str | None
    """Why it was blocked, canceled or failed: a rule's name, our word, or the carrier's code."""
    flags: Flag
    after_id: MessageId | None
    """The consent message that had to be accepted first."""
    local_due: LocalTime | None = None
    """What was meant by `due_at`, if it was a time of day somewhere."""
    enrolment_id: EnrolmentId | None = None
    """The enrolment it is a step of."""
    step: int | None = None
    """Which step, counted from 1."""
    media_count: int = 0
    """How many pictures, videos and the like it has."""

"""What is asked of a store, and what it answers."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Generic, TypeAlias, TypeVar

import attrs

from smskit.compliance.gate import Facts
from smskit.compliance.opt_words import Word
from smskit.encoding import Language
from smskit.model.addresses import Address
from smskit.model.contacts import Scope
from smskit.model.decisions import DecisionRecord
from smskit.model.ids import Actor, ConversationId, EnrolmentId, MessageId, Org
from smskit.model.local_time import LocalTime
from smskit.model.messages import Category, Lane, MessageRecord, Origin, Written
from smskit.model.traffic import Accepted, Outgoing

T = TypeVar("T")


@attrs.frozen
class Page(Generic[T]):
    """Some items in order, and the cursor that continues after them; None at the end."""

    items: tuple[T, ...]
    next: str | None = None


@attrs.frozen
class OptOut:
    """The wish to opt a number out, and whose it is."""

    actor: Actor
    scope: Scope = Scope.ALL
    reason: str | None = None


@attrs.frozen(kw_only=True)
class NewContact:
    """A contact to be made, or what is new about one; None leaves a field as it is, an empty text empties it."""

    number: Address
    name: str | None = None
    zone: str | None = None
    attributes: Mapping[str, str | None] | None = None
    """These join the ones that are known. One without a value is removed; the others stay."""
    opt_out: OptOut | None = None
    """Opt the number out too, as a host does. There is no opposite."""


@attrs.frozen(kw_only=True)
class Terms:
    """The policy's patience with one message, where the store has to act on it."""

    hold_for: timedelta
    consent_wait: timedelta


@attrs.frozen(kw_only=True)
class NewMessage:
    """An outbound message to be stored, with the advisory decision on it."""

    org: Org
    conversation_id: ConversationId
    text: str
    parts: int
    origin: Origin
    category: Category
    lane: Lane
    actor: Actor
    key: str | None
    """None for what another row makes unique, as an enrolment does its steps."""
    decision: DecisionRecord
    terms: Terms
    languages: frozenset[Language] = frozenset()
    """Whose national tables may be used; the parts were counted with them."""
    media: tuple[str, ...] = ()
    """URLs of what goes with it."""
    due_at: datetime | None = None
    local_due: LocalTime | None = None
    """What was meant by `due_at`, if it was a time of day somewhere."""
    expires_at: datetime | None = None
    enrolment_id: EnrolmentId | None = None
    step: int | None = None


@attrs.frozen(kw_only=True)
class MessageEdit:
    """What a message is to become, judged anew. Without `written` its text stays, without `due_at` its time."""

    org: Org
    message_id: MessageId
    decision: DecisionRecord
    written: Written | None = None
    origin: Origin | None = None
    """What it is from now on; None: what it was."""
    due_at: datetime | None = None
    local_due: LocalTime | None = None
    expires_at: datetime | None = None


@attrs.frozen
class Enqueued:
    """The stored message; `created` is False if its key was known and nothing was done."""

    message: MessageRecord
    created: bool


@attrs.frozen(kw_only=True)
class Ticket:
    """The right to go on with one claimed message. It is void once the lease ran out or the fence moved."""

    message_id: MessageId
    worker: str
    fence: int
    driver: str = ""


@attrs.frozen(kw_only=True)
class Claimed:
    """A message taken from the queue by a worker, and what the gate needs to judge it."""

    ticket: Ticket
    message: MessageRecord
    outgoing: Outgoing
    facts: Facts


@attrs.frozen(kw_only=True)
class Turn:
    """The outcome of a claim: what was taken, and whether anything else is due."""

    claimed: tuple[Claimed, ...]
    expired: int
    """So many messages expired, and others may be due behind them."""
    housekeeping: bool
    """Something is due for `release` or `reap`."""


@attrs.frozen(kw_only=True)
class Ruling:
    """A decision on a claimed message, made on facts of certain versions."""

    ticket: Ticket
    decision: DecisionRecord
    consent: Written | None = None
    """The consent message, if the decision wants one first."""


class Verdict(enum.Enum):
    """What came of a ruling."""

    ADMITTED = "admitted"
    """It may be handed over now, within the lease guard."""
    SETTLED = "settled"
    """It was blocked, held, or put behind a consent message."""
    STALE = "stale"
    """The facts changed meanwhile: decide again."""
    LOST = "lost"
    """It is no longer ours: canceled, or taken by another worker."""


class Way(enum.Enum):
    """What to do about a message whose outcome is unknown."""

    LEAVE = "leave"
    """Only a receipt, or a person, resolves it."""
    RESEND = "resend"
    """The carrier sends a repeated reference only once, so repeat it."""
    ASK = "ask"
    """The driver can ask the carrier."""


@attrs.frozen
class WasAccepted:
    """The carrier has it, or parts of it."""

    accepted: Accepted


@attrs.frozen(kw_only=True)
class WasRejected:
    """The carrier refused it for good; `opted_out` if because the number opted out there."""

    code: str | None
    opted_out: bool = False


@attrs.frozen(kw_only=True)
class WasUnavailable:
    """Nothing was accepted: it goes back to the queue until `retry_at`."""

    code: str | None
    retry_at: datetime


@attrs.frozen(kw_only=True)
class IsUnknown:
    """It may have gone out; `way` says what is done about it, at `act_at`."""

    code: str | None
    way: Way
    act_at: datetime


Answer: TypeAlias = WasAccepted | WasRejected | WasUnavailable | IsUnknown


@attrs.frozen(kw_only=True)
class SystemAnswer:
    """The one answer to STOP, START or HELP; the store sends it only if the word changed something."""

    written: Written
    expires_at: datetime
    decision: DecisionRecord
    terms: Terms


@attrs.frozen(kw_only=True)
class Reading:
    """What an inbound text means as a word by itself, and what is answered to each word."""

    word: Word | None
    word_if_opted_out: Word | None
    answers: Mapping[Word, SystemAnswer]


@attrs.frozen(kw_only=True)
class Doubt:
    """An unknown message whose carrier is to be asked what became of it."""

    ticket: Ticket
    outgoing: Outgoing


@attrs.frozen(kw_only=True)
class IntakeRow:
    """A message that a host put in within its own transaction."""

    id: int
    org: Org
    number: str
    text: str
    key: str | None
    actor: Actor
    sender: str | None


@attrs.frozen
class Received:
    """What became of an inbound text; `new` is False if it was a repetition and nothing was done."""

    message_id: MessageId
    new: bool

"""Values to rows and JSON and back: what goes in comes out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smskit.model.addresses import PhoneNumber, SenderName, ShortCode
from smskit.model.campaigns import Ending
from smskit.model.codec import (
    from_json,
    from_micros,
    from_row,
    happening_from_row,
    happening_to_row,
    to_json,
    to_micros,
)
from smskit.model.contacts import ConsentState, ContactRecord, Scope, Source
from smskit.model.conversations import ConversationRecord, SenderRecord
from smskit.model.decisions import DecisionRecord, Outcome, Stage
from smskit.model.events import (
    ContactAdded,
    ContactChanged,
    ContactMerged,
    ContactUnmerged,
    ConversationArchived,
    ConversationAssigned,
    ConversationDeleted,
    ConversationLabelled,
    ConversationRestored,
    ConversationStarted,
    ConversationUnlabelled,
    EnrolmentEnded,
    EnrolmentPaused,
    EnrolmentResumed,
    EnrolmentStarted,
    Happening,
    IntakeRefused,
    MediaLost,
    MediaStored,
    MessageEdited,
    MessageMade,
    MessageReceived,
    NoteWritten,
    OptedIn,
    OptedOut,
    ReadPositionMoved,
    StatusChanged,
    TextIncomplete,
)
from smskit.model.ids import (
    DEFAULT_ORG,
    Actor,
    ContactId,
    ConversationId,
    EnrolmentId,
    MediaId,
    MessageId,
    SenderId,
)
from smskit.model.local_time import LocalTime
from smskit.model.messages import Category, Flag, Kind, MessageRecord, Origin
from smskit.model.policies import ActorPolicy, Consent, Permission, Policy, ToOptedOut
from smskit.model.statuses import Status

NOON = datetime(2027, 1, 4, 12, 0, 0, 123456, tzinfo=UTC)
ALICE = PhoneNumber("+14155550123")

moments = st.datetimes(timezones=st.just(UTC))
spans = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400))
words = st.frozensets(st.text(max_size=8), max_size=4)


@given(moments)
def test_a_moment_comes_back_to_the_microsecond(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


def test_a_moment_is_the_same_in_any_zone() -> None:
    in_denver = NOON.astimezone(timezone(timedelta(hours=-7)))

    assert to_micros(in_denver) == to_micros(NOON)
    assert from_micros(to_micros(in_denver)).tzinfo is UTC


def test_the_epoch_is_zero_and_what_was_before_it_is_negative() -> None:
    assert to_micros(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert to_micros(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1_000_000


@given(
    brand=st.text(),
    to_opted_out=st.sampled_from(ToOptedOut),
    stop_words=words,
    hold_for=spans,
    consent=st.one_of(st.none(), st.text().map(lambda text: Consent(f"{text} STOP"))),
    denied=st.frozensets(st.sampled_from(Permission)),
    requires_consent=st.one_of(st.none(), st.booleans()),
)
def test_a_policy_comes_back(
    *,
    brand: str,
    to_opted_out: ToOptedOut,
    stop_words: frozenset[str],
    hold_for: timedelta,
    consent: Consent | None,
    denied: frozenset[Permission],
    requires_consent: bool | None,
) -> None:
    policy = Policy(
        brand=brand,
        to_opted_out=to_opted_out,
        stop_words=stop_words,
        hold_for=hold_for,
        consent=consent,
        actors={Actor("frontdesk"): ActorPolicy(requires_consent=requires_consent, denied=denied)},
    )

    assert from_json(Policy, to_json(policy)) == policy


@given(
    reason=st.text(),
    outcome=st.sampled_from(Outcome),
    stage=st.sampled_from(Stage),
    at=moments,
    until=st.one_of(st.none(), moments),
    warnings=st.lists(st.text(), max_size=3).map(tuple),
)
def test_a_decision_comes_back(
    *,
    reason: str,
    outcome: Outcome,
    stage: Stage,
    at: datetime,
    until: datetime | None,
    warnings: tuple[str, ...],
) -> None:
    record = DecisionRecord(
        outcome=outcome,
        rule="quiet_hours",
        reason=reason,
        stage=stage,
        at=at,
        policy_version=3,
        facts_version=7,
        until=until,
        warnings=warnings,
    )

    assert from_json(DecisionRecord, to_json(record)) == record


def test_equal_values_are_written_alike() -> None:
    one = Policy(stop_words=frozenset(["FINI", "BASTA", "ADIOS"]), help_words=frozenset(["AYUDA"]))
    same = Policy(help_words=frozenset(["AYUDA"]), stop_words=frozenset(["ADIOS", "FINI", "BASTA"]))

    assert to_json(one) == to_json(same)


def test_json_says_times_as_integers_and_letters_as_they_are() -> None:
    policy = Policy(brand="Zahnärzte 🦷", hold_for=timedelta(seconds=1.5))

    written = to_json(policy)

    assert "Zahnärzte 🦷" in written
    assert json.loads(written)["hold_for"] == 1_500_000


HAPPENINGS = [
    ContactAdded(contact_id=ContactId(2)),
    ContactChanged(contact_id=ContactId(2)),
    ContactMerged(contact_id=ContactId(2), into_id=ContactId(5)),
    ContactUnmerged(contact_id=ContactId(2), from_id=ContactId(5)),
    ConversationStarted(conversation_id=ConversationId(1), contact_id=ContactId(2)),
    ConversationArchived(conversation_id=ConversationId(1)),
    ConversationRestored(conversation_id=ConversationId(1)),
    ConversationDeleted(conversation_id=ConversationId(1), contact_id=ContactId(2)),
    ConversationAssigned(
        conversation_id=ConversationId(1), assigned_to=Actor("maria"), by=Actor("frontdesk")
    ),
    ConversationLabelled(conversation_id=ConversationId(1), label="VIP", by=Actor("frontdesk")),
    ConversationUnlabelled(conversation_id=ConversationId(1), label="VIP", by=Actor("frontdesk")),
    ReadPositionMoved(conversation_id=ConversationId(1), up_to=None, unread=2, by=Actor("frontdesk")),
    NoteWritten(conversation_id=ConversationId(1), message_id=MessageId(3), by=Actor("frontdesk")),
    MessageReceived(conversation_id=ConversationId(1), message_id=MessageId(3)),
    MessageMade(
        conversation_id=ConversationId(1), message_id=MessageId(3), origin=Origin.DRIP, status=Status.HELD
    ),
    StatusChanged(
        conversation_id=ConversationId(1), message_id=MessageId(3), status=Status.FAILED, code="30006"
    ),
    OptedOut(number_masked=ALICE.masked, contact_id=ContactId(2), source=Source.WORD),
    OptedIn(number_masked=ALICE.masked, contact_id=None, source=Source.WORD),
    IntakeRefused(intake_id=9, error="not a number"),
    TextIncomplete(conversation_id=ConversationId(1), message_id=MessageId(3), total=4, missing=(2, 4)),
    EnrolmentStarted(enrolment_id=EnrolmentId(5), contact_id=ContactId(2), conversation_id=ConversationId(1)),
    MessageEdited(conversation_id=ConversationId(1), message_id=MessageId(3)),
    EnrolmentPaused(enrolment_id=EnrolmentId(5)),
    EnrolmentResumed(enrolment_id=EnrolmentId(5)),
    EnrolmentEnded(enrolment_id=EnrolmentId(5), why=Ending.REPLIED, by_message_id=MessageId(9)),
    MediaStored(conversation_id=ConversationId(1), message_id=MessageId(3), media_id=MediaId(7)),
    MediaLost(conversation_id=ConversationId(1), message_id=MessageId(3), media_id=MediaId(7), code="404"),
]


@pytest.mark.parametrize("what", HAPPENINGS, ids=lambda what: type(what).__name__)
def test_what_happened_comes_back(what: Happening) -> None:
    assert happening_from_row(*happening_to_row(what)) == what


def test_every_kind_of_happening_was_tried() -> None:
    assert {type(what) for what in HAPPENINGS} == set(get_args(Happening))


def test_a_message_is_read_from_a_row_that_has_more() -> None:
    row = {
        "id": 3,
        "org": "default",
        "conversation_id": 1,
        "kind": "outbound",
        "origin": "manual",
        "category": "conversational",
        "status": "queued",
        "text": "Hi",
        "parts": 1,
        "actor": "frontdesk",
        "key": None,
        "at": to_micros(NOON),
        "created_at": to_micros(NOON),
        "due_at": None,
        "admitted_at": None,
        "accepted_at": None,
        "settled_at": None,
        "code": None,
        "flags": 3,
        "after_id": None,
        "local_due": "2027-01-05T10:00:00 America/Denver",
        "enrolment_id": 5,
        "step": 1,
        "media_count": 2,
        "lane": 0,
        "fence": 1,
    }

    message = from_row(MessageRecord, row)

    assert message == MessageRecord(
        id=MessageId(3),
        org=DEFAULT_ORG,
        conversation_id=ConversationId(1),
        kind=Kind.OUTBOUND,
        origin=Origin.MANUAL,
        category=Category.CONVERSATIONAL,
        status=Status.QUEUED,
        text="Hi",
        parts=1,
        actor=Actor("frontdesk"),
        key=None,
        at=NOON,
        created_at=NOON,
        due_at=None,
        admitted_at=None,
        accepted_at=None,
        settled_at=None,
        code=None,
        flags=Flag.RACED | Flag.OUT_OF_ORDER,
        after_id=None,
        local_due=LocalTime(datetime(2027, 1, 5, 10, 0), "America/Denver"),  # noqa: DTZ001
        enrolment_id=EnrolmentId(5),
        step=1,
        media_count=2,
    )


@pytest.mark.parametrize(
    ("address", "kind"), [("+14155550100", PhoneNumber), ("12345", ShortCode), ("ACME", SenderName)]
)
def test_an_address_in_a_row_is_what_it_looks_like(address: str, kind: type) -> None:
    sender = from_row(SenderRecord, {"id": 1, "org": "default", "driver": "local", "address": address})

    assert isinstance(sender.address, kind)
    assert (sender.id, sender.address.text) == (SenderId(1), address)


def test_a_contacts_attributes_and_flags_are_read_from_their_columns() -> None:
    row = {
        "id": 1,
        "org": "default",
        "number": ALICE.e164,
        "name": "Alice",
        "zone": None,
        "attributes": '{"chair":"2"}',
        "created_at": 0,
        "updated_at": 0,
        "opted_out": 1,
        "opted_out_by": "word",
        "opted_out_scope": "promotional",
        "merged_into": 7,
        "consent": "sent",
    }

    contact = from_row(ContactRecord, row)

    assert (contact.number, contact.attributes) == (ALICE, {"chair": "2"})
    assert contact.opted_out is True
    assert (contact.opted_out_by, contact.consent) == (Source.WORD, ConsentState.SENT)
    assert (contact.opted_out_scope, contact.merged_into) == (Scope.PROMOTIONAL, ContactId(7))


def test_an_empty_conversation_has_no_last_message() -> None:
    row = {
        "id": 1,
        "org": "default",
        "contact_id": 2,
        "number": ALICE.e164,
        "name": "",
        "sender": "+14155550100",
        "archived": 0,
        "unread": 0,
        "last_at": 0,
        "created_at": 0,
        "last_message_id": None,
        "last_kind": None,
        "last_status": None,
        "last_text": None,
        "assigned_to": None,
        "labels": ["late", "VIP"],
        "read_up_to": None,
    }

    conversation = from_row(ConversationRecord, row)

    assert conversation.archived is False
    assert (conversation.last_kind, conversation.last_status, conversation.last_text) == (None, None, None)
    assert (conversation.assigned_to, conversation.labels) == (None, ("late", "VIP"))

"""The gate: each rule as a table of cases, and what holds for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smskit.compliance.gate import ComplianceGate, Facts, Request, strictest
from smskit.compliance.rules import BUILT_IN
from smskit.model.addresses import PhoneNumber, SenderName
from smskit.model.contacts import ConsentState, Scope, Source, Subscription
from smskit.model.decisions import Allowed, Decision, DecisionRecord, Denied, Explanation, Held, Stage
from smskit.model.ids import Actor, Org
from smskit.model.messages import Category, Origin
from smskit.model.policies import ActorPolicy, Consent, Policy, ToOptedOut

NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
ALICE = PhoneNumber("+14155550123")
GATE = ComplianceGate(BUILT_IN)
CONSENT = Policy(consent=Consent.precede("Acme texts you. Reply STOP to unsubscribe."))


def request(origin: Origin = Origin.MANUAL, *, text: str = "Hello", parts: int = 1) -> Request:
    return Request(
        org=Org("default"),
        actor=Actor("frontdesk"),
        origin=origin,
        category=origin.category,
        text=text,
        parts=parts,
    )


def facts(
    *,
    opted_out: bool = False,
    scope: Scope = Scope.ALL,
    consent: ConsentState = ConsentState.NONE,
    blocked: bool = False,
) -> Facts:
    return Facts(
        subscription=Subscription(
            org=Org("default"),
            number=ALICE,
            opted_out=opted_out,
            scope=scope,
            source=Source.WORD,
            changed_at=NOON,
            consent=consent,
            consent_message_id=None,
            version=3,
        ),
        sender=PhoneNumber("+14155550100"),
        blocked_by_carrier=blocked,
    )


def decide(request: Request, facts: Facts, policy: Policy | None = None) -> Decision:
    return GATE.decide(request, facts, policy or Policy(), NOON)


AUTOMATED = [origin for origin in Origin if origin.is_automated]


def test_an_ordinary_text_may_go() -> None:
    assert decide(request(), facts()) == Allowed()


@pytest.mark.parametrize("origin", AUTOMATED)
def test_an_automated_text_never_goes_to_a_contact_who_opted_out(origin: Origin) -> None:
    for policy in (Policy(), Policy(to_opted_out=ToOptedOut.ALLOW), CONSENT):
        decision = decide(request(origin), facts(opted_out=True), policy)

        assert isinstance(decision, Denied)
        assert decision.rule == "opted_out"


def test_scheduled_texts_count_as_automated_and_answers_to_words_do_not() -> None:
    assert Origin.SCHEDULED in AUTOMATED
    assert set(Origin) - set(AUTOMATED) == {Origin.MANUAL, Origin.SYSTEM, Origin.EXTERNAL}


@pytest.mark.parametrize(
    ("policy", "expected", "warns"),
    [(ToOptedOut.WARN, Allowed, True), (ToOptedOut.ALLOW, Allowed, False), (ToOptedOut.BLOCK, Denied, False)],
)
def test_a_manual_text_to_a_contact_who_opted_out_follows_policy(
    policy: ToOptedOut, expected: type[Decision], warns: bool
) -> None:
    decision = decide(request(), facts(opted_out=True), Policy(to_opted_out=policy))

    assert isinstance(decision, expected)
    assert bool(getattr(decision, "warnings", ())) is warns


def test_a_promotional_text_is_denied_after_an_opt_out_even_if_a_person_wrote_it() -> None:
    manual = attrs.evolve(request(), category=Category.PROMOTIONAL)

    assert isinstance(decide(manual, facts(opted_out=True)), Denied)


@pytest.mark.parametrize(
    ("origin", "goes"), [(Origin.REMINDER, True), (Origin.DRIP, False), (Origin.BLAST, False)]
)
def test_a_promotional_opt_out_covers_promotional_texts_only(origin: Origin, goes: bool) -> None:
    decision = decide(request(origin), facts(opted_out=True, scope=Scope.PROMOTIONAL))

    assert isinstance(decision, Allowed) is goes


def test_the_answer_to_stop_goes_past_the_opt_out_and_needs_no_consent_message() -> None:
    assert decide(request(Origin.SYSTEM), facts(opted_out=True), CONSENT) == Allowed(
        "system_answer", "it answers the contact's own word"
    )


@pytest.mark.parametrize("origin", [Origin.MANUAL, Origin.SYSTEM, Origin.DRIP])
def test_what_the_carrier_blocks_is_not_tried(origin: Origin) -> None:
    decision = decide(request(origin), facts(blocked=True))

    assert isinstance(decision, Denied)
    assert decision.rule == "carrier_block"


@pytest.mark.parametrize("consent", list(ConsentState))
def test_the_consent_message_goes_first_until_one_was_accepted(consent: ConsentState) -> None:
    decision = decide(request(), facts(consent=consent), CONSENT)

    assert isinstance(decision, Allowed)
    assert decision.consent_first is (consent is not ConsentState.SENT)


def test_the_consent_message_itself_needs_none_before_it() -> None:
    decision = decide(request(Origin.CONSENT), facts(consent=ConsentState.CLAIMED), CONSENT)

    assert isinstance(decision, Allowed)
    assert not decision.consent_first


def test_an_actor_may_be_freed_from_the_consent_message() -> None:
    policy = attrs.evolve(CONSENT, actors={Actor("frontdesk"): ActorPolicy(requires_consent=False)})

    assert decide(request(), facts(), policy) == Allowed()


def test_a_manual_text_that_needs_consent_first_cannot_go_to_a_contact_who_opted_out() -> None:
    decision = decide(request(), facts(opted_out=True), CONSENT)

    assert isinstance(decision, Denied)
    assert decision.rule == "consent_message"


@pytest.mark.parametrize(
    ("text", "parts"),
    [("", 1), (" \n", 1), ("a\x00b", 1), ("a\x1ab", 1), ("bell\x07", 1), ("long", 11)],
    ids=["empty", "blank", "nul", "ctrl-z", "bell", "endless"],
)
def test_an_empty_unsafe_or_endless_text_goes_to_nobody(text: str, parts: int) -> None:
    decision = decide(request(text=text, parts=parts), facts())

    assert isinstance(decision, Denied)
    assert decision.rule == "content"


def test_lines_and_tabs_are_text() -> None:
    assert isinstance(decide(request(text="a\r\n\tb"), facts()), Allowed)


def test_a_sender_does_not_text_itself() -> None:
    own = attrs.evolve(facts(), sender=ALICE)

    assert decide(request(), own) == Denied("own_number", "the recipient is the sender itself")


def test_a_name_in_place_of_a_number_cannot_be_texted() -> None:
    bank = attrs.evolve(facts(), subscription=attrs.evolve(facts().subscription, number=SenderName("MyBank")))

    for origin in Origin:
        decision = decide(request(origin), bank)
        assert isinstance(decision, Denied)
        assert decision.rule == "recipient"


def test_deny_beats_hold_beats_allow_and_the_longest_hold_counts() -> None:
    soon, later = (Held("quiet", "night", NOON + timedelta(hours=hours)) for hours in (1, 2))

    assert strictest([Allowed(), soon, later, None]) == later
    assert strictest([later, Denied("x", "y"), Denied("z", "y")]) == Denied("x", "y")
    assert strictest([None]) == Allowed()


def test_what_several_rules_allow_is_allowed_with_all_their_conditions() -> None:
    joined = strictest([Allowed("a", "b", warnings=("one",)), Allowed("c", "d", True, ("two",))])

    assert joined == Allowed("a", "b", consent_first=True, warnings=("one", "two"))


some_facts = st.builds(
    facts,
    opted_out=st.booleans(),
    scope=st.sampled_from(Scope),
    consent=st.sampled_from(ConsentState),
    blocked=st.booleans(),
)
some_policies = st.builds(
    Policy, to_opted_out=st.sampled_from(ToOptedOut), consent=st.sampled_from([None, CONSENT.consent])
)
some_requests = st.builds(request, st.sampled_from(Origin), text=st.text(), parts=st.integers(1, 12))


@given(some_requests, some_facts, some_policies)
def test_a_decision_is_total_and_the_same_each_time(asked: Request, known: Facts, policy: Policy) -> None:
    first = decide(asked, known, policy)

    assert first == decide(asked, known, policy)
    assert first.rule
    assert first.reason


@given(some_requests, some_facts, some_policies)
def test_an_opt_out_or_a_block_never_makes_a_denied_text_go(
    asked: Request, known: Facts, policy: Policy
) -> None:
    out = attrs.evolve(known, subscription=attrs.evolve(known.subscription, opted_out=True, scope=Scope.ALL))
    for stricter in (out, attrs.evolve(known, blocked_by_carrier=True)):
        if isinstance(decide(asked, known, policy), Denied):
            assert isinstance(decide(asked, stricter, policy), Denied)


@given(some_requests, some_facts, some_policies)
def test_no_decision_holds_a_number_or_the_text(asked: Request, known: Facts, policy: Policy) -> None:
    decision = decide(asked, known, policy)

    assert ALICE.e164[1:] not in decision.reason
    if len(asked.text) > 20:
        assert asked.text not in decision.reason


def test_a_record_explains_the_decision_from_itself_alone() -> None:
    record = DecisionRecord.of(
        decide(request(Origin.BLAST), facts(opted_out=True)),
        stage=Stage.ADMISSION,
        at=NOON,
        policy_version=2,
        facts_version=3,
    )

    said = str(Explanation("blocked", (record,), ("Code: opted_out.",)))

    assert said.splitlines() == [
        "The message is blocked.",
        (
            "2027-01-04 12:00:00 UTC just before handing it over: denied by rule 'opted_out': the contact "
            "opted out at 2027-01-04 12:00 UTC by text; only the contact can opt in again"
        ),
        "Code: opted_out.",
    ]


def test_the_gist_changes_with_outcome_reason_and_conditions_only() -> None:
    def gist(decision: Decision, at: datetime = NOON, version: int = 1) -> str:
        record = DecisionRecord.of(
            decision, stage=Stage.MADE, at=at, policy_version=version, facts_version=version
        )
        return record.gist

    assert gist(Allowed()) == gist(Allowed(), NOON + timedelta(days=1), 9)
    assert len({gist(Allowed()), gist(Allowed(consent_first=True)), gist(Denied("allowed", "x"))}) == 3

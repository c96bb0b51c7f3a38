"""How texts are written: smart encoding and national tables, where policy and driver allow them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from smskit import Consent, Features, Kit, PhoneNumber, Policy, VirtualClock
from smskit.drivers.base import Guarantee
from smskit.encoding import Language, count_parts
from smskit.errors import InvalidMessage, OutcomeUnknown, UsageError
from smskit.model.traffic import Accepted, Inbound, Outgoing
from smskit.testing.world import START

if TYPE_CHECKING:
    from tests.engine.conftest import ScriptedDriver

PATIENT = "+14155550123"
QUOTED = "“Smile!” – " * 14
TURKISH = "İyi günler, dişçi randevunuz yarın saat üçte. Gecikirseniz lütfen arayın. " * 2
TURKISH_TABLES = frozenset({Language.TURKISH})


@pytest.mark.parametrize(("policy", "parts"), [(Policy(), 3), (Policy(smart_encoding=True), 1)])
async def test_smart_encoding_is_what_policy_says(driver: ScriptedDriver, policy: Policy, parts: int) -> None:
    async with Kit("sqlite://", drivers=[driver], policy=policy) as kit:
        message = await (await kit.conversations.start(PATIENT)).send(QUOTED)
        await kit.dispatch()

    assert message.parts == driver.given[0].parts == parts
    assert message.text == driver.given[0].text
    assert (message.text == QUOTED) is not policy.smart_encoding


async def test_what_smart_encoding_would_not_make_cheaper_stays_as_it_was_written(
    driver: ScriptedDriver,
) -> None:
    async with Kit("sqlite://", drivers=[driver], policy=Policy(smart_encoding=True)) as kit:
        chat = await kit.conversations.start(PATIENT)
        for text in ("“Smile!”", "“Улыбнитесь!” " * 10):
            assert (await chat.send(text)).text == text


@pytest.mark.parametrize("able", [True, False])
@pytest.mark.parametrize("allowed", [TURKISH_TABLES, frozenset()])
async def test_national_tables_need_policy_and_driver(
    new_driver: type[ScriptedDriver], able: bool, allowed: frozenset[Language]
) -> None:
    driver = new_driver(Features(national_tables=able))
    async with Kit("sqlite://", drivers=[driver], policy=Policy(languages=allowed)) as kit:
        message = await (await kit.conversations.start(PATIENT)).send(TURKISH)
        await kit.dispatch()

    (given,) = driver.given
    assert set(given.languages) == (allowed if able else set())
    assert given.parts == message.parts == count_parts(TURKISH, languages=given.languages)
    assert (message.parts < count_parts(TURKISH)) is (able and bool(allowed))


async def test_consent_messages_and_answers_are_counted_alike(driver: ScriptedDriver) -> None:
    text = TURKISH + "Çıkmak için STOP yazın."
    policy = Policy(consent=Consent.precede(text), languages=TURKISH_TABLES)
    driver.features = Features(national_tables=True)
    async with Kit("sqlite://", drivers=[driver], policy=policy) as kit:
        await (await kit.conversations.start(PATIENT)).send("Hello")
        await kit.run_until_idle()

    assert [given.parts for given in driver.given] == [count_parts(text, languages=TURKISH_TABLES), 1]


async def test_answers_are_written_as_policy_says(driver: ScriptedDriver) -> None:
    policy = Policy(stop_answer=TURKISH, help_answer=QUOTED, languages=TURKISH_TABLES, smart_encoding=True)
    driver.features = Features(national_tables=True)
    async with Kit("sqlite://", drivers=[driver], policy=policy) as kit:
        sink = kit._receiver.sink(driver)
        for word in ("HELP", "STOP"):
            await sink(Inbound(sender=PhoneNumber(PATIENT), to=driver.senders[0].address, text=word))
        await kit.run_until_idle()

    assert [given.parts for given in driver.given] == [1, count_parts(TURKISH, languages=TURKISH_TABLES)]


async def test_what_was_counted_is_handed_over_whatever_becomes_of_the_policy(
    driver: ScriptedDriver,
) -> None:
    driver.features = Features(national_tables=True, guarantee=Guarantee.RECONCILABLE)
    driver.on_send = silent
    clock = VirtualClock(START)
    async with Kit("sqlite://", drivers=[driver], clock=clock) as kit:
        await kit.save_policy(Policy(languages=TURKISH_TABLES))
        message = await (await kit.conversations.start(PATIENT)).send(TURKISH)
        await kit.save_policy(Policy())
        await kit.dispatch()
        clock.advance_to(clock.now() + timedelta(minutes=1))
        await kit.dispatch()

    for outgoing in (*driver.given, *driver.asked):
        assert (outgoing.parts, outgoing.languages) == (message.parts, TURKISH_TABLES)
    assert driver.asked


def silent(_message: Outgoing) -> Accepted:
    raise OutcomeUnknown("nobody answers")


async def test_a_key_is_known_again_when_smart_encoding_came_in_between(kit: Kit) -> None:
    chat = await kit.conversations.start(PATIENT)
    first = await chat.send(QUOTED, key="order-17")
    await kit.save_policy(Policy(smart_encoding=True))

    assert (await chat.send(QUOTED, key="order-17")).id == first.id


async def test_a_text_that_is_nothing_once_it_is_written_is_refused(driver: ScriptedDriver) -> None:
    async with Kit("sqlite://", drivers=[driver], policy=Policy(smart_encoding=True)) as kit:
        chat = await kit.conversations.start(PATIENT)
        with pytest.raises(InvalidMessage, match="empty"):
            await chat.send("\u200b" * 100)

    assert driver.given == []


@pytest.mark.parametrize(
    "field", [{"parts_wait": timedelta()}, {"parts_wait": timedelta.max}, {"max_parts": 256}]
)
def test_a_policy_that_no_store_or_carrier_could_follow_is_refused(field: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="a policy's"):
        Policy(**field)


async def test_a_policy_with_languages_is_stored_and_read_again(kit: Kit) -> None:
    policy = Policy(languages=TURKISH_TABLES, smart_encoding=True)

    await kit.save_policy(policy)

    assert (await kit.policy()) == policy


async def test_a_text_of_too_many_parts_is_refused_unless_it_can_be_written_shorter(
    driver: ScriptedDriver,
) -> None:
    async with Kit("sqlite://", drivers=[driver], policy=Policy(max_parts=2)) as kit:
        with pytest.raises(InvalidMessage, match="3 parts"):
            await (await kit.conversations.start(PATIENT)).send(QUOTED)
    async with Kit("sqlite://", drivers=[driver], policy=Policy(max_parts=2, smart_encoding=True)) as kit:
        await (await kit.conversations.start(PATIENT)).send(QUOTED)

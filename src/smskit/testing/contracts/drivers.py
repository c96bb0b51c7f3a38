"""What every driver must do. Subclass it and give it a driver with a carrier that does as it is told."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Sequence

import anyio
import pytest

from smskit.drivers.base import Driver, Found, Guarantee, NotFoundThere
from smskit.errors import DeliveryError, OutcomeUnknown, Rejected, StorageUnavailable, Unavailable
from smskit.model.addresses import PhoneNumber
from smskit.model.ids import MessageId
from smskit.model.statuses import Status
from smskit.model.traffic import Accepted, Inbound, InboundPart, Incoming, Outgoing, Receipt

ALICE = PhoneNumber("+14155550123")
TEXT = "Your crown is ready."
LONG = "Please bring your insurance card. " * 12


class How(enum.Enum):
    """What the carrier does with the next texts."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    BE_BUSY = "be busy"
    FALL_SILENT_BEFORE = "fall silent before taking it"
    FALL_SILENT_AFTER = "fall silent after taking it"


class ScriptedCarrier(ABC):
    """The carrier at the other end of the driver under test."""

    @abstractmethod
    async def will(self, how: How) -> None:
        """From now on do this with texts."""

    @abstractmethod
    def book(self) -> Sequence[str]:
        """The texts it took, oldest first, whatever the driver was told."""

    @abstractmethod
    async def person_texts(self, text: str) -> None:
        """Alice texts the driver's first sender."""

    @abstractmethod
    async def bring(self) -> None:
        """Let the driver bring what there is to its sink, until nothing is left or the sink refuses."""

    async def let_silence_pass(self) -> None:
        """Let the driver's time-out pass, if it runs on a clock of the test's."""


class RecordingSink:
    """Stores events in a list, or refuses to."""

    def __init__(self) -> None:
        self.events: list[Incoming] = []
        self.refuses = False

    async def __call__(self, event: Incoming) -> None:
        if self.refuses:
            raise StorageUnavailable("the store is full")
        self.events.append(event)

    async def acknowledged(self, event: Inbound | InboundPart) -> None:
        """The carrier heard yes."""


def outgoing(driver: Driver, *, text: str = TEXT, number: int = 1, parts: int = 1) -> Outgoing:
    """A text for the driver to hand over, to Alice."""
    return Outgoing(
        message_id=MessageId(number),
        reference=f"{number}-5f00",
        sender=driver.senders[0].address,
        to=ALICE,
        text=text,
        parts=parts,
    )


class DriverContract:
    """The contract. Fixtures to give: `driver`, `carrier` (a `ScriptedCarrier`) and `sink` bound to the two."""

    @pytest.fixture
    def sink(self) -> RecordingSink:
        return RecordingSink()

    async def test_an_accepted_text_is_in_the_carriers_book_once(
        self, driver: Driver, carrier: ScriptedCarrier
    ) -> None:
        accepted = await driver.send(outgoing(driver))

        assert isinstance(accepted, Accepted)
        assert [part.status for part in accepted.parts] == [Status.ACCEPTED]
        assert list(carrier.book()) == [TEXT]

    async def test_a_long_text_has_an_outcome_for_the_whole_or_for_each_part(
        self, driver: Driver, carrier: ScriptedCarrier
    ) -> None:
        accepted = await driver.send(outgoing(driver, text=LONG, parts=3))

        assert [part.part for part in accepted.parts] in ([0], [1, 2, 3])
        assert list(carrier.book()) == [LONG]

    async def test_a_refusal_is_rejected_and_not_in_the_book(
        self, driver: Driver, carrier: ScriptedCarrier
    ) -> None:
        await carrier.will(How.REFUSE)

        with pytest.raises(Rejected):
            await driver.send(outgoing(driver))
        assert not carrier.book()

    async def test_a_busy_carrier_is_unavailable_and_took_nothing(
        self, driver: Driver, carrier: ScriptedCarrier
    ) -> None:
        await carrier.will(How.BE_BUSY)

        with pytest.raises(Unavailable):
            await driver.send(outgoing(driver))
        assert not carrier.book()

    @pytest.mark.parametrize("how", [How.FALL_SILENT_BEFORE, How.FALL_SILENT_AFTER])
    async def test_silence_is_an_unknown_outcome_within_the_timeout(
        self, driver: Driver, carrier: ScriptedCarrier, how: How
    ) -> None:
        await carrier.will(how)

        error = await _failure_of_a_send(driver, carrier)

        assert isinstance(error, OutcomeUnknown)
        assert len(carrier.book()) == (how is How.FALL_SILENT_AFTER)

    @pytest.mark.parametrize("how", [How.REFUSE, How.BE_BUSY, How.FALL_SILENT_BEFORE])
    async def test_errors_tell_neither_number_nor_text(
        self, driver: Driver, carrier: ScriptedCarrier, how: How
    ) -> None:
        await carrier.will(how)

        said = str(await _failure_of_a_send(driver, carrier))

        assert ALICE.e164.lstrip("+") not in said
        assert TEXT not in said

    async def test_a_repeated_reference_is_as_harmless_as_the_guarantee_says(
        self, driver: Driver, carrier: ScriptedCarrier
    ) -> None:
        await driver.send(outgoing(driver))
        await driver.send(outgoing(driver))

        idempotent = driver.features.guarantee is Guarantee.IDEMPOTENT
        assert len(carrier.book()) == (1 if idempotent else 2)

    async def test_reconciliation_is_conclusive_only_if_it_is_promised(
        self, driver: Driver, carrier: ScriptedCarrier
    ) -> None:
        await driver.send(outgoing(driver))

        there = await driver.reconcile(outgoing(driver))
        elsewhere = await driver.reconcile(outgoing(driver, number=2))

        if driver.features.guarantee is Guarantee.RECONCILABLE:
            assert isinstance(there, Found)
        assert not isinstance(elsewhere, Found)
        if driver.features.guarantee is not Guarantee.RECONCILABLE:
            assert elsewhere != NotFoundThere(conclusive=True)

    async def test_more_than_the_window_is_unavailable_and_never_queued(
        self, driver: Driver, carrier: ScriptedCarrier
    ) -> None:
        await carrier.will(How.FALL_SILENT_BEFORE)
        errors: list[DeliveryError] = []

        async with anyio.create_task_group() as tasks:
            for number in range(driver.features.window + 1):
                tasks.start_soon(_collect_failure, driver, number, errors)
            await anyio.wait_all_tasks_blocked()
            await carrier.let_silence_pass()

        assert len(errors) == driver.features.window + 1
        assert sum(isinstance(error, Unavailable) for error in errors) == 1

    async def test_a_cancelled_send_leaves_the_driver_usable(
        self, driver: Driver, carrier: ScriptedCarrier
    ) -> None:
        await carrier.will(How.FALL_SILENT_BEFORE)
        async with anyio.create_task_group() as tasks:
            for number in range(driver.features.window):
                tasks.start_soon(driver.send, outgoing(driver, number=number))
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        await carrier.will(How.ACCEPT)

        await driver.send(outgoing(driver, number=99))

        assert list(carrier.book())[-1] == TEXT

    async def test_receipts_name_the_text_by_the_carriers_id_or_our_reference(
        self, driver: Driver, carrier: ScriptedCarrier, sink: RecordingSink
    ) -> None:
        accepted = await driver.send(outgoing(driver))
        await carrier.bring()

        receipts = [event for event in sink.events if isinstance(event, Receipt)]
        known = {part.carrier_id for part in accepted.parts}
        assert bool(receipts) is driver.features.receipts
        assert all(
            receipt.carrier_id in known or receipt.reference == outgoing(driver).reference
            for receipt in receipts
        )

    async def test_an_inbound_text_reaches_the_sink_as_it_was_written(
        self, driver: Driver, carrier: ScriptedCarrier, sink: RecordingSink
    ) -> None:
        await carrier.person_texts("¿Sí? 🙂 yes")
        await carrier.bring()

        (inbound,) = (event for event in sink.events if isinstance(event, Inbound))
        assert (inbound.sender, inbound.to, inbound.text) == (
            ALICE,
            driver.senders[0].address,
            "¿Sí? 🙂 yes",
        )

    async def test_what_the_sink_could_not_store_comes_again(
        self, driver: Driver, carrier: ScriptedCarrier, sink: RecordingSink
    ) -> None:
        sink.refuses = True
        await carrier.person_texts("yes")
        await carrier.bring()
        sink.refuses = False
        await carrier.bring()

        assert [event.text for event in sink.events if isinstance(event, Inbound)] == ["yes"]

    async def test_closing_twice_does_no_harm(self, driver: Driver) -> None:
        await driver.aclose()
        await driver.aclose()


async def _failure_of_a_send(driver: Driver, carrier: ScriptedCarrier) -> DeliveryError:
    errors: list[DeliveryError] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_collect_failure, driver, 1, errors)
        await anyio.wait_all_tasks_blocked()
        await carrier.let_silence_pass()
    (error,) = errors
    return error


async def _collect_failure(driver: Driver, number: int, errors: list[DeliveryError]) -> None:
    try:
        await driver.send(outgoing(driver, number=number))
    except DeliveryError as error:
        errors.append(error)

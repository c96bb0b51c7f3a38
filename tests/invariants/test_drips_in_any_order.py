"""Drip campaigns under whatever happens, in any order: the promises of `DripCampaign`, checked on the carrier's book.

People reply, opt out and come back, somebody pauses, cancels and applies anew, the clock goes on with and without a
worker, and two workers take turns and are replaced. What the carrier took is then held against what was planned.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smskit import DripCampaign, Kit, LocalCarrier, Step, VirtualClock, days, hours
from smskit.desk.enrolments import Enrolment
from smskit.drivers.local import Faults
from smskit.errors import AlreadyEnrolled, EnrolmentRefused
from smskit.model.campaigns import Ending, EnrolmentState
from smskit.model.ids import MessageId
from smskit.storage.sql.claiming import Referenced

OFFICE = "+14155550100"
PEOPLE = ("+14155550121", "+14155550122")
ZONES = ("America/Denver", "Australia/Lord_Howe")
CAMPAIGN = DripCampaign(
    "recall", [Step(hours(1), "a"), Step(hours(3), "b"), Step(days(1), "c"), Step(days(2), "d")]
)
START = datetime(2027, 4, 2, 22, 0, tzinfo=UTC)
"""A day before Lord Howe puts its clocks back, by half an hour."""

SOON = timedelta(minutes=1)
"""A step that left so soon after its release counts as on time."""

Deed: TypeAlias = tuple[
    Literal[
        "apply",
        "anew",
        "reply",
        "stop",
        "start",
        "pause",
        "resume",
        "cancel",
        "work",
        "down",
        "outage",
        "restart",
    ],
    int,
]

DEEDS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(
                ["apply", "apply", "anew", "reply", "stop", "start", "pause", "resume", "cancel"]
            ),
            st.integers(0, 1),
        ),
        st.tuples(st.sampled_from(["work", "work", "down", "outage"]), st.integers(1, 30)),
        st.tuples(st.just("restart"), st.integers(0, 1)),
    ),
    min_size=3,
    max_size=25,
)


@attrs.define
class Told:
    """What was done to an enrolment."""

    enrolment: Enrolment
    disturbed: bool = False
    pauses: list[tuple[datetime, datetime | None]] = attrs.field(factory=list)


class Practice:
    """Two workers on one file, and one carrier."""

    def __init__(self, path: Path) -> None:
        self.clock = VirtualClock(START)
        self.carrier = LocalCarrier([OFFICE], clock=self.clock)
        self.told: list[Told] = []
        self.out: dict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
        self._path = path
        self._stack = AsyncExitStack()
        self._kits: list[Kit] = []

    @property
    def kit(self) -> Kit:
        return self._kits[0]

    async def open(self) -> None:
        """Start both workers."""
        kits = [
            Kit(f"sqlite:///{self._path}", drivers=[self.carrier], clock=self.clock, worker=f"worker {place}")
            for place in (0, 1)
        ]
        self._kits = [await self._stack.enter_async_context(kit) for kit in kits]

    async def close(self) -> None:
        """Stop both."""
        await self._stack.aclose()

    async def prepare(self) -> None:
        for number, zone in zip(PEOPLE, ZONES, strict=True):
            await self.kit.contacts.upsert(number, zone=zone)
        await self.kit.drips.save(CAMPAIGN)

    async def play(self, deed: Deed) -> None:
        what, value = deed
        match what:
            case "work":
                await self._work(self.clock.now() + timedelta(hours=value))
            case "down":
                self._disturb_all()
                self.clock.advance_to(self.clock.now() + timedelta(hours=value))
            case "outage":
                await self._be_throttled(self.clock.now() + timedelta(hours=value))
            case "restart":
                await self.close()
                await self.open()
            case "apply" | "anew":
                await self._apply(PEOPLE[value], anew=what == "anew")
            case "reply" | "stop" | "start":
                await self._text(PEOPLE[value], {"reply": "ok", "stop": "STOP", "start": "START"}[what])
            case "pause" | "resume" | "cancel":
                for told in await self._of(PEOPLE[value]):
                    await self._hand(told, what)
        await self._settle()

    async def _work(self, until: datetime) -> None:
        """From deadline to deadline."""
        while True:
            await self._settle()
            moment = await self.kit.storage.next_deadline(self.clock.now())
            if moment is None or moment > until:
                break
            self.clock.advance_to(moment)
        self.clock.advance_to(until)

    async def _be_throttled(self, until: datetime) -> None:
        """The carrier takes nothing for a while, and says so."""
        self._disturb_all()
        self.carrier.faults = Faults(throttle=1.0)
        await self._work(until)
        self.carrier.faults = Faults()

    async def _settle(self) -> None:
        busy = True
        while busy:
            busy = False
            for kit in self._kits:
                busy = await kit.tick() or busy

    async def _apply(self, number: str, *, anew: bool) -> None:
        drip = await self._kits[1].drips.get("recall")
        for told in await self._of(number) if anew else ():
            told.disturbed = True
        try:
            enrolment = await drip.apply(number, on_conflict="restart" if anew else "refuse")
        except AlreadyEnrolled:
            assert await self._of(number)
        except EnrolmentRefused:
            assert self._is_out(number)
        else:
            assert not self._is_out(number)
            self.told.append(Told(enrolment))

    async def _text(self, number: str, text: str) -> None:
        for told in await self._of(number):
            told.disturbed = True
        self.carrier.text(number, text)
        if text == "STOP" and not self._is_out(number):
            self.out[number].append((self.clock.now(), None))
        elif text == "START" and self._is_out(number):
            self.out[number][-1] = (self.out[number][-1][0], self.clock.now())

    async def _hand(self, told: Told, what: str) -> None:
        told.disturbed = True
        if what == "cancel":
            assert await told.enrolment.cancel()
        elif what == "pause" and await told.enrolment.pause():
            told.pauses.append((self.clock.now(), None))
        elif what == "resume" and await told.enrolment.resume():
            told.pauses[-1] = (told.pauses[-1][0], self.clock.now())

    async def _of(self, number: str) -> list[Told]:
        """What is not over of this person."""
        contact = await self.kit.contacts.find(number)
        assert contact is not None
        for told in self.told:
            told.enrolment = await self.kit.drips.enrolment(told.enrolment.id)
        return [
            told
            for told in self.told
            if told.enrolment.contact_id == contact.id and told.enrolment.state is not EnrolmentState.ENDED
        ]

    def _is_out(self, number: str) -> bool:
        return bool(self.out[number]) and self.out[number][-1][1] is None

    def _disturb_all(self) -> None:
        for told in self.told:
            told.disturbed = True


async def check(made: Practice) -> None:
    book = [(Referenced.read(one.reference), one) for one in made.carrier.book]
    went = {reference.message_id: one.at for reference, one in book if reference is not None}
    assert len(went) == len(book), "a step went twice"
    for told in made.told:
        await check_one(made, told, {MessageId(one): at for one, at in went.items()})


async def check_one(made: Practice, told: Told, went: dict[MessageId, datetime]) -> None:
    enrolment = await made.kit.drips.enrolment(told.enrolment.id)
    now, ended = made.clock.now(), enrolment.record.ended_at
    steps = [(step.record.due_at, went.get(step.id)) for step in await enrolment.steps()]
    sent = [(due, at) for due, at in steps if due is not None and at is not None]
    number = (await made.kit.contacts.get(enrolment.contact_id)).number.text
    for due, at in sent:
        assert due <= at <= due + CAMPAIGN.max_lateness
        assert ended is None or at <= ended
        assert not any(begun < at < (over or now) for begun, over in told.pauses)
        assert not any(begun < at < (over or now) for begun, over in made.out[number])
    for (due, at), (next_due, next_at) in pairwise(sent):
        assert next_at - at >= min(CAMPAIGN.spacing, next_due - due) - SOON
    if not told.disturbed:
        assert [at for _, at in steps] == [
            due if due is not None and due <= now else None for due, _ in steps
        ]
        assert (enrolment.why is Ending.FINISHED) == all(at for _, at in steps)


async def play(deeds: list[Deed]) -> None:
    with TemporaryDirectory() as folder:
        made = Practice(Path(folder) / "desk.db")
        await made.open()
        await made.prepare()
        for deed in deeds:
            await made.play(deed)
        await check(made)
        await made.play(("work", 24 * 4))
        await check(made)
        await made.close()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(max_examples=30, deadline=None)
@given(deeds=DEEDS)
def test_no_step_goes_when_it_should_not_and_each_goes_once(backend: str, deeds: list[Deed]) -> None:
    anyio.run(play, deeds, backend=backend)

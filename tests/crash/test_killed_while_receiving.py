"""A worker is killed with SIGKILL between any two steps of an inbound text and its answer.

The carrier brings again what did not hear yes. Nothing is lost, nothing is stored twice, no answer goes twice.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import anyio
import attrs
import pytest

from smskit import Kind, Policy, Status, SystemClock
from smskit.model.events import MessageMade, MessageReceived, OptedIn, OptedOut
from smskit.model.ids import DEFAULT_ORG
from smskit.model.messages import MessageRecord
from smskit.storage.sqlite import SqliteStorage

if TYPE_CHECKING:
    from tests.crash.conftest import Workers

STOPPING = [f"+141555501{n}" for n in range(10, 70)]
ASKING = [f"+141555501{n}" for n in range(70, 90)]
COMING_BACK = [f"+162855501{n}" for n in range(10, 20)]
TALKING = [f"+162855501{n}" for n in range(20, 40)]
AT_LENGTH = [f"+162855501{n}" for n in range(40, 60)]
"""They send one long text each, which comes in three parts."""

STEPS = (
    ("before_sink", 5),
    ("inside__store", 4),
    ("inside__remember", 4),
    ("inside__obey", 4),
    ("inside__answer", 3),
    ("inside_cancel_replied", 4),
    ("inside_tell", 4),
    ("inside_keep", 9),
    ("inside_forget", 3),
    ("before_yes", 5),
    ("after_yes", 5),
    ("acknowledged", 5),
)
"""From the carrier's text to its yes, and at which pass the worker dies there."""

ANSWERING = (
    ("claimed", 1),
    ("inside__admit", 9),
    ("admitted", 1),
    ("before_write", 9),
    ("written", 4),
    ("answered", 4),
    ("inside_apply", 4),
    ("recorded", 4),
)
"""The same for the answers, which wait by then."""


def _texts() -> list[Mapping[str, object]]:
    """What comes in: every other text or part has no id of the carrier."""
    said = [(number, "STOP") for number in STOPPING for _ in range(2)]
    said += [(number, "help") for number in ASKING]
    said += [(number, word) for number in COMING_BACK for word in ("Stop.", "START")]
    said += [(number, f"I said {n}") for number in TALKING for n in range(3)]
    said += [(number, f"part {place} ") for number in AT_LENGTH for place in (1, 2, 3)]
    random.Random(4).shuffle(said)
    said.sort(key=lambda one: one[1] == "START")
    return [
        {"from": number, "text": text, "id": f"in-{n}" if n % 2 or text == "STOP" else None, **_label(text)}
        for n, (number, text) in enumerate(said)
    ]


def _label(text: str) -> Mapping[str, object]:
    return {"place": int(text.split()[1]), "total": 3} if text.startswith("part ") else {}


@attrs.frozen(kw_only=True)
class Desk:
    """What the store has at the end."""

    received: Sequence[tuple[str, str]]
    answers: Sequence[MessageRecord]
    opted_out: set[str]
    moves: Counter[type]


def _desk(workers: Workers) -> Desk:
    return anyio.run(_read, workers)


async def _read(workers: Workers) -> Desk:
    storage = SqliteStorage(str(workers.folder / "acme.db"), lease_clock=SystemClock().now)
    await storage.open()
    try:
        page = await storage.list_conversations(DEFAULT_ORG, archived=False, after=None, limit=200)
        received: list[tuple[str, str]] = []
        answers: list[MessageRecord] = []
        opted_out: set[str] = set()
        for chat in page.items:
            for message in (await storage.list_messages(DEFAULT_ORG, chat.id, after=None, limit=200)).items:
                if message.kind is Kind.INBOUND:
                    received.append((chat.number.text, message.text))
                else:
                    answers.append(message)
            if (await storage.get_contact(DEFAULT_ORG, chat.contact_id)).opted_out:
                opted_out.add(chat.number.text)
        moves: Counter[type] = Counter()
        after = 0
        while events := await storage.read_events(None, after=after, limit=500):
            after = events[-1].position
            moves.update(type(event.what) for event in events)
        return Desk(received=received, answers=answers, opted_out=opted_out, moves=moves)
    finally:
        await storage.aclose()


def _came_in_once(desk: Desk) -> bool:
    sent = Counter((str(text["from"]), str(text["text"])) for text in _texts() if "place" not in text)
    sent.update((number, "part 1 part 2 part 3 ") for number in AT_LENGTH)
    return Counter(desk.received) == sent and desk.moves[MessageReceived] == sum(sent.values())


def _answers_expected() -> Counter[tuple[str, str]]:
    policy = Policy()
    return Counter(
        [(number, policy.stop_answer) for number in (*STOPPING, *COMING_BACK)]
        + [(number, policy.start_answer) for number in COMING_BACK]
        + [(number, policy.help_answer) for number in ASKING]
    )


def test_killed_at_every_step_every_text_has_its_one_effect_and_its_one_answer(workers: Workers) -> None:
    workers.write_inbound(_texts())
    for step, passes in (*STEPS, *ANSWERING):
        workers.dies(step, passes, guarantee="idempotent")
    workers.finishes(guarantee="idempotent")
    desk = _desk(workers)
    answered = Counter((line["to"], line["text"]) for line in workers.read("book"))

    assert _came_in_once(desk)
    assert answered == _answers_expected()
    assert {message.status for message in desk.answers} == {Status.ACCEPTED}
    assert desk.opted_out == set(STOPPING)
    assert desk.moves[OptedOut] == len(STOPPING) + len(COMING_BACK)
    assert desk.moves[OptedIn] == len(COMING_BACK)
    assert desk.moves[MessageMade] == sum(_answers_expected().values())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_killed_at_any_moment_every_text_has_its_one_effect_and_its_one_answer(
    workers: Workers, backend: str
) -> None:
    orders = {"guarantee": "idempotent", "backend": backend}
    luck = random.Random()
    workers.write_inbound(_texts())
    for _ in range(5):
        workers.is_killed_after(luck.uniform(0.0, 0.15), **orders)
    workers.finishes(**orders)
    desk = _desk(workers)
    answered = Counter((line["to"], line["text"]) for line in workers.read("book"))

    assert _came_in_once(desk)
    assert answered == _answers_expected()
    assert desk.opted_out == set(STOPPING)


def test_an_answer_that_may_have_gone_out_is_unknown_and_never_given_twice(workers: Workers) -> None:
    """Its carrier can neither be asked nor told twice, so a person sees it."""
    workers.write_inbound(_texts())
    for step, passes in ANSWERING:
        workers.dies(step, passes, guarantee="at_most_once")
    workers.finishes(guarantee="at_most_once")
    desk = _desk(workers)
    answered = Counter((line["to"], line["text"]) for line in workers.read("book"))
    unknown = [message for message in desk.answers if message.status is Status.UNKNOWN]

    assert _came_in_once(desk)
    assert max(answered.values()) == 1
    assert answered <= _answers_expected()
    assert {message.status for message in desk.answers} == {Status.ACCEPTED, Status.UNKNOWN}
    assert sum(_answers_expected().values()) - sum(answered.values()) <= len(unknown)
    assert len(desk.answers) == sum(_answers_expected().values())

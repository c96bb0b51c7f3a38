"""The daily work of a conversation: filing many, labels, who has which, and the filters of the list."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from smskit.desk.bulk import BulkReport, Filed
from smskit.desk.conversations import Conversation
from smskit.errors import NaiveDatetime, PermissionDenied, UsageError
from smskit.kit import Kit
from smskit.model.campaigns import DripCampaign, Step, days
from smskit.model.conversations import Unread
from smskit.model.ids import Actor, ConversationId
from smskit.model.labels import LabelRecord
from smskit.model.policies import ActorPolicy, Permission, Policy
from smskit.storage.base import BulkOutcome
from smskit.testing import Person, World

MOVED, ALREADY, NEWER, NOT_FOUND = (
    BulkOutcome.MOVED,
    BulkOutcome.ALREADY,
    BulkOutcome.NEWER,
    BulkOutcome.NOT_FOUND,
)


async def many(kit: Kit, count: int) -> list[Conversation]:
    return [await kit.conversations.start(f"+1{201 + n // 100}55501{n % 100:02}") for n in range(count)]


async def listed(kit: Kit, *, archived: bool | None = False) -> set[ConversationId]:
    page = await kit.conversations.list(archived=archived, limit=1000)
    assert page.next is None
    return {chat.id for chat in page.items}


async def test_many_are_archived_and_the_report_counts_each_once(
    world: World, kit: Kit, alice: Person, bob: Person
) -> None:
    chats = [await kit.conversations.start(one.number) for one in (alice, bob)]
    done, seen = await kit.conversations.start("+14155550125"), world.clock.now()
    await done.archive()
    await world.advance(seconds=1)
    await bob.texts("wait!")
    everything: list[Conversation | ConversationId] = [*chats, done.id, ConversationId(999)]

    first = await kit.conversations.archive(everything, as_of=seen)
    again = await kit.conversations.archive(everything, as_of=seen)

    assert first == BulkReport(moved=1, already=1, newer=1, not_found=1)
    assert again == BulkReport(moved=0, already=2, newer=1, not_found=1)
    assert await listed(kit) == {chats[1].id}


async def test_what_becomes_of_each_is_told_in_order(kit: Kit) -> None:
    one, two, three = await many(kit, 3)
    await two.archive()

    filed = [one async for one in kit.conversations.archive([three, ConversationId(99), two, one])]
    back = [one async for one in kit.conversations.restore([one, three.id, ConversationId(99), one])]

    assert filed == [
        Filed(three.id, MOVED),
        Filed(ConversationId(99), NOT_FOUND),
        Filed(two.id, ALREADY),
        Filed(one.id, MOVED),
    ]
    assert [each.outcome for each in back] == [MOVED, MOVED, NOT_FOUND, ALREADY]


async def test_many_go_by_500_a_transaction_and_may_be_broken_off_and_made_again(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    chats = await many(kit, 1203)
    sizes: list[int] = []
    file = kit.storage.set_archived_many

    async def count(org: object, ids: list[object], **rest: object) -> object:
        sizes.append(len(ids))
        return await file(org, ids, **rest)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(kit.storage, "set_archived_many", count)
    async for filed in kit.conversations.archive(chats):
        assert filed == Filed(chats[0].id, MOVED)
        break
    report = await kit.conversations.archive(chats)

    assert sizes == [500, 500, 500, 203]
    assert report == BulkReport(moved=703, already=500, newer=0, not_found=0)
    assert await listed(kit) == set()


async def test_nothing_happens_before_it_is_awaited_and_one_bulk_may_be_awaited_again(kit: Kit) -> None:
    (chat,) = await many(kit, 1)
    bulk = kit.conversations.where().archive()
    assert not (await chat.refresh()).archived

    assert await bulk == BulkReport(moved=1, already=0, newer=0, not_found=0)
    assert await bulk == BulkReport(moved=0, already=0, newer=0, not_found=0)


async def test_an_idle_conversation_is_archived_and_a_busy_one_is_not(
    world: World, kit: Kit, alice: Person, bob: Person
) -> None:
    idle, busy = [await kit.conversations.start(one.number) for one in (alice, bob)]
    await world.advance(days=29)
    await bob.texts("still here")
    await world.advance(days=1)

    report = await kit.conversations.where(idle_for=timedelta(days=30)).archive()

    assert report == BulkReport(moved=1, already=0, newer=0, not_found=0)
    assert (await listed(kit), await listed(kit, archived=True)) == ({busy.id}, {idle.id})


async def test_what_came_since_the_list_was_seen_is_left_and_told(
    world: World, kit: Kit, alice: Person, bob: Person
) -> None:
    quiet, late = [await kit.conversations.start(one.number) for one in (alice, bob)]
    for chat in (quiet, late):
        await chat.label("done")
    seen = world.clock.now()
    await world.advance(seconds=1)
    await bob.texts("one more thing")

    filed = [each async for each in kit.conversations.where(label="Done").archive(as_of=seen)]

    assert sorted(filed, key=lambda each: each.conversation_id) == [
        Filed(quiet.id, MOVED),
        Filed(late.id, NEWER),
    ]


async def test_what_comes_while_many_are_archived_is_left(world: World, kit: Kit, alice: Person) -> None:
    chat = await kit.conversations.start(alice.number)
    await many(kit, 600)
    outcomes: dict[ConversationId, BulkOutcome] = {}
    await world.advance(seconds=1)

    async for filed in kit.conversations.where().archive():
        if not outcomes:
            await world.advance(seconds=1)
            await alice.texts("wait!")
        outcomes[filed.conversation_id] = filed.outcome

    assert len(outcomes) == 601
    assert outcomes.pop(chat.id) is NEWER
    assert set(outcomes.values()) == {MOVED}
    assert await listed(kit) == {chat.id}


async def test_a_selection_restores_what_is_archived_of_it(kit: Kit) -> None:
    one, two, three = await many(kit, 3)
    for chat in (one, two):
        await chat.label("spring")
    await kit.conversations.archive([one, three])

    report = await kit.conversations.where(label="spring").restore()

    assert report == BulkReport(moved=1, already=0, newer=0, not_found=0)
    assert await listed(kit) == {one.id, two.id}


async def test_archiving_many_leaves_schedules_drips_and_opt_outs_alone(
    world: World, kit: Kit, alice: Person, bob: Person
) -> None:
    chat = await kit.conversations.start(alice.number)
    await bob.texts("STOP")
    drip = await kit.drips.save(DripCampaign("recall", [Step(days(2), "How is the crown?")]))
    enrolment = await drip.apply(chat)
    later = await chat.send("See you tomorrow.", at=world.clock.now() + timedelta(days=1))
    await world.advance(seconds=30)

    assert (await kit.conversations.where().archive()).moved == 2

    assert (await enrolment.refresh()).state == "active"
    assert (await later.refresh()).status == "scheduled"
    contact = await kit.contacts.find(bob.number)
    assert contact is not None
    assert contact.opted_out
    await world.advance(days=3)
    assert alice.received == ["See you tomorrow.", "How is the crown?"]
    assert len(await listed(kit, archived=True)) == 2


async def test_a_moment_without_a_zone_is_an_error_at_once(kit: Kit) -> None:
    naive = datetime(2027, 1, 4, 9)  # noqa: DTZ001 - that is the point

    with pytest.raises(NaiveDatetime):
        await kit.conversations.archive([], as_of=naive)
    with pytest.raises(NaiveDatetime):
        await kit.conversations.where().archive(as_of=naive)


async def test_labels_are_one_in_any_case_and_listed_with_their_counts(kit: Kit) -> None:
    one, two = await many(kit, 2)

    assert await one.label(" VIP ") is True
    assert await one.label("vip") is False
    assert await two.label("vip") is True
    assert await two.label("late") is True

    assert (one.labels, two.labels) == (("VIP",), ("late", "VIP"))
    assert await kit.conversations.labels() == [LabelRecord("late", 1), LabelRecord("VIP", 2)]
    assert [chat.id for chat in (await kit.conversations.list(label="ViP")).items] == [two.id, one.id]
    assert await two.unlabel("LATE") is True
    assert await two.unlabel("late") is False
    assert two.labels == ("VIP",)
    for name in ("", "x" * 51):
        with pytest.raises(UsageError):
            await one.label(name)


async def test_an_actor_has_a_conversation_and_finds_it(kit: Kit) -> None:
    one, two = await many(kit, 2)

    assert await one.assign("maria") is True
    assert await one.assign("maria") is False
    assert one.record.assigned_to == "maria"
    mine = await kit.conversations.list(assigned_to="maria")
    free = await kit.conversations.list(assigned=False)
    assert ([chat.id for chat in mine.items], [chat.id for chat in free.items]) == ([one.id], [two.id])

    assert await one.unassign() is True
    assert await one.unassign() is False
    assert (await one.refresh()).record.assigned_to is None


async def test_nobody_cannot_be_given_a_conversation_by_name(kit: Kit) -> None:
    (chat,) = await many(kit, 1)

    with pytest.raises(UsageError, match="unassign"):
        await chat.assign("")


async def test_the_list_may_hold_both_active_and_archived_conversations(world: World, kit: Kit) -> None:
    chats: list[Conversation] = []
    for chat in await many(kit, 5):
        await chat.send("hi")
        await world.advance(seconds=10)
        chats.append(chat)
    await kit.conversations.archive([chats[1], chats[4]])

    found: list[ConversationId] = []
    cursor: str | None = None
    while True:
        page = await kit.conversations.list(archived=None, after=cursor, limit=2)
        found += [chat.id for chat in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert found == [chat.id for chat in reversed(chats)]


async def test_unread_is_shown_in_the_list_and_counted(kit: Kit, alice: Person, bob: Person) -> None:
    await many(kit, 2)
    for person, text in ((alice, "one"), (alice, "two"), (bob, "three")):
        await person.texts(text)
    (of_bob, of_alice) = (await kit.conversations.list(unread=True)).items
    await of_alice.assign("maria")

    assert (of_bob.unread, of_alice.unread) == (1, 2)
    assert await kit.conversations.unread() == Unread(2, 3)
    assert await kit.conversations.unread(assigned_to="maria") == Unread(1, 2)
    await of_alice.archive()
    assert await kit.conversations.unread() == Unread(1, 1)
    assert await kit.conversations.unread(archived=True) == Unread(1, 2)
    assert len((await kit.conversations.list(unread=False)).items) == 2


async def test_each_permission_is_asked(kit: Kit) -> None:
    denied = frozenset({Permission.ARCHIVE, Permission.ASSIGN, Permission.LABEL, Permission.WRITE_NOTES})
    await kit.save_policy(Policy(actors={Actor("intern"): ActorPolicy(denied=denied)}))
    (chat,) = await many(kit, 1)
    await chat.label("late")
    intern = kit.as_actor("intern")
    theirs = await intern.conversations.get(chat.id)

    async def archive_many() -> BulkReport:
        return await intern.conversations.archive([chat])

    async def archive_chosen() -> BulkReport:
        return await intern.conversations.where().archive()

    for call, permission in (
        (archive_many, "archive"),
        (archive_chosen, "archive"),
        (lambda: theirs.assign("tim"), "assign"),
        (theirs.unassign, "assign"),
        (lambda: theirs.label("VIP"), "label"),
        (lambda: theirs.unlabel("late"), "label"),
        (lambda: theirs.note("hi"), "write_notes"),
    ):
        with pytest.raises(PermissionDenied, match=permission):
            await call()
    await chat.refresh()
    assert (chat.archived, chat.assigned_to, chat.labels) == (False, None, ("late",))
    assert (await chat.messages()).items == ()

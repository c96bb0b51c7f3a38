"""Imports: what is known stays, what is new is filled in, and no row brings anybody back who left."""

from __future__ import annotations

from pathlib import Path

import pytest

from smskit.desk.contacts import IMPORTED_AT_ONCE
from smskit.desk.importing import ImportReport
from smskit.errors import ImportRejected, PermissionDenied, UsageError
from smskit.kit import Kit
from smskit.model.contacts import Scope, Source
from smskit.model.events import ContactAdded, ContactChanged
from smskit.model.policies import ActorPolicy, Permission, Policy
from smskit.testing import Person, World


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


async def test_a_contact_made_by_a_bare_number_is_filled_in_and_stays_itself(
    kit: Kit, alice: Person, file: Path
) -> None:
    await alice.texts("hi")
    chat = await kit.conversations.start("+14155550124")
    write(
        file,
        "number,name,zone,pet\n+14155550123,Alice,America/Denver,Rex\n+14155550124,Bob,,\n+14155550125,Eve,,\n",
    )

    report = await kit.contacts.import_csv(file)

    assert report == ImportReport(rows=3, created=1, updated=2)
    contact = await kit.contacts.find(alice.number)
    assert contact is not None
    assert (contact.name, contact.zone, contact.attributes) == ("Alice", "America/Denver", {"pet": "Rex"})
    assert [(await talk.contact()).id for talk in (await contact.conversations()).items] == [contact.id]
    assert (await chat.refresh()).name == "Bob"
    assert (await kit.contacts.get(chat.contact_id)).name == "Bob"


async def test_empty_cells_leave_what_is_known_and_attributes_join(kit: Kit, file: Path) -> None:
    await kit.contacts.upsert(
        "+14155550123", name="Lee", zone="America/Denver", attributes={"pet": "Rex", "chair": "2"}
    )
    write(file, "number,name,zone,pet,chair,plan\n+14155550123,,,Max,,A\n")

    await kit.contacts.import_csv(file)

    lee = await kit.contacts.upsert("+14155550123")
    assert (lee.name, lee.zone) == ("Lee", "America/Denver")
    assert lee.attributes == {"pet": "Max", "chair": "2", "plan": "A"}


async def test_importing_a_file_twice_changes_nothing_and_tells_nothing(
    world: World, kit: Kit, file: Path
) -> None:
    write(file, "number,name,pet\n+14155550123,Alice,Rex\n+14155550124,Bob,\n")
    await kit.contacts.import_csv(file)
    before = [contact.record for contact in (await kit.contacts.list()).items]

    again = await kit.contacts.import_csv(file)

    assert again == ImportReport(rows=2, created=0, updated=2)
    assert [contact.record for contact in (await kit.contacts.list()).items] == before
    told = [event.what for event in await world.events()]
    assert told == [ContactAdded(contact_id=record.id) for record in before]


async def test_a_file_of_many_rows_is_imported_whole_in_its_order(kit: Kit, file: Path) -> None:
    count = 2 * IMPORTED_AT_ONCE + 1
    numbers = [f"+1415555{line:04}" for line in range(count)]
    write(file, "number\n" + "\n".join(numbers))
    await kit.contacts.upsert(numbers[-1])

    report = await kit.contacts.import_csv(file)

    assert report == ImportReport(rows=count, created=count - 1, updated=1)
    first = await kit.contacts.list(limit=1000)
    rest = await kit.contacts.list(limit=1000, after=first.next)
    listed = [contact.number.text for contact in (*first.items, *rest.items)]
    assert listed == [numbers[-1], *numbers[:-1]]


async def test_an_opt_out_stays_whatever_the_file_says(kit: Kit, alice: Person, file: Path) -> None:
    await alice.texts("STOP")
    contact = await kit.contacts.find(alice.number)
    assert contact is not None
    history = await contact.history()

    for said in ("yes", "", "no", "no promotions", "TRUE"):
        write(file, f"number,subscribed\n+14155550123,{said}\n")
        await kit.contacts.import_csv(file)

    await contact.refresh()
    assert (contact.opted_out, contact.record.opted_out_by) == (True, Source.WORD)
    assert contact.record.opted_out_scope is Scope.ALL
    assert await contact.history() == history


async def test_a_file_can_opt_out_and_the_history_says_who_imported_it(kit: Kit, file: Path) -> None:
    write(
        file,
        "number,Subscribed\n+14155550123,No\n+14155550124,no promotions\n+14155550125,yes\n+14155550126,\n",
    )

    await kit.as_actor("maria").contacts.import_csv(file)

    records = [contact.record for contact in (await kit.contacts.list()).items]
    assert [(record.opted_out, record.opted_out_scope) for record in records] == [
        (True, Scope.ALL),
        (True, Scope.PROMOTIONAL),
        (False, Scope.ALL),
        (False, Scope.ALL),
    ]
    (change,) = (await (await kit.contacts.get(records[0].id)).history()).items
    assert (change.actor, change.source, change.reason) == ("maria", Source.HOST, "imported")


async def test_who_may_not_opt_out_may_not_import_opt_outs(kit: Kit, file: Path) -> None:
    denied = ActorPolicy(denied=frozenset({Permission.OPT_OUT_CONTACTS}))
    await kit.save_policy(Policy(actors={"tim": denied}))
    contacts = kit.as_actor("tim").contacts
    write(file, "number,subscribed\n+14155550123,no\n")

    with pytest.raises(PermissionDenied):
        await contacts.import_csv(file)
    assert (await contacts.list()).items == ()

    write(file, "number,subscribed\n+14155550123,yes\n")
    assert (await contacts.import_csv(file)).created == 1


async def test_headers_of_fields_are_read_in_any_case_and_a_name_beats_its_parts(
    kit: Kit, file: Path
) -> None:
    write(
        file,
        " PHONE , Name ,ZONE,first_name,Pet\n"
        "+14155550123,Dr. Ray,America/Denver,Lee,Rex\n"
        "+14155550124,,America/Denver,Ann,\n",
    )

    await kit.contacts.import_csv(file)

    lee, ann = (await kit.contacts.list()).items
    assert (lee.name, lee.zone, lee.attributes) == (
        "Dr. Ray",
        "America/Denver",
        {"first_name": "Lee", "Pet": "Rex"},
    )
    assert (ann.name, ann.attributes) == ("", {"first_name": "Ann"})


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("number,phone", "'number'"),
        ("number,name,Name", "'name'"),
        ("number,pet,pet", "'pet'"),
        ("number,'=pet,=pet", "'=pet'"),
    ],
)
async def test_two_columns_for_one_thing_are_a_usage_error(
    kit: Kit, file: Path, header: str, why: str
) -> None:
    write(file, f"{header}\n")

    with pytest.raises(UsageError, match=f"several columns for {why}"):
        await kit.contacts.import_csv(file)


async def test_faults_say_what_is_wrong_and_hold_no_number(kit: Kit, file: Path) -> None:
    write(file, "number,subscribed,\n+14155550123,perhaps,\n+14155550124,yes,lost\n+14155550125,yes,\n")

    with pytest.raises(ImportRejected) as caught:
        await kit.contacts.import_csv(file)

    assert caught.value.faults == (
        (2, "subscribed is 'yes', 'no' or 'no promotions'"),
        (3, "an attribute needs a name; in a file, that is the header of its column"),
    )
    assert "5550" not in str(caught.value)
    assert (await kit.contacts.list()).items == ()


async def test_a_merged_contact_is_changed_by_an_import_and_stays_merged(
    world: World, kit: Kit, file: Path
) -> None:
    alice, old = await kit.contacts.upsert("+14155550123"), await kit.contacts.upsert("+14155550124")
    await alice.absorb(old)
    write(file, "number,name\n+14155550124,Old phone\n")

    report = await kit.contacts.import_csv(file)

    await old.refresh()
    assert report == ImportReport(rows=1, created=0, updated=1)
    assert (old.name, old.merged_into) == ("Old phone", alice.id)
    assert (await world.events())[-1].what == ContactChanged(contact_id=old.id)

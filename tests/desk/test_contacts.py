"""Contacts: made once per number, imported whole or not at all, opted out for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from smskit.errors import ImportRejected, InvalidAddress, NotFound, UsageError
from smskit.kit import Kit
from smskit.model.ids import ContactId
from smskit.model.policies import Policy
from smskit.testing import Person, World


async def test_upsert_changes_only_what_is_given(kit: Kit) -> None:
    made = await kit.contacts.upsert("+14155550123", name="Lee", attributes={"pet": "Rex"})
    changed = await kit.contacts.upsert("+1 (415) 555-0123", zone="America/Denver")

    assert changed.id == made.id
    assert (changed.name, changed.zone, dict(changed.attributes)) == (
        "Lee",
        "America/Denver",
        {"pet": "Rex"},
    )


async def test_a_contact_made_by_a_bare_number_gets_its_name_later(kit: Kit) -> None:
    chat = await kit.conversations.start("+14155550123")

    named = await kit.contacts.upsert("+14155550123", name="Lee")

    assert named.id == chat.contact_id
    assert (await chat.refresh()).name == "Lee"


async def test_national_numbers_are_read_in_the_policys_region(kit: Kit) -> None:
    await kit.org("default").save_policy(Policy(default_region="US"))

    contact = await kit.contacts.upsert("(415) 555-0123")

    assert contact.number.text == "+14155550123"
    assert (await kit.contacts.find("415 555 0123") or contact).id == contact.id


async def test_a_list_pages_through_everybody_once(kit: Kit) -> None:
    made = [(await kit.contacts.upsert(f"+141555501{n:02}")).id for n in range(7)]

    found: list[ContactId] = []
    cursor: str | None = None
    while True:
        page = await kit.contacts.list(after=cursor, limit=3)
        found += [contact.id for contact in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert found == made


async def test_an_opt_out_by_hand_is_undone_by_the_contact_only(kit: Kit, alice: Person) -> None:
    contact = await kit.contacts.upsert(alice.number, name="Alice")

    assert await contact.opt_out() is True
    assert await contact.opt_out() is False
    await kit.contacts.upsert(alice.number, name="Alice again")
    assert (await contact.refresh()).opted_out

    await alice.texts("START")
    assert not (await contact.refresh()).opted_out


async def test_orgs_do_not_see_each_others_contacts(kit: Kit) -> None:
    contact = await kit.contacts.upsert("+14155550123")

    with pytest.raises(NotFound):
        await kit.org("other").contacts.get(contact.id)
    assert await kit.org("other").contacts.find("+14155550123") is None


@pytest.mark.parametrize(
    "number", ["", "hello", "4155550123", "+1", "+1415555", "+999999999999999999", "911", "STOP"]
)
async def test_a_number_that_cannot_be_read_is_an_error_without_the_number(kit: Kit, number: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        await kit.contacts.upsert(number)

    assert len(number) < 7 or number not in str(caught.value)


async def test_an_unknown_zone_or_contact_is_an_error(kit: Kit) -> None:
    with pytest.raises(UsageError, match="IANA"):
        await kit.contacts.upsert("+14155550123", zone="Mars/Olympus")
    with pytest.raises(NotFound, match="no contact 99"):
        await kit.contacts.get(ContactId(99))


CSV = """number,first_name,last_name,zone,pet
+14155550123,Lee,Ray,America/Denver,Rex
"+1 415-555-0124",Ann,,,
"""


async def test_a_csv_file_is_imported_with_names_zones_and_attributes(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(CSV)
    await kit.contacts.upsert("+14155550124", name="Old")

    report = await kit.contacts.import_csv(tmp_path / "people.csv")

    lee, ann = sorted((await kit.contacts.list()).items, key=lambda contact: contact.number.text)
    assert (report.rows, report.created, report.updated) == (2, 1, 1)
    assert (lee.name, lee.zone, lee.attributes["pet"]) == ("Lee Ray", "America/Denver", "Rex")
    assert ann.name == "Ann"


async def test_a_faulty_row_names_itself_and_nothing_is_imported(kit: Kit, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "number,name,zone\n+14155550123,A,\nhello,B,\n+14155550124,C,Mars\n+14155550123,D,\n+14155550125\n"
    )

    with pytest.raises(ImportRejected) as caught:
        await kit.contacts.import_csv(file)

    assert [row for row, _ in caught.value.faults] == [3, 4, 5, 6]
    assert (await kit.contacts.list()).items == ()


async def test_an_import_never_opts_anybody_in(kit: Kit, alice: Person, tmp_path: Path) -> None:
    await alice.texts("STOP")
    (tmp_path / "people.csv").write_text("phone,name\n+14155550123,Alice\n")

    await kit.contacts.import_csv(tmp_path / "people.csv")

    contact = await kit.contacts.find(alice.number)
    assert contact is not None
    assert contact.opted_out


@pytest.mark.parametrize(
    "content",
    [b"name\nLee\n", b"", b"number\n\xff\xfe\n", b'number\n"+14155550123\n'],
    ids=["no column", "empty", "not UTF-8", "open quote"],
)
async def test_a_file_that_is_no_csv_of_contacts_is_a_usage_error(
    kit: Kit, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "people.csv").write_bytes(content)

    with pytest.raises(UsageError):
        await kit.contacts.import_csv(tmp_path / "people.csv")
    with pytest.raises(UsageError, match=r"missing\.csv"):
        await kit.contacts.import_csv(tmp_path / "missing.csv")


async def test_stop_and_start_are_each_answered_once(world: World, alice: Person) -> None:
    for text in ("hi", "STOP", "STOP", "START", "START"):
        await alice.texts(text)
        await world.advance(seconds=10)

    assert ["unsubscribed" in text for text in alice.received] == [True, False]

"""Exports: a whole file or none, harmless in a spreadsheet, and read by the import as it was."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smskit.desk.contacts import Contact
from smskit.desk.exporting import COLUMNS, PAGE, ExportReport, line
from smskit.desk.fields import RESERVED
from smskit.desk.importing import read_rows
from smskit.desk.sheets import csv_lines, guarded, unguarded
from smskit.errors import PermissionDenied, UsageError
from smskit.kit import Kit
from smskit.model.addresses import PhoneNumber, ShortCode
from smskit.model.contacts import ConsentState, ContactRecord, Scope, Source
from smskit.model.ids import DEFAULT_ORG, SYSTEM, ContactId
from smskit.model.policies import ActorPolicy, Permission, Policy
from smskit.testing import Person

WHEN = datetime(2027, 1, 4, tzinfo=UTC)
TRIGGERS = "=+-@\t\r\n\uff0b\uff0d\uff1d\uff20"

# Everything that can be stored: a lone surrogate cannot.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(str.strip)
nasty = st.text(st.sampled_from(TRIGGERS + "'\",;1 a\ufeff\0"), max_size=6).map(str.strip)
values = texts | nasty
names = values.filter(lambda name: name and name.lower() not in RESERVED)


@given(values)
def test_what_is_guarded_comes_back_and_is_no_formula(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in tuple(TRIGGERS)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-Lee", "'-Lee"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        ("O'Neil", "O'Neil"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_only_what_a_spreadsheet_might_carry_out_is_guarded(text: str, cell: str) -> None:
    assert guarded(text) == cell


@given(
    people=st.lists(
        st.tuples(
            st.integers(0, 9999),
            values,
            st.sampled_from([None, "America/Denver", "Europe/Berlin"]),
            st.sampled_from([None, Scope.ALL, Scope.PROMOTIONAL]),
            st.dictionaries(names, values.filter(bool), max_size=3),
        ),
        max_size=5,
        unique_by=lambda person: person[0],
    )
)
@example(people=[(1, "", None, None, {"first_name": "Ada", "last_name": "Moreno"})])
@example(people=[(1, "=1", None, None, {"=1": "'=1", "'=1": "=1", "a,b": 'say "x"'})])
def test_what_is_exported_is_imported_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    people: list[tuple[int, str, str | None, Scope | None, Mapping[str, str]]],
) -> None:
    records = [record(*person) for person in people]
    columns = sorted({name for one in records for name in one.attributes})
    file = tmp_path_factory.mktemp("export") / "people.csv"
    rows = [[*COLUMNS, *map(guarded, columns)], *(line(one, columns) for one in records)]
    file.write_bytes(csv_lines(rows).encode("utf-8-sig"))

    read = read_rows(file, None, SYSTEM)

    assert [
        (row.number, row.name or "", row.zone, row.attributes or {}, row.opt_out and row.opt_out.scope)
        for row in read
    ] == [
        (one.number, one.name, one.zone, one.attributes, one.opted_out_scope if one.opted_out else None)
        for one in records
    ]


def record(
    number: int, name: str, zone: str | None, out: Scope | None, attributes: Mapping[str, str]
) -> ContactRecord:
    return ContactRecord(
        id=ContactId(number),
        org=DEFAULT_ORG,
        number=PhoneNumber(f"+1415555{number:04}"),
        name=name,
        zone=zone,
        attributes=attributes,
        created_at=WHEN,
        updated_at=WHEN,
        opted_out=out is not None,
        opted_out_by=Source.DEFAULT if out is None else Source.HOST,
        consent=ConsentState.NONE,
        opted_out_scope=out or Scope.ALL,
    )


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def known(contact: Contact) -> tuple[object, ...]:
    """What a file says of a contact."""
    one = contact.record
    return one.number, one.name, one.zone, one.attributes, one.opted_out, one.opted_out_scope


async def test_the_columns_stand_in_a_fixed_order_and_formulas_are_guarded(
    kit: Kit, alice: Person, tmp_path: Path
) -> None:
    await kit.contacts.upsert(
        alice.number, name="=HYPERLINK(1)", zone="America/Denver", attributes={"pet": "Rex", "@at": "-1"}
    )
    await kit.contacts.upsert("+14155550124", name="Björn", attributes={"Chair": "2"})
    await alice.texts("STOP")

    report = await kit.contacts.export_csv(tmp_path / "people.csv")

    assert report == ExportReport(rows=2, left_out=0)
    assert (tmp_path / "people.csv").read_bytes().decode("utf-8") == (
        "\ufeffnumber,name,zone,subscribed,'@at,Chair,pet\r\n"
        "+14155550123,'=HYPERLINK(1),America/Denver,no,'-1,,Rex\r\n"
        "+14155550124,Björn,,yes,,2,\r\n"
    )


async def test_an_export_is_imported_to_the_same_contacts_here_and_elsewhere(
    kit: Kit, tmp_path: Path
) -> None:
    lee = await kit.contacts.upsert("+14155550123", name="Lee", attributes={"=x": "'=1", "first_name": "L"})
    ann = await kit.contacts.upsert("+442079460018", zone="Europe/London", attributes={"last_name": "Ray"})
    await lee.opt_out()
    await ann.opt_out(Scope.PROMOTIONAL)
    await kit.contacts.upsert("+14155550125")
    before = (await kit.contacts.list()).items
    acme = kit.org("acme").contacts

    await kit.contacts.export_csv(str(tmp_path / "people.csv"))
    await kit.contacts.import_csv(tmp_path / "people.csv")
    await acme.import_csv(tmp_path / "people.csv")
    await acme.export_csv(tmp_path / "again.csv")

    here, there = (await kit.contacts.list()).items, (await acme.list()).items
    assert [contact.record for contact in here] == [(await kit.contacts.get(c.id)).record for c in before]
    assert [*map(known, there)] == [*map(known, here)]
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "people.csv").read_bytes()


async def test_an_export_goes_to_a_text_stream_page_by_page(kit: Kit) -> None:
    numbers = [f"+1415555{number:04}" for number in range(PAGE + 1)]
    for number in numbers:
        await kit.contacts.upsert(number)
    written: list[str] = []

    class Stream(io.StringIO):
        def write(self, text: str, /) -> int:
            written.append(text)
            return super().write(text)

    stream = Stream(newline="")
    report = await kit.contacts.export_csv(stream)

    rows = list(csv.reader(io.StringIO(stream.getvalue(), newline="")))
    assert report == ExportReport(rows=PAGE + 1, left_out=0)
    assert rows[0] == list(COLUMNS)
    assert [row[0] for row in rows[1:]] == numbers
    assert [text.count("\n") for text in written] == [1, PAGE, 1]


async def test_merged_contacts_and_those_without_a_phone_number_are_left_out(kit: Kit) -> None:
    lee, old = await kit.contacts.upsert("+14155550123"), await kit.contacts.upsert("+14155550124")
    await kit.contacts.upsert(ShortCode("72345"), name="Bank")
    await lee.absorb(old)
    stream = io.StringIO(newline="")

    report = await kit.contacts.export_csv(stream)

    assert report == ExportReport(rows=1, left_out=1)
    assert stream.getvalue() == "number,name,zone,subscribed\r\n+14155550123,,,yes\r\n"


async def test_an_export_that_fails_leaves_the_old_file_and_nothing_else(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kit.contacts.upsert("+14155550123")
    (tmp_path / "people.csv").write_text("the old one")

    async def fail(*_args: object, **_named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(kit.storage), "list_contacts", fail)
    with pytest.raises(ZeroDivisionError):
        await kit.contacts.export_csv(tmp_path / "people.csv")

    assert files_in(tmp_path) == ["people.csv"]
    assert (tmp_path / "people.csv").read_text() == "the old one"


async def test_a_whole_export_takes_the_place_of_the_old_file(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("the old one")

    await kit.contacts.export_csv(tmp_path / "people.csv")

    assert files_in(tmp_path) == ["people.csv"]
    assert (tmp_path / "people.csv").read_text(encoding="utf-8-sig") == "number,name,zone,subscribed\n"
    assert os.name == "nt" or (tmp_path / "people.csv").stat().st_mode & 0o777 == 0o600


async def test_a_file_that_cannot_be_written_is_a_usage_error(kit: Kit, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"people\.csv cannot be written"):
        await kit.contacts.export_csv(tmp_path / "nowhere" / "people.csv")


async def test_an_export_needs_its_permission_and_writes_nothing_without(kit: Kit, tmp_path: Path) -> None:
    await kit.save_policy(Policy(actors={"tim": ActorPolicy(denied=frozenset({Permission.EXPORT}))}))
    stream = io.StringIO()

    with pytest.raises(PermissionDenied):
        await kit.as_actor("tim").contacts.export_csv(tmp_path / "people.csv")
    with pytest.raises(PermissionDenied):
        await kit.as_actor("tim").contacts.export_csv(stream)

    assert files_in(tmp_path) == []
    assert stream.getvalue() == ""
    assert (await kit.as_actor("maria").contacts.export_csv(stream)).rows == 0

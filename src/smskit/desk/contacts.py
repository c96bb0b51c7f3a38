"""Contacts: find, make, change, merge, import, export and opt out."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from smskit.desk.exporting import ExportReport, TextSink, export_contacts, whole_file
from smskit.desk.fields import clean_attributes, clean_name, clean_zone
from smskit.desk.importing import ImportReport, read_rows
from smskit.desk.office import Office
from smskit.model.addresses import Address, PhoneNumber
from smskit.model.contacts import ConsentState, ContactRecord, Scope, Source, SubscriptionChange
from smskit.model.ids import ContactId
from smskit.model.policies import Permission
from smskit.storage.base import NewContact, Page

if TYPE_CHECKING:
    from smskit.desk.conversations import Conversation

IMPORTED_AT_ONCE = 500
"""So many rows of a file are written in one transaction: other writers wait no longer for it than some 20 ms."""


class Contact:
    """A person, as known when the handle was made or refreshed."""

    def __init__(self, office: Office, record: ContactRecord) -> None:
        self._office = office
        self.record = record
        """The whole snapshot."""

    @property
    def id(self) -> ContactId:
        return self.record.id

    @property
    def number(self) -> Address:
        return self.record.number

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def zone(self) -> str | None:
        return self.record.zone

    @property
    def attributes(self) -> Mapping[str, str]:
        return self.record.attributes

    @property
    def opted_out(self) -> bool:
        """Automated messages do not go to this number."""
        return self.record.opted_out

    @property
    def consent(self) -> ConsentState:
        """Where the consent message is."""
        return self.record.consent

    async def refresh(self) -> Contact:
        """Look again; gives the handle itself."""
        self.record = await self._office.storage.get_contact(self._office.org, self.id)
        return self

    @property
    def merged_into(self) -> ContactId | None:
        """The contact that stands for the person, if this is another number of theirs."""
        return self.record.merged_into

    async def update(
        self,
        *,
        name: str | None = None,
        zone: str | None = None,
        attributes: Mapping[str, str | None] | None = None,
    ) -> Contact:
        """Change what is given; gives the handle itself. An empty text takes away what was there.

        Attributes join those that are known; one whose value is empty or None is removed.

        :raises PermissionDenied: if the actor may not.
        :raises UsageError: if the zone is no IANA zone, or an attribute has the name of a field.
        """
        await self._office.require(Permission.MANAGE_CONTACTS)
        new = NewContact(
            number=self.number,
            name=clean_name(name),
            zone=clean_zone(zone),
            attributes=clean_attributes(attributes),
        )
        (self.record,) = await self._office.storage.put_contacts(self._office.org, [new], self._office.now())
        return self

    async def conversations(self, *, after: str | None = None, limit: int = 50) -> Page[Conversation]:
        """A page of the conversations with this person, on all its numbers, the latest first, archived ones too."""
        from smskit.desk.conversations import Conversation  # noqa: PLC0415 - contact and conversation know each other

        office = self._office
        page = await office.storage.conversations_with(office.org, self.id, after=after, limit=limit)
        return Page(tuple(Conversation(office, record) for record in page.items), page.next)

    async def history(self, *, after: str | None = None, limit: int = 50) -> Page[SubscriptionChange]:
        """A page of what became of this number's subscription, newest first: opt-outs, opt-ins, blocks and consent.

        Each says when, by whom and why. It belongs to the number, and nothing in it is ever dropped.
        """
        office = self._office
        return await office.storage.subscription_history(office.org, self.number, after=after, limit=limit)

    async def absorb(self, other: Contact) -> bool:
        """Let another contact count as a further number of this person; False if it does already.

        Name, zone and attributes that this one lacks are taken over. The other leaves the lists, and keeps its number,
        conversations and subscription: a text to a number goes to that number, and an opt-out stays with it.

        :raises Conflict: if one of them is merged into another contact.
        :raises PermissionDenied: if the actor may not.
        :raises UsageError: if the two are one.
        """
        office = self._office
        await office.require(Permission.MANAGE_CONTACTS)
        merged = await office.storage.merge_contacts(office.org, self.id, other.id, office.now())
        await self.refresh()
        await other.refresh()
        return merged

    async def unmerge(self) -> bool:
        """Let it stand for itself again, as before `absorb`; False if it does.

        What the other took over from it, the other keeps.

        :raises PermissionDenied: if the actor may not.
        """
        office = self._office
        await office.require(Permission.MANAGE_CONTACTS)
        unmerged = await office.storage.unmerge_contact(office.org, self.id, office.now())
        await self.refresh()
        return unmerged

    async def same_person(self) -> tuple[Contact, ...]:
        """All contacts of this person, itself among them: first the one that stands for the person."""
        records = await self._office.storage.same_person(self._office.org, self.id)
        return tuple(Contact(self._office, record) for record in records)

    async def numbers(self) -> tuple[Address, ...]:
        """All numbers of this person, first the one to text."""
        return tuple(contact.number for contact in await self.same_person())

    async def opt_out(self, scope: Scope | str = Scope.ALL, *, reason: str | None = None) -> bool:
        """Opt this number out; False if it was out already. Only the contact's own START undoes it.

        The reason is kept in the `history`. Other numbers of the person are not touched.
        """
        office = self._office
        await office.require(Permission.OPT_OUT_CONTACTS)
        changed = await office.storage.opt_out(
            office.org,
            self.number,
            scope=Scope(scope),
            source=Source.HOST,
            actor=office.actor,
            now=office.now(),
            reason=reason,
        )
        await self.refresh()
        return changed

    def __repr__(self) -> str:
        return f"Contact({self.id}, {self.number.masked})"


class Contacts:
    """The org's address book."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def upsert(
        self,
        number: str | Address,
        *,
        name: str | None = None,
        zone: str | None = None,
        attributes: Mapping[str, str | None] | None = None,
    ) -> Contact:
        """Make a contact, or change what is given of the one with this number, as `Contact.update` does.

        :raises InvalidAddress: if the number cannot be read.
        :raises PermissionDenied: if the actor may not.
        :raises UsageError: if the zone is no IANA zone, or an attribute has the name of a field.
        """
        policy = await self._office.require(Permission.MANAGE_CONTACTS)
        new = NewContact(
            number=self._number(number, policy.default_region),
            name=clean_name(name),
            zone=clean_zone(zone),
            attributes=clean_attributes(attributes),
        )
        (record,) = await self._office.storage.put_contacts(self._office.org, [new], self._office.now())
        return Contact(self._office, record)

    async def get(self, contact_id: ContactId) -> Contact:
        """:raises NotFound: if the org has no such contact."""
        return Contact(self._office, await self._office.storage.get_contact(self._office.org, contact_id))

    async def find(self, number: str | Address) -> Contact | None:
        """The contact with this number, also if it is merged into another: `merged_into` says so."""
        region = (await self._office.policy()).default_region
        record = await self._office.storage.find_contact(self._office.org, self._number(number, region))
        return None if record is None else Contact(self._office, record)

    async def list(self, *, after: str | None = None, limit: int = 50) -> Page[Contact]:
        """A page of contacts in the order they were made; `page.next` continues.

        Those that are merged into another are left out.
        """
        page = await self._office.storage.list_contacts(self._office.org, after=after, limit=limit)
        return Page(tuple(Contact(self._office, record) for record in page.items), page.next)

    async def search(self, words: str, *, after: str | None = None, limit: int = 50) -> Page[Contact]:
        """A page of the contacts in whose name or number all the words occur, in the order they were made.

        Case, accents and how digits are grouped do not matter; `page.next` continues.
        Fewer than three letters or digits match the beginning of a name or number.

        :raises StorageUnsupported: if the store has no full-text search.
        """
        page = await self._office.storage.search_contacts(self._office.org, words, after=after, limit=limit)
        return Page(tuple(Contact(self._office, record) for record in page.items), page.next)

    async def import_csv(self, file: PathLike[str] | str) -> ImportReport:
        """Import contacts from a CSV file with a header: `number`, and if wanted `name`, `zone` and attributes.

        What is known of a number stays, unless the file says otherwise; empty cells say nothing. `no` in a column
        `subscribed` opts a number out; nothing opts one in. Importing a file twice does no harm.

        :raises ImportRejected: if a row is faulty. It names every one of them; nothing is imported then.
        :raises PermissionDenied: if the actor may not change contacts, or opt out those that the file says are out.
        """
        office = self._office
        policy = await office.require(Permission.MANAGE_CONTACTS)
        rows = await anyio.to_thread.run_sync(read_rows, Path(file), policy.default_region, office.actor)
        if any(row.opt_out is not None for row in rows):
            policy.require(office.actor, Permission.OPT_OUT_CONTACTS)
        created = 0
        for start in range(0, len(rows), IMPORTED_AT_ONCE):
            some = rows[start : start + IMPORTED_AT_ONCE]
            created += await office.storage.import_contacts(office.org, some, office.now())
        return ImportReport(rows=len(rows), created=created, updated=len(rows) - created)

    async def export_csv(self, file: PathLike[str] | str | TextSink) -> ExportReport:
        """Write the contacts that `list` gives to a CSV file, or to a text stream, as `import_csv` reads them.

        The columns are `number`, `name`, `zone`, `subscribed`, and the attributes by name. A cell that a spreadsheet
        might take for a formula begins with an apostrophe, which the import takes away. The file is there once it is
        whole. Contacts come as they are when their turn comes; an attribute whose name is new by then is left out.

        :raises PermissionDenied: if the actor may not export.
        :raises UsageError: if the file cannot be written.
        """
        await self._office.require(Permission.EXPORT)
        if not isinstance(file, (str, PathLike)):
            return await export_contacts(self._office, file)
        async with whole_file(Path(file)) as sink:
            return await export_contacts(self._office, sink)

    @staticmethod
    def _number(number: str | Address, region: str | None) -> Address:
        return PhoneNumber.parse(number, region) if isinstance(number, str) else number

"""Contacts: find, make, import and opt out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import anyio.to_thread

from smskit.desk.importing import ImportReport, read_rows
from smskit.desk.office import Office
from smskit.errors import UsageError
from smskit.model.addresses import Address, PhoneNumber
from smskit.model.contacts import ConsentState, ContactRecord, Scope, Source
from smskit.model.ids import ContactId
from smskit.model.policies import Permission
from smskit.storage.base import NewContact, Page


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

    async def opt_out(self, scope: Scope | str = Scope.ALL) -> bool:
        """Opt the contact out; False if it was out already. Only the contact's own START undoes it."""
        office = self._office
        await office.require(Permission.OPT_OUT_CONTACTS)
        changed = await office.storage.opt_out(
            office.org,
            self.number,
            scope=Scope(scope),
            source=Source.HOST,
            actor=office.actor,
            now=office.now(),
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
        attributes: Mapping[str, str] | None = None,
    ) -> Contact:
        """Make a contact, or change what is given of the one with this number.

        :raises InvalidAddress: if the number cannot be read.
        :raises UsageError: if the zone is no IANA zone.
        """
        policy = await self._office.require(Permission.MANAGE_CONTACTS)
        new = NewContact(
            number=self._number(number, policy.default_region),
            name=name,
            zone=None if zone is None else known_zone(zone),
            attributes=attributes,
        )
        (record,) = await self._office.storage.put_contacts(self._office.org, [new], self._office.now())
        return Contact(self._office, record)

    async def get(self, contact_id: ContactId) -> Contact:
        """:raises NotFound: if the org has no such contact."""
        return Contact(self._office, await self._office.storage.get_contact(self._office.org, contact_id))

    async def find(self, number: str | Address) -> Contact | None:
        """The contact with this number."""
        region = (await self._office.policy()).default_region
        record = await self._office.storage.find_contact(self._office.org, self._number(number, region))
        return None if record is None else Contact(self._office, record)

    async def list(self, *, after: str | None = None, limit: int = 50) -> Page[Contact]:
        """A page of contacts in the order they were made; `page.next` continues."""
        page = await self._office.storage.list_contacts(self._office.org, after=after, limit=limit)
        return Page(tuple(Contact(self._office, record) for record in page.items), page.next)

    async def import_csv(self, file: Path | str) -> ImportReport:
        """Import contacts from a CSV file with a header: `number`, and if wanted `name`, `zone` and attributes.

        :raises ImportRejected: if a row is faulty. It names every one of them; nothing is imported then.
        """
        policy = await self._office.require(Permission.MANAGE_CONTACTS)
        rows = await anyio.to_thread.run_sync(read_rows, Path(file), policy.default_region, known_zone)
        known = len(await self._known(rows))
        await self._office.storage.put_contacts(self._office.org, rows, self._office.now())
        return ImportReport(rows=len(rows), created=len(rows) - known, updated=known)

    async def _known(self, rows: Sequence[NewContact]) -> set[str]:
        found = [await self._office.storage.find_contact(self._office.org, row.number) for row in rows]
        return {record.number.text for record in found if record is not None}

    @staticmethod
    def _number(number: str | Address, region: str | None) -> Address:
        return PhoneNumber.parse(number, region) if isinstance(number, str) else number


def known_zone(name: str) -> str:
    """The name of a zone that exists. :raises UsageError: if it does not."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"{name!r} is no IANA time zone such as 'America/Denver'"
        raise UsageError(msg) from error

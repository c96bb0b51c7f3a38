"""Drip campaigns: saved, previewed and applied."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Literal, TypeAlias

import anyio
import attrs

from smskit.desk.contacts import Contact
from smskit.desk.conversations import Conversation
from smskit.desk.enrolments import Enrolment, list_enrolments
from smskit.desk.office import Office
from smskit.engine.dripping import Recipient
from smskit.errors import EnrolmentRefused, NotFound, SmsKitError
from smskit.model.addresses import Address, PhoneNumber, parse_address
from smskit.model.campaigns import (
    CampaignRecord,
    DripCampaign,
    DripPreview,
    EnrolmentState,
)
from smskit.model.contacts import ContactRecord
from smskit.model.ids import EnrolmentId
from smskit.model.policies import Permission
from smskit.storage.base import NewContact, Page

Whom: TypeAlias = "Conversation | Contact | str | Address"
OnConflict: TypeAlias = Literal["refuse", "restart"]

AT_ONCE = 64
"""How many contacts `apply_all` has under way: the store commits them together."""


@attrs.frozen
class Applied:
    """What became of one contact in `apply_all`: the enrolment, or why there is none."""

    whom: Whom
    enrolment: Enrolment | None
    why_not: SmsKitError | None = None


class Drip:
    """A saved campaign, in one version."""

    def __init__(self, office: Office, record: CampaignRecord) -> None:
        self._office = office
        self.record = record
        """The whole snapshot."""

    @property
    def name(self) -> str:
        return self.record.campaign.name

    @property
    def version(self) -> int:
        return self.record.version

    @property
    def campaign(self) -> DripCampaign:
        """The definition of this version."""
        return self.record.campaign

    async def preview(self, to: Whom, *, sender: str | Address | None = None) -> DripPreview:
        """What applying it now would send: exact times, texts, parts, holds, and the consent message.

        :raises MissingField: if the contact lacks a value that a step asks for.
        :raises InvalidMessage: if a step cannot be sent.
        :raises NotFound: if a number is of no contact yet.
        """
        recipient = await _recipient(self._office, to, sender)
        return await self._office.tools.dripping.preview(self.record, recipient, self._office.actor)

    async def apply(
        self,
        to: Whom,
        *,
        sender: str | Address | None = None,
        on_conflict: OnConflict = "refuse",
        key: str | None = None,
    ) -> Enrolment:
        """Put a contact in: every step is scheduled as `preview` shows it, and any reply cancels what is left.

        A conversation that this makes, or that is archived, stays archived until the contact writes.
        With a key it is safe to try again: a contact is put into the campaign once under it, and the enrolment
        comes back as it is, also if a reply ended it meanwhile.

        :raises AlreadyEnrolled: if the contact is in it already, unless `on_conflict` is `restart`.
        :raises EnrolmentRefused: if the contact opted out, or policy or a rule objects.
        :raises MissingField: if the contact lacks a value that a step asks for. Nothing is scheduled.
        :raises PermissionDenied: if the actor may not.
        """
        office = self._office
        policy = await office.require(Permission.RUN_DRIPS)
        if not policy.drips:
            raise EnrolmentRefused("the org's policy has drip campaigns switched off")
        recipient = await _recipient(office, to, sender, make=True)
        record = await office.tools.dripping.apply(
            self.record, recipient, office.actor, restart=on_conflict == "restart", key=key or None
        )
        return Enrolment(office, record)

    async def apply_all(
        self,
        to: Iterable[Whom],
        *,
        sender: str | Address | None = None,
        on_conflict: OnConflict = "refuse",
        key: str | None = None,
    ) -> AsyncIterator[Applied]:
        """Put many contacts in, each on its own; what becomes of each is told in their order.

        It may be broken off, and repeated with the same key: nobody is put in twice under it. Without a key who is in
        already is refused, but who replied in between would begin anew.

        :raises PermissionDenied: if the actor may not.
        """
        await self._office.require(Permission.RUN_DRIPS)
        waiting: list[Whom] = []
        for whom in to:
            waiting.append(whom)
            if len(waiting) == AT_ONCE:
                for applied in await self._apply_some(waiting, sender, on_conflict, key):
                    yield applied
                waiting = []
        for applied in await self._apply_some(waiting, sender, on_conflict, key):
            yield applied

    async def _apply_some(
        self, to: Sequence[Whom], sender: str | Address | None, on_conflict: OnConflict, key: str | None
    ) -> Sequence[Applied]:
        results: dict[int, Applied] = {}

        async def apply_one(place: int, whom: Whom) -> None:
            try:
                enrolment = await self.apply(whom, sender=sender, on_conflict=on_conflict, key=key)
                results[place] = Applied(whom, enrolment)
            except SmsKitError as error:
                results[place] = Applied(whom, None, error)

        async with anyio.create_task_group() as tasks:
            for place, whom in enumerate(to):
                tasks.start_soon(apply_one, place, whom)
        return [results[place] for place in range(len(to))]

    async def enrolments(
        self, *, state: EnrolmentState | str | None = None, after: str | None = None, limit: int = 50
    ) -> Page[Enrolment]:
        """Who is or was in it, in any version, the newest first; `page.next` continues."""
        return await list_enrolments(
            self._office, campaign_id=self.record.id, state=state, after=after, limit=limit
        )

    def __repr__(self) -> str:
        return f"Drip({self.name!r}, version {self.version})"


class Drips:
    """The org's drip campaigns, and who is in them."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def save(self, campaign: DripCampaign) -> Drip:
        """Keep a campaign under its name. Another definition under a known name is its next version.

        Enrolments keep the version that they were made with.

        :raises PermissionDenied: if the actor may not.
        """
        office = self._office
        await office.require(Permission.RUN_DRIPS)
        record = await office.storage.save_campaign(office.org, campaign, office.actor, office.now())
        return Drip(office, record)

    async def get(self, name: str) -> Drip:
        """The current version. :raises NotFound: if the org has no campaign of this name."""
        return Drip(self._office, await self._office.storage.get_campaign(self._office.org, name))

    async def list(self, *, after: str | None = None, limit: int = 50) -> Page[Drip]:
        """A page of the campaigns in the order they were made; `page.next` continues."""
        page = await self._office.storage.list_campaigns(self._office.org, after=after, limit=limit)
        return Page(tuple(Drip(self._office, record) for record in page.items), page.next)

    async def enrolment(self, enrolment_id: EnrolmentId) -> Enrolment:
        """:raises NotFound: if the org has no such enrolment."""
        record = await self._office.storage.get_enrolment(self._office.org, enrolment_id)
        return Enrolment(self._office, record)

    async def enrolments(
        self,
        *,
        contact: Contact | None = None,
        state: EnrolmentState | str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Enrolment]:
        """Enrolments in all campaigns, or those of one contact, the newest first; `page.next` continues."""
        contact_id = None if contact is None else contact.id
        return await list_enrolments(
            self._office, contact_id=contact_id, state=state, after=after, limit=limit
        )


async def _recipient(
    office: Office, to: Whom, sender: str | Address | None, *, make: bool = False
) -> Recipient:
    """The contact, made of a new number if that is wanted, and the sender that it knows or is to know."""
    policy = await office.policy()
    contact = await _contact(office, to, policy.default_region, make=make)
    if isinstance(to, Conversation):
        wanted: Address | None = to.sender
    else:
        wanted = parse_address(sender, policy.default_region) if isinstance(sender, str) else sender
    route = await office.tools.router.pick(office.org, contact.id, wanted, policy)
    return Recipient(contact=contact, sender_id=route.id)


async def _contact(office: Office, to: Whom, region: str | None, *, make: bool) -> ContactRecord:
    if isinstance(to, (Conversation, Contact)):
        contact_id = to.contact_id if isinstance(to, Conversation) else to.id
        return await office.storage.get_contact(office.org, contact_id)
    number = PhoneNumber.parse(to, region) if isinstance(to, str) else to
    known = await office.storage.find_contact(office.org, number)
    if known is None and make:
        (known,) = await office.storage.put_contacts(office.org, [NewContact(number=number)], office.now())
    if known is None:
        raise NotFound("no contact has this number yet; make it one by contacts.upsert")
    return known

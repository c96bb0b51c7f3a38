"""What a store must do when it is searched: find all and only what is wanted, the newest first, whatever is asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from smskit.errors import UsageError
from smskit.model.addresses import PhoneNumber
from smskit.model.ids import DEFAULT_ORG, Org
from smskit.model.messages import Kind, Origin
from smskit.model.statuses import Status
from smskit.storage.base import NewContact, Storage, Wanted
from smskit.testing.contracts.bench import ALICE, BOB, LOBBY, OFFICE, Bench
from smskit.testing.contracts.storage_base import StoreTests

ACME = Org("acme")

NOTHING = [
    "",
    " ",
    "...",
    '"',
    '""',
    '"" ""',
    "*",
    "AND",
    "-",
    "(",
    "^",
    "\x00",
    "\ud800",
    "'; drop table",
    "\U0001f937",
]
"""Whatever a query language would stumble over."""


async def found(
    store: Storage,
    words: str = "",
    *,
    org: Org = DEFAULT_ORG,
    limit: int = 2,
    **wanted: Any,  # noqa: ANN401 - the fields of Wanted
) -> list[str]:
    """The texts that are found, page by page."""
    texts: list[str] = []
    cursor = None
    while True:
        page = await store.search(org, Wanted(words=words, **wanted), after=cursor, limit=limit)
        texts += [one.message.text for one in page.items]
        cursor = page.next
        if cursor is None:
            return texts


async def people(store: Storage, words: str, *, org: Org = DEFAULT_ORG, limit: int = 2) -> list[str]:
    """The names, or numbers, of the contacts that are found, page by page."""
    names: list[str] = []
    cursor = None
    while True:
        page = await store.search_contacts(org, words, after=cursor, limit=limit)
        names += [contact.name or contact.number.text for contact in page.items]
        cursor = page.next
        if cursor is None:
            return names


async def know(bench: Bench, *names: str, org: Org = DEFAULT_ORG) -> None:
    """Make contacts of these names."""
    new = [
        NewContact(number=PhoneNumber(f"+1415555{place:04}"), name=name)
        for place, name in enumerate(names, start=100)
    ]
    await bench.store.put_contacts(org, new, bench.now)


class SearchContract(StoreTests):
    """Messages by what they say, contacts by name and number."""

    async def test_all_words_occur_in_what_is_found_and_the_newest_comes_first(
        self, store: Storage, bench: Bench
    ) -> None:
        for text in ("Your crown is ready.", "Tuesday?", "A crown, on Tuesday!", "tuesday: the crown"):
            await bench.receive(text)

        assert await found(store, "crown tuesday") == ["tuesday: the crown", "A crown, on Tuesday!"]
        assert await found(store, "tuesday") == ["tuesday: the crown", "A crown, on Tuesday!", "Tuesday?"]
        assert await found(store, "crown monday") == []

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Déjà vu à Zürich", "DEJA ZURICH"),
            ("Deja vu", "déjà"),
            ("De\u0301ja\u0300 vu", "déjà"),
            ("Die Straße", "STRASSE"),
            ("İstanbul", "istanbul"),
            ("Ώρα", "ωρα"),
            ("Привет", "ПРИВЕТ"),
            ("\uff23\uff32\uff2f\uff37\uff2e ready", "crown"),
            ("see you \U0001f44d\U0001f3fd", "\U0001f44d"),
            ("您的牙冠准备好了", "牙冠"),
            ("นัดหมายวันอังคาร", "วัน"),
            ("शुक्रवार को", "शुक्रवार"),
            ("it's 9:30", "it's"),
            ("it's 9:30", "9:30"),
            ("order #A-77_b", "a-77_B"),
        ],
    )
    async def test_case_accents_and_ways_of_writing_do_not_matter(
        self, store: Storage, bench: Bench, text: str, words: str
    ) -> None:
        await bench.receive("Something else")
        await bench.receive(text)

        assert await found(store, words) == [text]

    async def test_the_last_word_may_be_the_beginning_of_one_and_no_other_word(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("Your crown is ready")
        await bench.receive("Crowns are in")

        assert await found(store, "crow") == ["Crowns are in", "Your crown is ready"]
        assert await found(store, "your cr") == ["Your crown is ready"]
        assert await found(store, "crow your") == await found(store, "rown") == []

    async def test_what_is_quoted_stands_side_by_side_and_ends_where_it_ends(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("The crown is ready on Tuesday")
        await bench.receive("Ready? On a Tuesday, the crown is.")

        assert await found(store, '"crown is ready"') == ["The crown is ready on Tuesday"]
        assert await found(store, '"is READY" crown') == ["The crown is ready on Tuesday"]
        assert await found(store, '"crown is rea"') == []
        assert len(await found(store, '"crown is rea')) == 2
        assert len(await found(store, '"crown is" tuesday')) == 2

    @pytest.mark.parametrize("odd", NOTHING)
    async def test_what_is_no_word_is_left_out_and_never_an_error(
        self, store: Storage, bench: Bench, odd: str
    ) -> None:
        await bench.receive("crown and drop table near \U0001f937 not or")

        assert (
            await found(store, f"crown {odd}")
            == await found(store, f"{odd} crown")
            == ["crown and drop table near \U0001f937 not or"]
        )
        for words in (f"{odd}crown*", f"text:{odd}", f"crown NOT {odd}", f"NEAR({odd})", f"{{a b}}: {odd}"):
            await found(store, words)
            await people(store, words)

    async def test_a_query_of_no_words_at_all_finds_everything_if_it_is_empty_and_else_nothing(
        self, store: Storage, bench: Bench
    ) -> None:
        for text in ("one", "two", "three"):
            await bench.receive(text)

        assert await found(store) == await found(store, "  ") == ["three", "two", "one"]
        assert await found(store, "?!") == []

    async def test_pages_have_no_gaps_and_repeat_nothing_while_messages_arrive(
        self, store: Storage, bench: Bench
    ) -> None:
        for number in range(9):
            await bench.receive(f"crown {number}")
        seen: list[str] = []
        cursor = None
        while True:
            page = await store.search(DEFAULT_ORG, Wanted(words="crown"), after=cursor, limit=2)
            seen += [one.message.text for one in page.items]
            await bench.receive("a new crown")
            cursor = page.next
            if cursor is None:
                break

        assert seen == [f"crown {number}" for number in reversed(range(9))]

    async def test_what_was_stored_before_the_call_is_found_however_much_it_is(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("first crown")
        assert await found(store, "crown") == ["first crown"]
        for number in range(2500):
            await bench.receive(f"{number}")
        await bench.receive("last crown")

        assert await found(store, "crown") == ["last crown", "first crown"]
        assert len(await found(store, limit=1000)) == 2502

    async def test_archived_conversations_are_searched_too_unless_it_is_said_which(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("the old crown")
        old = await bench.chat()
        await bench.receive("the new crown", number=BOB)
        await store.set_archived(DEFAULT_ORG, old.id, archived=True, now=bench.now)

        page = await store.search(DEFAULT_ORG, Wanted(words="crown"), after=None, limit=10)

        assert [(one.conversation.archived, one.conversation.number) for one in page.items] == [
            (False, BOB),
            (True, ALICE),
        ]
        assert await found(store, "crown", archived=True) == ["the old crown"]
        assert await found(store, "crown", archived=False) == ["the new crown"]

    async def test_orgs_are_apart(self, store: Storage, bench: Bench) -> None:
        theirs = await bench.sender(LOBBY, org=ACME)
        await bench.receive("our crown")
        await bench.receive("their crown", to=theirs)
        await know(bench, "Ada Moreno")
        await know(bench, "Ada Moreno", "Ada Okafor", org=ACME)

        assert await found(store, "crown") == await found(store) == ["our crown"]
        assert await found(store, "crown", org=ACME) == await found(store, org=ACME) == ["their crown"]
        assert await found(store, "crown", sender=theirs.id) == []
        assert await found(store, "crown", org=Org("nobody")) == []
        assert await people(store, "ada") == ["Ada Moreno"]
        assert await people(store, "ada", org=ACME) == ["Ada Moreno", "Ada Okafor"]

    async def test_kind_origin_and_status_choose(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        await bench.submitted(chat, "crown: sent")
        await bench.queue(chat, "crown: queued", origin=Origin.REMINDER)
        await bench.receive("crown: received")

        assert await found(store, "crown", kind=Kind.INBOUND) == ["crown: received"]
        assert await found(store, "crown", kind=Kind.OUTBOUND) == ["crown: queued", "crown: sent"]
        assert await found(store, kind=Kind.NOTE) == []
        assert await found(store, origin=Origin.REMINDER) == ["crown: queued"]
        assert await found(store, "crown", status=Status.SUBMITTING) == ["crown: sent"]
        assert await found(store, status=Status.RECEIVED, kind=Kind.OUTBOUND) == []

    async def test_a_status_counts_as_it_is_now(self, store: Storage, bench: Bench) -> None:
        claimed = await bench.submitted(await bench.chat(), "crown")
        assert await found(store, "crown", status=Status.ACCEPTED) == []

        await bench.record(claimed)

        assert await found(store, "crown", status=Status.ACCEPTED) == ["crown"]

    async def test_since_and_until_choose_by_the_place_in_the_thread(
        self, store: Storage, bench: Bench
    ) -> None:
        start = bench.now
        for day in range(5):
            await bench.receive(f"crown of day {day}")
            bench.wait(days=1)

        assert await found(store, "crown", since=start + timedelta(days=3)) == [
            "crown of day 4",
            "crown of day 3",
        ]
        assert await found(store, until=start + timedelta(days=1)) == ["crown of day 0"]
        assert await found(
            store, "crown", since=start + timedelta(days=1), until=start + timedelta(days=2)
        ) == ["crown of day 1"]
        assert await found(store, since=start + timedelta(days=9)) == []
        assert await found(store, until=start) == []

    async def test_a_scheduled_text_counts_from_when_it_goes(self, store: Storage, bench: Bench) -> None:
        chat = await bench.chat()
        await bench.queue(chat, "crown", due_in=timedelta(days=3))
        later = bench.now + timedelta(days=2)
        assert await found(store, "crown", since=later) == []
        bench.wait(days=4)

        await store.release(bench.now)

        assert await found(store, "crown", since=later) == ["crown"]
        assert await found(store, "crown", until=later) == []

    async def test_a_contact_a_name_and_a_sender_choose(self, store: Storage, bench: Bench) -> None:
        office, lobby = await bench.sender(OFFICE), await bench.sender(LOBBY)
        await bench.receive("crown of Alice", to=office)
        await bench.receive("another crown of Alice", to=lobby)
        await bench.receive("crown of Bob", number=BOB, to=office)
        new = [NewContact(number=ALICE, name="Alice Moreno"), NewContact(number=BOB, name="Bob")]
        alice, _ = await store.put_contacts(DEFAULT_ORG, new, bench.now)

        both = ["another crown of Alice", "crown of Alice"]
        assert await found(store, "crown", contact=alice.id) == both
        assert await found(store, contact="MORENO ali") == both
        assert await found(store, "crown", contact="555 0124") == ["crown of Bob"]
        assert await found(store, contact="nobody") == await found(store, contact="") == []
        assert await found(store, "crown", sender=office.id) == ["crown of Bob", "crown of Alice"]
        assert await found(store, "crown", contact=alice.id, sender=lobby.id) == ["another crown of Alice"]

    async def test_a_contact_is_searched_with_all_numbers_of_the_person(
        self, store: Storage, bench: Bench
    ) -> None:
        await bench.receive("crown of Alice")
        await bench.receive("crown at work", number=BOB)
        new = [NewContact(number=ALICE, name="Alice Moreno"), NewContact(number=BOB, name="Work")]
        alice, work = await store.put_contacts(DEFAULT_ORG, new, bench.now)

        await store.merge_contacts(DEFAULT_ORG, alice.id, work.id, bench.now)

        for who in (alice.id, "moreno"):
            assert await found(store, "crown", contact=who) == ["crown at work", "crown of Alice"]
        assert await found(store, contact=work.id) == ["crown at work", "crown of Alice"]
        assert await found(store, contact="555 0124") == ["crown at work"]

    async def test_a_name_that_many_have_chooses_all_of_them(self, store: Storage, bench: Bench) -> None:
        numbers = [PhoneNumber(f"+1415555{line:04}") for line in range(100, 230)]
        for number in numbers:
            await bench.receive(f"crown {number.text}", number=number)
        await bench.receive("crown of nobody", number=BOB, to=await bench.sender(LOBBY))
        new = [NewContact(number=number, name="Ada") for number in numbers if number != BOB]
        await store.put_contacts(DEFAULT_ORG, new, bench.now)

        texts = await found(store, "crown", contact="ada", limit=50)

        assert texts == [f"crown {number.text}" for number in reversed(numbers) if number != BOB]

    @pytest.mark.parametrize(
        ("words", "names"),
        [
            ("moreno", ["Ada Moreno", "Zoë Moreno-Núñez"]),
            ("MORENO zoe", ["Zoë Moreno-Núñez"]),
            ("nunez", ["Zoë Moreno-Núñez"]),
            ("oren", ["Ada Moreno", "Zoë Moreno-Núñez"]),
            ("o'b", ["Pat O'Brien"]),
            ("a", ["Ada Moreno"]),
            ("da", []),
            ("小明", ["王小明"]),
            ("明", ["王小明"]),
            ('"ada mor"', ["Ada Moreno"]),
            ("ada brien", []),
            ("5550102", ["Pat O'Brien"]),
            ("555 01 02", ["Pat O'Brien"]),
            ("(415) 555-0102", ["Pat O'Brien"]),
            ("+1 415-555-0102", ["Pat O'Brien"]),
            ("0415 555 0102", ["Pat O'Brien"]),
            ("pat 555 01", ["Pat O'Brien"]),
            ("moreno 0102", []),
            ("", []),
        ],
    )
    async def test_contacts_are_found_by_name_and_number(
        self, store: Storage, bench: Bench, words: str, names: list[str]
    ) -> None:
        await know(bench, "Ada Moreno", "Zoë Moreno-Núñez", "Pat O'Brien", "王小明")

        assert await people(store, words) == names

    async def test_a_contact_is_found_by_the_name_it_has_now(self, store: Storage, bench: Bench) -> None:
        await know(bench, "Ada Moreno")
        assert await people(store, "ada") == ["Ada Moreno"]

        await know(bench, "Eve Moreno")
        await bench.receive("hi", number=BOB)

        assert await people(store, "ada") == []
        assert await people(store, "moreno") == ["Eve Moreno"]
        assert await people(store, BOB.text[-7:]) == [BOB.text]

    async def test_pages_of_people_hold_each_once_in_the_order_they_were_made(
        self, store: Storage, bench: Bench
    ) -> None:
        names = [f"Ada {number}" for number in range(7)]
        await know(bench, *names)

        assert await people(store, "ada", limit=3) == names

    @pytest.mark.parametrize("cursor", ["", "x", "1.2"])
    async def test_a_cursor_of_no_page_of_a_search_is_a_usage_error(
        self, store: Storage, cursor: str
    ) -> None:
        with pytest.raises(UsageError, match="cursor"):
            await store.search(DEFAULT_ORG, Wanted(), after=cursor, limit=1)
        with pytest.raises(UsageError, match="cursor"):
            await store.search_contacts(DEFAULT_ORG, "ada", after=cursor, limit=1)

"""The Kit: what it says when it is used wrongly, and how it opens, runs and closes."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from smskit.clock import SystemClock
from smskit.drivers.base import WebhookRequest
from smskit.drivers.local import LocalCarrier
from smskit.errors import Conflict, KitClosed, NotFound, UsageError
from smskit.kit import Kit
from smskit.model.conversations import Sender
from smskit.model.ids import ConversationId, Org
from smskit.model.statuses import Status

SENDER = "+14155550100"
ALICE = "+14155550123"


def a_kit(storage: str = "sqlite://") -> Kit:
    return Kit(storage, drivers=[LocalCarrier([SENDER])])


async def test_building_one_does_no_io_and_opening_does(tmp_path: Path) -> None:
    file = tmp_path / "desk.db"
    kit = a_kit(f"sqlite:///{file}")
    assert not file.exists()

    async with kit:
        assert file.exists()


async def test_used_while_it_is_not_open_it_says_so() -> None:
    kit = a_kit()

    with pytest.raises(KitClosed, match="async with kit"):
        await kit.conversations.start(ALICE)
    with pytest.raises(KitClosed):
        await kit.tick()
    with pytest.raises(KitClosed):
        async with kit.run():
            pass
    async with kit:
        pass
    with pytest.raises(KitClosed):
        await kit.conversations.start(ALICE)


async def test_opened_twice_it_says_so_and_opened_again_it_works(tmp_path: Path) -> None:
    kit = a_kit(f"sqlite:///{tmp_path / 'desk.db'}")
    async with kit:
        chat = await kit.conversations.start(ALICE)
        with pytest.raises(UsageError, match="open already"):
            await kit.__aenter__()
    async with kit:
        assert (await kit.conversations.get(chat.id)).id == chat.id


async def test_an_error_inside_passes_as_it_is() -> None:
    with pytest.raises(NotFound):
        async with a_kit() as kit, kit.run():
            await kit.conversations.get(ConversationId(1))


def test_used_in_another_loop_it_says_so() -> None:
    kit = a_kit()

    async def use_elsewhere() -> None:
        with pytest.raises(KitClosed, match="another event loop"):
            await kit.conversations.start(ALICE)

    async def main() -> None:
        async with kit:
            await anyio.to_thread.run_sync(lambda: anyio.run(use_elsewhere))

    anyio.run(main)


@pytest.mark.parametrize(
    ("storage", "remedy"),
    [
        ("mongodb://x", "sqlite:///file.db"),
        ("desk.db", "sqlite:///file.db"),
        ("sqlite://host/x", "sqlite:///file.db"),
    ],
)
def test_a_storage_url_that_names_none_says_which_do(storage: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=remedy):
        Kit(storage)


def test_two_drivers_with_one_name_or_one_sender_are_refused() -> None:
    with pytest.raises(UsageError, match="two drivers are named 'local'"):
        Kit("sqlite://", drivers=[LocalCarrier([SENDER]), LocalCarrier(["+14155550101"])])
    with pytest.raises(UsageError, match="both claim sender"):
        Kit("sqlite://", drivers=[LocalCarrier([SENDER]), LocalCarrier([SENDER], name="second")])


async def test_a_sender_stays_with_its_org(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    async with a_kit(url):
        pass
    moved = Sender.of(SENDER)
    other = LocalCarrier([Sender(address=moved.address, org=Org("acme"))])

    with pytest.raises(Conflict, match="belongs to org 'default'"):
        async with Kit(url, drivers=[other]):
            pass


async def test_it_runs_in_the_background_until_its_block_ends() -> None:
    async with a_kit() as kit, kit.run():
        chat = await kit.conversations.start(ALICE)
        message = await (await chat.send("Hello")).wait_for("delivered")

        assert message.status is Status.DELIVERED


async def test_awaited_it_runs_until_cancelled() -> None:
    async with a_kit() as kit:
        chat = await kit.conversations.start(ALICE)
        message = await chat.send("Hello")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_await_run, kit)
            await message.wait_for("delivered")
            tasks.cancel_scope.cancel()

        assert message.status is Status.DELIVERED


async def _await_run(kit: Kit) -> None:
    await kit.run()


async def test_a_tick_does_all_that_is_due_and_says_whether_there_was_anything() -> None:
    async with a_kit() as kit:
        assert await kit.tick() is False
        chat = await kit.conversations.start(ALICE)
        message = await chat.send("Hello")

        assert await kit.tick() is True
        await kit.run_until_idle()
        assert (await message.refresh()).status is Status.DELIVERED


async def test_callbacks_find_no_driver_or_a_closed_kit() -> None:
    kit = a_kit()
    request = WebhookRequest(method="POST", raw_target="/sms/local")

    assert (await kit.receive("nobody", request)).status == 404
    assert (await kit.receive("local", request)).status == 503
    async with kit:
        assert (await kit.receive("local", request)).status == 400


async def test_orgs_have_desks_of_their_own() -> None:
    acme = Sender(address=Sender.of("+14155550101").address, org=Org("acme"))
    async with Kit("sqlite://", drivers=[LocalCarrier([SENDER, acme])]) as kit:
        ours = await kit.conversations.start(ALICE)
        theirs = await kit.org("acme").conversations.start(ALICE)

        assert ours.id != theirs.id
        assert [one.id for one in (await kit.conversations.list()).items] == [ours.id]
        with pytest.raises(NotFound):
            await kit.org("acme").conversations.get(ours.id)


def test_a_repr_shows_where_things_are_and_no_secret() -> None:
    assert repr(a_kit()) == "Kit(SqliteStorage(':memory:'), drivers=['local'])"
    assert "password" not in repr(
        Kit("sqlite://", drivers=["local:?sender=%2B14155550100"], clock=SystemClock())
    )


async def test_a_driver_that_cannot_be_closed_does_not_keep_the_store_open() -> None:
    class Stuck(LocalCarrier):
        async def aclose(self) -> None:
            raise ConnectionError("it hangs")

    kit = Kit("sqlite://", drivers=[Stuck(["+14155550100"])])
    with pytest.raises(ConnectionError):
        async with kit:
            pass
    with pytest.raises(KitClosed):
        await kit.storage.last_position()

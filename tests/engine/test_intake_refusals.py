from __future__ import annotations

import sqlite3
from pathlib import Path

from smskit import ActorPolicy, Kit, LocalCarrier, Permission, Policy


async def test_an_intake_row_of_an_actor_who_may_not_send_is_refused_and_stops_nobody(tmp_path: Path) -> None:
    """It once raised PermissionDenied out of the dispatcher, which ended the worker."""
    intern = ActorPolicy(denied=frozenset({Permission.SEND}))
    policy = Policy(actors={"intern": intern})
    carrier = LocalCarrier(["+14155550100"])
    database = tmp_path / "desk.db"

    async with Kit(f"sqlite:///{database}", drivers=[carrier], policy=policy) as kit:
        with sqlite3.connect(database) as host:
            host.execute(
                "insert into smskit_intake (number, text, actor) values ('+14155550123', 'Psst', 'intern')"
            )
            host.execute("insert into smskit_intake (number, text) values ('+14155550123', 'Hello')")
        await kit.run_until_idle()

    with sqlite3.connect(database) as host:
        refused = host.execute("select text, error from smskit_intake").fetchall()
    assert [carried.text for carried in carrier.book] == ["Hello"]
    assert [text for text, _ in refused] == ["Psst"]
    assert "lacks the permission 'send'" in refused[0][1]

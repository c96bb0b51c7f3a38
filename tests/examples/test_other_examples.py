from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TypeAlias

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


def test_two_way_shows_a_text_its_answer_and_the_reply(run_example: Run) -> None:
    done = run_example("two_way.py")

    assert done.returncode == 0, done.stderr
    assert "we write:   Your crown is ready. Does Tuesday at 9 suit you? (delivered)" in done.stdout
    assert done.stdout.index("they write: Tuesday is fine") < done.stdout.index("we reply:")


def test_cron_sends_what_another_run_put_in_and_then_has_nothing_to_do(run_example: Run) -> None:
    put_in = run_example("cron.py", "cron.db", "+14155550123", "Your crown is ready.")
    first = run_example("cron.py", "cron.db")
    second = run_example("cron.py", "cron.db")

    assert put_in.stdout == "message 1 is queued\n", put_in.stderr
    assert first.stdout.splitlines() == [
        "done what was due",
        "the last text to +1415*****23 is delivered",
    ]
    assert second.stdout.splitlines()[0] == "nothing was due"


def test_own_rule_blocks_a_link_and_holds_a_reminder_until_monday(run_example: Run) -> None:
    done = run_example("own_rule.py")

    assert done.returncode == 0, done.stderr
    assert "denied by rule 'no_links'" in done.stdout
    assert "held until 2027-01-04 09:00 UTC by rule 'rest_on_sundays'" in done.stdout
    assert done.stdout.endswith("on the phone: ['Your check-up is tomorrow at 2.']\n")


def test_own_driver_sends_and_believes_a_signed_callback(run_example: Run) -> None:
    done = run_example("own_driver.py")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["accepted", "the callback is answered with 204", "delivered"]

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


def test_drip_stops_at_the_reply(run_example: Run) -> None:
    done = run_example("drip.py")

    assert done.returncode == 0, done.stderr
    assert "Tue 2027-01-05 10:00 MST, 1 part: Hi Lee, time for a check-up?" in done.stdout
    assert done.stdout.endswith(
        "on the phone:\n"
        "  Smile Dental texts you about your visits. Reply STOP to opt out.\n"
        "  Hi Lee, time for a check-up?\n"
        "\nthe enrolment is ended: replied\n"
    )


def test_a_schedule_keeps_the_hour_and_is_changed_before_it_goes(run_example: Run) -> None:
    done = run_example("schedule.py")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "scheduled for 2027-03-15 09:00:00-06:00, which is 2027-03-15 15:00:00+00:00",
        "on the phone: See you at 11!",
        "withdrawn now: False",
    ]


def test_search_finds_words_in_any_spelling_and_archived_texts_too(run_example: Run) -> None:
    done = run_example("find.py")

    assert done.returncode == 0, done.stderr
    ours, hers = "Your crown is ready on Tuesday.", "Is my crown ready? I had a café au lait nearby"
    assert done.stdout.splitlines() == [
        f"crown: [Zoë Moreno] {ours} [Zoë Moreno] {hers}",
        f"crown tuesday: [Zoë Moreno] {ours}",
        f"CAFE: [Zoë Moreno] {hers}",
        f'"crown ready": [Zoë Moreno] {hers}',
        "par: [] Where do I park?",
        "from contacts: 1",
        "people: Zoë Moreno",
    ]


def test_own_driver_sends_and_believes_a_signed_callback(run_example: Run) -> None:
    done = run_example("own_driver.py")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["accepted", "the callback is answered with 204", "delivered"]


def test_inbox_is_worked_through_and_put_away(run_example: Run) -> None:
    done = run_example("inbox.py")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "unread: Unread(conversations=2, messages=2)",
        "came while Maria was reading: 1",
        "on the phone: ['It will be ready at 5.']",
        "they answer: Great, see you!",
        "put away: 1",
        "  inbound  Is my crown ready?",
        "  inbound  I could come at 5.",
        "     note  The lab promised it for noon.",
        " outbound  It will be ready at 5.",
        "  inbound  Great, see you!",
    ]

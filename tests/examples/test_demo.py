from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


@pytest.fixture(scope="module")
def told(run_example: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the demo printed, its line breaks evened out, and the database it made."""
    database = tmp_path_factory.mktemp("told") / "it's 100% new?.db"
    done = run_example("demo.py", str(database))
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return " ".join(done.stdout.split()), database


def thread_with(database: Path, number: str) -> Sequence[tuple[str, ...]]:
    """Origin, status and text of a thread, oldest first; inbound texts have no origin."""
    with sqlite3.connect(database) as connection:
        return connection.execute(
            "select m.origin, m.status, m.text from smskit_message m "
            "join smskit_conversation c on c.id = m.conversation_id "
            "join smskit_contact k on k.id = c.contact_id where k.number = ? order by m.at, m.id",
            (number,),
        ).fetchall()


def test_the_demo_tells_the_whole_story(told: tuple[str, Path]) -> None:
    output, database = told

    ada, ben = thread_with(database, "+14155550111"), thread_with(database, "+14155550112")
    walk_in = thread_with(database, "+14155550187")

    assert [line[:2] for line in ada] == [
        ("consent", "delivered"),
        ("manual", "delivered"),
        (None, "received"),
        ("manual", "delivered"),
        (None, "received"),
    ]
    assert [line[:2] for line in walk_in] == [
        ("consent", "delivered"),
        ("manual", "delivered"),
        ("drip", "delivered"),
        ("drip", "canceled"),
        ("drip", "canceled"),
        (None, "received"),
    ]
    assert [line[:2] for line in ben] == [
        ("consent", "delivered"),
        ("manual", "delivered"),
        (None, "received"),
        ("system", "delivered"),
        (None, "received"),
        ("reminder", "blocked"),
    ]
    assert all(text in output for _origin, _status, text in [*ada, *ben, *walk_in])


def test_the_demo_shows_a_drip_of_which_a_reply_cancels_the_rest(told: tuple[str, Path]) -> None:
    output, _ = told

    story = output[output.index("A drip campaign") :]
    assert story.index("'welcome', version 1") < story.index("Yes please, on Friday.")
    assert "We have openings this week. (canceled)" in story
    assert "It ended because the contact replied." in story


def test_the_demo_shows_statuses_a_blocked_text_with_its_reason_and_a_return(told: tuple[str, Path]) -> None:
    output, _ = told

    assert "-> delivered" in output
    assert "denied by rule 'opted_out'" in output
    assert output.index("2 active, 1 archived") < output.index("3 active, 0 archived")


def test_the_demo_ends_with_the_database_and_what_to_try_next(told: tuple[str, Path]) -> None:
    output, database = told

    _, ending = output.split("The database is ")
    assert ending.startswith(str(database))
    assert "two_way.py" in ending
    assert "first-conversation.md" in ending


def test_the_demo_without_a_database_takes_a_new_one_each_time(run_example: Run, tmp_path: Path) -> None:
    run_example("demo.py", TMPDIR=str(tmp_path))
    run_example("demo.py", TMPDIR=str(tmp_path))

    made = list(tmp_path.glob("smskit-demo-*/demo.db"))
    assert len(made) == 2
    assert all(len(thread_with(database, "+14155550111")) == 5 for database in made)


def test_the_demo_prints_in_an_encoding_without_boxes(run_example: Run) -> None:
    done = run_example("demo.py", PYTHONIOENCODING="ascii")

    assert (done.returncode, done.stderr) == (0, "")


def test_the_demo_leaves_an_existing_file_alone(run_example: Run, tmp_path: Path) -> None:
    database = tmp_path / "mine.db"
    database.write_text("precious", encoding="utf-8")

    done = run_example("demo.py", str(database))

    assert done.returncode == 2
    assert "needs a new file" in done.stderr
    assert database.read_text(encoding="utf-8") == "precious"


def test_the_demo_says_in_a_line_that_the_folder_is_missing(run_example: Run, tmp_path: Path) -> None:
    done = run_example("demo.py", str(tmp_path / "nowhere" / "demo.db"))

    assert done.returncode == 1
    assert done.stderr.startswith("error: the file cannot be opened")
    assert len(done.stderr.splitlines()) == 1


def test_without_rich_the_demo_names_the_extra() -> None:
    program = (
        f"import runpy, sys; sys.modules['rich'] = None; runpy.run_path({str(DEMO)!r}, run_name='__main__')"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "pip install 'smskit[cli]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_demo_draws_a_picture_that_fetches_nothing(run_example: Run, tmp_path: Path) -> None:
    picture = tmp_path / "demo.svg"

    done = run_example("demo.py", "--svg", str(picture))

    assert done.returncode == 0, done.stderr
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert "@font-face" not in drawn
    assert [link for link in ("url(http", "href=", "<script") if link in drawn] == []


def test_the_same_story_goes_over_http(run_example: Run, tmp_path: Path) -> None:
    """Twilio answers STOP itself, so that text is on the phone and not in our thread."""
    database = tmp_path / "demo.db"
    done = run_example("demo.py", str(database), "--carrier", "twilio-lookalike")

    assert (done.returncode, done.stderr) == (0, "")
    assert "You have successfully been unsubscribed" in done.stdout
    assert [line[:2] for line in thread_with(database, "+14155550111")] == [
        ("consent", "delivered"),
        ("manual", "delivered"),
        (None, "received"),
        ("manual", "delivered"),
        (None, "received"),
    ]
    assert [line[:2] for line in thread_with(database, "+14155550112")] == [
        ("consent", "delivered"),
        ("manual", "delivered"),
        (None, "received"),
        (None, "received"),
        ("reminder", "blocked"),
    ]

from __future__ import annotations

import importlib.metadata
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from typer.testing import Result

from smskit.cli import main
from smskit.cli.values import to_json

Run: TypeAlias = Callable[..., Result]

DOCS = Path(__file__).parents[2] / "docs"
SHOWN = re.compile(r"^\$ (smskit [^|\n]*)\n((?:(?!\$ |```).*\n)+)", flags=re.MULTILINE)


PAGES = ("reference/cli.md", "how-to/why-three-parts.md")


def shown_commands() -> list[tuple[str, str]]:
    """What the docs say that commands print."""
    return [found for page in PAGES for found in SHOWN.findall((DOCS / page).read_text(encoding="utf-8"))]


def run(*arguments: str, encoding: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "smskit.cli", *arguments],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )


@pytest.mark.parametrize(("command", "printed"), shown_commands())
def test_commands_in_the_docs_print_what_the_docs_say(smskit: Run, command: str, printed: str) -> None:
    result = smskit(*shlex.split(command)[1:])

    assert [line.rstrip() for line in result.stdout.rstrip().splitlines()] == printed.rstrip().splitlines()


@pytest.mark.parametrize("command", [("segments",), ("decode", "tpdu")])
def test_every_option_has_help_and_is_in_the_docs(smskit: Run, command: tuple[str, ...]) -> None:
    said = smskit(*command, "--help").stdout
    documented = (DOCS / "reference/cli.md").read_text(encoding="utf-8")

    options = set(re.findall(r"--[a-z-]+", said))
    assert f"`smskit {' '.join(command)} [" in documented
    assert [option for option in options if option not in documented] == []


def test_the_version_is_that_of_the_package(smskit: Run) -> None:
    assert smskit("--version").stdout == f"smskit {importlib.metadata.version('smskit')}\n"


@pytest.mark.parametrize("command", [(), ("decode",)])
def test_without_a_command_there_is_help(smskit: Run, command: tuple[str, ...]) -> None:
    result = smskit(*command)

    assert result.exit_code == 2
    assert "Usage: smskit" in result.output


def test_an_unknown_option_is_a_usage_error(smskit: Run) -> None:
    assert smskit("segments", "--nonsense").exit_code == 2


def test_who_sits_at_a_terminal_is_told_what_it_waits_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(b"Ready.\n"))
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(sys, "argv", ["smskit", "segments"])

    with pytest.raises(SystemExit):
        main()

    said = capsys.readouterr()
    assert said.err == "smskit: reading what you type, one a line\n"
    assert '"Ready."' in said.out


def test_it_runs_as_a_process() -> None:
    printed = run("segments", "Ready – 🎉", encoding="utf-8").stdout

    assert '"Ready – 🎉"' in printed.decode()


def test_an_encoding_without_emoji_does_no_harm() -> None:
    """As Windows gives it to what prints into a pipe."""
    printed = run("segments", "Ready – 🎉", encoding="cp1252").stdout.decode("cp1252")

    assert '"Ready – \\U0001f389"' in printed
    assert "PARTY POPPER" in printed


def test_a_tree_has_ascii_branches_where_others_cannot_be_written() -> None:
    octets = "0011000b914151550521f30000a714d9775d0e1acbdf7737283d07c9cb6172de05"
    printed = run("decode", "tpdu", "--from-mobile", octets, encoding="cp1252").stdout.decode("cp1252")

    assert '+-- text: "Your crown is ready."' in printed


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_a_missing_library_names_the_extra(library: str) -> None:
    code = f"import sys; sys.modules[{library!r}] = None; from smskit.cli import main; main()"
    left = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert left.returncode == 2
    assert left.stderr == "smskit: the command line needs an optional part: pip install 'smskit[cli]'\n"


def test_missing_graphemes_name_the_extra_once(smskit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "regex", None)

    result = smskit("segments", "--whole-graphemes", stdin="🎉" * 40 + "\n" + "🎉" * 40 + "\n")

    assert result.exit_code == 2
    assert result.stderr.count("pip install 'smskit[graphemes]'") == 1


def test_another_import_error_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "smskit.cli.app")
    monkeypatch.setitem(sys.modules, "smskit.cli.decode", None)

    with pytest.raises(ModuleNotFoundError, match=r"smskit\.cli\.decode"):
        main()


def test_a_value_that_json_cannot_have_is_told() -> None:
    with pytest.raises(TypeError, match="complex"):
        to_json(1j)


def test_importing_the_command_needs_no_extra() -> None:
    code = "import sys, smskit.cli; sys.exit(bool({'typer', 'rich', 'attrs'} & sys.modules.keys()))"

    subprocess.run([sys.executable, "-c", code], check=True)

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from smskit.cli.app import app


@pytest.fixture
def smskit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command in this process: `smskit("segments", "Hi", stdin="...")`."""
    for name in ("FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(app, arguments, input=stdin, prog_name="smskit")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run

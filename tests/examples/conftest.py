"""Examples run as a newcomer runs them: as a child process, from another folder, without a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run_example(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs an example by its name, with arguments and further environment variables, in some other folder."""
    folder = tmp_path_factory.mktemp("somewhere else")

    def run(name: str, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", str(EXAMPLES / name), *args],
            cwd=folder,
            env=os.environ | {"TMPDIR": str(folder), "PYTHONIOENCODING": "utf-8"} | environment,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run

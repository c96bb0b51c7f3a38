"""A worker in a process of its own, which can be killed and started again."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("child.py")
PATIENCE = 60


class Workers:
    """Starts one worker after the other on the same files."""

    def __init__(self, folder: Path, program: Sequence[str]) -> None:
        self.folder = folder
        self._program = program
        self.run = 0
        self._processes: list[subprocess.Popen[str]] = []

    def dies(self, step: str, passes: int, **orders: object) -> None:
        """A worker passes a step for the n-th time and is killed there."""
        process = self._start(step=step, passes=passes, **orders)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGKILL, f"{step} was not reached: {errors}"

    def begins(self, **orders: object) -> tuple[subprocess.Popen[str], str]:
        """A worker is at work; with what it says of itself. Whoever wants it to end has to kill it."""
        process = self._start(**orders)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    def is_killed_after(self, seconds: float, **orders: object) -> None:
        """A worker is killed from outside at some moment of its work, if it is not done by then."""
        process, _ = self.begins(**orders)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
        process.kill()
        process.communicate()

    def finishes(self, **orders: object) -> None:
        """A worker does all that is left, and ends by itself."""
        process = self._start(**orders)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors

    def read(self, file: str) -> Sequence[Mapping[str, Any]]:
        """The lines of one of the workers' files."""
        return [json.loads(line) for line in (self.folder / file).read_text(encoding="utf-8").splitlines()]

    def write_inbound(self, texts: Sequence[Mapping[str, Any]]) -> None:
        """What the carrier is to bring."""
        lines = (json.dumps({"number": number, **text}) for number, text in enumerate(texts))
        (self.folder / "inbound").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def stop_all(self) -> None:
        """Leave no process behind."""
        for process in self._processes:
            process.kill()
            process.communicate()

    def _start(self, **orders: object) -> subprocess.Popen[str]:
        self.run += 1
        whole = json.dumps({"folder": str(self.folder), "run": self.run, **orders})
        command = [sys.executable, "-W", "error", *self._program, whole]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._processes.append(process)
        return process


@pytest.fixture
def program() -> Sequence[str]:
    """What a worker runs, as arguments of Python; its orders follow."""
    return [str(CHILD)]


@pytest.fixture
def workers(tmp_path: Path, program: Sequence[str]) -> Iterator[Workers]:
    """Workers on a new database."""
    started = Workers(tmp_path, program)
    yield started
    started.stop_all()

"""Break the code on purpose, one guarding line at a time, and see that the test named for it fails.

    python tests/mutants/run.py [WORD...]       only mutants whose name holds one of the words

Each entry of the TOML files beside this script replaces one piece of text in one file of a temporary copy.
`fails` names a test, or an import contract; a mutant that it does not notice, or that no longer applies, is an error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("src", "tests", "pyproject.toml", "conftest.py", "examples", "README.md")
TESTS_FAILED = 1
PATIENCE = 60
"""Seconds for one test, also on a busy machine."""


@attrs.frozen(kw_only=True)
class Mutant:
    """One piece of code, what it becomes, and who must notice."""

    name: str
    file: str
    old: str
    new: str
    fails: str
    add: str | None = None
    """An empty file to be there besides."""

    def apply(self, tree: Path) -> str | None:
        """Change the copy; the reason if it cannot be done."""
        path = tree / self.file
        code = path.read_text("utf-8")
        if code.count(self.old) != 1:
            return f"its text stands {code.count(self.old)} times in {self.file}; it must stand there once"
        path.write_text(code.replace(self.old, self.new), "utf-8")
        if self.add is not None:
            (tree / self.add).touch()
        return None


def main(words: list[str]) -> int:
    """Try them all; the exit status is 1 if one survived."""
    mutants = [mutant for mutant in load() if not words or any(word in mutant.name for word in words)]
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for mutant, said in zip(mutants, pool.map(verdict, mutants), strict=True):
            survivors += said is not None
            shown = f"SURVIVED {mutant.name}: {said}" if said else f"ok       {mutant.name}"
            print(shown, flush=True)
    print(f"{len(mutants)} mutants, {survivors} survived")
    return 1 if survivors or not mutants else 0


def load() -> list[Mutant]:
    """All mutants, by file and in order. Two of one name are a mistake."""
    found = [
        Mutant(name=f"{file.stem}/{name}", **fields)
        for file in sorted(Path(__file__).parent.glob("*.toml"))
        for name, fields in tomllib.loads(file.read_text("utf-8")).items()
    ]
    return sorted(found, key=lambda mutant: mutant.name)


def verdict(mutant: Mutant) -> str | None:
    """None if the mutant was noticed, else what happened."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "smskit"
        tree.mkdir()
        for name in COPIED:
            _copy(ROOT / name, tree / name)
        return mutant.apply(tree) or (
            _test(mutant, tree) if mutant.fails.startswith("tests/") else _contract(mutant, tree)
        )


def _test(mutant: Mutant, tree: Path) -> str | None:
    pytest = ["-m", "pytest", "-x", "-q", "--no-header", "-p", "no:randomly", "-p", "no:cacheprovider"]
    try:
        done = _run([*pytest, mutant.fails], tree)
    except subprocess.TimeoutExpired:
        return f"{mutant.fails} hangs; name a test that fails"
    if done.returncode == TESTS_FAILED:
        return None
    return f"{mutant.fails} ended with {done.returncode}\n{done.stdout[-1500:]}"


def _contract(mutant: Mutant, tree: Path) -> str | None:
    code = "import sys; from importlinter.cli import lint_imports_command as lint; lint()"
    done = _run(["-c", code, "--no-cache", "--no-logo"], tree)
    if done.returncode and f"{mutant.fails} BROKEN" in " ".join(done.stdout.split()):
        return None
    return f"contract {mutant.fails!r} was not broken\n{done.stdout[-1500:]}{done.stderr[-500:]}"


def _run(arguments: list[str], tree: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
    else:
        shutil.copy2(source, target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

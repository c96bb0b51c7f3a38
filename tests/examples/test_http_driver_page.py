"""The tests that the page on HTTP drivers shows are run as their reader would run them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-an-http-driver.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_tests_on_the_page_pass_in_a_project_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "test_page.py").write_text("\n".join(blocks()), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "--rootdir", ".", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    # The contract on asyncio and trio, and the page's own.
    assert re.search(r"^4\d passed", done.stdout, re.MULTILINE), done.stdout


def blocks() -> list[str]:
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))

"""The code blocks of README.md and docs/ are tests: each page runs from top to bottom, in a folder of its own."""

from collections.abc import MutableMapping
from contextlib import ExitStack, chdir
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser


def _open_page(namespace: MutableMapping[str, Any]) -> None:
    with ExitStack() as stack:
        stack.enter_context(chdir(stack.enter_context(TemporaryDirectory())))
        namespace["_page"] = stack.pop_all()


def _close_page(namespace: MutableMapping[str, Any]) -> None:
    namespace["_page"].close()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["*.md"],
    setup=_open_page,
    teardown=_close_page,
).pytest()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the blocks of a page back in their order, which pytest-randomly does not know of."""
    blocks = [item for item in items if item.path.suffix == ".md"]
    pages = list(dict.fromkeys(block.path for block in blocks))
    blocks.sort(key=lambda block: (pages.index(block.path), (block.reportinfo()[1] or 0)))
    items[:] = [item for item in items if item.path.suffix != ".md"] + blocks

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import pkgutil
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import smskit
import smskit.errors
import smskit.testing

SOURCE = Path(smskit.__file__)


def modules() -> Iterator[str]:
    for found in pkgutil.walk_packages(smskit.__path__, "smskit."):
        if "contracts" not in found.name and not found.name.rsplit(".", 1)[-1].startswith("_"):
            yield found.name


def undocumented(module: str) -> Iterator[str]:
    """Public classes and functions of a module that have no docstring of their own."""
    members = vars(importlib.import_module(module))
    for name, member in members.items():
        public = not name.startswith("_") and getattr(member, "__module__", None) == module
        if public and (inspect.isclass(member) or inspect.isfunction(member)) and not member.__doc__:
            yield f"{module}.{name}"


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has after a statement, besides those it had before."""
    program = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_public_names_are_sorted() -> None:
    assert smskit.__all__ == sorted(smskit.__all__)


def test_the_public_names_are_those_that_type_checkers_see() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    (checked,) = (
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    seen = {
        alias.name: node.module
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert sorted(seen) == smskit.__all__
    assert seen == smskit._HOME


@pytest.mark.parametrize("name", smskit.__all__)
def test_each_public_name_is_there_and_listed(name: str) -> None:
    assert getattr(smskit, name) is not None
    assert name in dir(smskit)


@pytest.mark.parametrize("name", smskit.__all__)
def test_each_public_name_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(smskit, name))


def test_every_public_class_and_function_of_every_module_is_documented() -> None:
    skipped = ("smskit.storage.sql.",)  # they fill the interfaces of storage.base, whose docstrings hold

    assert [
        name for module in modules() if not module.startswith(skipped) for name in undocumented(module)
    ] == []


def test_every_error_is_a_smskit_error_and_in_the_drawn_tree() -> None:
    errors = [
        member
        for name, member in vars(smskit.errors).items()
        if inspect.isclass(member) and member.__module__ == "smskit.errors"
    ]

    assert all(issubclass(error, smskit.errors.SmsKitError) for error in errors)
    assert [error.__name__ for error in errors if error.__name__ not in (smskit.errors.__doc__ or "")] == []


@pytest.mark.parametrize("module", [smskit, smskit.testing], ids=lambda module: module.__name__)
def test_an_unknown_name_is_an_attribute_error(module: object) -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        getattr(module, "nonsense")  # noqa: B009 - mypy knows that it is not there


def test_the_version_is_that_of_the_package() -> None:
    assert smskit.__version__ == importlib.metadata.version("smskit")


def test_importing_smskit_loads_nothing_but_itself() -> None:
    loaded = loaded_by("import smskit")

    assert {module for module in loaded if module.startswith("smskit")} == {"smskit"}
    assert loaded.isdisjoint({"anyio", "attrs", "httpx", "phonenumbers", "rich", "sqlite3", "typer"})


def test_a_kit_on_sqlite_needs_no_extra_and_no_numbering_plans() -> None:
    loaded = loaded_by(
        "import smskit; smskit.Kit('sqlite://', drivers=[smskit.LocalCarrier(['+14155550100'])])"
    )

    heavy = {"httpx", "phonenumbers", "psycopg", "pytest", "rich", "serial", "smpplib", "trio", "typer"}
    assert loaded.isdisjoint(heavy)


def test_the_pytest_plugin_imports_nothing_of_smskit_but_itself() -> None:
    loaded = loaded_by("import smskit.testing.pytest_plugin")

    assert {module for module in loaded if module.startswith("smskit")} == {
        "smskit",
        "smskit.testing",
        "smskit.testing.pytest_plugin",
    }


def test_the_docs_show_every_driver_that_comes_with_smskit() -> None:
    hooks = runpy.run_path(str(SOURCE.parents[2] / "docs" / "hooks.py"))
    ours = importlib.metadata.distribution("smskit").entry_points.select(group="smskit.drivers")

    assert sorted(hooks["DRIVERS"]) == sorted(entry.name for entry in ours)

"""Every module can be the first one that somebody imports."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import importlib, pkgutil, sys
import smskit

def fresh(name):
    for known in [one for one in sys.modules if one.partition(".")[0] == "smskit"]:
        del sys.modules[known]
    try:
        importlib.import_module(name)
    except Exception as error:
        return f"{name}: {error!r}"

names = [module.name for module in pkgutil.walk_packages(smskit.__path__, "smskit.")]
names = [name for name in names if ".testing" not in name and not name.endswith(".__main__")]
print(len(names), *filter(None, map(fresh, names)), sep="\\n")
"""


def test_no_module_needs_another_to_be_imported_before_it() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    count, *failed = done.stdout.split()
    assert int(count) > 100
    assert failed == []

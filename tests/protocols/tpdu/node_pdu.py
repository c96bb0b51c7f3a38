"""node-pdu, from npm, asked about TPDUs. `node` finds it by NODE_PATH, or where scripts/install-judges puts it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.protocols.tpdu.corpus import Case

NAME = "node-pdu"

_SCRIPT = Path(__file__).with_suffix(".js")
_ENVIRONMENT = {"NODE_PATH": str(_SCRIPT.parents[3] / ".judges" / "node_modules"), **os.environ}


def version() -> str | None:
    """Which node-pdu is here, if any."""
    if shutil.which("node") is None:
        return None
    ask = "console.log(require(require('path').join(require.resolve('node-pdu'), '../../../package.json')).version)"
    said = subprocess.run(["node", "-e", ask], env=_ENVIRONMENT, capture_output=True, text=True, check=False)
    return said.stdout.strip() or None


def ask(cases: Sequence[Case]) -> Mapping[str, Mapping[str, Any]]:
    """What it reads in each case, by name. It reads no reports but status reports, and fails where it cannot read."""
    given = "\n".join(f"00{case.hex}" for case in cases)
    said = subprocess.run(
        ["node", str(_SCRIPT)], input=given.encode(), env=_ENVIRONMENT, capture_output=True, check=True
    ).stdout
    answers = (json.loads(line) for line in said.split(b"\n") if line)
    return {case.name: answer for case, answer in zip(cases, answers, strict=True)}

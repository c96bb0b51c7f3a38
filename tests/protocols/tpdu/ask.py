"""Asks the judges that are no Python packages about the corpus.

    python -m tests.protocols.tpdu.ask            writes down what they say, in recorded/
    python -m tests.protocols.tpdu.ask --check    sees whether those that are installed still say it

The tests compare us with what is written down, on every machine. `scripts/install-judges` installs the judges.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.protocols.tpdu import node_pdu, tshark
from tests.protocols.tpdu.corpus import CORPUS

RECORDED = Path(__file__).parent / "recorded"
JUDGES = (tshark, node_pdu)


def recorded(name: str) -> Mapping[str, Any]:
    """A judge's version, and what it said of each case by the case's octets, since names may come to mean others."""
    said: Mapping[str, Any] = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    return said


def main(arguments: list[str]) -> int:
    differing = 0
    for judge in JUDGES:
        version = judge.version()
        if version is None:
            print(f"{judge.NAME} is not installed; what it said of the corpus is written down, and judges")
            continue
        answers = judge.ask(CORPUS)
        said = {"version": version, "said": {case.hex: answers[case.name] for case in CORPUS}}
        if arguments == ["--check"]:
            differing += _differs(judge.NAME, said)
        else:
            lines = ",\n".join(
                f"{json.dumps(octets)}: {json.dumps(one)}" for octets, one in said["said"].items()
            )
            text = f'{{"version": "{version}", "said": {{\n{lines}\n}}}}\n'
            (RECORDED / f"{judge.NAME}.json").write_text(text, "utf-8")
    return 1 if differing else 0


def _differs(name: str, said: Mapping[str, Any]) -> bool:
    before = recorded(name)
    others = [octets for octets, answer in said["said"].items() if before["said"].get(octets) != answer]
    print(
        f"{name} {said['version']}: {len(said['said']) - len(others)} of {len(said['said'])} answers as written down"
    )
    # Another version may have learned something; that is worth a look, and no fault of ours.
    return bool(others) and said["version"] == before["version"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

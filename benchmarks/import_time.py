"""What `import smskit` costs, in fresh processes, above that of Python itself."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial

from _bench import arguments, machine, medians, rounds, table

PROGRAMS = {
    "python -c pass": "pass",
    "import smskit": "import smskit",
    "from smskit import Kit": "from smskit import Kit",
    "Kit with the local carrier": "import smskit; smskit.Kit('sqlite://', drivers=['local:?sender=%2B14155550100'])",
    "import httpx, for comparison": "import httpx",
}


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    times = 3 if options.quick else 21
    machine()
    took = medians(rounds({name: partial(start, program) for name, program in PROGRAMS.items()}, times))
    bare = took["python -c pass"]
    rows = [
        (name, f"{seconds / bare:.1f}", f"{1e3 * (seconds - bare):+.0f}", f"{1e3 * seconds:.0f}")
        for name, seconds in took.items()
    ]
    table(f"Start of a process, median of {times}", ("", "times bare", "ms above bare", "ms"), rows)


def start(program: str) -> float:
    """How long a Python lives that runs this and ends."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

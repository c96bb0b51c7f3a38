"""The command `smskit`: what a text costs, and what a PDU says. It needs `smskit[cli]`."""

from __future__ import annotations

import sys

from smskit.errors import MissingExtra


def main() -> None:
    """Run the command with the arguments of this process."""
    try:
        from smskit.cli.app import app  # noqa: PLC0415 - whatever it imports may be missing
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in {"rich", "typer"}:
            raise
        sys.stderr.write(f"smskit: {MissingExtra('the command line', 'cli')}\n")
        raise SystemExit(2) from None
    app(prog_name="smskit")

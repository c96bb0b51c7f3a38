"""Which rules for time zones this machine has: when they change, so do the moments that local times stand for."""

from __future__ import annotations

import zoneinfo
from importlib import metadata
from pathlib import Path


def zone_data() -> str:
    """The release of the IANA database that `zoneinfo` reads, as it names itself; the system's comes first.

    Where it has no name it is that of the newest file.
    """
    for folder in map(Path, zoneinfo.TZPATH):
        for name in ("tzdata.zi", "+VERSION"):
            if (folder / name).is_file():
                with (folder / name).open(encoding="utf-8") as file:
                    return file.readline().strip()
        if (folder / "America").is_dir():
            return f"of {max(path.stat().st_mtime_ns for path in (folder / 'America').iterdir())}"
    try:
        return metadata.version("tzdata")
    except metadata.PackageNotFoundError:
        return "none"

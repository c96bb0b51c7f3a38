"""Numbered migrations with checksums, one folder per dialect."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files

import attrs

from smskit.errors import StorageUnsupported


@attrs.frozen
class Migration:
    """One step of the schema. A released step never changes; its checksum tells if a store saw another."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """The same for the same text, whatever its line ends."""
        return hashlib.sha256("\n".join(self.sql.splitlines()).encode()).hexdigest()


def load(dialect: str) -> Sequence[Migration]:
    """All steps of a dialect, in order."""
    folder = files(__package__) / dialect
    named = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [
        Migration(int(name[:4]), name.removesuffix(".sql"), (folder / name).read_text("utf-8"))
        for name in named
    ]


def missing(steps: Sequence[Migration], applied: Mapping[int, str]) -> Sequence[Migration]:
    """The steps a store still needs, given the checksums of those it has seen.

    :raises StorageUnsupported: if it saw steps that this smskit does not know, or other ones.
    """
    known = {step.version: step.checksum for step in steps}
    newer = sorted(set(applied) - set(known))
    if newer:
        msg = f"the store was made by a newer smskit (schema {newer[-1]}, known here {max(known)}); upgrade smskit"
        raise StorageUnsupported(msg)
    changed = [version for version, checksum in applied.items() if checksum != known[version]]
    if changed:
        msg = f"schema step {changed[0]} of the store differs from this smskit's; it was changed by hand or by a fork"
        raise StorageUnsupported(msg)
    return [step for step in steps if step.version not in applied]

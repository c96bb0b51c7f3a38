"""Parts of long texts that came in, kept until all are there or the patience with them is over."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from smskit.encoding import Encoding, Language, Piece, Shift
from smskit.model.traffic import InboundPart
from smskit.storage.sql.tx import Row, Tx

_OF_SERIES = "where sender_id = ? and number = ? and reference = ? and wide = ? and total = ?"


@attrs.frozen
class Series:
    """Which long text: who wrote to which sender of ours, and how the parts are labelled."""

    sender_id: int
    number: str
    reference: int
    wide: bool
    total: int

    @classmethod
    def of(cls, sender_id: int, part: InboundPart) -> Series:
        """The text that a part belongs to."""
        label = part.label
        return cls(sender_id, part.sender.text, label.reference, label.wide, label.total)


@attrs.frozen
class Kept:
    """What came of a text so far, by place, and until when the rest is waited for."""

    pieces: Mapping[int, Piece]
    expires_at: int


def kept(tx: Tx, series: Series) -> Kept | None:
    """None if nothing came yet."""
    rows = tx.all(f"select * from smskit_part {_OF_SERIES} order by sequence", attrs.astuple(series))
    return Kept({row["sequence"]: _piece(row) for row in rows}, rows[0]["expires_at"]) if rows else None


def keep(tx: Tx, series: Series, sequence: int, piece: Piece, expires_at: int) -> None:
    """Keep one part."""
    tx.run(
        "insert into smskit_part (sender_id, number, reference, wide, total, sequence, encoding, locking, single, "
        "data, expires_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *attrs.astuple(series),
            *(sequence, piece.encoding.value, piece.shift.locking, piece.shift.single, piece.data),
            expires_at,
        ),
    )


def forget(tx: Tx, series: Series) -> None:
    """The text is told of, complete or not."""
    tx.run(f"delete from smskit_part {_OF_SERIES}", attrs.astuple(series))


def next_expired(tx: Tx, now: int) -> Series | None:
    """A text that nobody waits for any longer."""
    row = tx.one(
        "select sender_id, number, reference, wide, total from smskit_part where expires_at <= ? "
        "order by expires_at limit 1",
        (now,),
    )
    if row is None:
        return None
    return Series(row["sender_id"], row["number"], row["reference"], bool(row["wide"]), row["total"])


def _piece(row: Row) -> Piece:
    locking, single = (None if row[one] is None else Language(row[one]) for one in ("locking", "single"))
    return Piece(Encoding(row["encoding"]), bytes(row["data"]), Shift(locking, single))

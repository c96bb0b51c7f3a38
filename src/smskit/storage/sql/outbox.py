"""The outbox: one row for each message that is not settled, and its place in its conversation.

In a conversation and lane the row with the lowest order number is the head. The head is ready, claimed,
submitting or unknown; every other row with a number waits. Rows that yielded count for nobody's turn.
Parked rows and rows behind a consent message have no number; they get one when they become sendable.
"""

from __future__ import annotations

import enum
from datetime import timedelta

from smskit.model.messages import Flag
from smskit.storage.sql.enrolments import finish_if_done
from smskit.storage.sql.tx import Tx, existing


class State(enum.IntEnum):
    """Where a row of the outbox is. The numbers stand in the partial indexes of the schema."""

    READY = 0
    CLAIMED = 1
    SUBMITTING = 2
    WAITING = 3
    UNKNOWN = 4
    PARKED = 5
    AFTER = 6


_HEAD = (
    "select message_id, state from smskit_outbox where conversation_id = ? and lane = ? "
    "and order_no is not null and yielded = 0 order by order_no limit 1"
)


def give_place(tx: Tx, message_id: int, conversation_id: int, lane: int, due_at: int) -> None:
    """Make a row sendable from a moment on: it gets the next order number, and is ready or waits for its turn."""
    head = tx.one(_HEAD, (conversation_id, lane))
    state = State.READY if head is None else State.WAITING
    tx.run(
        "update smskit_outbox set order_no = ?, state = ?, due_at = ?, after_id = null where message_id = ?",
        (next_order(tx, conversation_id), state, due_at, message_id),
    )


def next_order(tx: Tx, conversation_id: int) -> int:
    """The next order number of a conversation."""
    row = tx.one(
        "update smskit_conversation set next_order = next_order + 1 where id = ? returning next_order - 1 as n",
        (conversation_id,),
    )
    return int(existing(row)["n"])


def wake(tx: Tx, conversation_id: int, lane: int) -> None:
    """After the head of a conversation and lane went: the next one is ready."""
    head = tx.one(_HEAD, (conversation_id, lane))
    if head is not None and head["state"] == State.WAITING:
        tx.run("update smskit_outbox set state = ? where message_id = ?", (State.READY, head["message_id"]))


def give_up_place(tx: Tx, message_id: int, state: State, due_at: int | None) -> None:
    """Take a row out of the order until it becomes sendable again."""
    row = existing(
        tx.one(
            "update smskit_outbox set state = ?, due_at = ?, order_no = null, yielded = 0, yield_at = null, "
            "worker = null, lease_until = null where message_id = ? returning conversation_id, lane",
            (state, due_at, message_id),
        )
    )
    wake(tx, row["conversation_id"], row["lane"])


def yield_place(tx: Tx, message_id: int) -> None:
    """Let those that wait behind a stuck row overtake it; they are flagged."""
    row = existing(
        tx.one(
            "update smskit_outbox set yielded = 1, yield_at = null where message_id = ? "
            "returning conversation_id, lane",
            (message_id,),
        )
    )
    tx.run(
        "update smskit_message set flags = flags | ? where id in (select message_id from smskit_outbox "
        "where conversation_id = ? and lane = ? and state = ?)",
        (int(Flag.OUT_OF_ORDER), row["conversation_id"], row["lane"], State.WAITING),
    )
    wake(tx, row["conversation_id"], row["lane"])


def hasten(tx: Tx, message_id: int, lane: int, now: int) -> None:
    """Move a row that is not in hand to a more urgent lane, at the end of it."""
    row = tx.one(
        "select conversation_id, due_at from smskit_outbox where message_id = ? and state in (0, 3) and lane > ?",
        (message_id, lane),
    )
    if row is None:
        return
    give_up_place(tx, message_id, State.PARKED, now)
    tx.run("update smskit_outbox set lane = ? where message_id = ?", (lane, message_id))
    tx.run("update smskit_message set lane = ? where id = ?", (lane, message_id))
    give_place(tx, message_id, row["conversation_id"], lane, max(now, row["due_at"]))


def remove(tx: Tx, message_id: int, now: int) -> bool:
    """Take a row out for good, if it is there; True if an earlier attempt may have gone out."""
    row = tx.one(
        "delete from smskit_outbox where message_id = ? "
        "returning conversation_id, lane, order_no, doubt, enrolment_id",
        (message_id,),
    )
    if row is None:
        return False
    if row["order_no"] is not None:
        wake(tx, row["conversation_id"], row["lane"])
    if row["enrolment_id"] is not None:
        finish_if_done(tx, row["enrolment_id"], now)
    return bool(row["doubt"])


def micros(span: timedelta) -> int:
    """A span as rows keep it."""
    return span // _MICROSECOND


_MICROSECOND = timedelta(microseconds=1)

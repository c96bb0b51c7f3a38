"""The claim on the consent message of a number: one may go out, whoever asks for it."""

from __future__ import annotations

from smskit.model.contacts import ChangeKind, ConsentState
from smskit.storage.sql.ledger import write_change
from smskit.storage.sql.tx import Row, Tx, existing


def set_consent(tx: Tx, org: str, number: str, state: ConsentState, message_id: int | None) -> None:
    """Move the claim on the consent message."""
    tx.run(
        "update smskit_subscription set consent = ?, consent_message_id = ?, version = version + 1 "
        "where org = ? and number = ?",
        (state, message_id, org, number),
    )
    if state is ConsentState.SENT:
        _note(tx, org, number, existing(tx.one(_MESSAGE, (message_id,))))


_MESSAGE = "select id, actor, settled_at from smskit_message where id = ?"


def _note(tx: Tx, org: str, number: str, message: Row) -> None:
    change = {"change": ChangeKind.CONSENT_SENT, "message": str(message["id"])}
    write_change(tx, org, number, actor=message["actor"], change=change, now=message["settled_at"])

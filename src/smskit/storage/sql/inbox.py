"""Inbound texts: stored once, with everything that follows from them in the same transaction."""

from __future__ import annotations

from datetime import datetime

from smskit.compliance.opt_words import Word
from smskit.model.addresses import PhoneNumber
from smskit.model.codec import to_micros
from smskit.model.contacts import Scope, Source
from smskit.model.events import MessageReceived
from smskit.model.ids import SYSTEM, Actor, ConversationId, MessageId, Org
from smskit.model.messages import Category, Lane, Origin
from smskit.model.traffic import Inbound
from smskit.storage.base import NewMessage, Reading, Received, SystemAnswer
from smskit.storage.sql import messages, subscriptions
from smskit.storage.sql.canceling import cancel_replied
from smskit.storage.sql.contacts import meet
from smskit.storage.sql.conversations import open_conversation
from smskit.storage.sql.events import tell
from smskit.storage.sql.tx import Row, Tx, existing

_CONTACT = Actor("contact")


def receive(
    tx: Tx, driver: str, sender_id: int, inbound: Inbound, reading: Reading, now: datetime
) -> Received:
    moment = to_micros(now)
    known = _repeated(tx, driver, inbound)
    if known is not None:
        return Received(MessageId(known["message_id"]), new=False)
    sender = existing(tx.one("select org, address from smskit_sender where id = ?", (sender_id,)))
    org = Org(sender["org"])
    contact = meet(tx, org, inbound.sender.e164, moment)
    conversation, _ = open_conversation(tx, org, sender_id, contact, moment)
    message_id = _store(tx, org, conversation, inbound, moment)
    _remember(tx, driver, inbound, message_id, moment)
    answer = _obey(tx, org, (driver, sender["address"]), inbound.sender, reading, moment)
    if answer is not None:
        _answer(tx, org, conversation, message_id, answer, moment)
    cancel_replied(tx, contact, moment)
    told = MessageReceived(conversation_id=ConversationId(conversation), message_id=message_id)
    tell(tx, org, told, moment)
    return Received(message_id, new=True)


def acknowledged(tx: Tx, driver: str, inbound: Inbound) -> None:
    tx.run(
        "update smskit_inbox set acknowledged = 1 where driver = ? and event_key >= ? and event_key < ?",
        (driver, *_keys(inbound)),
    )


def _repeated(tx: Tx, driver: str, inbound: Inbound) -> Row | None:
    """The same id and content was here before; without an id, only if nobody told the carrier that it arrived."""
    if inbound.carrier_id is not None:
        return tx.one(
            "select message_id from smskit_inbox where driver = ? and event_key = ?",
            (driver, _key(inbound)),
        )
    if not inbound.may_repeat:
        return None
    return tx.one(
        "select message_id from smskit_inbox where driver = ? and event_key >= ? and event_key < ? "
        "and acknowledged = 0 order by event_key limit 1",
        (driver, *_keys(inbound)),
    )


def _key(inbound: Inbound) -> str:
    return f"{inbound.carrier_id or ''}:{inbound.fingerprint}"


def _keys(inbound: Inbound) -> tuple[str, str]:
    """The range of keys of equal content without an id; ';' follows ':' in ASCII."""
    return f"{_key(inbound)}:", f"{_key(inbound)};"


def _remember(tx: Tx, driver: str, inbound: Inbound, message_id: int, now: int) -> None:
    key = _key(inbound) if inbound.carrier_id is not None else f"{_key(inbound)}:{message_id}"
    tx.run(
        "insert into smskit_inbox (driver, event_key, message_id, received_at) values (?, ?, ?, ?)",
        (driver, key, message_id, now),
    )


def _store(tx: Tx, org: Org, conversation: int, inbound: Inbound, now: int) -> MessageId:
    row = tx.one(
        "insert into smskit_message "
        "(org, conversation_id, kind, status, text, parts, actor, at, created_at, settled_at) "
        "values (?, ?, 'inbound', 'received', ?, 1, ?, ?, ?, ?) returning id",
        (org, conversation, inbound.text, _CONTACT, now, now, now),
    )
    message_id = MessageId(existing(row)["id"])
    tx.run(
        "update smskit_conversation set unread = unread + 1, last_message_id = ?, last_at = max(last_at, ?) "
        "where id = ?",
        (message_id, now, conversation),
    )
    return message_id


def _obey(
    tx: Tx, org: Org, route: tuple[str, str], number: PhoneNumber, reading: Reading, now: int
) -> SystemAnswer | None:
    """Carry out STOP, START and HELP. What changes nothing is not answered, but HELP always is."""
    row = existing(
        tx.one(
            "select opted_out, scope from smskit_subscription where org = ? and number = ?",
            (org, number.e164),
        )
    )
    out = bool(row["opted_out"])
    word = reading.word_if_opted_out if out else reading.word
    if word is Word.STOP:
        if out and row["scope"] == Scope.ALL:
            return None
        subscriptions.move_out(tx, org, number, scope=Scope.ALL, source=Source.WORD, actor=_CONTACT, now=now)
    if word is Word.START:
        subscriptions.lift_block(tx, org, number.e164, *route, now)
        if not out:
            return None
        subscriptions.move_in(tx, org, number, source=Source.WORD, actor=_CONTACT, now=now)
    return None if word is None else reading.answers.get(word)


def _answer(
    tx: Tx, org: Org, conversation: int, inbound_id: MessageId, answer: SystemAnswer, now: int
) -> None:
    new = NewMessage(
        org=org,
        conversation_id=ConversationId(conversation),
        text=answer.text,
        parts=answer.parts,
        origin=Origin.SYSTEM,
        category=Category.TRANSACTIONAL,
        lane=Lane.INTERACTIVE,
        actor=SYSTEM,
        key=f"answer:{inbound_id}",
        decision=answer.decision,
        terms=answer.terms,
        expires_at=answer.expires_at,
    )
    messages.put(tx, new, now)

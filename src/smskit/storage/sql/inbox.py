"""Inbound texts: stored once, with everything that follows from them in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import attrs

from smskit.compliance.opt_words import Word, classify
from smskit.encoding import join, join_incomplete, missing
from smskit.model.addresses import Address, address_of
from smskit.model.codec import to_micros
from smskit.model.contacts import Scope, Source
from smskit.model.events import MessageReceived, TextIncomplete
from smskit.model.ids import SYSTEM, Actor, ConversationId, MessageId, Org
from smskit.model.messages import Category, Flag, Lane, Origin
from smskit.model.traffic import Inbound, InboundPart, MediaLink
from smskit.storage.base import NewMessage, Reading, Received, SystemAnswer
from smskit.storage.sql import messages, parts, subscriptions
from smskit.storage.sql.canceling import cancel_replied
from smskit.storage.sql.contacts import meet
from smskit.storage.sql.conversations import open_conversation
from smskit.storage.sql.events import tell
from smskit.storage.sql.media import add_theirs
from smskit.storage.sql.tx import Row, Tx, existing

_CONTACT = Actor("contact")


def receive(
    tx: Tx, driver: str, sender_id: int, inbound: Inbound, reading: Reading, now: datetime
) -> Received:
    known = _repeated(tx, driver, inbound)
    if known is not None:
        return Received(MessageId(known["message_id"]), new=False)
    chat = _chat(tx, sender_id, inbound.sender, to_micros(now))
    message_id = _take(tx, driver, chat, inbound.text, reading, media=inbound.media)
    _remember(tx, driver, inbound, message_id, chat.now)
    return Received(message_id, new=True)


def receive_part(
    tx: Tx,
    driver: str,
    sender_id: int,
    part: InboundPart,
    now: datetime,
    read: Callable[[str], Reading],
    patience: timedelta,
) -> Received | None:
    known = _repeated(tx, driver, part)
    if known is not None:
        return None if known["message_id"] is None else Received(MessageId(known["message_id"]), new=False)
    moment = to_micros(now)
    series = parts.Series.of(sender_id, part)
    kept = _kept_with(tx, series, part, moment) or parts.Kept({}, to_micros(now + patience))
    message_id = None
    if part.label.sequence not in kept.pieces:
        message_id = _add(tx, driver, series, kept, part, read, moment)
    _remember(tx, driver, part, message_id, moment)
    return None if message_id is None else Received(message_id, new=True)


def _kept_with(tx: Tx, series: parts.Series, part: InboundPart, now: int) -> parts.Kept | None:
    """What came of the text that the part is of. If it is of another one, the earlier is given up."""
    kept = parts.kept(tx, series)
    if kept is None:
        return None
    if kept.expires_at > now and kept.pieces.get(part.label.sequence, part.piece) == part.piece:
        return kept
    _give_up(tx, series, kept, now)
    return None


def _add(
    tx: Tx,
    driver: str,
    series: parts.Series,
    kept: parts.Kept,
    part: InboundPart,
    read: Callable[[str], Reading],
    now: int,
) -> MessageId | None:
    """Keep a part; with the last one store the text."""
    chat = _chat(tx, series.sender_id, part.sender, now)
    pieces = {**kept.pieces, part.label.sequence: part.piece}
    if len(pieces) < series.total:
        parts.keep(tx, series, part.label.sequence, part.piece, kept.expires_at)
        cancel_replied(tx, chat.contact_id, chat.id, now)
        return None
    text = join(pieces[place] for place in sorted(pieces))
    parts.forget(tx, series)
    return _take(tx, driver, chat, text, read(text), series.total)


def give_up_parts(tx: Tx, now: datetime, limit: int) -> int:
    moment = to_micros(now)
    for count in range(limit):
        series = parts.next_expired(tx, moment)
        kept = None if series is None else parts.kept(tx, series)
        if series is None or kept is None:
            return count
        _give_up(tx, series, kept, moment)
    return limit


def _give_up(tx: Tx, series: parts.Series, kept: parts.Kept, now: int) -> None:
    """Show what came. If that is STOP and nothing else it counts, but is too old to be answered."""
    chat = _chat(tx, series.sender_id, address_of(series.number), now)
    text = join_incomplete(kept.pieces, series.total)
    message_id = _store(tx, chat, text, series.total, Flag.INCOMPLETE)
    if classify(join(kept.pieces[place] for place in sorted(kept.pieces))) is Word.STOP:
        _obey(tx, chat, "", _LATE_STOP, message_id)
    tell(tx, chat.org, MessageReceived(conversation_id=chat.id, message_id=message_id), now)
    told = TextIncomplete(
        conversation_id=chat.id,
        message_id=message_id,
        total=series.total,
        missing=missing(kept.pieces, series.total),
    )
    tell(tx, chat.org, told, now)
    parts.forget(tx, series)


_LATE_STOP = Reading(word=Word.STOP, word_if_opted_out=Word.STOP, answers={})


@attrs.frozen
class _Chat:
    """Where a text belongs, and when it came."""

    org: Org
    id: ConversationId
    contact_id: int
    number: Address
    address: str
    """Ours."""
    now: int


def _chat(tx: Tx, sender_id: int, number: Address, now: int) -> _Chat:
    sender = existing(tx.one("select org, address from smskit_sender where id = ?", (sender_id,)))
    org = Org(sender["org"])
    contact = meet(tx, org, number, now)
    conversation = open_conversation(tx, org, sender_id, contact, now)
    return _Chat(org, ConversationId(conversation), contact, number, sender["address"], now)


def _take(
    tx: Tx,
    driver: str,
    chat: _Chat,
    text: str,
    reading: Reading,
    count: int = 1,
    media: Sequence[MediaLink] = (),
) -> MessageId:
    message_id = _store(tx, chat, text, count, media=len(media))
    add_theirs(tx, driver, message_id, media, chat.now)
    answer = _obey(tx, chat, driver, reading, message_id)
    if answer is not None:
        _answer(tx, chat, message_id, answer)
    cancel_replied(tx, chat.contact_id, chat.id, chat.now, by=message_id)
    tell(tx, chat.org, MessageReceived(conversation_id=chat.id, message_id=message_id), chat.now)
    return message_id


def acknowledged(tx: Tx, driver: str, inbound: Inbound | InboundPart) -> None:
    tx.run(
        "update smskit_inbox set acknowledged = 1 where driver = ? and event_key >= ? and event_key < ?",
        (driver, *_keys(inbound)),
    )


def _repeated(tx: Tx, driver: str, inbound: Inbound | InboundPart) -> Row | None:
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


def _key(inbound: Inbound | InboundPart) -> str:
    return f"{inbound.carrier_id or ''}:{inbound.fingerprint}"


def _keys(inbound: Inbound | InboundPart) -> tuple[str, str]:
    """The range of keys of equal content without an id; ';' follows ':' in ASCII."""
    return f"{_key(inbound)}:", f"{_key(inbound)};"


def _remember(tx: Tx, driver: str, inbound: Inbound | InboundPart, message_id: int | None, now: int) -> None:
    key = _key(inbound) if inbound.carrier_id is not None else f"{_key(inbound)}:{message_id or now}"
    tx.run(
        "insert into smskit_inbox (driver, event_key, message_id, received_at) values (?, ?, ?, ?) "
        "on conflict (driver, event_key) do update set acknowledged = 0",
        (driver, key, message_id, now),
    )


def _store(tx: Tx, chat: _Chat, text: str, count: int, flags: Flag = Flag.NONE, media: int = 0) -> MessageId:
    row = tx.one(
        "insert into smskit_message "
        "(org, conversation_id, kind, status, text, parts, actor, at, created_at, settled_at, flags, media_count) "
        "values (?, ?, 'inbound', 'received', ?, ?, ?, ?, ?, ?, ?, ?) returning id",
        (chat.org, chat.id, text, count, _CONTACT, chat.now, chat.now, chat.now, int(flags), media),
    )
    message_id = MessageId(existing(row)["id"])
    tx.run(
        "update smskit_conversation set unread = unread + 1, last_message_id = ?, last_at = max(last_at, ?) "
        "where id = ?",
        (message_id, chat.now, chat.id),
    )
    return message_id


def _obey(tx: Tx, chat: _Chat, driver: str, reading: Reading, by: MessageId) -> SystemAnswer | None:
    """Carry out STOP, START and HELP. What changes nothing is not answered, but HELP always is."""
    org, number, now = chat.org, chat.number, chat.now
    row = existing(
        tx.one(
            "select opted_out, scope from smskit_subscription where org = ? and number = ?",
            (org, number.text),
        )
    )
    out = bool(row["opted_out"])
    word = reading.word_if_opted_out if out else reading.word
    if word is Word.STOP:
        if out and row["scope"] == Scope.ALL:
            return None
        why = {"message": str(by)}
        subscriptions.move_out(
            tx, org, number, scope=Scope.ALL, source=Source.WORD, actor=_CONTACT, now=now, why=why
        )
    if word is Word.START:
        subscriptions.lift_block(tx, org, number.text, driver, chat.address, now, by=by)
        if not out:
            return None
        subscriptions.move_in(tx, org, number, source=Source.WORD, actor=_CONTACT, now=now, by=by)
    return None if word is None else reading.answers.get(word)


def _answer(tx: Tx, chat: _Chat, inbound_id: MessageId, answer: SystemAnswer) -> None:
    new = NewMessage(
        org=chat.org,
        conversation_id=chat.id,
        text=answer.written.text,
        parts=answer.written.parts,
        languages=answer.written.languages,
        origin=Origin.SYSTEM,
        category=Category.TRANSACTIONAL,
        lane=Lane.INTERACTIVE,
        actor=SYSTEM,
        key=f"answer:{inbound_id}",
        decision=answer.decision,
        terms=answer.terms,
        expires_at=answer.expires_at,
    )
    messages.put(tx, new, chat.now)

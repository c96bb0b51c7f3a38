from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from smskit.cli.decode import read_pdu
from smskit.cli.printing import print_json, print_tree
from smskit.encoding import segment
from smskit.errors import DecodeError
from smskit.protocols.tpdu import (
    Address,
    CharacterSet,
    DataCoding,
    Deliver,
    Direction,
    Element,
    Pdu,
    Relative,
    StatusReport,
    Submit,
    Timestamp,
    UserData,
    user_data_of,
)

Run: TypeAlias = Callable[..., Result]

ALICE = Address.of("+14155550123")
CENTRE = Address.of("+14155550100")
NOON = Timestamp.of(datetime(2026, 5, 12, 12, tzinfo=UTC))


def deliver(user_data: UserData) -> Pdu:
    return Pdu(Deliver(originating_address=ALICE, service_centre_timestamp=NOON, user_data=user_data), CENTRE)


TEXT = deliver(UserData.of_text("Tuesday is fine"))
SUBMIT = Pdu(
    Submit(
        destination_address=ALICE,
        user_data=UserData.of_text("Ready."),
        validity=Relative.of(timedelta(days=1)),
    )
)


def lines(result: Result) -> list[str]:
    return [line.lstrip("├└│─ ") for line in result.stdout.splitlines()]


def test_a_received_text_is_shown_as_a_tree(smskit: Run) -> None:
    result = smskit("decode", "tpdu", TEXT.encode().hex())

    assert result.exit_code == 0
    said = lines(result)
    assert said[:2] == ["Pdu", "tpdu: Deliver"]
    assert "originating_address: +14155550123" in said
    assert "service_centre: +14155550100" in said
    assert "datetime: 2026-05-12 12:00:00+00:00" in said
    assert "character_set: gsm7" in said
    assert 'text: "Tuesday is fine"' in said
    assert "more_messages: no" in said
    assert f"length: {len(TEXT.tpdu.encode())}" in said


def test_what_is_absent_is_not_in_the_tree(smskit: Run) -> None:
    said = smskit("decode", "tpdu", TEXT.encode().hex()).stdout

    assert "header" not in said
    assert "message_class" not in said
    assert "None" not in said


def test_hexadecimal_may_have_spaces_and_capitals(smskit: Run) -> None:
    assert 'text: "Tuesday is fine"' in lines(smskit("decode", "tpdu", TEXT.encode().hex(" ").upper()))


def test_the_part_of_a_long_text_says_which_it_is(smskit: Run) -> None:
    part = user_data_of(segment("Ready – " * 20), reference=7)[1]

    said = lines(smskit("decode", "tpdu", deliver(part).encode().hex()))

    place = said.index("Concatenation")
    assert said[place - 1 : place + 5] == [
        "header:",
        "Concatenation",
        "reference: 7",
        "total: 3",
        "sequence: 2",
        "wide: no",
    ]


def test_the_payload_is_shown_where_it_is_no_text(smskit: Run) -> None:
    data = UserData(DataCoding.of(CharacterSet.DATA8), (Element(0x70, b"\x01"),), b"\xca\xfe")

    said = lines(smskit("decode", "tpdu", deliver(data).encode().hex()))

    assert "payload: ca fe" in said
    assert "data: 01" in said
    assert "payload" not in smskit("decode", "tpdu", TEXT.encode().hex()).stdout


def test_from_mobile_reads_what_a_modem_sends(smskit: Run) -> None:
    said = lines(smskit("decode", "tpdu", "--from-mobile", SUBMIT.encode().hex()))

    assert "tpdu: Submit" in said
    assert "validity: Relative" in said
    assert "period: 1 day, 0:00:00" in said


def test_to_mobile_is_the_default(smskit: Run) -> None:
    octets = TEXT.encode().hex()

    assert smskit("decode", "tpdu", "--to-mobile", octets).stdout == smskit("decode", "tpdu", octets).stdout


def test_a_tpdu_may_stand_without_service_centre(smskit: Run) -> None:
    report = StatusReport(
        message_reference=7,
        recipient_address=ALICE,
        service_centre_timestamp=NOON,
        discharge_time=NOON,
        status=0,
    )

    said = lines(smskit("decode", "tpdu", "--no-smsc", report.encode().hex()))

    assert said[:2] == ["Pdu", "tpdu: StatusReport"]
    assert "outcome: delivered" in said


def test_json_names_the_classes(smskit: Run) -> None:
    found = json.loads(smskit("decode", "tpdu", "--json", TEXT.encode().hex()).stdout)

    tpdu = found["tpdu"]
    assert (found["class"], tpdu["class"]) == ("Pdu", "Deliver")
    assert tpdu["originating_address"] == {
        "class": "Address",
        "number": "14155550123",
        "type": "international",
        "plan": "isdn",
    }
    assert tpdu["user_data"]["text"] == "Tuesday is fine"
    assert bytes.fromhex(tpdu["user_data"]["payload"]) == b"Tuesday is fine"
    assert tpdu["service_centre_timestamp"]["datetime"] == "2026-05-12T12:00:00+00:00"
    assert tpdu["more_messages"] is False
    assert found["service_centre"]["number"] == "14155550100"


def test_a_duration_is_in_seconds_in_json(smskit: Run) -> None:
    found = json.loads(smskit("decode", "tpdu", "--json", "--from-mobile", SUBMIT.encode().hex()).stdout)

    assert found["tpdu"]["validity"]["period"] == 86400
    assert found["service_centre"] is None


def test_octets_that_are_no_pdu_are_told_with_field_and_place(smskit: Run) -> None:
    result = smskit("decode", "tpdu", TEXT.encode()[:-3].hex())

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("smskit: user_data, octet ")
    assert "cut short" in result.stderr


@pytest.mark.parametrize("octets", ["zz", "123", "é0"])
def test_what_is_no_hexadecimal_is_a_usage_error(smskit: Run, octets: str) -> None:
    result = smskit("decode", "tpdu", octets)

    assert result.exit_code == 2
    assert result.stderr.startswith("smskit: that is not hexadecimal")


def test_a_bad_line_is_told_and_the_others_are_handled(smskit: Run) -> None:
    good = TEXT.encode().hex()
    result = smskit("decode", "tpdu", "--json", stdin=f"{good}\r\n{good[:-2]}\n\n{good}\n")

    assert len(result.stdout.splitlines()) == 2
    assert result.exit_code == 1
    assert result.stderr.startswith("smskit: line 2: user_data, octet ")


def test_the_worst_line_makes_the_exit_status(smskit: Run) -> None:
    assert smskit("decode", "tpdu", stdin="zz\n00\n").exit_code == 2


def test_nothing_a_terminal_would_obey_is_printed(smskit: Run) -> None:
    user_data = UserData.of_text("é\x1b[2J\u202e[red]")

    result = smskit("decode", "tpdu", deliver(user_data).encode().hex())

    assert 'text: "é\\x1b[2J\\u202e[red]"' in lines(result)
    assert "\x1b" not in result.stdout


@given(st.data())
def test_whatever_can_be_decoded_can_be_printed(data: st.DataObject) -> None:
    octets = bytearray(data.draw(st.sampled_from([TEXT.encode(), SUBMIT.encode()])))
    for _ in range(data.draw(st.integers(0, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    direction = data.draw(st.sampled_from(Direction))

    try:
        pdu = read_pdu(octets.hex(), direction, service_centre=data.draw(st.booleans()))
    except DecodeError:
        return

    print_json(pdu, classes=True)
    print_tree(pdu)

import re
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smskit.errors import DecodeError
from smskit.protocols.tpdu import (
    Deliver,
    Direction,
    Enhanced,
    Outcome,
    Relative,
    StatusReport,
    Submit,
    SubmitReport,
    Tpdu,
    decode,
    decode_pdu,
)
from tests.protocols.tpdu.corpus import CORPUS, Case, direction_of
from tests.protocols.tpdu.strategies import TPDUS

DIRECTIONS = st.sampled_from(Direction)
MORE_MAY_FOLLOW = {"status report, extended parameters", "deliver report, reserved parameter"}
ERROR = re.compile(
    r"[a-z_]+(\.digits|\.header)?, octet \d+: "
    r"(cut short, \d+ more octet\(s\) should follow|\d+ octet\(s\) left over|at most \d+ octets fit, not \d+|[^\d]+"
    r"|an address has at most 20 semi-octets|a service centre address has at most 11 octets)"
)
CASES = pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)


def error_of(octets: bytes, direction: Direction) -> DecodeError | None:
    try:
        decode(octets, direction)
    except DecodeError as error:
        return error
    return None


def survives(octets: bytes, direction: Direction) -> None:
    """A DecodeError, or a value that can be looked at, written, and read again."""
    try:
        value = decode(octets, direction)
    except DecodeError:
        return
    assert decode(value.encode(), direction_of(value)) == value
    look_at(value)


def look_at(value: Tpdu) -> None:
    """Nothing that a value can be asked fails."""
    assert str(value)
    match value:
        case Deliver() | SubmitReport():
            assert value.service_centre_timestamp.datetime != 0
        case Submit(validity=Relative() | Enhanced() as validity):
            assert validity.period != 0
        case StatusReport():
            assert value.outcome in Outcome
        case _:
            pass
    if value.user_data is not None:
        assert (value.user_data.text is None) == (value.user_data.piece is None)
        assert value.user_data.label is None or value.user_data.label.total


@given(st.binary(max_size=200), DIRECTIONS)
def test_any_octets_give_a_value_or_a_decode_error(octets: bytes, direction: Direction) -> None:
    survives(octets, direction)


@given(st.binary(max_size=200), DIRECTIONS)
@example(b"", Direction.TO_MOBILE)
def test_so_do_any_octets_with_a_service_centre(octets: bytes, direction: Direction) -> None:
    with suppress(DecodeError):
        pdu = decode_pdu(octets, direction)
        assert decode_pdu(pdu.encode(), direction_of(pdu.tpdu)) == pdu


@given(TPDUS, st.data())
def test_so_do_octets_of_which_some_were_changed(value: Tpdu, data: st.DataObject) -> None:
    octets = bytearray(value.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(octets), data.draw(DIRECTIONS))


@given(TPDUS)
def test_so_does_every_beginning(value: Tpdu) -> None:
    octets = value.encode()
    for end in range(len(octets)):
        survives(octets[:end], direction_of(value))


@pytest.mark.parametrize(
    "case", [case for case in CORPUS if case.name not in MORE_MAY_FOLLOW], ids=lambda case: case.name
)
def test_octets_that_are_left_over_are_refused(case: Case) -> None:
    # A status report may go on with a parameter indicator, here one that announces nothing.
    with pytest.raises(DecodeError, match=r"end, octet \d+: [12] octet\(s\) left over"):
        decode(bytes.fromhex(case.hex) + b"\0\0", case.direction)


@CASES
def test_a_tpdu_cut_short_is_refused_and_the_error_names_the_place(case: Case) -> None:
    octets = bytes.fromhex(case.hex)
    for end in range(len(octets)):
        error = error_of(octets[:end], case.direction)
        if error is None:
            assert case.name.startswith("status report, parameters") or case.name in MORE_MAY_FOLLOW
        else:
            assert (error.offset, "cut short" in error.reason) == (end, True)


@given(st.binary(max_size=80), DIRECTIONS)
def test_errors_tell_the_place_and_nothing_that_was_sent(octets: bytes, direction: Direction) -> None:
    error = error_of(octets, direction)

    assert error is None or (ERROR.fullmatch(str(error)) and 0 <= error.offset <= len(octets))


def test_a_service_centre_does_not_shift_the_places() -> None:
    with pytest.raises(DecodeError) as caught:
        decode_pdu(bytes.fromhex("0291210403812f"), Direction.TO_MOBILE)

    assert (caught.value.path, caught.value.offset) == ("originating_address", 7)


def test_the_text_of_an_error_has_its_three_parts() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(bytes.fromhex("041591" + "11" * 11 + "00006230904150954001c1"), Direction.TO_MOBILE)

    error = caught.value
    assert str(error) == "originating_address, octet 1: an address has at most 20 semi-octets"
    assert (error.path, error.offset) == ("originating_address", 1)
    assert error.reason == "an address has at most 20 semi-octets"


def test_a_header_that_takes_more_septets_than_there_are_is_refused() -> None:
    """Seven octets take the place of eight septets."""
    deliver = "44038121f3000062309041509540"
    element = "067004" + "00" * 4

    with pytest.raises(DecodeError, match="the header is longer than the user data"):
        decode(bytes.fromhex(f"{deliver}07{element}"), Direction.TO_MOBILE)
    full = decode(bytes.fromhex(f"{deliver}08{element}"), Direction.TO_MOBILE)

    assert isinstance(full, Deliver)
    assert full.user_data.payload == b""

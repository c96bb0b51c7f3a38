import pytest

from smskit.errors import DecodeError, UsageError
from smskit.protocols.tpdu import (
    Address,
    Deliver,
    Direction,
    NumberingPlan,
    Pdu,
    TypeOfNumber,
    decode,
    decode_pdu,
)
from tests.protocols.tpdu.corpus import SUBMIT

WRITTEN = pytest.mark.parametrize(
    ("text", "field"),
    [
        pytest.param("+14155550123", "0b914151550521f3", id="9.1.2.5: a filler ends an odd number"),
        pytest.param("+447785016005", "0c91447758100650", id="an even one needs none"),
        pytest.param("5550", "04815505", id="9.1.2.5: without + the type is unknown"),
        pytest.param("*100#", "05811a00fb", id="9.1.2.3: 1010 is * and 1011 is #"),
        pytest.param("+" + "9" * 20, "1491" + "99" * 10, id="9.1.2.5: 20 digits are the most"),
        pytest.param("", "0081", id="9.1.2.5: there may be none"),
        pytest.param("Smskit", "0bd0d3f67c9da603", id="6 characters take 11 semi-octets"),
        pytest.param("Smskit7", "0dd0d3f67c9da6df00", id="7 take 13"),
        pytest.param("at sign@", "0ed0613a689e3ebb01", id="8 take 14, also where the last is @"),
        pytest.param("Design@Home", "14d0c4f23c7d760390ef7619", id="11 take 20"),
    ],
)


def read(field: str) -> Address:
    octets = bytes.fromhex("04" + field + "00006230904150954001c1")
    value = decode(octets, Direction.TO_MOBILE)
    assert isinstance(value, Deliver)
    return value.originating_address


@WRITTEN
def test_an_address_is_written_as_the_standard_wants(text: str, field: str) -> None:
    assert Address.of(text).encode().hex() == field


@WRITTEN
def test_it_is_read_again_and_says_what_was_given(text: str, field: str) -> None:
    assert read(field) == Address.of(text)
    assert str(read(field)) == text


def test_the_semi_octets_above_9_are_signs_and_letters() -> None:
    assert read("0581badcfe").number == "*#abc"
    assert Address("*#abc").encode().hex() == "0581badcfe"


@pytest.mark.parametrize("type_", TypeOfNumber)
def test_each_type_stands_in_bits_4_to_6(type_: TypeOfNumber) -> None:
    assert Address("", type_, NumberingPlan.UNKNOWN).encode()[1] == 0x80 | type_ << 4


@pytest.mark.parametrize("plan", NumberingPlan)
def test_each_plan_stands_in_the_low_bits(plan: NumberingPlan) -> None:
    assert Address("1", TypeOfNumber.UNKNOWN, plan).encode()[1] == 0x80 | plan


@pytest.mark.parametrize("kind", ["f2", "8e", "fe", "82", "80", "00"])
def test_reserved_types_and_plans_are_read_as_unknown(kind: str) -> None:
    assert read(f"02{kind}21") == Address("12", TypeOfNumber.UNKNOWN, NumberingPlan.UNKNOWN)


@pytest.mark.parametrize("field", ["038121f3", "048121f3", "068121f3ff", "03812103", "03812143"])
def test_what_follows_an_odd_number_is_no_digit(field: str) -> None:
    assert read(field) == Address("123")


@pytest.mark.parametrize(
    ("field", "digits"), [("0481f121", "112"), ("04811f32", "123"), ("0681214f65", "12456")]
)
def test_a_filler_within_a_number_is_passed_over(field: str, digits: str) -> None:
    """9.1.2.3: the intervening semi-octet is ignored."""
    assert read(field) == Address(digits)


def test_more_than_20_semi_octets_are_refused() -> None:
    with pytest.raises(
        DecodeError, match="originating_address, octet 1: an address has at most 20 semi-octets"
    ):
        read("1591" + "11" * 11)


def test_the_octet_that_14_semi_octets_fill_is_a_character_even_if_it_is_0() -> None:
    assert read("0ed0d3f67c9da6df00") == Address.of("Smskit7@")


@pytest.mark.parametrize("number", ["1" * 21, "12a4d", "+12", "12 34", "١٢", "E"])
def test_what_is_no_number_cannot_be_built(number: str) -> None:
    with pytest.raises(UsageError, match="a number is at most 20 of the digits"):
        Address(number)


@pytest.mark.parametrize("name", ["twelve chars", "[five]€€€x", "`", "Кафе", "a\x1b"])
def test_what_is_no_name_cannot_be_built(name: str) -> None:
    with pytest.raises(UsageError, match="a name is at most 11 characters"):
        Address.of(name)


def test_errors_and_representations_hide_numbers() -> None:
    with pytest.raises(UsageError) as caught:
        Address("1415555012x")

    assert "1415" not in str(caught.value)
    assert repr(Address.of("+14155550123")) == "<Address INTERNATIONAL ISDN, 11 characters>"


@pytest.mark.parametrize(
    ("number", "prefix"),
    [
        pytest.param(None, "00", id="none"),
        pytest.param("+447785016005", "0791447758100650", id="24.011, 8.2.5: its length counts octets"),
        pytest.param("+27381000015", "07917283010010f5", id="an odd number"),
        pytest.param("", "0181", id="empty"),
    ],
)
def test_a_service_centre_stands_in_front(number: str | None, prefix: str) -> None:
    centre = None if number is None else Address.of(number)
    pdu = Pdu(SUBMIT, centre)

    assert pdu.encode().hex() == prefix + SUBMIT.encode().hex()
    assert decode_pdu(pdu.encode(), Direction.FROM_MOBILE) == pdu
    assert pdu.length == len(SUBMIT.encode())


def test_a_service_centre_has_no_name() -> None:
    with pytest.raises(UsageError, match="a service centre has no name"):
        Pdu(SUBMIT, Address.of("Smskit"))
    with pytest.raises(
        DecodeError, match="service_centre, octet 1: a service centre has a number, not a name"
    ):
        decode_pdu(bytes.fromhex("03d03132"), Direction.TO_MOBILE)


def test_a_service_centre_of_more_than_11_octets_is_refused() -> None:
    with pytest.raises(DecodeError, match=r"service_centre, octet 0: .* at most 11 octets"):
        decode_pdu(bytes.fromhex("0c91" + "11" * 11), Direction.TO_MOBILE)

import logging
import pickle
import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smskit.errors import InvalidAddress
from smskit.model.addresses import (
    Address,
    PhoneNumber,
    SenderName,
    ShortCode,
    address_of,
    parse_address,
)

DIGITS = st.text("0123456789", min_size=3, max_size=16)
INTERNATIONAL = DIGITS.map("+{}".format)
NANP_LIKE = st.from_regex(r"\+1[0-9]{10}", fullmatch=True)
REGIONS = st.sampled_from([None, "US", "GB", "DE", "IT", "AR", "NU", "SG", "KE"])


def parsed(text: str, region: str | None = None) -> PhoneNumber | None:
    try:
        return PhoneNumber.parse(text, region)
    except InvalidAddress:
        return None


@pytest.mark.parametrize(
    "e164",
    ["+14155550100", "+15005550006", "+447700900123", "+61491570156"],
    ids=["US fiction", "a carrier's sandbox", "GB drama", "AU fiction"],
)
def test_numbers_reserved_for_tests_are_numbers(e164: str) -> None:
    assert str(PhoneNumber.parse(e164)) == e164


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+1 415 555 0100", None, "+14155550100"),
        ("(415) 555-0100", "US", "+14155550100"),
        ("415.555.0100", "us", "+14155550100"),
        ("1 415 555 0100", "US", "+14155550100"),
        ("(+1) 415-555-0100", None, "+14155550100"),
        (" +14155550100\n", None, "+14155550100"),
        ("\u202a+1\u00a0(415)\u00a0555\u20110100\u202c", None, "+14155550100"),
        ("\uff0b\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff10\uff10", None, "+14155550100"),
        ("+١٤١٥٥٥٥٠١٠٠", None, "+14155550100"),
        ("07700 900123", "GB", "+447700900123"),
        ("00 1 415 555 0100", "GB", "+14155550100"),
        ("+44 (0)7700 900123", "US", "+447700900123"),
        ("+39 06 1234567", None, "+39061234567"),
        ("4002", "NU", "+6834002"),
    ],
)
def test_a_number_is_read_however_people_write_it(text: str, region: str | None, e164: str) -> None:
    assert PhoneNumber.parse(text, region).e164 == e164


@pytest.mark.parametrize(
    ("text", "region", "remedy"),
    [
        pytest.param(
            "415 555 0100", None, "begin with \\+ and country code, or give the region", id="no country"
        ),
        pytest.param("415 555 0100", "USA", "two letters of ISO 3166", id="not a region"),
        pytest.param("415 555 0100", "XX", "give one of ISO 3166", id="no such region"),
        pytest.param("", "US", "give a phone number such as", id="empty"),
        pytest.param(" \u200b\n", "US", "give a phone number such as", id="blank"),
        pytest.param(None, "US", "not NoneType", id="None"),
        pytest.param(4155550100, "US", "not int", id="an int"),
        pytest.param("+1 415 555 010", None, "check for a missing area code", id="too short"),
        pytest.param("555-0100", "US", "check for a missing area code", id="no area code"),
        pytest.param("+1 415 555 01000", None, "give one number, without extension", id="too long"),
        pytest.param("+49 151 1234567890123", None, "give one number", id="longer than E.164 allows"),
        pytest.param("+5" * 200, None, "give one number", id="much too long"),
        pytest.param("+" + "5" * 300, None, "give one number", id="a wall of digits"),
        pytest.param("1-800-FLOWERS", "US", "give digits only", id="letters for digits"),
        pytest.param("+1 415 555 0100 ext. 5", None, "without name or extension", id="extension"),
        pytest.param("+1 415 555 0100 #5", None, "give one number", id="extension in signs"),
        pytest.param("Bob +1 415 555 0100", None, "without name", id="a name with it"),
        pytest.param("+1 415 555 0100, +1 415 555 0101", None, "give one number", id="two numbers"),
        pytest.param("1+415 555 0100", None, "give one number", id="+ inside"),
        pytest.param("+999 123 456 789", None, "check the digits after the \\+", id="no such country code"),
        pytest.param("+1 111 111 1111", None, "begin with 2 to 9", id="no area code begins with 1"),
        pytest.param("+1 415 055 0100", None, "begin with 2 to 9", id="no exchange begins with 0"),
        pytest.param("+254 0 0125007582", None, "trunk prefix", id="two trunk prefixes"),
        pytest.param("72345", "US", "a short code is none", id="short code, US"),
        pytest.param("55512", "DE", "a short code is none", id="short code where short numbers are possible"),
        pytest.param("911", "US", "a short code is none", id="emergency"),
    ],
)
def test_what_is_no_number_is_refused_with_what_to_change(text: str, region: str | None, remedy: str) -> None:
    with pytest.raises(InvalidAddress, match=remedy):
        PhoneNumber.parse(text, region)


@given(INTERNATIONAL | DIGITS, REGIONS)
@example("+4930123456", None)
@example("+25400125007582", None)
def test_parsing_what_was_parsed_changes_nothing(text: str, region: str | None) -> None:
    number = parsed(text, region)

    assert number is None or PhoneNumber.parse(str(number)) == number


@given(st.text() | INTERNATIONAL | st.text("+0123456789 ()-./\uff0b\u200b#x"), REGIONS)
def test_any_text_is_a_number_or_an_invalid_address(text: str, region: str | None) -> None:
    number = parsed(text, region)

    assert number is None or PhoneNumber(number.e164) == number


@given(NANP_LIKE)
def test_the_short_way_for_plus_one_numbers_gives_what_the_long_way_gives(e164: str) -> None:
    assert parsed(e164) == parsed(f"+1 {e164[2:]}")


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_an_assigned_number_of_every_region_is_read_in_both_forms(region: str) -> None:
    assigned = phonenumbers.example_number(region)
    assert assigned is not None
    e164 = phonenumbers.format_number(assigned, phonenumbers.PhoneNumberFormat.E164)
    national = phonenumbers.format_number(assigned, phonenumbers.PhoneNumberFormat.NATIONAL)

    assert PhoneNumber.parse(e164).e164 == e164
    assert PhoneNumber.parse(national, region).e164 == e164


@pytest.mark.parametrize(
    ("e164", "masked"),
    [
        ("+14155550123", "+1415*****23"),
        ("+447700900123", "+4477******23"),
        ("+4930123456", "+493*****56"),
        ("+6834002", "+*****02"),
        ("+491511234567890", "+4915*********90"),
    ],
)
def test_a_masked_number_hides_five_digits_or_more(e164: str, masked: str) -> None:
    assert PhoneNumber(e164).masked == masked


def test_a_number_shows_whole_only_as_str() -> None:
    number = PhoneNumber("+14155550123")

    assert str(number) == number.text == "+14155550123"
    assert repr([number]) == "[PhoneNumber('+1415*****23')]"


def test_a_logged_number_in_a_container_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("%s", {"to": PhoneNumber("+14155550123")})

    assert "5550123" not in caplog.text


@pytest.mark.parametrize(
    ("e164", "region"),
    [
        ("+14155550100", "US"),
        ("+16135550123", "CA"),
        ("+18765550123", "JM"),
        ("+447911123456", "GG"),
        ("+447700900123", "GB"),
        ("+61491570156", "AU"),
        ("+870773111632", None),
        ("+999123456", None),
    ],
    ids=["US", "CA", "JM", "GG", "GB, not assigned", "AU", "satellite", "no such country code"],
)
def test_the_region_is_by_numbering_plan_not_by_country_code(e164: str, region: str | None) -> None:
    assert PhoneNumber(e164).region == region


@pytest.mark.parametrize(
    "e164", ["", "14155550100", "+1 415 555 0100", "+0123456789", "+123456", "+1" * 9, None]
)
def test_the_class_itself_takes_e164_only(e164: str) -> None:
    with pytest.raises(InvalidAddress):
        PhoneNumber(e164)


def test_numbers_are_values() -> None:
    number = PhoneNumber.parse("(415) 555-0100", "US")

    assert number == PhoneNumber("+14155550100")
    assert {number: 1}[PhoneNumber("+14155550100")] == 1
    assert pickle.loads(pickle.dumps(number)) == number


@pytest.mark.parametrize(
    ("text", "region", "address"),
    [
        ("+1 415 555 0100", None, PhoneNumber("+14155550100")),
        ("(415) 555-0100", "US", PhoneNumber("+14155550100")),
        ("72345", None, ShortCode("72345")),
        ("72345", "US", ShortCode("72345")),
        ("12345678", None, ShortCode("12345678")),
        ("91234567", "SG", PhoneNumber("+6591234567")),
        ("ACME", None, SenderName("ACME")),
        (" Café 24 ", "FR", SenderName("Café 24")),
        ("A1234567890", "US", SenderName("A1234567890")),
    ],
)
def test_our_own_senders_are_told_apart(text: str, region: str | None, address: Address) -> None:
    assert parse_address(text, region) == address


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("", None),
        ("12", None),
        ("123456789", None),
        ("4155550100", None),
        ("12345", "USA"),
        ("Acme Dental Care", None),
        ("AcmeDental€", None),
        ("Акме", None),
        ("Ac\nme", None),
        ("Acme`", None),
        ("+1 415 555 010", None),
        ("-", "US"),
        (None, None),
    ],
)
def test_what_is_no_sender_is_refused(text: str, region: str | None) -> None:
    with pytest.raises(InvalidAddress):
        parse_address(text, region)


@pytest.mark.parametrize("text", ["", " Acme", "Acme ", "12345", "Acme\f", "[[[[[[a", "AcmeDentalCo", None])
def test_a_sender_name_that_no_carrier_takes_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddress, match=r"1 to 11 characters|not NoneType"):
        SenderName(text)


@pytest.mark.parametrize("digits", ["", "12", "123456789", "12a", "١٢٣٤٥", " 123", None])
def test_a_short_code_is_three_to_eight_digits(digits: str) -> None:
    with pytest.raises(InvalidAddress):
        ShortCode(digits)


def test_the_region_of_a_short_code_is_a_remark() -> None:
    assert ShortCode("72345", "us").region == "US"
    assert ShortCode("72345", "US") == ShortCode("72345")


def test_only_a_name_cannot_be_answered() -> None:
    assert PhoneNumber("+14155550100").can_reply
    assert ShortCode("72345").can_reply
    assert not SenderName("ACME").can_reply


@given(st.text(max_size=12) | INTERNATIONAL | DIGITS, REGIONS)
@example("+A", None)
def test_any_text_is_an_address_that_reads_back_from_its_text_or_an_invalid_address(
    text: str, region: str | None
) -> None:
    try:
        address = parse_address(text, region)
    except InvalidAddress:
        return

    assert address_of(address.text) == address
    assert str(address) == address.text
    assert parse_address(address.text) == address


@pytest.mark.parametrize(
    "text", ["+1 415 867 530", "+1 415 867 53099", "8675309", "+1 867 5309 ext 8675309", "Jenny8675309!"]
)
@pytest.mark.parametrize("region", [None, "US"])
def test_errors_do_not_quote_what_was_given(text: str, region: str | None) -> None:
    for read in (PhoneNumber.parse, parse_address, PhoneNumber, SenderName, ShortCode):
        try:
            read(text) if isinstance(read, type) else read(text, region)
        except InvalidAddress as error:
            said = f"{error} {error.__cause__}"
            assert "867" not in said
            assert "Jenny" not in said


def test_the_numbering_plans_are_loaded_when_they_are_needed() -> None:
    program = """
import sys
from smskit.model.addresses import PhoneNumber, parse_address
PhoneNumber.parse("+14155550100"), parse_address("72345"), parse_address("ACME")
assert "phonenumbers" not in sys.modules
PhoneNumber.parse("+44 7700 900123")
assert "phonenumbers" in sys.modules
"""

    subprocess.run([sys.executable, "-c", program], check=True)

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smskit.errors import NaiveDatetime, UsageError
from smskit.protocols.tpdu import Timestamp

ZONES = st.integers(-79, 79).map(lambda quarters: timezone(quarters * timedelta(minutes=15)))
FIRST, LAST = (
    datetime(*numbers, tzinfo=UTC).replace(tzinfo=None)
    for numbers in ((1990, 1, 1, 0, 0, 0), (2089, 12, 31, 23, 59, 59))
)
MOMENTS = st.datetimes(FIRST, LAST, timezones=ZONES)


def zone(hours: float) -> timezone:
    return timezone(timedelta(hours=hours))


@pytest.mark.parametrize(
    ("octets", "moment"),
    [
        pytest.param("99309251619580", datetime(1999, 3, 29, 15, 16, 59, tzinfo=zone(2)), id="8 quarters"),
        pytest.param("62309041509540", datetime(2026, 3, 9, 14, 5, 59, tzinfo=zone(1)), id="4 quarters"),
        pytest.param(
            "6230904150950a", datetime(2026, 3, 9, 14, 5, 59, tzinfo=zone(-5)), id="bit 3 is the sign"
        ),
        pytest.param("62309041509532", datetime(2026, 3, 9, 14, 5, 59, tzinfo=zone(5.75)), id="23 quarters"),
        pytest.param("62309041509508", datetime(2026, 3, 9, 14, 5, 59, tzinfo=UTC), id="minus 0"),
        pytest.param("09101000000000", datetime(1990, 1, 1, tzinfo=UTC), id="90 is 1990"),
        pytest.param("98211332959500", datetime(2089, 12, 31, 23, 59, 59, tzinfo=UTC), id="89 is 2089"),
        pytest.param("a2103080f10000", datetime(2020, 1, 3, 8, 10, 0, tzinfo=UTC), id="no digit counts as 0"),
        pytest.param("621010000000f1", datetime(2026, 1, 1, tzinfo=zone(2.5)), id="also in the zone"),
    ],
)
def test_the_octets_of_a_moment(octets: str, moment: datetime) -> None:
    read = Timestamp(bytes.fromhex(octets)).datetime

    assert read is not None
    assert (read, read.utcoffset()) == (moment, moment.utcoffset())


@pytest.mark.parametrize("octets", ["00000000000000", "62209200000000", "62101052000000", "ffffffffffffff"])
def test_what_is_no_date_is_kept_and_has_none(octets: str) -> None:
    timestamp = Timestamp(bytes.fromhex(octets))

    assert timestamp.datetime is None
    assert timestamp.octets.hex() == octets


@given(MOMENTS)
def test_a_moment_is_read_as_it_was_given_to_the_second_and_in_its_zone(moment: datetime) -> None:
    read = Timestamp.of(moment).datetime

    assert read is not None
    assert (read, read.utcoffset()) == (moment.replace(microsecond=0), moment.utcoffset())


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveDatetime, match="a timestamp needs a zone"):
        Timestamp.of(FIRST)


@pytest.mark.parametrize("year", [1989, 2090])
def test_a_year_that_two_digits_cannot_say_is_refused(year: int) -> None:
    with pytest.raises(UsageError, match="the year must be from 1990 to 2089"):
        Timestamp.of(datetime(year, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize("minutes", [7, -20, 20 * 60, -20 * 60])
def test_a_zone_that_79_quarters_cannot_say_is_refused(minutes: int) -> None:
    with pytest.raises(UsageError, match="the zone must be whole quarters of an hour"):
        Timestamp.of(datetime(2026, 3, 9, tzinfo=timezone(timedelta(minutes=minutes))))


@pytest.mark.parametrize("octets", [b"", b"\0" * 6, b"\0" * 8])
def test_it_has_seven_octets(octets: bytes) -> None:
    with pytest.raises(UsageError, match="octets must be 7 octets"):
        Timestamp(octets)

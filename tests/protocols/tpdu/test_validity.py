from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smskit.errors import UsageError
from smskit.protocols.tpdu import Direction, Enhanced, Relative, Submit, Timestamp, Validity, decode

PERIODS = [
    (0, timedelta(minutes=5)),
    (11, timedelta(hours=1)),
    (143, timedelta(hours=12)),
    (144, timedelta(hours=12, minutes=30)),
    (145, timedelta(hours=13)),
    (167, timedelta(hours=24)),
    (168, timedelta(days=2)),
    (170, timedelta(days=4)),
    (196, timedelta(days=30)),
    (197, timedelta(weeks=5)),
    (255, timedelta(weeks=63)),
]


@pytest.mark.parametrize(("value", "period"), PERIODS)
def test_a_relative_period_is_that_of_9_2_3_12_1(value: int, period: timedelta) -> None:
    assert Relative(value).period == period
    assert Relative.of(period) == Relative(value)


@given(st.timedeltas(timedelta(0), timedelta(weeks=63)))
def test_a_period_that_cannot_be_said_becomes_the_next_longer_one(period: timedelta) -> None:
    relative = Relative.of(period)

    assert relative.period >= period
    assert relative.value == 0 or Relative(relative.value - 1).period < period


@pytest.mark.parametrize("period", [timedelta(weeks=63, microseconds=1), timedelta(microseconds=-1)])
def test_a_period_that_is_too_long_or_negative_is_refused(period: timedelta) -> None:
    with pytest.raises(UsageError, match="at most 63 weeks"):
        Relative.of(period)


@pytest.mark.parametrize("value", [-1, 256])
def test_a_relative_period_is_one_octet(value: int) -> None:
    with pytest.raises(UsageError, match="value must be a whole number from 0 to 255"):
        Relative(value)


@pytest.mark.parametrize(
    ("octets", "period"),
    [
        pytest.param("00000000000000", None, id="none"),
        pytest.param("01a70000000000", timedelta(hours=24), id="as a relative one"),
        pytest.param("021e0000000000", timedelta(seconds=30), id="seconds"),
        pytest.param("02000000000000", None, id="0 seconds are reserved"),
        pytest.param(
            "03215436000000", timedelta(hours=12, minutes=45, seconds=63), id="hours, minutes, seconds"
        ),
        pytest.param("03a15436000000", None, id="no digits"),
        pytest.param("04a70000000000", None, id="a reserved format"),
        pytest.param("81a70000000000", None, id="an extension"),
    ],
)
def test_an_enhanced_period_is_that_of_9_2_3_12_3(octets: str, period: timedelta | None) -> None:
    assert Enhanced(bytes.fromhex(octets)).period == period


@pytest.mark.parametrize("single_shot", [True, False])
@given(st.none() | st.timedeltas(timedelta(0), timedelta(hours=99, minutes=59, seconds=59)))
def test_an_enhanced_period_is_read_as_it_was_given(single_shot: bool, period: timedelta | None) -> None:
    enhanced = Enhanced.of(period, single_shot=single_shot)

    assert enhanced.single_shot is single_shot
    assert enhanced.period == (period and timedelta(seconds=int(period.total_seconds())))


@pytest.mark.parametrize("period", [timedelta(hours=100), timedelta(seconds=-1)])
def test_an_enhanced_period_has_two_digits_for_the_hours(period: timedelta) -> None:
    with pytest.raises(UsageError, match="less than 100 hours"):
        Enhanced.of(period)


@pytest.mark.parametrize(
    ("octets", "validity"),
    [
        pytest.param("010003812143000001c1", None, id="00: none"),
        pytest.param("1100038121430000aa01c1", Relative(170), id="10: relative"),
        pytest.param("09000381214300004300000000000001c1", Enhanced(b"\x43" + bytes(6)), id="01: enhanced"),
        pytest.param(
            "19000381214300006230904150954001c1",
            Timestamp.of(datetime(2026, 3, 9, 14, 5, 59, tzinfo=timezone(timedelta(hours=1)))),
            id="11: absolute",
        ),
    ],
)
def test_the_first_octet_says_which_form_follows(octets: str, validity: Validity | None) -> None:
    submit = decode(bytes.fromhex(octets), Direction.FROM_MOBILE)

    assert isinstance(submit, Submit)
    assert (submit.validity, submit.user_data.text) == (validity, "A")

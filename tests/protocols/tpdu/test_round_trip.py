from hypothesis import given
from hypothesis import strategies as st

from smskit.encoding import Label, join, segment
from smskit.protocols.tpdu import Pdu, Tpdu, decode, decode_pdu, user_data_of
from tests.protocols.tpdu.corpus import direction_of
from tests.protocols.tpdu.strategies import (
    DELIVER_REPORTS,
    DELIVERS,
    NUMBERS,
    STATUS_REPORTS,
    SUBMIT_REPORTS,
    SUBMITS,
    TPDUS,
)

CHARACTERS = st.sampled_from("aZ0 @\nüΩ€[|\\`ç’Жあ🙂🏽\u200d")
RUNS = st.lists(st.tuples(CHARACTERS, st.integers(1, 200)), max_size=6)
TEXTS = RUNS.map(lambda runs: "".join(char * count for char, count in runs))


def again(value: Tpdu) -> Tpdu:
    return decode(value.encode(), direction_of(value))


@given(SUBMITS)
def test_a_submit_is_read_as_it_was_written(value: Tpdu) -> None:
    assert again(value) == value


@given(DELIVERS)
def test_a_deliver_is_read_as_it_was_written(value: Tpdu) -> None:
    assert again(value) == value


@given(STATUS_REPORTS)
def test_a_status_report_is_read_as_it_was_written(value: Tpdu) -> None:
    assert again(value) == value


@given(DELIVER_REPORTS)
def test_a_deliver_report_is_read_as_it_was_written(value: Tpdu) -> None:
    assert again(value) == value


@given(SUBMIT_REPORTS)
def test_a_submit_report_is_read_as_it_was_written(value: Tpdu) -> None:
    assert again(value) == value


@given(TPDUS, st.none() | NUMBERS)
def test_with_a_service_centre_too(value: Tpdu, service_centre: object) -> None:
    pdu = Pdu(value, service_centre)  # type: ignore[arg-type]  # hypothesis joins the two to object

    assert decode_pdu(pdu.encode(), direction_of(value)) == pdu
    assert pdu.encode().endswith(value.encode())
    assert pdu.length == len(value.encode())


@given(TPDUS)
def test_no_tpdu_is_longer_than_the_layer_below_allows(value: Tpdu) -> None:
    assert len(value.encode()) <= 164


@given(TEXTS, st.booleans(), st.integers(0, 255))
def test_the_parts_of_a_text_fit_and_join_to_it(text: str, wide: bool, reference: int) -> None:
    segmented = segment(text, wide_reference=wide)
    parts = user_data_of(segmented, reference=reference, wide=wide)

    assert len(parts) == len(segmented.parts)
    assert all(part.size <= 140 for part in parts)
    assert join(part.piece for part in parts if part.piece is not None) == text
    if len(parts) > 1:
        assert [part.label for part in parts] == [
            Label(reference=reference, total=len(parts), sequence=sequence, wide=wide)
            for sequence in range(1, len(parts) + 1)
        ]

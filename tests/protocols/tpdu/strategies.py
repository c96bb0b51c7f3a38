"""Values of every form that can be built."""

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from smskit.encoding import Language, alphabet
from smskit.errors import UsageError
from smskit.protocols.tpdu import (
    Address,
    Concatenation,
    DataCoding,
    Deliver,
    DeliverReport,
    Element,
    Enhanced,
    InformationElement,
    NationalLanguage,
    NumberingPlan,
    Ports,
    Relative,
    StatusReport,
    Submit,
    SubmitReport,
    Timestamp,
    Tpdu,
    TypeOfNumber,
    UserData,
)

OCTETS = st.integers(0, 255)
PLANS = st.sampled_from(NumberingPlan)
NUMBERS = st.builds(
    Address,
    st.text("0123456789*#abc", max_size=20),
    st.sampled_from([type_ for type_ in TypeOfNumber if type_ is not TypeOfNumber.ALPHANUMERIC]),
    PLANS,
)
NAMES = st.builds(
    Address,
    st.text("Ab1 @£\nΔ[€|", max_size=11).filter(lambda text: alphabet().count(text) <= 11),
    st.just(TypeOfNumber.ALPHANUMERIC),
    PLANS,
)
ADDRESSES = NUMBERS | NAMES
TIMESTAMPS = st.builds(Timestamp, st.binary(min_size=7, max_size=7))
VALIDITIES = (
    st.builds(Relative, OCTETS)
    | st.builds(Enhanced, st.binary(min_size=7, max_size=7))
    | TIMESTAMPS
    | st.none()
)
CODINGS = st.builds(DataCoding, OCTETS)


@st.composite
def concatenations(draw: st.DrawFn) -> Concatenation:
    wide = draw(st.booleans())
    total = draw(st.integers(1, 255))
    return Concatenation(
        reference=draw(st.integers(0, 0xFFFF if wide else 0xFF)),
        total=total,
        sequence=draw(st.integers(1, total)),
        wide=wide,
    )


@st.composite
def ports(draw: st.DrawFn) -> Ports:
    wide = draw(st.booleans())
    port = st.integers(0, 0xFFFF if wide else 0xFF)
    return Ports(destination=draw(port), source=draw(port), wide=wide)


@st.composite
def other_elements(draw: st.DrawFn) -> Element:
    identifier = draw(st.sampled_from([0, 4, 5, 8, 0x24, 0x25]) | OCTETS)
    try:
        return Element(identifier, draw(st.binary(max_size=6)))
    except UsageError:
        reject()


ELEMENTS: SearchStrategy[InformationElement] = (
    concatenations()
    | ports()
    | st.builds(NationalLanguage, st.sampled_from(Language), locking=st.booleans())
    | other_elements()
)


@st.composite
def user_data(draw: st.DrawFn, room: int = 140) -> UserData:
    coding = draw(CODINGS)
    header = tuple(draw(st.lists(ELEMENTS, max_size=4)))
    taken = UserData(coding, header, b"").size
    if not coding.in_septets:
        return UserData(coding, header, draw(st.binary(max_size=room - taken)))
    septets = st.lists(st.integers(0, 127), max_size=(room - taken) * 8 // 7)
    return UserData(coding, header, bytes(draw(septets)))


SUBMITS = st.builds(
    Submit,
    destination_address=ADDRESSES,
    user_data=user_data(),
    validity=VALIDITIES,
    message_reference=OCTETS,
    protocol_id=OCTETS,
    status_report_request=st.booleans(),
    reject_duplicates=st.booleans(),
    reply_path=st.booleans(),
)
DELIVERS = st.builds(
    Deliver,
    originating_address=ADDRESSES,
    service_centre_timestamp=TIMESTAMPS,
    user_data=user_data(),
    protocol_id=OCTETS,
    more_messages=st.booleans(),
    loop_prevention=st.booleans(),
    status_report_indication=st.booleans(),
    reply_path=st.booleans(),
)
CAUSES = st.none() | st.integers(0x80, 0xFF)
STATUS_REPORTS = st.builds(
    StatusReport,
    message_reference=OCTETS,
    recipient_address=ADDRESSES,
    service_centre_timestamp=TIMESTAMPS,
    discharge_time=TIMESTAMPS,
    status=OCTETS,
    more_messages=st.booleans(),
    loop_prevention=st.booleans(),
    answers_command=st.booleans(),
    protocol_id=st.none() | OCTETS,
    user_data=st.none() | user_data(131),
)
DELIVER_REPORTS = st.builds(
    DeliverReport,
    failure_cause=CAUSES,
    protocol_id=st.none() | OCTETS,
    user_data=st.none() | user_data(158),
)
SUBMIT_REPORTS = st.builds(
    SubmitReport,
    service_centre_timestamp=TIMESTAMPS,
    failure_cause=CAUSES,
    protocol_id=st.none() | OCTETS,
    user_data=st.none() | user_data(151),
)
TPDUS: SearchStrategy[Tpdu] = SUBMITS | DELIVERS | STATUS_REPORTS | DELIVER_REPORTS | SUBMIT_REPORTS

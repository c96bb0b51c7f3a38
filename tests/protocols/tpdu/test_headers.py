import pytest

from smskit.encoding import Label, Language, Shift
from smskit.errors import DecodeError, UsageError
from smskit.protocols.tpdu import (
    CharacterSet,
    Concatenation,
    DataCoding,
    Deliver,
    Direction,
    Element,
    InformationElement,
    NationalLanguage,
    Ports,
    UserData,
    decode,
)

GSM7 = DataCoding.of(CharacterSet.GSM7)

WRITTEN = pytest.mark.parametrize(
    ("octets", "element"),
    [
        pytest.param("0003c80201", Concatenation(reference=200, total=2, sequence=1), id="9.2.3.24.1"),
        pytest.param(
            "0804abcd0302", Concatenation(reference=0xABCD, total=3, sequence=2, wide=True), id="9.2.3.24.8"
        ),
        pytest.param("0402f0ff", Ports(destination=240, source=255, wide=False), id="9.2.3.24.3"),
        pytest.param("05040b8423f0", Ports(destination=2948, source=9200), id="9.2.3.24.4"),
        pytest.param("240101", NationalLanguage(Language.TURKISH, locking=False), id="9.2.3.24.15"),
        pytest.param("250103", NationalLanguage(Language.PORTUGUESE, locking=True), id="9.2.3.24.16"),
        pytest.param("01020304", Element(0x01, b"\x03\x04"), id="9.2.3.24.2, as it came"),
        pytest.param("7f00", Element(0x7F, b""), id="an element without data"),
    ],
)


def data_with(header: str, after: str = "dead") -> UserData:
    """What a DELIVER of 8 bit data with this header carries."""
    octets = bytes.fromhex(header)
    data = bytes((len(octets),)) + octets + bytes.fromhex(after)
    value = decode(
        bytes.fromhex("4403812143000462309041509540") + bytes((len(data),)) + data, Direction.TO_MOBILE
    )
    assert isinstance(value, Deliver)
    assert value.user_data is not None
    return value.user_data


@WRITTEN
def test_the_octets_of_an_element(octets: str, element: InformationElement) -> None:
    assert element.encode().hex() == octets
    assert data_with(octets).header == (element,)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param("0003010200", id="9.2.3.24.1: part 0"),
        pytest.param("0003010203", id="9.2.3.24.1: a part after the last"),
        pytest.param("0003010000", id="9.2.3.24.1: no parts"),
        pytest.param("00020102", id="too short"),
        pytest.param("000401020101", id="too long"),
        pytest.param("080400010200", id="9.2.3.24.8: part 0"),
        pytest.param("0403010203", id="9.2.3.24.3: too long"),
        pytest.param("050101", id="9.2.3.24.4: too short"),
        pytest.param("240100", id="9.2.3.24.15: a reserved language"),
        pytest.param("25010e", id="9.2.3.24.16: a reserved language"),
        pytest.param("24020101", id="9.2.3.24.15: too long"),
    ],
)
def test_an_element_that_means_nothing_is_kept_and_ignored(octets: str) -> None:
    user_data = data_with(octets)

    assert user_data.header == (Element(int(octets[:2], 16), bytes.fromhex(octets[4:])),)
    assert user_data.label is None
    assert user_data.shift == Shift()
    assert user_data.payload.hex() == "dead"


@pytest.mark.parametrize("header", ["0003c802", "7f", "0003c802017f", "700005", "7003dead"])
def test_9_2_3_24_a_header_whose_last_element_does_not_fit_is_ignored_as_a_whole(header: str) -> None:
    user_data = data_with(header)

    assert (user_data.header, user_data.payload.hex()) == ((), "dead")


def test_9_2_3_24_of_two_elements_the_last_counts() -> None:
    assert data_with("0003010201" + "0003020202").label == Label(reference=2, total=2, sequence=2)
    assert data_with("0003010201" + "080400020202").label == Label(
        reference=2, total=2, sequence=2, wide=True
    )
    assert data_with("0003010201" + "0003020203").label == Label(reference=1, total=2, sequence=1)


def test_9_2_3_24_of_two_languages_of_a_kind_the_last_counts() -> None:
    single, locking = (
        tuple(NationalLanguage(language, locking=locking) for language in (Language.HINDI, Language.URDU))
        for locking in (False, True)
    )

    assert UserData(GSM7, single, b"").shift == Shift(single=Language.URDU)
    assert UserData(GSM7, locking + single, b"").shift == Shift(Language.URDU, Language.URDU)


def test_spanish_has_no_locking_table_so_it_is_not_one() -> None:
    header = (NationalLanguage(Language.SPANISH, locking=True),)

    assert UserData(GSM7, header, b"ol\x7f").text == "olà"


@pytest.mark.parametrize(
    "header", ["4403812143000462309041509540020300", "44038121430000623090415095400605000301c8"]
)
def test_a_header_that_is_longer_than_the_user_data_is_refused(header: str) -> None:
    with pytest.raises(
        DecodeError, match=r"user_data\.header, octet 15: the header is longer than the user data"
    ):
        decode(bytes.fromhex(header).ljust(15 + int(header[28:30], 16), b"\0"), Direction.TO_MOBILE)


@pytest.mark.parametrize(
    ("reference", "total", "sequence", "wide"),
    [
        (256, 2, 1, False),
        (65536, 2, 1, True),
        (-1, 2, 1, False),
        (1, 2, 3, False),
        (1, 2, 0, False),
        (1, 256, 1, True),
    ],
)
def test_no_part_that_cannot_be(reference: int, total: int, sequence: int, wide: bool) -> None:
    with pytest.raises(UsageError, match=r"a reference is|a sequence is"):
        Concatenation(reference=reference, total=total, sequence=sequence, wide=wide)


@pytest.mark.parametrize(("port", "wide"), [(256, False), (65536, True), (-1, True)])
def test_no_port_that_cannot_be(port: int, wide: bool) -> None:
    with pytest.raises(UsageError, match="a port is from 0 to"):
        Ports(destination=port, source=0, wide=wide)
    with pytest.raises(UsageError, match="a port is from 0 to"):
        Ports(destination=0, source=port, wide=wide)


def test_an_element_with_a_class_of_its_own_is_built_by_that() -> None:
    with pytest.raises(UsageError, match="use Concatenation, Ports or NationalLanguage"):
        Element(0x00, b"\x01\x02\x01")


@pytest.mark.parametrize(("identifier", "data"), [(256, b""), (-1, b""), (0x70, bytes(256))])
def test_no_element_that_cannot_be(identifier: int, data: bytes) -> None:
    with pytest.raises(UsageError, match=r"identifier must be|at most 255 octets"):
        Element(identifier, data)

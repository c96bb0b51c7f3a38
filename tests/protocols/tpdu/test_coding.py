import pytest

from smskit.errors import UsageError
from smskit.protocols.tpdu import CharacterSet, DataCoding, Waiting, WaitingKind

GSM7, DATA8, UCS2 = CharacterSet.GSM7, CharacterSet.DATA8, CharacterSet.UCS2


def octets_where(**meaning: object) -> set[int]:
    """The octets of which all of this is true."""
    codings = map(DataCoding, range(256))
    return {
        coding.octet
        for coding in codings
        if all(getattr(coding, name) == value for name, value in meaning.items())
    }


def those(*patterns: str) -> set[int]:
    """The octets of bit patterns as the standard prints them, `x` for any bit."""
    return {
        octet
        for octet in range(256)
        for pattern in patterns
        if all(want in {"x", has} for want, has in zip(pattern, f"{octet:08b}", strict=True))
    }


def test_23_038_4_gives_each_octet_its_character_set() -> None:
    assert octets_where(character_set=DATA8) == those("0xxx01xx", "1111x1xx")
    assert octets_where(character_set=UCS2) == those("0xxx10xx", "1110xxxx")


def test_compressed_is_bit_5_of_the_general_groups() -> None:
    assert octets_where(compressed=True) == those("0x1xxxxx")


def test_the_class_counts_only_where_bit_4_says_so() -> None:
    for message_class in range(4):
        low = f"{message_class:02b}"
        assert octets_where(message_class=message_class) == those(f"0xx1xx{low}", f"1111xx{low}")


def test_automatic_deletion_is_the_second_group() -> None:
    assert octets_where(automatic_deletion=True) == those("01xxxxxx")


def test_only_text_that_is_not_compressed_is_in_septets() -> None:
    assert octets_where(in_septets=True) == octets_where(character_set=GSM7, compressed=False)


def test_three_groups_say_that_something_is_waiting() -> None:
    assert octets_where(waiting=None) == set(range(256)) - those("1100xxxx", "1101xxxx", "1110xxxx")
    for kind in WaitingKind:
        low = f"{kind:02b}"
        for active in (True, False):
            bit = int(active)
            assert octets_where(waiting=Waiting(kind=kind, active=active, discard=True)) == those(
                f"1100{bit}x{low}"
            )
            assert octets_where(waiting=Waiting(kind=kind, active=active, discard=False)) == those(
                f"1101{bit}x{low}", f"1110{bit}x{low}"
            )


@pytest.mark.parametrize("character_set", CharacterSet)
@pytest.mark.parametrize("message_class", [None, 0, 1, 2, 3])
def test_a_coding_means_what_was_asked_for(character_set: CharacterSet, message_class: int | None) -> None:
    coding = DataCoding.of(character_set, message_class)

    assert (coding.character_set, coding.message_class) == (character_set, message_class)
    assert coding.octet < 0x20


def test_the_usual_octets() -> None:
    assert DataCoding.of(GSM7) == DataCoding(0x00)
    assert DataCoding.of(UCS2) == DataCoding(0x08)
    assert DataCoding.of(GSM7, message_class=0) == DataCoding(0x10)
    assert DataCoding.of(UCS2, message_class=0) == DataCoding(0x18)


@pytest.mark.parametrize("message_class", [-1, 4])
def test_there_are_four_classes(message_class: int) -> None:
    with pytest.raises(UsageError, match="a message class is 0"):
        DataCoding.of(GSM7, message_class)


@pytest.mark.parametrize("octet", [-1, 256])
def test_a_coding_is_one_octet(octet: int) -> None:
    with pytest.raises(UsageError, match="octet must be a whole number from 0 to 255"):
        DataCoding(octet)

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smskit.encoding.septets import pack, unpack
from smskit.errors import UsageError

SEPTETS = st.lists(st.integers(0, 127), max_size=200).map(bytes)
FILLS = st.integers(0, 6)


def bits(octets: bytes, each: int) -> Iterator[int]:
    return (octet >> place & 1 for octet in octets for place in range(each))


def packed_bit_by_bit(septets: bytes, fill: int) -> bytes:
    """3GPP TS 23.038, 6.1.2.1.1, word for word."""
    row = [0] * fill + list(bits(septets, 7))
    row += [0] * (-len(row) % 8)
    return bytes(
        sum(bit << place for place, bit in enumerate(row[start : start + 8]))
        for start in range(0, len(row), 8)
    )


@pytest.mark.parametrize(
    ("septets", "packed"),
    [
        (b"", ""),
        (b"1", "31"),
        (b"hellohello", "E8329BFD4697D9EC37"),
        (b"How are you?", "C8F71D14969741F977FD07"),
        (b"1234567", "31D98C56B3DD00"),
        (b"12345678", "31D98C56B3DD70"),
        (b"*115*5#\r", "AA58ACA6AA8D1A"),
        (b"2 \x1be par mois", "32D0A60C8287E5A0F63B3D07"),
    ],
)
def test_well_known_texts_are_packed_as_everybody_packs_them(septets: bytes, packed: str) -> None:
    assert pack(septets).hex().upper() == packed
    assert unpack(bytes.fromhex(packed), len(septets)) == septets


def test_fill_bits_bring_septets_to_a_septet_border_after_a_header() -> None:
    header = bytes.fromhex("050003CC0201")  # 48 bits, and one more makes seven septets

    assert (header + pack(b"hi", fill=1)).hex().upper() == "050003CC0201D069"
    assert unpack(header + pack(b"hi", fill=1), 9)[7:] == b"hi"


@pytest.mark.parametrize("fill", range(7))
def test_every_length_is_packed_as_bit_by_bit_and_comes_back(fill: int) -> None:
    septets = bytes((place * 37 + 11) % 128 for place in range(200))

    for length in range(201):
        packed = pack(septets[:length], fill=fill)
        assert packed == packed_bit_by_bit(septets[:length], fill)
        assert unpack(packed, length, fill=fill) == septets[:length]


@given(SEPTETS, FILLS)
def test_any_septets_are_packed_as_bit_by_bit_and_come_back(septets: bytes, fill: int) -> None:
    packed = pack(septets, fill=fill)

    assert packed == packed_bit_by_bit(septets, fill)
    assert unpack(packed, len(septets), fill=fill) == septets


@given(st.binary(min_size=1, max_size=150), FILLS)
def test_any_octets_are_read_bit_by_bit(octets: bytes, fill: int) -> None:
    row = list(bits(octets, 8))[fill:]
    count = len(row) // 7

    assert list(bits(unpack(octets, count, fill=fill), 7)) == row[: count * 7]


@given(SEPTETS, FILLS, st.binary(min_size=1, max_size=9))
def test_what_follows_the_septets_does_not_matter(septets: bytes, fill: int, more: bytes) -> None:
    assert unpack(pack(septets, fill=fill) + more, len(septets), fill=fill) == septets


@pytest.mark.parametrize("octets", [b"\x80", b"hello\xff", b"a" * 159 + b"\x80"])
def test_an_octet_that_is_no_septet_is_refused(octets: bytes) -> None:
    with pytest.raises(UsageError, match="from 0 to 127"):
        pack(octets)


@given(SEPTETS.filter(bool), FILLS, st.data())
def test_too_few_octets_are_refused(septets: bytes, fill: int, data: st.DataObject) -> None:
    packed = pack(septets, fill=fill)
    short = packed[: data.draw(st.integers(0, len(packed) - 1))]

    with pytest.raises(UsageError, match=f"{len(short)} octets do not hold {len(septets)} septets"):
        unpack(short, len(septets), fill=fill)

"""How long texts are cut, held against three other libraries, and where each of them is wrong by the standard."""

import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import gsm0338
import pytest
import smsutil  # type: ignore[import-untyped]
from messaging.sms import SmsSubmit  # type: ignore[import-untyped]

from smskit.encoding import Encoding, alphabet, gsm7, segment
from smskit.encoding.septets import unpack
from tests.judge_codecs import of_messaging, of_smsutil, with_codec

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it compares with `is not`, and escapes what needs none
    from gsmmodem import pdu as gsmmodem  # type: ignore[import-untyped]

Judge: TypeAlias = Callable[[str], Sequence[str]]


def ours(text: str) -> Sequence[str]:
    return [part.text for part in segment(text).parts]


@with_codec(of_smsutil)
def by_smsutil(text: str) -> Sequence[str]:
    return [part.content for part in smsutil.split(text).parts]


@with_codec(of_messaging)
def by_messaging(text: str) -> Sequence[str]:
    """Read out of its PDUs, since it cuts nowhere else."""
    pdus = [bytes.fromhex(pdu.pdu) for pdu in SmsSubmit("+14155550100", text).to_pdu()]
    header = 6 if len(pdus) > 1 else 0
    return [
        data[header:].decode("utf-16-be")
        if scheme == 8
        else alphabet().decode(unpack(data, length)[(header * 8 + 6) // 7 :])
        for scheme, length, data in ((pdu[12], pdu[13], pdu[14:]) for pdu in pdus)
    ]


def by_gsmmodem(text: str) -> Sequence[str]:
    """As its `encodeSmsSubmitPdu` goes about it."""
    try:
        units, room, divide = len(gsmmodem.encodeGsm7(text)), 160, gsmmodem.divideTextGsm7
    except ValueError:
        units, room, divide = len(text), 70, gsmmodem.divideTextUcs2
    parts: Sequence[str] = [text] if units <= room else divide(text)
    return parts


def texts() -> Iterator[str]:
    """Of every length about the ends of parts, and of any other."""
    dice = random.Random(23038)
    basic = gsm7.BASIC.replace(gsm7.ESCAPE, "")
    extended = "".join(gsm7.EXTENSION.values())
    gsm = [basic, basic * 3 + extended, "Grüße @ 5", "ab€[}", "abcde^"]
    kinds = [*gsm, "Привет, мир", "can’t", basic + "Ж", "Привет 🙂🏽", "ab 🙂"]
    ends = [70, 134, 153, 160, 306, 459]
    for kind in kinds:
        lengths = [end + step for end in ends for step in range(-2, 4)] + [
            dice.randint(1, 700) for _ in range(60)
        ]
        yield from ("".join(dice.choices(kind, k=length)) for length in lengths)


def cut_after_escape(text: str) -> bool:
    """Whether an escape is the last septet of 153."""
    if not alphabet().fits(text) or alphabet().count(text) <= 160:
        return False
    return 0x1B in gsm0338.Codec().encode(text)[0][152::153]


def beyond_bmp(text: str) -> bool:
    return any(char > "\uffff" for char in text)


def never(text: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("judge", "wrong"),
    [
        pytest.param(by_smsutil, never, id="smsutil"),
        pytest.param(
            by_messaging, lambda text: beyond_bmp(text) or cut_after_escape(text), id="python-messaging"
        ),
        pytest.param(
            by_gsmmodem, lambda text: beyond_bmp(text) or bool({*"§\f"} & {*text}), id="python-gsmmodem-new"
        ),
    ],
)
def test_texts_are_cut_as_by_another_where_it_is_right(judge: Judge, wrong: Callable[[str], bool]) -> None:
    right = [text for text in texts() if not wrong(text)]
    assert len(right) >= 300

    for text in right:
        assert judge(text) == ours(text)


@pytest.mark.parametrize(
    ("judge", "text", "parts"),
    [
        pytest.param(
            by_messaging,
            "a" * 152 + "€" * 5,
            ["a" * 152, "€" * 5],
            id="python-messaging parts an escape from its septet (23.040, 9.2.3.24.1)",
        ),
        pytest.param(
            by_gsmmodem,
            "🙂" * 67,
            ["🙂" * 33, "🙂" * 33, "🙂"],
            id="python-gsmmodem-new counts code points, so that a part has 262 octets (23.040, 9.2.3.24)",
        ),
        pytest.param(
            by_gsmmodem,
            "§" * 153 + "a" * 8,
            ["§" * 153, "a" * 8],
            id="python-gsmmodem-new lacks the section sign (23.038, 6.2.1, code 0x5F)",
        ),
        pytest.param(
            by_gsmmodem,
            "`" * 70 + "a",
            ["`" * 67, "```a"],
            id="python-gsmmodem-new has a grave accent instead (23.038, 6.2.1, code 0x5F)",
        ),
        pytest.param(
            by_gsmmodem,
            "\f" + "a" * 100,
            ["\f" + "a" * 100],
            id="python-gsmmodem-new lacks the form feed (23.038, 6.2.1.1, code 0x0A)",
        ),
        *(
            pytest.param(
                judge,
                "\x1b" + "a" * 100,
                ["\x1b" + "a" * 66, "a" * 34],
                id=f"{name} takes the escape for a character (23.038, 6.2.1, code 0x1B)",
            )
            for judge, name in ((by_gsmmodem, "python-gsmmodem-new"), (by_smsutil, "smsutil"))
        ),
    ],
)
def test_where_another_is_wrong_by_the_standard(judge: Judge, text: str, parts: Sequence[str]) -> None:
    assert ours(text) == parts
    assert judge(text) != parts


def test_python_messaging_writes_what_no_phone_can_read_once_there_is_an_emoji() -> None:
    # 23.038, 6.2.3: a code unit has 16 bits; it writes the upper half of U+1F642 as nine
    assert ours("🙂 hi") == ["🙂 hi"]
    with pytest.raises(ValueError, match="hex"):
        by_messaging("🙂 hi")


def test_python_gsmmodem_new_cannot_write_a_y_with_diaeresis() -> None:
    # 23.038, 6.2.1.1: it has that letter at 0x0A of the extension table, in place of the form feed
    assert ours("ÿ") == ["ÿ"]
    with pytest.raises(TypeError):
        by_gsmmodem("ÿ")


def test_an_empty_text_needs_no_ucs2() -> None:
    # 23.038, 4: UCS2 is for what the default alphabet lacks; nothing lacks nothing
    assert segment("").encoding is Encoding.GSM7
    with with_codec(of_smsutil):
        assert smsutil.split("").encoding == "utf_16_be"

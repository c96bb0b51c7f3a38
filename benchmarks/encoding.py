"""Text as carriers count and carry it, beside other libraries; node-pdu is one of them if `node` finds it (NODE_PATH).

Each answer is compared with ours before its time is taken.
"""

from __future__ import annotations

import io
import json
import shutil
import statistics
import subprocess
import timeit
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, cast

import attrs
import gsm0338
from _bench import arguments, machine, medians, rounds, table
from gsmmodem import pdu as gsmmodem  # type: ignore[import-untyped]
from messaging import utils as messaging  # type: ignore[import-untyped]
from messaging.sms import SmsDeliver, SmsSubmit  # type: ignore[import-untyped]
from messaging.sms.gsm0338 import GSM0338Codec as MessagingCodec  # type: ignore[import-untyped]
from smspdudecoder.codecs import GSM
from smspdudecoder.fields import SMSDeliver
from smsutil import split  # type: ignore[import-untyped]
from smsutil.codecs import GSM0338Codec as SmsutilCodec  # type: ignore[import-untyped]

from smskit.encoding import alphabet, segment
from smskit.encoding.septets import pack, unpack
from smskit.protocols.tpdu import Address, Deliver, Direction, Pdu, Submit, Timestamp, UserData, decode_pdu

PEERS = ("gsm0338", "smspdudecoder", "python-messaging", "python-gsmmodem-new", "smsutil", "node-pdu")
NOTES = """
In brackets, and not compared: gsm0338 and smsutil do not pack; python-gsmmodem-new slices code points and
python-messaging writes five hexadecimal digits for some, which is right only until there are emoji. python-messaging
cuts only while it makes PDUs, so its figures have these too."""

NUMBER = "+14155550100"

PLAIN = ("Your crown is ready, café @ 5. " * 10)[:160]
ESCAPED = "Pay {50 €} for the [crown] " * 5
ASCII = ("Your crown is ready. Come in any day before six. " * 50)[:1000]
BMP = ("Ваша коронка готова. Приходите в любой день. " * 50)[:1000]
EMOJI = ("Ваша коронка готова 🙂 Приходите в любой день. " * 50)[:1000]

NODE = """
const { Submit, parse, utils } = require('node-pdu');
const calls = {
    encode: text => utils.Helper.encode7Bit(text).result,
    decode: ([hex, count]) => utils.Helper.decode7Bit(hex, count),
    submit: text => new Submit('+14155550100', text).toString(),
    deliver: pdu => { const found = parse(pdu); return ['+' + found.address.phone, found.data.getText()]; },
    cut: text => new Submit('+14155550100', text).data.parts.map(part => part.text),
};
const { jobs, times, seconds } = JSON.parse(require('fs').readFileSync(0));
console.log(JSON.stringify(Object.fromEntries(Object.entries(jobs).map(([row, [name, given]]) => {
    const took = [];
    for (let round = 0; round < times; round++) {
        let count = 0, now, began = process.hrtime.bigint();
        do { calls[name](given); count++; now = process.hrtime.bigint(); } while (Number(now - began) < seconds * 1e9);
        took.push(Number(now - began) / count / 1e3);
    }
    return [row, [calls[name](given), took]];
}))));
"""

Job: TypeAlias = tuple[str, Any]
"""A call in `NODE` and what it is given."""


def same(value: Any) -> Any:  # noqa: ANN401 - whatever it is given
    return value


@attrs.frozen
class Rival:
    call: Callable[[Any], Any]
    read: Callable[[Any], object] = same
    """What its answer says; not timed."""
    take: Callable[[Any], Any] = same
    """What it takes, made of what the row gives; not timed."""
    less: bool = False
    """It does a part of the work."""

    def answer(self, given: object) -> object:
        try:
            return self.read(self.call(self.take(given)))
        except Exception as error:  # noqa: BLE001 - other people's code, on text that it does not expect
            return error


@attrs.frozen
class Row:
    name: str
    given: Any
    rivals: Mapping[str, Rival]
    node: Job
    read_node: Callable[[Any], object]
    also: Any
    """What a rival must get right too to be compared."""


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    times, seconds = (3, 0.002) if options.quick else (21, 0.02)
    machine()
    todo = list(rows())
    node = run_node({row.name: row.node for row in todo}, times, seconds)
    lines = [compared(row, node.get(row.name), times, seconds) for row in todo]
    table(
        f"Microseconds, median of {times} rounds", ("", "times the next in Python", "smskit", *PEERS), lines
    )
    print(NOTES)


def rows() -> Iterator[Row]:
    """All that is measured."""
    for name, text in (("160 septets", PLAIN), ("25 of them escaped", ESCAPED)):
        yield encode_row(f"GSM-7 encode, {name}", text)
        yield decode_row(f"GSM-7 decode, {name}", text)
    yield segment_row("cut 1,000 ASCII", ASCII, also=ASCII)
    yield segment_row("cut 1,000 UCS-2", BMP, also=EMOJI)
    yield segment_row("cut 1,000 with emoji", EMOJI, also=EMOJI)
    yield submit_row("SUBMIT encode", PLAIN)
    yield deliver_row("DELIVER decode", PLAIN)


def encode_row(name: str, text: str) -> Row:
    ours = alphabet()
    rivals = {
        "smskit": Rival(lambda text: pack(ours.encode(text))),
        "gsm0338": Rival(gsm0338.Codec().encode, lambda answer: pack(answer[0]), less=True),
        "smspdudecoder": Rival(GSM.encode, bytes.fromhex),
        "python-messaging": Rival(
            lambda text: messaging.pack_8bits_to_7bits(MessagingCodec().encode(text)[0]),
            lambda answer: bytes.fromhex(answer)[1:],
        ),
        "python-gsmmodem-new": Rival(lambda text: gsmmodem.packSeptets(gsmmodem.encodeGsm7(text))),
        "smsutil": Rival(SmsutilCodec().encode, lambda answer: pack(answer[0]), less=True),
    }
    return Row(name, text, rivals, ("encode", text), bytes.fromhex, also=text)


def decode_row(name: str, text: str) -> Row:
    ours = alphabet()
    count = ours.count(text)
    packed = pack(ours.encode(text))
    septets = partial(unpack, count=count)
    rivals = {
        "smskit": Rival(lambda packed: ours.decode(unpack(packed, count))),
        "gsm0338": Rival(gsm0338.Codec().decode, lambda answer: answer[0], septets, less=True),
        "smspdudecoder": Rival(GSM.decode, take=bytes.hex),
        "python-messaging": Rival(
            lambda packed: MessagingCodec().decode(messaging.unpack_msg(packed))[0], take=bytes.hex
        ),
        "python-gsmmodem-new": Rival(
            lambda packed: gsmmodem.decodeGsm7(gsmmodem.unpackSeptets(packed, count)), take=bytearray
        ),
        "smsutil": Rival(SmsutilCodec().decode, lambda answer: answer[0], septets, less=True),
    }
    return Row(name, packed, rivals, ("decode", (packed.hex().upper(), count)), same, also=packed)


def segment_row(name: str, text: str, *, also: str) -> Row:
    rivals = {
        "smskit": Rival(segment, lambda answer: [part.text for part in answer.parts]),
        "python-messaging": Rival(
            lambda text: SmsSubmit("+14155550100", text).to_pdu(),
            lambda pdus: [carried(bytes.fromhex(pdu.pdu)) for pdu in pdus],
        ),
        "python-gsmmodem-new": Rival(gsmmodem_cut),
        "smsutil": Rival(split, lambda answer: [part.content for part in answer.parts]),
    }
    return Row(name, text, rivals, ("cut", text), same, also=also)


def submit_row(name: str, text: str) -> Row:
    def ours(text: str) -> bytes:
        return Pdu(Submit(destination_address=Address.of(NUMBER), user_data=UserData.of_text(text))).encode()

    rivals = {
        "smskit": Rival(ours, sent),
        "python-messaging": Rival(
            lambda text: SmsSubmit(NUMBER, text).to_pdu(), lambda pdus: sent(bytes.fromhex(pdus[0].pdu))
        ),
        "python-gsmmodem-new": Rival(
            lambda text: gsmmodem.encodeSmsSubmitPdu(NUMBER, text, reference=1),
            lambda pdus: sent(bytes(pdus[0].data)),
        ),
    }
    return Row(name, text, rivals, ("submit", text), lambda pdu: sent(bytes.fromhex(pdu)), also=text)


def sent(pdu: bytes) -> object:
    """Whom a SUBMIT goes to, and what it says."""
    tpdu = decode_pdu(pdu, Direction.FROM_MOBILE).tpdu
    return isinstance(tpdu, Submit) and (str(tpdu.destination_address), tpdu.user_data.text)


def deliver_row(name: str, text: str) -> Row:
    """What comes of it is read too: the number, the moment and the text."""
    deliver = Deliver(
        originating_address=Address.of(NUMBER),
        service_centre_timestamp=Timestamp(bytes.fromhex("62309041509540")),
        user_data=UserData.of_text(text),
    )

    def ours(pdu: str) -> object:
        tpdu = cast(Deliver, decode_pdu(bytes.fromhex(pdu), Direction.TO_MOBILE).tpdu)
        moment = tpdu.service_centre_timestamp.datetime
        return str(tpdu.originating_address), tpdu.user_data.text, moment

    rivals = {
        "smskit": Rival(ours, lambda answer: answer[:2]),
        "smspdudecoder": Rival(
            lambda pdu: SMSDeliver.decode(io.StringIO(pdu)),
            lambda said: ("+" + said["sender"]["number"], said["user_data"]["data"]),
        ),
        "python-messaging": Rival(SmsDeliver, lambda said: (said.number, said.text)),
        "python-gsmmodem-new": Rival(gsmmodem.decodeSmsPdu, lambda said: (said["number"], said["text"])),
    }
    pdu = Pdu(deliver).encode().hex().upper()
    return Row(name, pdu, rivals, ("deliver", pdu), tuple, also=pdu)


def gsmmodem_cut(text: str) -> object:
    """As its `encodeSmsSubmitPdu` goes about it."""
    try:
        gsmmodem.encodeGsm7(text)
    except ValueError:
        return gsmmodem.divideTextUcs2(text)
    return gsmmodem.divideTextGsm7(text)


def carried(pdu: bytes) -> str:
    """The text in one part of a SUBMIT to a number of eleven digits."""
    scheme, length, data = pdu[12], pdu[13], pdu[14:]
    if scheme == 8:
        return data[6:].decode("utf-16-be")
    return alphabet().decode(unpack(data, length)[7:])


def compared(row: Row, node: tuple[object, list[float]] | None, times: int, seconds: float) -> Sequence[str]:
    """A line of the table."""
    expected = row.rivals["smskit"].answer(row.given)
    right = {name: rival for name, rival in row.rivals.items() if rival.answer(row.given) == expected}
    took = medians(rounds({name: timed(rival, row.given, seconds) for name, rival in right.items()}, times))
    also = row.rivals["smskit"].answer(row.also)
    aside = {name for name, rival in right.items() if rival.less or rival.answer(row.also) != also}
    if node is not None and Rival(same, row.read_node).answer(node[0]) == expected:
        took["node-pdu"] = statistics.median(node[1])
    cells = dict.fromkeys(row.rivals if node is None else [*row.rivals, "node-pdu"], "wrong")
    cells |= {name: f"({figure:.1f})" if name in aside else f"{figure:.1f}" for name, figure in took.items()}
    fastest = min(figure for name, figure in took.items() if name not in {*aside, "smskit", "node-pdu"})
    return (
        row.name,
        f"{fastest / took['smskit']:.1f}",
        cells["smskit"],
        *(cells.get(name, "-") for name in PEERS),
    )


def timed(rival: Rival, given: object, seconds: float) -> Callable[[], float]:
    """Measures what one call takes, in microseconds."""
    timer = timeit.Timer(partial(rival.call, rival.take(given)))
    count = max(1, int(seconds / min(timer.repeat(5, 1))))
    return lambda: 1e6 * timer.timeit(count) / count


def run_node(jobs: Mapping[str, Job], times: int, seconds: float) -> dict[str, tuple[object, list[float]]]:
    """By row, what node-pdu answers and the microseconds of each round."""
    node = shutil.which("node")
    given = json.dumps({"jobs": jobs, "times": times, "seconds": seconds})
    run = node and subprocess.run(
        [node, "-e", NODE], input=given, capture_output=True, text=True, check=False
    )
    if not run or run.returncode:
        print("Without node-pdu: `npm install node-pdu`, and set NODE_PATH to its node_modules.")
        return {}
    answers: dict[str, tuple[object, list[float]]] = json.loads(run.stdout)
    return answers


if __name__ == "__main__":
    main()

"""What Twilio's callbacks say."""

from __future__ import annotations

from urllib.parse import urlencode

import attrs
import pytest
from twilio.rest.api.v2010.account.message import MessageInstance

from smskit.drivers.base import WebhookRequest, WebhookResponse
from smskit.drivers.twilio.callbacks import parse
from smskit.drivers.twilio.signatures import Hook
from smskit.drivers.twilio.words import status_of
from smskit.errors import BadCallback
from smskit.model.addresses import PhoneNumber, ShortCode, address_of
from smskit.model.statuses import Status
from smskit.model.traffic import Inbound, Incoming, MediaLink, Receipt

HOOK = Hook(url="https://acme.example/sms/twilio", keys={"": "token"}, secret="token")
FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
TEXT = {
    "ToCountry": "US",
    "FromCity": "",
    "MessageSid": "SM1",
    "SmsMessageSid": "SM1",
    "SmsStatus": "received",
    "NumMedia": "0",
    "Body": " ¿Sí? 🙂 1+1 ",
    "From": "+14155550123",
    "To": "+14155550100",
}
RECEIPT = {
    "MessageSid": "SM1",
    "SmsSid": "SM1",
    "MessageStatus": "delivered",
    "SmsStatus": "delivered",
    "To": "+14155550123",
    "From": "+14155550100",
}


def post(form: dict[str, str], target: str = "/sms/twilio") -> WebhookRequest:
    return WebhookRequest(method="POST", raw_target=target, headers=[FORM], body=urlencode(form).encode())


def target_of(url: str) -> str:
    """What a client asks for at a URL: the fragment stays with it."""
    return url.removeprefix("https://acme.example").partition("#")[0]


def event(request: WebhookRequest, hook: Hook | None = HOOK) -> Incoming:
    (event,) = parse(request, hook).events
    return event


def test_a_text_comes_as_it_was_written_and_is_answered_with_nothing() -> None:
    result = parse(post(TEXT), HOOK)

    assert result.events == [
        Inbound(
            sender=PhoneNumber("+14155550123"),
            to=PhoneNumber("+14155550100"),
            text=" ¿Sí? 🙂 1+1 ",
            carrier_id="SM1",
        )
    ]
    assert result.response == WebhookResponse(
        status=200, headers={"Content-Type": "text/xml"}, body=b"<Response/>"
    )


def test_a_text_comes_by_get_too() -> None:
    request = WebhookRequest(method="GET", raw_target=f"/sms/twilio?{urlencode(TEXT)}")

    assert event(request) == event(post(TEXT))


@pytest.mark.parametrize("word", ["STOP", "START", "HELP"])
def test_a_word_that_twilio_answered_is_a_text_like_any_other(word: str) -> None:
    said = event(post(TEXT | {"Body": word.title(), "OptOutType": word}))

    assert isinstance(said, Inbound)
    assert said.text == word.title()


PICTURE = {"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/ME0", "MediaContentType0": "image/jpeg"}
VIDEO = {"NumMedia": "2", "MediaUrl1": "https://api.twilio.com/ME1", "MediaContentType1": "video/mp4"}
PICTURE_LINK = MediaLink(url="https://api.twilio.com/ME0", content_type="image/jpeg")
VIDEO_LINK = MediaLink(url="https://api.twilio.com/ME1", content_type="video/mp4")


@pytest.mark.parametrize(
    ("fields", "media"),
    [
        (PICTURE, (PICTURE_LINK,)),
        (VIDEO | PICTURE | {"NumMedia": "2"}, (PICTURE_LINK, VIDEO_LINK)),
        (PICTURE | {"NumMedia": "9" * 5000}, (PICTURE_LINK,)),
        (PICTURE | {"NumMedia": "-1"}, (PICTURE_LINK,)),
        (PICTURE | {"NumMedia": "many"}, (PICTURE_LINK,)),
        ({"NumMedia": "3"}, ()),
        ({"NumMedia": "1", "MediaUrl0": ""}, ()),
        (VIDEO, (VIDEO_LINK,)),
        (PICTURE | {"MediaContentType0": ""}, (MediaLink(url="https://api.twilio.com/ME0"),)),
    ],
    ids=["one", "two", "too many", "negative", "a word", "none", "empty", "a gap", "no type"],
)
def test_media_are_told_by_where_they_are(fields: dict[str, str], media: tuple[MediaLink, ...]) -> None:
    said = event(post(TEXT | fields))

    assert isinstance(said, Inbound)
    assert (said.text, said.media) == (TEXT["Body"], media)


def test_a_picture_without_a_word_is_a_text_too() -> None:
    without_body = {name: value for name, value in TEXT.items() if name != "Body"} | PICTURE
    wordless = event(post(TEXT | {"Body": ""} | PICTURE))

    assert isinstance(wordless, Inbound)
    assert (wordless.text, wordless.media) == ("", (PICTURE_LINK,))
    assert event(post(without_body)) == wordless
    assert event(WebhookRequest(method="GET", raw_target=f"/?{urlencode(without_body)}")) == wordless


def test_a_receipt_of_media_is_a_receipt() -> None:
    assert event(post(RECEIPT | PICTURE)) == Receipt(status=Status.DELIVERED, carrier_id="SM1")


@pytest.mark.parametrize("word", ["received", "Receiving", ""])
def test_what_is_received_is_a_text(word: str) -> None:
    assert isinstance(event(post(TEXT | {"SmsStatus": word})), Inbound)


def test_a_text_to_a_short_code_and_an_empty_one() -> None:
    said = event(post(TEXT | {"To": "12345", "Body": ""}))

    assert isinstance(said, Inbound)
    assert (said.to, said.text) == (ShortCode("12345"), "")


@pytest.mark.parametrize("sender", ["12345", "Acme"])
def test_a_text_from_a_short_code_or_a_name_is_a_text_too(sender: str) -> None:
    said = event(post(TEXT | {"From": sender}))

    assert isinstance(said, Inbound)
    assert said.sender == address_of(sender)


def test_what_is_no_utf8_comes_as_far_as_it_can_be_read() -> None:
    body = urlencode(TEXT | {"Body": ""}).encode().replace(b"&Body=", b"&Body=caf%E9%20\xff")
    said = event(WebhookRequest(method="POST", raw_target="/", headers=[FORM], body=body))

    assert isinstance(said, Inbound)
    assert said.text == "caf\ufffd \ufffd"


STATUSES = {
    "accepted": Status.ACCEPTED,
    "scheduled": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "partially_delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
}


def test_every_word_of_twilios_is_known() -> None:
    words = {word for name, word in vars(MessageInstance.Status).items() if name.isupper()}

    assert words == set(STATUSES) | {"received", "receiving"}


@pytest.mark.parametrize("word", STATUSES)
def test_a_receipt_says_where_the_text_is(word: str) -> None:
    result = parse(post(RECEIPT | {"MessageStatus": word.title()}), HOOK)

    assert result.events == [Receipt(status=STATUSES[word], carrier_id="SM1")]
    assert result.response == WebhookResponse(status=204)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({}, "teleported"), ({"ErrorCode": ""}, "teleported"), ({"ErrorCode": "21610"}, "teleported 21610")],
)
def test_a_new_word_is_kept_and_its_code_with_it(fields: dict[str, str], code: str) -> None:
    assert event(post(RECEIPT | {"MessageStatus": "teleported"} | fields)) == Receipt(
        status=Status.UNKNOWN, carrier_id="SM1", code=code
    )


@pytest.mark.parametrize(
    ("word", "code", "opted_out"),
    [
        ("failed", "21610", True),
        ("undelivered", "21610", True),
        ("sent", "21610", False),
        ("delivered", "21610", False),
        ("failed", "21614", False),
    ],
)
def test_a_failure_may_be_an_opt_out_at_twilio(word: str, code: str, *, opted_out: bool) -> None:
    said = event(post(RECEIPT | {"MessageStatus": word, "ErrorCode": code}))

    assert isinstance(said, Receipt)
    assert said.opted_out is opted_out


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("30003", Status.UNDELIVERED),
        ("30004", Status.REJECTED),
        ("30005", Status.UNDELIVERED),
        ("30006", Status.UNDELIVERED),
        ("30007", Status.REJECTED),
        ("30036", Status.EXPIRED),
        ("21610", Status.REJECTED),
        ("30001", Status.FAILED),
        ("99999", Status.FAILED),
    ],
)
def test_the_code_of_a_failure_says_more(code: str, status: Status) -> None:
    said = event(post(RECEIPT | {"MessageStatus": "failed", "ErrorCode": code}))

    assert said == Receipt(status=status, carrier_id="SM1", code=code, opted_out=code == "21610")


def test_a_code_does_not_undo_a_delivery() -> None:
    assert status_of("delivered", "30003") is Status.DELIVERED


def test_the_older_name_of_the_status_will_do() -> None:
    said = event(post({"SmsSid": "SM1", "SmsStatus": "sent"}))

    assert said == Receipt(status=Status.SENT, carrier_id="SM1")


def test_a_receipt_brings_our_reference_back() -> None:
    target = target_of(HOOK.receipts_url("1-5f00"))

    assert event(post(RECEIPT, target)) == Receipt(
        status=Status.DELIVERED, carrier_id="SM1", reference="1-5f00"
    )


def test_a_reference_that_was_signed_with_an_older_token_counts() -> None:
    rotated = Hook(url=HOOK.url, keys={"": "new"}, secret="new", older=("", "token"))
    target = target_of(HOOK.receipts_url("1-5f00"))
    delivered = Receipt(status=Status.DELIVERED, carrier_id="SM1")

    assert event(post(RECEIPT, target), rotated) == attrs.evolve(delivered, reference="1-5f00")
    assert event(post(RECEIPT, target), attrs.evolve(rotated, older=("another",))) == delivered
    unsigned = Hook(url=HOOK.url, keys={}, secret="").receipts_url("1-5f00")
    assert event(post(RECEIPT, target_of(unsigned)), rotated) == delivered


@pytest.mark.parametrize(
    "change",
    [("1-5f00", "2-5f00"), ("&s=", "&s=0"), ("&s=", "&t="), ("r=1-5f00&", "")],
    ids=["another reference", "another signature", "no signature", "no reference"],
)
def test_a_reference_that_we_did_not_sign_is_not_taken(change: tuple[str, str]) -> None:
    target = target_of(HOOK.receipts_url("1-5f00")).replace(*change)
    said = event(post(RECEIPT, target))

    assert said == Receipt(status=Status.DELIVERED, carrier_id="SM1")


def test_without_a_hook_there_is_no_reference() -> None:
    assert event(post(RECEIPT, "/?r=1-5f00&s=1"), None) == Receipt(status=Status.DELIVERED, carrier_id="SM1")


@pytest.mark.parametrize(
    "request_",
    [
        post({}),
        post({"Hello": "there"}),
        post({"MessageStatus": "sent"}),
        post({name: value for name, value in TEXT.items() if name != "From"}),
        post({name: value for name, value in TEXT.items() if "Sid" not in name}),
        post(TEXT | {"From": "whatsapp:+14155550123"}),
        post(TEXT | {"To": "not a number at all"}),
        WebhookRequest(method="POST", raw_target="/", headers=[FORM], body=b"a=b&" * 2000),
        WebhookRequest(method="POST", raw_target="/", body=urlencode(TEXT).encode()),
    ],
    ids=[
        "empty",
        "strange",
        "no id",
        "no sender",
        "text without id",
        "other network",
        "no number",
        "many",
        "untyped",
    ],
)
def test_what_cannot_be_read_is_a_bad_callback(request_: WebhookRequest) -> None:
    with pytest.raises(BadCallback) as raised:
        parse(request_, HOOK)
    assert "555" not in str(raised.value)

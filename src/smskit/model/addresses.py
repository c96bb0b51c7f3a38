"""Addresses: phone numbers, short codes and sender names, parsed once, at the edge.

The one module that asks phonenumbers, and only when it has to: importing that takes 40 ms.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import attrs

from smskit.encoding import alphabet
from smskit.errors import InvalidAddress

if TYPE_CHECKING:
    import phonenumbers

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_NANP = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_REGION = re.compile(r"[A-Z]{2}")

# As people write numbers: digits of any script, brackets, dots, slashes and every sort of dash.
_WRITTEN = re.compile(
    r"(?:[(\uff08\s]*+[+\uff0b])?+[(\uff08\s]*+\d[\d\s().\-/\u2010-\u2015\u2212\uff08\uff09\uff0d-\uff0f]*+"
)
# Address books and web pages wrap numbers in marks of direction and width that nobody sees.
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

_TOO_SHORT = "too few digits for a phone number (a short code is none); check for a missing area code"
_TOO_LONG = "too many digits for a phone number; give one number, without extension"


def _holds_e164(_number: PhoneNumber, _field: object, e164: str) -> None:
    if _E164.fullmatch(_given(e164)) is None:
        raise InvalidAddress("a PhoneNumber holds + and 7 to 15 digits; PhoneNumber.parse reads other forms")


def _holds_short_code(_code: ShortCode, _field: object, digits: str) -> None:
    if _SHORT_CODE.fullmatch(_given(digits)) is None:
        raise InvalidAddress("a short code is 3 to 8 digits and nothing else")


def _holds_sender_name(_name: SenderName, _field: object, text: str) -> None:
    fits = alphabet().fits(_given(text)) and alphabet().count(text) <= 11
    if not (fits and _has_letter(text) and text.isprintable() and text == text.strip()):
        raise InvalidAddress(
            "a sender name is 1 to 11 characters of the GSM alphabet, at least one of them a letter, "
            "without spaces around it; signs such as € and [ count twice"
        )


def _iso_region(region: str | None) -> str | None:
    if region is None:
        return None
    code = str(region).upper()
    if _REGION.fullmatch(code) is None:
        raise InvalidAddress("a region is two letters of ISO 3166, such as 'US' or 'GB'")
    return code


@attrs.frozen
class PhoneNumber:
    """A phone number in E.164: a + and 7 to 15 digits, country code first (ITU-T E.164, 6).

    Calling the class checks this form and no more, so that a stored number can always be read again;
    `parse` is for what people and carriers write. `str()` gives the number, `repr()` and `masked` hide it.
    """

    e164: str = attrs.field(validator=_holds_e164)

    can_reply: ClassVar[bool] = True

    @classmethod
    def parse(cls, text: str, region: str | None = None) -> PhoneNumber:
        """The number that the text means to somebody in the region; after a + the region does not matter.

        A number has to be possible: an existing country code and as many digits as its numbers have. It need
        not be assigned, because plans change faster than tables, and because numbers reserved for
        tests (+44 7700 900123) are not. Three rules keep out nonsense that this lets through: area code and
        exchange of a +1 number begin with 2 to 9; eight digits or fewer without a country code must be
        assigned, or they are a short code; a trunk prefix may not stand there twice.
        Extensions, and letters in place of digits, are refused.

        Raises:
            InvalidAddress: the text means no number. The error says what to change, and not what was given.
        """
        region = _iso_region(region)
        return PhoneNumber(text) if _NANP.fullmatch(_given(text)) else _parse(text, region)

    @property
    def text(self) -> str:
        """What is stored and sent: the E.164 form."""
        return self.e164

    @property
    def masked(self) -> str:
        """For logs and errors: the first four digits at most, the last two, and five or more hidden."""
        shown = 1 + min(4, len(self.e164) - 8)
        return f"{self.e164[:shown]}{'*' * (len(self.e164) - shown - 2)}{self.e164[-2:]}"

    @property
    def region(self) -> str | None:
        """The ISO 3166 region that the number belongs to; None if it is of no country, such as a satellite's.

        A number that is not assigned counts for the main region of its country code.
        """
        return _region_of(self.e164)

    def __str__(self) -> str:
        return self.e164

    def __repr__(self) -> str:
        return f"PhoneNumber({self.masked!r})"


@attrs.frozen
class ShortCode:
    """A number of 3 to 8 digits that carriers lease to a business; it works in its region only.

    The region is a remark: two short codes of the same digits are equal, as they are in the store.
    """

    digits: str = attrs.field(validator=_holds_short_code)
    region: str | None = attrs.field(default=None, converter=_iso_region, eq=False)

    can_reply: ClassVar[bool] = True

    @property
    def text(self) -> str:
        """What is stored and sent: the digits."""
        return self.digits

    @property
    def masked(self) -> str:
        """The digits: a short code names a business, which has nothing to hide."""
        return self.digits

    def __str__(self) -> str:
        return self.digits


@attrs.frozen
class SenderName:
    """A name in place of a number: up to 11 septets, with a letter among them (3GPP TS 23.040, 9.1.2.5)."""

    text: str = attrs.field(validator=_holds_sender_name)

    can_reply: ClassVar[bool] = False

    @property
    def masked(self) -> str:
        """The name: it names a business, which has nothing to hide."""
        return self.text

    def __str__(self) -> str:
        return self.text


Address: TypeAlias = PhoneNumber | ShortCode | SenderName


def parse_address(text: str, region: str | None = None) -> Address:
    """One of our own senders, as a person writes it.

    What holds a letter is a sender name. 3 to 8 digits are a short code, unless the region has assigned them
    as a phone number. Everything else is read by `PhoneNumber.parse`.

    Raises:
        InvalidAddress: it is none of them.
    """
    bare = _bare(text)
    if _has_letter(bare):
        return SenderName(bare)
    if _SHORT_CODE.fullmatch(bare) is None:
        return PhoneNumber.parse(bare, region)
    try:
        return PhoneNumber.parse(bare, region)
    except InvalidAddress:
        return ShortCode(bare, region)


@lru_cache(4096)  # each text that goes out asks for its sender, and each line of a list
def address_of(text: str) -> Address:
    """The address whose `.text` this is. It asks no numbering plan, so what was once stored can be read.

    Raises:
        InvalidAddress: it is the text of no address.
    """
    if _has_letter(_given(text)):
        return SenderName(text)
    return PhoneNumber(text) if text.startswith("+") else ShortCode(text)


def _given(text: object) -> str:
    if isinstance(text, str):
        return text
    raise InvalidAddress(f"an address is text such as '+14155550100', not {type(text).__name__}")


def _bare(text: str) -> str:
    return _INVISIBLE.sub("", _given(text)).strip()


def _has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


@lru_cache(maxsize=4096)
def _parse(text: str, region: str | None) -> PhoneNumber:
    bare = _bare(text)
    _check_written(bare)
    if "+" in bare or "\uff0b" in bare:
        e164 = _read(bare, None)
    elif region is None:
        raise InvalidAddress("the country is missing; begin with + and country code, or give the region")
    else:
        e164 = _read(bare, region, assigned=sum(map(str.isdecimal, bare)) <= 8)
    if e164.startswith("+1"):
        if _NANP.fullmatch(e164) is None:
            raise InvalidAddress("area code and exchange of a +1 number begin with 2 to 9; check the digits")
    elif _read(e164, None) != e164:
        raise InvalidAddress("the trunk prefix stands there twice; leave it out after the country code")
    return PhoneNumber(e164)


def _check_written(bare: str) -> None:
    if not bare:
        raise InvalidAddress("the text is empty; give a phone number such as '+14155550100'")
    if _has_letter(bare):
        raise InvalidAddress("the text holds letters; give digits only, without name or extension")
    if _WRITTEN.fullmatch(bare) is None:
        raise InvalidAddress("the text is no phone number; give one number, as + and country code and digits")


def _read(bare: str, region: str | None, *, assigned: bool = False) -> str:
    """The E.164 form of a possible number; of an assigned one, if that is asked for."""
    import phonenumbers  # noqa: PLC0415 - 40 ms that only some programs need

    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidAddress("no numbering plan has this region; give one of ISO 3166, such as 'US' or 'GB'")
    try:
        number = phonenumbers.parse(bare, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidAddress(_why_unread(error)) from error
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    length = phonenumbers.is_possible_number_with_reason(number)
    if length == phonenumbers.ValidationResult.INVALID_LENGTH:
        raise InvalidAddress("no number of this country has so many digits; check them")
    if length == phonenumbers.ValidationResult.TOO_LONG or len(e164) > 16:
        raise InvalidAddress(_TOO_LONG)
    if length or len(e164) < 8 or (assigned and not phonenumbers.is_valid_number(number)):
        raise InvalidAddress(_TOO_SHORT)
    return e164


def _why_unread(error: phonenumbers.NumberParseException) -> str:
    if error.error_type == error.INVALID_COUNTRY_CODE:
        return "no country has this country code; check the digits after the +"
    return _TOO_LONG if error.error_type == error.TOO_LONG else _TOO_SHORT


@lru_cache(maxsize=4096)
def _region_of(e164: str) -> str | None:
    import phonenumbers  # noqa: PLC0415 - as above

    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(number)
    region = region or phonenumbers.region_code_for_country_code(number.country_code or 0)
    return region if _REGION.fullmatch(region) and region != "ZZ" else None

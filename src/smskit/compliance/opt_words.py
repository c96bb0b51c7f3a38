"""STOP, START and HELP: what a whole message says about wanting texts.

A message counts only if nothing but the word is in it. "Stop by at 5?" opts nobody out, nor does a reaction
that quotes our own "Reply STOP to opt out". Wishes in other words are for people, not for this module.
"""

from __future__ import annotations

import enum
import json
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any

import attrs

from smskit.errors import UsageError


class Word(enum.Enum):
    """What a message asks for with one word."""

    STOP = "stop"
    """No more texts."""
    START = "start"
    """Texts again."""
    HELP = "help"
    """Who texts, and how to stop it."""


def _words(words: Iterable[str]) -> frozenset[str]:
    if isinstance(words, str):
        raise UsageError("words are a set of strings, not one string")
    normalised = frozenset(map(normalise, words))
    if "" in normalised:
        raise UsageError("a word needs a letter or a digit")
    return normalised


def _stop_words(words: Iterable[str]) -> frozenset[str]:
    return _words(words) | _words(_profiles()["seed"]["stop"])


def _start_words(words: Iterable[str]) -> frozenset[str]:
    return _words(words) | _words(_profiles()["seed"]["start"])


@attrs.frozen(kw_only=True)
class OptWords:
    """The words of an org, normalised. STOP, END, QUIT, CANCEL, UNSUBSCRIBE, START and UNSTOP are always in.

    Raises:
        UsageError: a word stands in two sets, or holds no letter or digit.
    """

    stop: frozenset[str] = attrs.field(default=frozenset(), converter=_stop_words)
    start: frozenset[str] = attrs.field(default=frozenset(), converter=_start_words)
    help: frozenset[str] = attrs.field(default=frozenset(), converter=_words)
    opted_out_start: frozenset[str] = attrs.field(default=frozenset(), converter=_words)
    """Words that opt in one who opted out, and else say nothing: a YES answers many questions."""

    longest: int = attrs.field(init=False, eq=False, repr=False)
    """How many characters the longest word has."""

    @longest.default
    def _longest(self) -> int:
        return max(map(len, self.stop | self.start | self.help | self.opted_out_start))

    def __attrs_post_init__(self) -> None:
        starts = self.start | self.opted_out_start
        if twice := self.stop & starts | self.stop & self.help | starts & self.help:
            raise UsageError(f"a word cannot mean two things: {', '.join(sorted(twice))}")

    @classmethod
    def load(cls, profile: str = "default") -> OptWords:
        """The words of a profile: "default", or "seed" for those that are always in and no others.

        Raises:
            UsageError: there is no such profile.
        """
        return _load(profile)

    def plus(
        self,
        *,
        stop: Iterable[str] = (),
        start: Iterable[str] = (),
        help: Iterable[str] = (),  # noqa: A002
    ) -> OptWords:
        """These words and an org's own. None can be taken away.

        Raises:
            UsageError: a word would mean two things.
        """
        return attrs.evolve(
            self,
            stop=self.stop | _words(stop),
            start=self.start | _words(start),
            help=self.help | _words(help),
        )


def classify(text: str, words: OptWords | None = None, *, opted_out: bool = False) -> Word | None:
    """What the message asks for, if it is one of the words and nothing else; without `words`, the default ones.

    Case, accents, surrounding punctuation and emoji do not matter; see `normalise`.
    """
    words = words or OptWords.load()
    if _more_letters_than(3 * words.longest).match(text):  # normalising melts at most three letters into one
        return None
    said = normalise(text)
    if said in words.stop:
        return Word.STOP
    if said in words.start or (opted_out and said in words.opted_out_start):
        return Word.START
    return Word.HELP if said in words.help else None


def normalise(text: str) -> str:
    """The text as words are compared: equal for what a person would call the same word.

    Unicode NFKC; any white space is one space; invisible characters dropped; case folded; Latin letters without
    their accents; a hyphen or underscore between letters is a space; and nothing before the first letter or
    digit, nor after the last one and its marks.
    """
    if text.isascii():
        said = _CONTROL.sub("", " ".join(text.split())).lower()
    else:
        said = " ".join(unicodedata.normalize("NFKC", text).split())
        said = _without_accents("".join(filter(_is_visible, said)).casefold())
    return " ".join(_core(_JOINT.sub(" ", said)).split())


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_JOINT = re.compile(r"(?<=[^\W\d_])[-_\u2010](?=[^\W\d_])")
_CORE = re.compile(r"[^\W_](?:.*[^\W_])?")
_VARIATIONS = frozenset(map(chr, [*range(0x180B, 0x180E), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))


def _is_visible(char: str) -> bool:
    return unicodedata.category(char) not in {"Cf", "Cc"} and char not in _VARIATIONS


def _without_accents(text: str) -> str:
    kept = []
    latin = False
    for char in unicodedata.normalize("NFD", text):
        place = unicodedata.combining(char)
        if not place:
            latin = unicodedata.name(char, "").startswith("LATIN ")
        if not (latin and place >= 200):  # below that: strokes through a letter, and marks of other scripts
            kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


def _core(text: str) -> str:
    found = _CORE.search(text)
    if found is None:
        return ""
    end = found.end()
    while end < len(text) and unicodedata.category(text[end]).startswith("M"):
        end += 1
    return text[found.start() : end]


@cache
def _more_letters_than(most: int) -> re.Pattern[str]:
    return re.compile(rf"(?:[\W_]*+[^\W_]){{{most + 1}}}")


@cache
def _load(profile: str) -> OptWords:
    try:
        words = _profiles()[profile]
    except KeyError:
        raise UsageError(f"no profile {profile!r}; there are: {', '.join(_profiles())}") from None
    return OptWords(
        stop=words["stop"], start=words["start"], help=words["help"], opted_out_start=words["opted_out_start"]
    )


@cache
def _profiles() -> dict[str, dict[str, Any]]:
    from importlib import resources  # noqa: PLC0415 - the first to need a word pays for it

    file = resources.files("smskit.compliance") / "data" / "keywords.json"
    profiles: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["profiles"]
    return profiles

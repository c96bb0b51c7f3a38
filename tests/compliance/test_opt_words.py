import subprocess
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smskit.compliance.opt_words import OptWords, Word, classify, normalise
from smskit.errors import UsageError

DEFAULT = OptWords.load()
SEED_STOP = ["STOP", "END", "QUIT", "CANCEL", "UNSUBSCRIBE"]


def is_decoration(char: str) -> bool:
    """Not so the signs that stand for letters, such as ™ or Ⓜ."""
    return not any(map(str.isalnum, unicodedata.normalize("NFKC", char)))


DECORATION = st.characters(categories=["P", "S", "Z"]).filter(is_decoration) | st.sampled_from(
    "\n\t\u200b\ufe0f🙂"
)
AROUND = st.text(DECORATION, max_size=30)
KNOWN = st.sampled_from(sorted(DEFAULT.stop | DEFAULT.start | DEFAULT.help | DEFAULT.opted_out_start))


@pytest.mark.parametrize(
    "text", [*SEED_STOP, "STOPALL", "stop all", "Revoke", "optout", "OPT OUT", "unsub", "Stopp"]
)
def test_a_word_alone_opts_out(text: str) -> None:
    assert classify(text) is Word.STOP


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Stop.", id="full stop"),
        pytest.param(" STOP\n", id="space and line break"),
        pytest.param("sToP", id="mixed case"),
        pytest.param("stop!!! 🙂", id="emoji"),
        pytest.param("🛑🏽 stop", id="emoji with a skin tone first"),
        pytest.param("«stop»", id="quotes"),
        pytest.param("“Stop.”", id="curly quotes"),
        pytest.param("\u00b4stop\u00b4", id="accents for quotes"),
        pytest.param("(stop)", id="brackets"),
        pytest.param("*STOP*", id="bold in other apps"),
        pytest.param("ＳＴＯＰ", id="fullwidth"),
        pytest.param("𝗦𝗧𝗢𝗣", id="mathematical bold"),
        pytest.param("ST\u200bOP", id="zero width space inside"),
        pytest.param("\ufeffSTOP", id="byte order mark"),
        pytest.param("STOP\x00\x1a", id="control characters"),
        pytest.param("STOP\ufe0f", id="variation selector"),
        pytest.param("STÓP", id="a slip of the accent"),
        pytest.param("ARRÊT", id="accent"),
        pytest.param("ARRE\u0302T", id="accent, decomposed"),
        pytest.param("opt-out", id="hyphen"),
        pytest.param("opt\u2011out", id="hyphen that does not break"),
        pytest.param("OPT_OUT", id="underscore"),
        pytest.param("opt \n out", id="spaces inside"),
        pytest.param("stop\u00a0all", id="space that does not break"),
        pytest.param("STOPALL@", id="padding of a bad decoder"),
        pytest.param("stop" + "😡" * 500, id="a word and much anger"),
    ],
)
def test_spelling_and_decoration_do_not_matter(text: str) -> None:
    assert classify(text) is Word.STOP


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u200b",
        "🙂",
        "👍🏽❤️",
        "?!",
        "s t o p",
        "STOP PLEASE",
        "please stop",
        "Stop by at 5?",
        "Don't stop texting me",
        "non-stop",
        "stop1",
        "STOP 12345",
        "STOP / START",
        "shop",
        "Liked “Reply STOP to opt out”",
        "Emphasized “Reply STOP to opt out”",
        "The end",
        "cancelled",
        "S\u0336T\u0336O\u0336P\u0336",  # struck through: for a person to read
        "ЅТОР",  # Cyrillic that looks like it: the same
        "no",
        "stop " * 40,
    ],
)
def test_whatever_else_is_said_says_nothing_here(text: str) -> None:
    assert classify(text) is None
    assert classify(text, opted_out=True) is None


@pytest.mark.parametrize("text", ["start", "START!", "Unstop", "un\u00adstop"])
def test_start_words_opt_in(text: str) -> None:
    assert classify(text) is Word.START
    assert classify(text, opted_out=True) is Word.START


@pytest.mark.parametrize(
    "text", ["YES", "Yes!", "subscribe", "Opt-in", "optin", "JOIN", "resume", "NONARRET"]
)
def test_some_words_opt_in_only_who_opted_out(text: str) -> None:
    assert classify(text) is None
    assert classify(text, opted_out=True) is Word.START


@pytest.mark.parametrize("text", ["HELP", "help?", "INFO", "Aide"])
def test_help_words_ask_for_help(text: str) -> None:
    assert classify(text) is Word.HELP
    assert classify(text, opted_out=True) is Word.HELP


@pytest.mark.parametrize("text", [*SEED_STOP, "START", "UNSTOP"])
@pytest.mark.parametrize("words", [OptWords(), OptWords.load("seed"), OptWords(stop=frozenset({"halt"}))])
def test_the_seed_words_are_always_on(text: str, words: OptWords) -> None:
    assert classify(text, words) is (Word.STOP if text in SEED_STOP else Word.START)


def test_the_seed_profile_has_no_other_words() -> None:
    seed = OptWords.load("seed")

    assert seed == OptWords()
    assert sorted(seed.stop) == sorted(word.lower() for word in SEED_STOP)
    assert seed.start == {"start", "unstop"}
    assert not seed.help | seed.opted_out_start


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="seed, default"):
        OptWords.load("nowhere")


def test_an_org_adds_its_own_words_spelled_as_it_likes() -> None:
    words = DEFAULT.plus(stop=["Laß mich!", "No_Más"], start=["Weiter"], help=["Hilfe"])

    assert classify("LASS MICH", words) is Word.STOP
    assert classify("no mas.", words) is Word.STOP
    assert classify("weiter", words) is Word.START
    assert classify("HILFE!", words) is Word.HELP
    assert classify("stop", words) is Word.STOP
    assert classify("weiter") is None


def test_an_org_may_take_a_word_for_start_from_everybody() -> None:
    assert classify("join", DEFAULT.plus(start=["JOIN"])) is Word.START


def test_a_long_word_of_an_org_is_found() -> None:
    long = "rindfleischetikettierungsueberwachungsaufgabenuebertragungsgesetz"

    assert classify(f"  {long.upper()}!!", DEFAULT.plus(stop=[long])) is Word.STOP


@pytest.mark.parametrize(
    "own",
    [
        {"stop": ["START"]},
        {"stop": ["Help!"]},
        {"stop": ["yes"]},
        {"start": ["stop"]},
        {"start": ["RÉVOKE"]},
        {"help": ["opt-out"]},
        {"help": ["YES"]},
        {"stop": ["more"], "start": ["MORE"]},
        {"stop": ["!!!"]},
    ],
    ids=str,
)
def test_a_word_that_means_two_things_or_none_is_refused(own: dict[str, list[str]]) -> None:
    with pytest.raises(UsageError, match=r"two things|letter or a digit"):
        DEFAULT.plus(**own)


def test_a_string_in_place_of_a_set_is_refused_and_not_taken_for_its_letters() -> None:
    with pytest.raises(UsageError, match="not one string"):
        DEFAULT.plus(stop="halt")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Opt–out  ", "opt–out"),  # a dash is no hyphen
        ("a_b-c d", "a b c d"),
        ("4-5", "4-5"),
        ("São Tomé", "sao tome"),
        ("Ёж", "ёж"),  # an accent that is a letter of its own
        ("हिन्दी।", "हिन्दी"),
        ("توقّف!", "توقّف"),
        ("Straße\r\n\t 5", "strasse 5"),
    ],
)
def test_normalised_text(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text())
def test_any_text_is_a_word_or_none_and_normalised_once_is_normalised(text: str) -> None:
    assert classify(text) in {*Word, None}
    assert normalise(normalise(text)) == normalise(text)


@given(AROUND, st.text(max_size=12) | KNOWN, AROUND)
@example("=", "\u0338stop", "")
@example("", "stop", "\u00b4")
def test_punctuation_and_space_around_a_text_change_nothing(before: str, text: str, after: str) -> None:
    assert classify(f"{before} {text} {after}") is classify(text)
    assert classify(before + text + after) is classify(text)


@given(KNOWN, st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8))
def test_a_word_with_another_beside_it_says_nothing(known: str, other: str) -> None:
    if f"{known} {other}" not in {"stop all", "opt out", "opt in"}:
        assert classify(f"{known} {other} {other}") is None


def test_the_words_are_read_when_they_are_needed() -> None:
    program = """
import sys
from smskit.compliance.opt_words import classify
assert "importlib.resources" not in sys.modules
classify("stop")
assert "importlib.resources" in sys.modules
"""

    subprocess.run([sys.executable, "-c", program], check=True)

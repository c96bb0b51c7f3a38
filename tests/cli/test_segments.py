from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import typer
from typer.testing import Result

from smskit.cli.app import _handle_each
from smskit.cli.segments import CODES, find_language
from smskit.encoding import Language, report
from smskit.errors import UsageError

Run: TypeAlias = Callable[..., Result]

CURLY = "It’s ready – " * 10
TURKISH = "ğ" * 100
FAMILY = "x" * 65 + "👨‍👩‍👧‍👦" + "x" * 65


def lines(result: Result) -> list[str]:
    return [line.rstrip() for line in result.stdout.splitlines()]


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_plain_text_is_one_part(smskit: Run) -> None:
    result = smskit("segments", "Ready.")

    assert result.exit_code == 0
    assert lines(result) == [
        "GSM 7 bit, 1 part",
        "part  used  left  text",
        '   1     6   154  "Ready."',
        "",
    ]


def test_costly_characters_are_named_with_what_replaces_them(smskit: Run) -> None:
    said = lines(smskit("segments", CURLY + "🎉\xa0\u200b\u2028"))

    assert '   10  ’          RIGHT SINGLE QUOTATION MARK  "\'"' in said
    assert '   10  –          EN DASH                      "-"' in said
    assert "    1  🎉         PARTY POPPER                 (stays)" in said
    assert "    1  \\xa0       NO-BREAK SPACE               (a space)" in said
    assert "    1  \\u200b     ZERO WIDTH SPACE             (nothing)" in said
    assert '    1  \\u2028     LINE SEPARATOR               "\\n"' in said


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        pytest.param(CURLY, ["Smart encoding saves 1 part: GSM 7 bit, 1 part."], id="replacing helps"),
        pytest.param(
            CURLY + "🎉",
            ["Smart encoding saves nothing here.", "Without these characters it would be 1 part."],
            id="taking out helps",
        ),
        pytest.param("🎉", ["They cost nothing here."], id="one part anyway"),
        pytest.param(
            "…" * 2 + "e\u0301" * 70 + "🎉",
            ["Smart encoding saves 1 part: UCS2, 2 parts.", "Without these characters it would be 1 part."],
            id="both help",
        ),
    ],
)
def test_the_advice_says_what_would_be_cheaper(smskit: Run, text: str, advice: list[str]) -> None:
    said = lines(smskit("segments", text))

    assert said[-1 - len(advice) :] == [*advice, ""]


@pytest.mark.parametrize("language", ["tr", "TR", "Turkish", "1"])
def test_a_language_may_be_a_code_a_name_or_a_number(smskit: Run, language: str) -> None:
    assert lines(smskit("segments", TURKISH))[0] == "UCS2, 2 parts"
    assert lines(smskit("segments", "--language", language, TURKISH))[0] == (
        "GSM 7 bit with the Turkish tables, 1 part"
    )


def test_languages_may_be_several(smskit: Run) -> None:
    result = smskit("segments", "--language", "es", "--language", "tr", TURKISH)

    assert lines(result)[0] == "GSM 7 bit with the Turkish tables, 1 part"


def test_an_unknown_language_is_told_with_the_known_ones(smskit: Run) -> None:
    result = smskit("segments", "--language", "xx", "Hi")

    assert result.exit_code == 2
    assert "tr (turkish)" in result.stderr
    assert result.stdout == ""


def test_every_language_has_a_code() -> None:
    assert list(CODES.values()) == list(Language)
    assert [find_language(code) for code in CODES] == list(Language)
    with pytest.raises(UsageError):
        find_language("")


def test_graphemes_stay_whole_if_asked(smskit: Run) -> None:
    cut, whole = (
        objects(smskit("segments", "--json", FAMILY, *options))[0]["segmented"]["parts"]
        for options in ((), ("--whole-graphemes",))
    )

    assert [part["units"] for part in cut] == [67, 67, 7]
    assert [part["units"] for part in whole] == [65, 67, 9]


def test_json_is_the_report(smskit: Run) -> None:
    [found] = objects(smskit("segments", "--json", CURLY))

    expected = report(CURLY)
    assert list(found) == ["segmented", "costly", "cheapest", "replaced", "saves"]
    assert found["saves"] == expected.saves == 1
    assert found["cheapest"] == expected.cheapest == 1
    assert found["segmented"]["encoding"] == "ucs2"
    assert found["segmented"]["shift"] == {"locking": None, "single": None}
    assert [part["text"] for part in found["segmented"]["parts"]] == [
        part.text for part in expected.segmented.parts
    ]
    assert found["costly"][0] == {
        "character": "’",
        "name": "RIGHT SINGLE QUOTATION MARK",
        "count": 10,
        "replacement": "'",
    }


def test_json_is_ascii(smskit: Run) -> None:
    assert smskit("segments", "--json", "🎉").stdout.isascii()


def test_a_national_table_has_its_name_in_json(smskit: Run) -> None:
    [found] = objects(smskit("segments", "--json", "--language", "tr", TURKISH))

    assert "turkish" in found["segmented"]["shift"].values()


def test_lines_of_standard_input_are_texts(smskit: Run) -> None:
    found = objects(smskit("segments", "--json", stdin="\ufeffReady.\r\n\nit’s \u2028🎉\n"))

    assert [one["segmented"]["parts"][0]["text"] for one in found] == ["Ready.", "it’s \u2028🎉"]


def test_a_bad_line_is_told_and_the_others_are_handled(smskit: Run) -> None:
    result = smskit("segments", "--json", stdin=b"one\n\xff\nthree\n")

    assert [one["segmented"]["parts"][0]["text"] for one in objects(result)] == ["one", "three"]
    assert result.exit_code == 2
    assert result.stderr.startswith("smskit: line 2: ")


def test_a_line_that_is_no_utf_8_is_told_as_that(smskit: Run) -> None:
    result = smskit("segments", stdin=b"one\n\xff\xfe\ntwo\n")

    assert result.exit_code == 2
    assert result.stderr == "smskit: line 2: this is not UTF-8\n"
    assert result.stdout.count("GSM 7 bit, 1 part") == 2


def test_a_closed_standard_input_is_told(smskit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smskit.cli.app.sys.stdin", None)
    with pytest.raises(typer.Exit) as left:
        _handle_each(None, print)

    assert left.value.exit_code == 2


def test_an_empty_text_is_a_text(smskit: Run) -> None:
    assert lines(smskit("segments", ""))[0] == "GSM 7 bit, 1 part"


def test_nothing_a_terminal_would_obey_is_printed(smskit: Run) -> None:
    result = smskit("segments", "[bold]a\x1b[31mb\n:smile:\u202e👨‍👩‍👧‍👦")

    assert '"[bold]a\\x1b[31mb\\n:smile:\\u202e👨‍👩‍👧‍👦"' in result.stdout
    assert "\x1b" not in result.stdout


def test_long_parts_are_not_folded_in_a_pipe(smskit: Run) -> None:
    assert f'"{"a" * 153}"' in smskit("segments", "a" * 200).stdout

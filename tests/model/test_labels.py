"""Labels: what makes two the same, and what cannot be one."""

from __future__ import annotations

import pytest

from smskit.errors import UsageError
from smskit.model.labels import Label


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("VIP", "VIP"),
        ("  call\tback \n soon ", "call back soon"),
        ("Zahna\u0308rzte", "Zahnärzte"),
        ("👩\u200d⚕️ doctor", "👩\u200d⚕️ doctor"),
        ("x" * 50, "x" * 50),
    ],
)
def test_a_label_is_kept_as_it_was_written_without_odd_space(written: str, name: str) -> None:
    assert Label.of(written).name == name


@pytest.mark.parametrize(
    ("one", "other"),
    [("VIP", "vip"), ("Straße", "STRASSE"), ("ÉTÉ", "e\u0301te\u0301"), ("ＶＩＰ", "vip"), ("a  b", "A b")],
)
def test_two_spellings_are_one_label(one: str, other: str) -> None:
    assert Label.of(one).key == Label.of(other).key


def test_accents_tell_labels_apart() -> None:
    assert Label.of("resume").key != Label.of("résumé").key


@pytest.mark.parametrize("name", ["", " \t ", "x" * 51, "a\x00b", "a\x1bb", "\ud83d"])
def test_what_cannot_be_a_label_is_an_error_without_it(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        Label.of(name)

    assert len(name.strip()) < 2 or name not in str(caught.value)

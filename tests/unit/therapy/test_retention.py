"""How long a record is kept: the words for it, the day on which that ends, and what follows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from e2etherapy.errors.therapy import InvalidRetention
from e2etherapy.therapy import retention
from e2etherapy.therapy.retention import Fate, Kept, Rule, verdict

CONTACT = datetime(2024, 2, 29, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("7 years", Rule("7 years", years=7)),
        (" 1  YEAR ", Rule("1 year", years=1)),
        ("1 years", Rule("1 year", years=1)),
        ("100 years", Rule("100 years", years=100)),
        ("90 days", Rule("90 days", days=90)),
        ("until-erased", Rule("until-erased")),
        ("APA-2007", Rule("apa-2007", years=7)),
        ("bgb-630f", Rule("bgb-630f", years=10)),
    ],
)
def test_what_words_mean(words: str, rule: Rule) -> None:
    assert retention.rule(words) == rule
    assert retention.rule(rule.words) == rule


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("until-erased", "until you erase it"),
        ("1 year", "for 1 year after the last contact"),
        ("90 days", "for 90 days after the last contact"),
        ("apa-2007", "for 7 years after the last contact, as apa-2007 says"),
    ],
)
def test_a_person_is_told_in_plain_words(words: str, told: str) -> None:
    assert retention.rule(words).told() == told


@pytest.mark.parametrize(
    "words",
    ["", "0 days", "101 years", "36501 days", "-7 years", "7", "years", "7 months", "٧ years"],
)
def test_words_that_name_no_time_are_refused(words: str) -> None:
    with pytest.raises(InvalidRetention, match="Say how long"):
        retention.rule(words)


@pytest.mark.parametrize(
    ("rule", "end"),
    [
        (Rule("7 years", years=7), datetime(2031, 3, 1, 10, 30, tzinfo=UTC)),
        (Rule("4 years", years=4), datetime(2028, 2, 29, 10, 30, tzinfo=UTC)),
        (Rule("1 day", days=1), datetime(2024, 3, 1, 10, 30, tzinfo=UTC)),
        (Rule("until-erased"), None),
    ],
)
def test_when_it_ends(rule: Rule, end: datetime | None) -> None:
    assert rule.ends(CONTACT) == end


def test_what_ends_behind_the_calendar_never_does() -> None:
    last = datetime(9999, 12, 31, 23, tzinfo=UTC)
    assert Rule("1 year", years=1).ends(last) is None
    assert Rule("1 day", days=1).ends(last) is None


@pytest.mark.parametrize("fate", [None, "held", "empty"])
def test_due_is_what_has_ended_and_is_neither_held_nor_empty(fate: str | None) -> None:
    kept = Kept(CONTACT, Rule("1 day", days=1), held=fate == "held", empty=fate == "empty")
    end = datetime(2024, 3, 1, 10, 30, tzinfo=UTC)
    assert verdict(kept, end).due == end
    assert verdict(kept, end).fate == (fate or Fate.DUE)
    assert verdict(kept, datetime(2024, 3, 1, 10, 29, 59, tzinfo=UTC)).fate == (fate or Fate.KEPT)


def test_a_hold_is_said_before_anything_else() -> None:
    kept = Kept(CONTACT, Rule("1 day", days=1), held=True, empty=True)
    assert verdict(kept, datetime(2030, 1, 1, tzinfo=UTC)).fate is Fate.HELD


def test_what_is_kept_until_it_is_erased_is_never_due() -> None:
    verdict_then = verdict(Kept(CONTACT, Rule("until-erased")), datetime(9999, 1, 1, tzinfo=UTC))
    assert (verdict_then.fate, verdict_then.due) == (Fate.KEPT, None)


def test_every_profile_says_where_its_number_stands() -> None:
    for profile in retention.profiles():
        assert str(profile.years) in profile.says
        assert profile.source
        assert profile.address.startswith("http")
        assert len({one.name for one in retention.profiles()}) == len(retention.profiles())

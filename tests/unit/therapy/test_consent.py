from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import InvalidConsent, InvalidMoment, NotUnderstood, UnknownConsent
from e2etherapy.therapy import consent
from e2etherapy.therapy.consent import Acceptance
from e2etherapy.therapy.plain_text import cells
from tests.support.notation import written

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
PUBLISHED = {"en-1": "3fbc7ad0dac1a06223982af72c3a6f04e0ec834d908cc5ca81cae696fcb9ded7"}
"""A published text is never changed: what differs is the next version."""
SMALL = b"""# Title

Words.

## Questions

### Is it?
- [ ] No.
- [x] Yes.
> Because it is.
"""


@pytest.mark.parametrize("name", consent.names())
def test_a_published_text_is_as_it_was_published(name: str) -> None:
    assert consent.named(name).digest.hex() == PUBLISHED[name]


@pytest.mark.parametrize("name", consent.names())
def test_a_text_says_what_must_be_said(name: str) -> None:
    text = consent.named(name)
    assert name in text.text
    for words in (
        "not for emergencies",
        "Nobody is watching",
        "The relay, which passes messages on, cannot read them",
        "at what times",
        "may have to keep it for years",
        "You may stop at any time",
        "18 or older",
    ):
        assert words in " ".join(text.text.split()), words
    for words in ("streak", "24/7", "HIPAA", "anonymous", "military"):
        assert words.lower() not in text.text.lower()


def test_the_newest_text_of_a_language_is_found() -> None:
    assert consent.newest("en").name == consent.names()[-1]
    with pytest.raises(UnknownConsent):
        consent.newest("xx")
    for name in ("en-999", "", "../en-1", "en-1.md"):
        with pytest.raises(UnknownConsent):
            consent.named(name)


def right(text: consent.ConsentText) -> list[int]:
    return [question.right for question in text.questions]


def test_a_text_is_accepted_when_every_answer_is_right() -> None:
    text = consent.newest("en")
    acceptance = consent.accept(text, right(text), NOW)
    assert acceptance == Acceptance(consent="en-1", digest=text.digest, accepted=NOW)
    assert consent.accepted_text(acceptance) is text
    assert consent.decode(consent.encode(acceptance)) == acceptance


def test_one_other_answer_is_enough_for_a_text_not_to_be_accepted() -> None:
    text = consent.newest("en")
    for place, question in enumerate(text.questions):
        for choice in range(-1, len(question.choices) + 1):
            if choice != question.right:
                answers = right(text)
                answers[place] = choice
                with pytest.raises(NotUnderstood) as refusal:
                    consent.accept(text, answers, NOW)
                assert refusal.value.questions == (place,)


def test_questions_that_are_not_answered_are_not_understood() -> None:
    text = consent.newest("en")
    with pytest.raises(NotUnderstood) as refusal:
        consent.accept(text, right(text)[:-2], NOW)
    assert refusal.value.questions == (5, 6)
    assert str(refusal.value).startswith("2 of 7 answers")


def test_no_question_is_answered_rightly_by_its_place_alone() -> None:
    assert len(set(right(consent.newest("en")))) > 1


def test_a_text_is_accepted_at_a_moment_that_can_be_recorded() -> None:
    text = consent.newest("en")
    with pytest.raises(InvalidMoment):
        consent.accept(text, right(text), NOW.replace(microsecond=1))


def test_a_changed_text_is_not_the_one_that_was_accepted() -> None:
    other = consent.parse("en-1", SMALL)
    acceptance = consent.accept(other, [1], NOW)
    with pytest.raises(InvalidConsent):
        consent.accepted_text(acceptance)
    assert consent.parse("en-1", SMALL.replace(b"Words.", b"Words!")).digest != other.digest


def test_a_text_is_read_with_its_questions() -> None:
    text = consent.parse("en-1", SMALL)
    assert (text.title, text.text) == ("Title", "# Title\n\nWords.")
    (question,) = text.questions
    assert question.choices == ("No.", "Yes.")
    assert (question.asked, question.right, question.explanation) == ("Is it?", 1, "Because it is.")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"# Title", b"Title"),
        (b"# Title", b"# "),
        (b"Words.", b""),
        (b"## Questions", b"## Other"),
        (b"- [ ] No.", b"- [x] No."),
        (b"- [x] Yes.", b"- [ ] Yes."),
        (b"- [ ] No.\n", b""),
        (b"> Because it is.\n", b""),
        (b"### Is it?\n", b""),
        (b"Is it?", b""),
        (b"> Because", b"Because"),
        (b"- [x]", b"- [X]"),
        (b"Words.", b"\xff"),
        (b"Words.", b"x" * 200_000),
        (b"### Is it?", b"### Is it?\n### "),
        (SMALL, b""),
    ],
)
def test_a_text_whose_questions_cannot_be_read_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(InvalidConsent):
        consent.parse("en-1", SMALL.replace(old, new))


@pytest.mark.parametrize("name", ["", "en", "en-0", "EN-1", "en-1\n", "english-1"])
def test_a_text_has_a_language_and_a_version(name: str) -> None:
    with pytest.raises(InvalidConsent):
        consent.parse(name, SMALL)


@pytest.mark.parametrize(
    "changes",
    [
        {"consent": "en-1\n"},
        {"consent": "../en-1"},
        {"digest": "AAAA"},
        {"accepted": "2026-11-27T12:00:00+00:00"},
        {"accepted": "2026-11-27T12:00:00.5Z"},
        {"accepted": "1950-01-01T00:00:00Z"},
        {"x": 1},
    ],
)
def test_an_acceptance_in_another_form_is_refused(changes: dict[str, object]) -> None:
    acceptance = consent.accept(consent.parse("en-1", SMALL), [1], NOW)
    with pytest.raises(MalformedData):
        consent.decode(written({**json.loads(consent.encode(acceptance)), **changes}))


@pytest.mark.parametrize("width", [20, 72])
def test_a_text_is_shown_without_its_questions_and_fits_the_screen(width: int) -> None:
    shown = consent.render(consent.newest("en"), width)
    assert shown.startswith("Writing with a")
    assert "Who sees it at once?" not in shown
    assert "#" not in shown
    assert max(cells(line) for line in shown.split("\n")) <= width

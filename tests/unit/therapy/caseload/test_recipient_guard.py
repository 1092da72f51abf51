from __future__ import annotations

from collections.abc import Collection

import pytest

from e2etherapy.therapy.caseload.called import IGNORED
from e2etherapy.therapy.caseload.recipient_guard import Finding, Kind, RecipientGuard

TOLD = "My sister said that nobody at home believes me any more, so I stopped talking."


def guard(*names: str, ignore: Collection[str] = IGNORED) -> RecipientGuard:
    made = RecipientGuard(ignore)
    for name in names:
        made.know(name)
    return made


def found(made: RecipientGuard, draft: str, client: str = "Bea Klein") -> list[tuple[str, ...]]:
    return [finding.clients for finding in made.findings(client, draft)]


# --- names --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "draft",
    [
        "Dear Anna Weber, thank you.",
        "dear ANNA",
        "Anna's letter",
        "I read (anna).",
        "Frau Weber",
        "An\u200bna",
        "“Anna”",
    ],
)
def test_another_clients_name_is_found_whole_and_in_parts(draft: str) -> None:
    assert found(guard("Bea Klein", "Anna Weber"), draft) == [("Anna Weber",)]


@pytest.mark.parametrize("draft", ["Annabel", "a web of", "Dear Bea Klein", "", "   "])
def test_only_whole_words_are_names_and_never_ones_own(draft: str) -> None:
    assert not found(guard("Bea Klein", "Anna Weber"), draft)


def test_what_two_clients_share_points_to_neither_but_the_rest_does() -> None:
    made = guard("Anna Klein", "Anna Weber")
    assert not found(made, "Dear Anna,", "Anna Klein")
    assert found(made, "Dear Anna Weber,", "Anna Klein") == [("Anna Weber",)]


def test_two_other_clients_of_one_name_are_one_finding() -> None:
    made = guard("Bea Klein", "Anna Weber", "Anna Moser")
    (finding,) = made.findings("Bea Klein", "Dear Anna,")
    assert finding.clients == ("Anna Moser", "Anna Weber")
    assert (
        finding.sentence()
        == "“Anna” is in the name of other clients: “Anna Moser” and “Anna Weber”."
    )


def test_a_name_of_two_letters_is_found_as_part_of_a_whole_one_only() -> None:
    made = guard("Bea Klein", "Bo", "Li Na")
    assert not found(made, "Bo, li and na")
    assert found(made, "Dear Li Na,") == [("Li Na",)]


@pytest.mark.parametrize(
    ("draft", "is_name"),
    [
        ("You will hope and may grant yourself grace.", False),
        ("Will you write? Hope helps.", False),
        ("Dear Will,", True),
        ("Will, I read that.", True),
        ("what you and Will talked of", True),
        ("as will parker said", True),
    ],
)
def test_a_name_that_is_an_everyday_word_counts_where_it_is_written_like_one(
    draft: str, is_name: bool
) -> None:
    assert bool(found(guard("Bea Klein", "Will Parker", "Hope", "Grace", "May"), draft)) is is_name


def test_a_part_that_is_ignored_is_found_in_the_whole_name_only() -> None:
    made = guard("Bea Klein", "Tom Stark", ignore=("TOM", "stark"))
    assert not found(made, "Tom is stark")
    assert found(made, "Tom Stark") == [("Tom Stark",)]


def test_another_name_of_a_client_is_found_too() -> None:
    made = guard("Bea Klein", "client 7")
    made.know("client 7", ["Zoë O'Brien"])
    for draft in ("Dear Zoe\u0308,", "Mr. O’Brien", "ZOË"):
        assert found(made, draft) == [("client 7",)]
    assert not found(made, "another client")


def test_a_name_that_this_client_has_written_of_is_said_to_be_here_as_well() -> None:
    made = guard("Bea Klein", "Tom Stark")
    assert not made.findings("Bea Klein", "And Tom?")[0].also_here
    made.read("Bea Klein", "Tom's my brother.")
    (finding,) = made.findings("Bea Klein", "And Tom?")
    assert finding.also_here
    assert finding.sentence().endswith("It stands in this conversation as well.")


@pytest.mark.parametrize(
    "name", ["(a+)+$", ".*", "[", "\\", "^Ann|.*$", "🦊", "", "   ", "\u202e", "\ud800", "a\x00b"]
)
def test_a_name_of_any_characters_breaks_nothing(name: str) -> None:
    made = guard("Bea Klein", name)
    made.read(name, TOLD)
    assert not found(made, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa! and so on")
    assert made.findings(name, "Dear Klein")


def test_names_of_other_scripts_are_found() -> None:
    made = guard("Bea Klein", "דנה לוי", "Ольга", "محمد")
    assert found(made, "שלום \u200fדנה\u200f!") == [("דנה לוי",)]
    assert found(made, "Дорогая ОЛЬГА,") == [("Ольга",)]
    assert found(made, "عزيزي محمد،") == [("محمد",)]


# --- phrases ------------------------------------------------------------------------------


def told(*others: str) -> RecipientGuard:
    made = guard("Bea Klein", *others)
    for other in others:
        made.read(other, TOLD)
    return made


@pytest.mark.parametrize(
    "draft",
    [
        TOLD,
        "You wrote: “nobody at home believes me”. When?",
        "NOBODY — at home... believes\nme!",
        "believes me any more so",
    ],
)
def test_a_phrase_of_another_thread_is_found(draft: str) -> None:
    (finding,) = told("Anna Weber").findings("Bea Klein", draft)
    assert (finding.kind, finding.clients) == (Kind.PHRASE, ("Anna Weber",))


def test_a_long_word_or_two_are_a_phrase() -> None:
    made = guard("Bea Klein")
    made.read("Anna", "mein Rehabilitationszentrum Hinterzarten liegt")
    assert found(made, "Wie ist das Rehabilitationszentrum Hinterzarten?") == [("Anna",)]
    assert not found(made, "Wie ist Hinterzarten?")


@pytest.mark.parametrize("draft", ["nobody at home believes", "Nobody believes me at home.", ""])
def test_what_is_shorter_or_in_other_words_is_not_found(draft: str) -> None:
    assert not found(told("Anna Weber"), draft)


def test_a_phrase_that_is_also_in_this_thread_points_to_nobody() -> None:
    made = told("Anna Weber")
    made.read("Bea Klein", "nobody at home believes me any more")
    assert not found(made, "Nobody at home believes me any more.")
    assert found(made, "so I stopped talking, nobody at home believes me any more") == []
    assert found(made, TOLD) == [("Anna Weber",)]


def test_a_phrase_of_many_threads_or_of_a_template_points_to_nobody() -> None:
    assert found(told("A", "B"), TOLD) == [("A", "B")]
    assert not found(told("A", "B", "C"), TOLD)
    made = told("Anna Weber")
    made.allow(TOLD)
    assert not found(made, TOLD)


def test_the_longest_phrase_of_each_thread_is_shown_and_never_all_of_a_text() -> None:
    made = told("Anna Weber")
    draft = f"believes me any more so. And then: {TOLD}"
    (finding,) = made.findings("Bea Klein", draft)
    assert finding.sentence() == (
        "“my sister said that nobody at home believes me any more so i…” also stands in the "
        "conversation with “Anna Weber”, and not in this one."
    )


def test_different_phrases_of_different_threads_are_each_found() -> None:
    made = told("Anna Weber")
    made.read("Tom", "The doctor gave me the blue ones again.")
    draft = "The doctor gave me the blue ones, and nobody at home believes me."
    assert found(made, draft) == [("Tom",), ("Anna Weber",)]


def test_what_is_forgotten_or_never_known_points_to_nobody() -> None:
    made = told("Anna Weber")
    made.forget("Anna Weber")
    made.forget("nobody")
    assert not found(made, f"Dear Anna, {TOLD}")
    assert not RecipientGuard().findings("Bea Klein", TOLD)


def test_what_is_read_later_is_known_at_once() -> None:
    made = guard("Bea Klein", "Anna Weber")
    assert not found(made, TOLD)
    made.read("Anna Weber", TOLD)
    assert found(made, TOLD) == [("Anna Weber",)]


def test_a_draft_of_a_megabyte_is_read_to_its_end() -> None:
    made = guard("Bea Klein", *(f"Person{number} Weber" for number in range(80)), "Will Parker")
    made.read("Will Parker", TOLD)
    draft = "word " * 200_000 + "\t" * 10_000 + "Will, " + TOLD + " Dear Will"
    assert found(made, draft) == [("Will Parker",), ("Will Parker",)]
    assert not found(made, "a" * 1_000_000)


def test_a_finding_shows_no_words_by_accident() -> None:
    finding = Finding(Kind.PHRASE, ("Anna Weber",), "my sister said")
    assert "sister" not in repr(finding)
    assert "Anna" not in repr(finding)

"""A plot shows what its sentences say, to everybody, and asks nothing of anybody."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from e2etherapy.errors.therapy import InvalidSeries
from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.pack import instrument, offered
from e2etherapy.therapy.instruments.plot import WIDTH, document, svg
from e2etherapy.therapy.instruments.scoring import score
from e2etherapy.therapy.instruments.sentences import IN_HOUSE, NOT_A_DIAGNOSIS, sentences
from e2etherapy.therapy.instruments.trend import Dated
from tests.support.courses import FIRST, course

PHQ_9 = instrument("phq-9")
NAMESPACE = "{http://www.w3.org/2000/svg}"
BANDS = (
    "Bands: 0 to 4 minimal, 5 to 9 mild, 10 to 14 moderate, 15 to 19 moderately severe, "
    "20 to 27 severe."
)
EVERY = pytest.mark.parametrize("scale", offered(), ids=lambda scale: scale.id)
COURSES = pytest.mark.parametrize(
    "totals",
    [[], [9], [None], [9, 12], [18, None, 11, 9, None, None, 3], [n % 28 for n in range(400)]],
    ids=["none", "one", "one gap", "two", "gaps", "many"],
)


def drawn(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - what this package drew


def results(root: ET.Element, name: str) -> list[ET.Element]:
    """Return the signs of one kind that stand for results, not those in the key."""
    return root.findall(f"./{NAMESPACE}g[@class='result']/{NAMESPACE}{name}")


def key(root: ET.Element) -> list[ET.Element]:
    return root.findall(f"./{NAMESPACE}g[@transform]")


def shown(root: ET.Element) -> str:
    """Return the words that are seen."""
    return "\n".join(text.text or "" for text in found(root, "text"))


def found(root: ET.Element, name: str) -> list[ET.Element]:
    return root.findall(f".//{NAMESPACE}{name}")


@COURSES
def test_every_course_is_one_drawing_with_a_name_and_a_description(
    totals: list[int | None],
) -> None:
    series = course(PHQ_9, totals)
    root = drawn(svg(PHQ_9, series))
    title, description = root[0], root[1]
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == PHQ_9.title
    assert description.text == " ".join(sentences(PHQ_9, series))


@COURSES
def test_every_total_is_a_point_and_every_gap_a_cross(totals: list[int | None]) -> None:
    root = drawn(svg(PHQ_9, course(PHQ_9, totals)))
    assert len(results(root, "circle")) == len(totals) - totals.count(None)
    assert len(results(root, "path")) == totals.count(None)


@COURSES
def test_everything_is_inside_of_the_drawing(totals: list[int | None]) -> None:
    root = drawn(svg(PHQ_9, course(PHQ_9, totals)))
    *_, width, height = map(int, (root.get("viewBox") or "").split())
    assert width == WIDTH
    for name, limit in [("cx", width), ("cy", height), ("x", width), ("y", height)]:
        places = [
            float(value) for part in [*root, *results(root, "*")] if (value := part.get(name))
        ]
        assert all(0 <= place <= limit for place in places)
    rows = [int((row.get("transform") or "").split()[-1][:-1]) for row in key(root)]
    assert rows == sorted(set(rows))
    assert max(rows) + 10 < height


def test_a_gap_breaks_the_line() -> None:
    root = drawn(svg(PHQ_9, course(PHQ_9, [18, 17, None, 11, 9, 8, None, 3])))
    lines = [len((line.get("points") or "").split()) for line in found(root, "polyline")]
    assert lines == [2, 3]


def test_a_higher_total_is_drawn_higher_and_a_later_day_further_right() -> None:
    root = drawn(svg(PHQ_9, course(PHQ_9, [3, 9, 20])))
    places = [
        (float(circle.get("cx") or 0), -float(circle.get("cy") or 0))
        for circle in results(root, "circle")
    ]
    assert places == sorted(places)
    assert [y for _, y in places] == sorted(y for _, y in places)


def test_a_total_with_missing_answers_is_an_open_circle_with_a_legend() -> None:
    imputed = Dated(FIRST, score(PHQ_9, [1] * 8 + [None, None]))
    root = drawn(svg(PHQ_9, [imputed]))
    assert [circle.get("fill") for circle in results(root, "circle")] == ["none"]
    assert "with missing answers" in shown(root)
    assert "with missing answers filled in" in " ".join(sentences(PHQ_9, [imputed]))


@EVERY
def test_bands_have_their_names_in_words_and_a_line_between_them(scale: Instrument) -> None:
    root = drawn(svg(scale, []))
    words = [text.text for text in found(root, "text")]
    for band in scale.bands:
        assert f"{band.lowest}–{band.highest} {band.label}" in words
    dashed = [line for line in found(root, "line") if line.get("stroke-dasharray") == "4 4"]
    assert len(dashed) == max(len(scale.bands) - 1, 0)


@pytest.mark.parametrize(("name", "case", "points"), [("phq-9", 10, 6), ("gad-7", 8, 4)])
def test_published_figures_are_drawn_explained_and_said(name: str, case: int, points: int) -> None:
    scale = instrument(name)
    root = drawn(svg(scale, course(scale, [12, 11])))
    assert f"{case} or more counts as a clinical case" in shown(root)
    assert f"to an end of this bar, {points} points, is reliable" in shown(root)
    assert "The last score is 1 point lower than the first" in shown(root)
    assert len(bars(root)) == 1
    assert bars(root)[0].count("h8") == 2
    said = " ".join(sentences(scale, []))
    assert f"{case} or more counts as a clinical case." in said
    assert f"A change of {points} points or more is reliable." in said


def bars(root: ET.Element) -> list[str]:
    return [bar.get("d") or "" for bar in root.findall(f"./{NAMESPACE}path[@class='reliable']")]


def test_no_end_of_a_bar_is_drawn_at_a_total_that_nobody_can_have() -> None:
    (bar,) = bars(drawn(svg(PHQ_9, course(PHQ_9, [3, 20]))))
    assert bar.count("h8") == 1
    assert bars(drawn(svg(PHQ_9, course(PHQ_9, [None])))) == []


@pytest.mark.parametrize("name", [scale.id for scale in offered() if not scale.reliable_change])
def test_nothing_is_marked_where_nothing_is_published(name: str) -> None:
    scale = instrument(name)
    root = drawn(svg(scale, course(scale, [scale.scoring.highest, scale.scoring.lowest])))
    assert (bars(root), "clinical case" in shown(root), "reliable." in shown(root)) == (
        [],
        False,
        False,
    )
    assert (IN_HOUSE in shown(root)) == (name == "connection")


def test_a_file_of_its_own_is_black_on_white() -> None:
    text = document(PHQ_9, course(PHQ_9, [9, 12]))
    root = drawn(text)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<svg ')
    assert (root.get("color"), root[0].get("fill")) == ("black", "white")
    assert root[1].text == PHQ_9.title


@EVERY
def test_no_colour_carries_a_meaning(scale: Instrument) -> None:
    root = drawn(svg(scale, course(scale, [scale.scoring.lowest, scale.scoring.highest])))
    colours = {part.get(name) for part in root.iter() for name in ("fill", "stroke")}
    assert colours <= {None, "none", "currentColor"}


@EVERY
def test_nothing_is_fetched_and_nothing_runs(scale: Instrument) -> None:
    text = svg(scale, course(scale, [scale.scoring.highest, None]))
    assert not re.search(r"<(script|style|image|use|a|foreignObject|link|iframe)\b", text)
    assert not re.search(r"\b(href|src|on\w+|style)\s*=", text)
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]


def test_the_same_results_give_the_same_drawing_in_any_order() -> None:
    series = course(PHQ_9, [18, None, 11, 9])
    assert svg(PHQ_9, series) == svg(PHQ_9, series[::-1])


def test_a_title_is_text_and_never_a_part_of_the_drawing() -> None:
    hostile = "</title><script>alert('&\"x\"')</script>\x00\x1b\ud800"
    root = drawn(svg(PHQ_9, [], hostile))
    assert root[0].text == "</title><script>alert('&\"x\"')</script>\ufffd\ufffd\ufffd"
    assert not found(root, "script")


def test_many_results_keep_room_for_their_numbers() -> None:
    few = drawn(svg(PHQ_9, course(PHQ_9, [9] * 12)))
    many = drawn(svg(PHQ_9, course(PHQ_9, [9] * 13)))
    nines = [[text for text in results(root, "text") if text.text == "9"] for root in (few, many)]
    assert [len(labels) for labels in nines] == [12, 2]


def test_the_sentences_say_each_result_and_the_change() -> None:
    assert sentences(PHQ_9, course(PHQ_9, [18, None, 11, 11])) == (
        "Patient Health Questionnaire-9 (PHQ-9): totals go from 0 to 27.",
        BANDS,
        "10 or more counts as a clinical case.",
        "A change of 6 points or more is reliable.",
        "2026-01-05: 18, moderately severe.",
        "2026-01-19: no score.",
        "2026-02-02: 11, moderate.",
        "2026-02-16: 11, moderate.",
        "The last score is 7 points lower than the first, of 2026-01-05: reliable improvement.",
        "The last score is the same as the previous, of 2026-02-02: no reliable change.",
        NOT_A_DIAGNOSIS,
    )


def test_a_change_without_a_published_figure_is_said_without_a_verdict() -> None:
    k6 = instrument("k6")
    assert sentences(k6, course(k6, [8, 9]))[-2] == (
        "The last score is 1 point higher than the first, of 2026-01-05."
    )


@EVERY
def test_the_sentences_never_call_a_score_a_diagnosis(scale: Instrument) -> None:
    said = sentences(scale, course(scale, [scale.scoring.highest]))
    assert said[-1] == NOT_A_DIAGNOSIS
    assert "diagnosis" not in " ".join(said[:-1]).lower()


def test_no_results_are_said_to_be_none() -> None:
    assert "There are no results yet." in sentences(PHQ_9, [])


def test_results_of_another_instrument_are_refused() -> None:
    with pytest.raises(InvalidSeries):
        svg(instrument("gad-7"), course(PHQ_9, [9]))

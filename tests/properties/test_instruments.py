"""Any answers score as a second scorer says; any JSON is an instrument or refused."""

from __future__ import annotations

import json
from datetime import date
from itertools import islice, pairwise
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors.therapy import InvalidAnswers, InvalidInstrument, InvalidSchedule
from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.pack import OFFERED, instrument, offered
from e2etherapy.therapy.instruments.plot import svg
from e2etherapy.therapy.instruments.reading import read_instrument
from e2etherapy.therapy.instruments.schedule import MAX_EVERY, Schedule, due, due_after, parse
from e2etherapy.therapy.instruments.scoring import score
from e2etherapy.therapy.instruments.trend import Dated, trend
from tests.support.scoring_tables import TABLES, expected

names = st.sampled_from(OFFERED)
texts = st.text(st.characters(codec=None), max_size=60)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def answered(draw: st.DrawFn) -> tuple[str, list[int | None]]:
    name = draw(names)
    seldom = draw(st.integers(0, 6))
    return name, [
        draw(st.sampled_from([*values * seldom, None] if seldom else list(values)))
        for values in TABLES[name].options()
    ]


@given(answered())
def test_two_scorers_agree(case: tuple[str, list[int | None]]) -> None:
    name, answers = case
    ours, theirs = score(instrument(name), answers), expected(TABLES[name], answers)
    assert (ours.total, ours.band) == (theirs.total, theirs.band)
    assert (ours.missing, ours.imputed) == (theirs.missing, theirs.imputed)
    assert (ours.priority, ours.priority_unanswered) == (
        theirs.priority,
        theirs.priority_unanswered,
    )
    assert {part.id: part.score for part in ours.subscales} == theirs.subscales
    assert {finding.id: finding.met for finding in ours.findings} == theirs.findings


@given(answered())
def test_a_total_is_in_its_range_and_stands_for_at_most_what_was_published(
    case: tuple[str, list[int | None]],
) -> None:
    name, answers = case
    scoring, result = instrument(name).scoring, score(instrument(name), answers)
    assert (result.total is None) == (result.reason is not None)
    if result.total is not None:
        assert scoring.lowest <= result.total <= scoring.highest
        assert result.missing <= scoring.missing.most


@given(names, st.lists(json_values, max_size=22))
def test_any_list_is_scored_or_refused(name: str, answers: list[Any]) -> None:
    try:
        result = score(instrument(name), answers)
    except InvalidAnswers:
        return
    assert result.instrument == name


@given(json_values | st.binary(max_size=60))
def test_any_json_is_an_instrument_or_refused(value: object) -> None:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    try:
        read = read_instrument(data, "x.json")
    except InvalidInstrument:
        return
    assert isinstance(read, Instrument)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - JSON
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    found = [way] if way else []
    for step, inner in steps:
        found += places(inner, (*way, step)) if isinstance(inner, dict | list) else [(*way, step)]
    return found


WHOLE = {scale.id: json.loads(msgspec.json.encode(scale)) for scale in offered()}
PLACES = {name: places(whole) for name, whole in WHOLE.items()}


@given(names)
def test_an_instrument_that_is_written_is_read_as_it_was(name: str) -> None:
    assert read_instrument(json.dumps(WHOLE[name]).encode(), "x.json") == instrument(name)


@given(names, st.data(), st.none() | json_values)
def test_an_instrument_with_any_part_changed_is_read_or_refused(
    name: str, data: st.DataObject, value: object
) -> None:
    whole = json.loads(json.dumps(WHOLE[name]))
    *way, last = data.draw(st.sampled_from(PLACES[name]))
    inner = whole
    for step in way:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    try:
        read = read_instrument(json.dumps(whole).encode(), "x.json")
    except InvalidInstrument:
        return
    assert score(read, [None] * len(read.items)).total is None
    assert svg(read, [])


@given(names, texts, st.data())
def test_a_drawing_is_well_formed_whatever_its_title(
    name: str, title: str, data: st.DataObject
) -> None:
    scale = instrument(name)
    lists = [[*values, None] for values in TABLES[name].options()]
    series = [
        Dated(data.draw(st.dates()), score(scale, [data.draw(st.sampled_from(v)) for v in lists]))
        for _ in range(data.draw(st.integers(0, 3)))
    ]
    text = svg(scale, series, title)
    root = ET.fromstring(text.encode())  # noqa: S314 - what this package drew
    allowed = {"svg", "title", "desc", "g", "line", "polyline", "circle", "path", "text"}
    assert {
        part.tag.removeprefix("{http://www.w3.org/2000/svg}") for part in root.iter()
    } <= allowed
    assert text == svg(scale, series, title)


@given(st.lists(st.tuples(st.dates(), answered()), max_size=5), names)
def test_a_trend_compares_only_what_has_a_total(
    drawn: list[tuple[date, tuple[str, list[int | None]]]], name: str
) -> None:
    series = [
        Dated(day, score(instrument(of), answers)) for day, (of, answers) in drawn if of == name
    ]
    seen = trend(instrument(name), series)
    known = [dated for dated in series if dated.result.total is not None]
    assert seen.without_total == len(series) - len(known)
    assert (seen.from_first is not None) == (len(known) > 1)


@given(
    st.text(max_size=30)
    | st.lists(
        st.sampled_from(["every", "second", "on", "2", "monday", "weeks", "once", "month"])
    ).map(" ".join)
)
def test_any_words_are_a_schedule_or_refused(text: str) -> None:
    try:
        schedule = parse(text)
    except InvalidSchedule:
        return
    assert parse(str(schedule)) == schedule


intervals = st.integers(1, MAX_EVERY)
schedules = st.one_of(
    st.just(Schedule(unit="once")),
    st.builds(Schedule, unit=st.just("date"), day=st.dates()),
    st.builds(Schedule, unit=st.sampled_from(["day", "week", "month"]), every=intervals),
    st.builds(Schedule, unit=st.just("week"), every=intervals, weekday=st.integers(0, 6)),
)


@given(schedules)
def test_a_schedule_is_read_as_it_was_written(schedule: Schedule) -> None:
    assert parse(str(schedule)) == schedule


@given(schedules, st.dates(), st.integers(0, 900))
def test_days_only_ever_go_forward_from_the_first(
    schedule: Schedule, start: date, ahead: int
) -> None:
    seen = list(islice(due(schedule, start), 20))
    assert all(earlier < later for earlier, later in pairwise(seen))
    assert all(day >= start for day in seen)
    if schedule.weekday is not None:
        assert {day.weekday() for day in seen} <= {schedule.weekday}
    after = start.fromordinal(max(start.toordinal() - ahead, 1))
    following = due_after(schedule, start, after)
    assert following is None or following > after

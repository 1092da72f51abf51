"""Draws a course of results as SVG: no script, nothing from elsewhere, nothing by colour alone.

Bands are parted by lines and named in words. A total that stands for missing answers is an open
circle, a result without a total a cross below the axis, where the line is broken. Where figures
are published, a line of its own stands at the total that counts as a case, and a bar through the
first total reaches as far as a change has to go to be reliable. Each sign is explained below. The
text inside says the same as `sentences`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from itertools import groupby

import msgspec

from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.sentences import (
    IN_HOUSE,
    NOT_A_DIAGNOSIS,
    changes,
    point,
    sentences,
)
from e2etherapy.therapy.instruments.trend import Dated, in_order, trend

WIDTH = 760
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 560, 52, 294
_TITLE = 24
_GAPS = 308
_DAYS = 330
_KEY = 360
_ROW = 20
_RADIUS = 5
_LABELLED = 12
"""With more results than this, only the first and the last have their numbers beside them."""
_CASE = "10 3 2 3"
"""Dashes of the line at which a case begins; bands are parted by even ones."""
_NOT_IN_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


class _Frame(msgspec.Struct, frozen=True):
    """Where days and totals are on the drawing."""

    first: date
    last: date
    lowest: int
    highest: int

    def x(self, day: date) -> float:
        span = (self.last - self.first).days
        share = (day - self.first).days / span if span else 0.5
        return _LEFT + 12 + share * (_RIGHT - _LEFT - 24)

    def held(self, total: float) -> float:
        """Return the nearest total that there is."""
        return min(max(total, self.lowest), self.highest)

    def y(self, total: float) -> float:
        share = (self.held(total) - self.lowest) / (self.highest - self.lowest)
        return _BOTTOM - share * (_BOTTOM - _TOP)


def document(instrument: Instrument, series: Sequence[Dated]) -> str:
    """Return a file of its own: the drawing, black on white wherever it is opened.

    Raises:
        InvalidSeries: a result is of another instrument.
    """
    drawn = svg(instrument, series)
    opening, rest = drawn.split(">", 1)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{opening} color="black">{rest[:1]}'
        f'<rect width="100%" height="100%" fill="white"/>{rest}'
    )


def svg(instrument: Instrument, series: Sequence[Dated], title: str | None = None) -> str:
    """Return an SVG element for a page.

    Args:
        instrument: what the results are of.
        series: results in any order, none or many.
        title: the name of the drawing; the instrument's title unless given. Any text.

    Raises:
        InvalidSeries: a result is of another instrument.
    """
    ordered = in_order(instrument, series)
    days = [dated.day for dated in ordered] or [date.min]
    scoring = instrument.scoring
    frame = _Frame(days[0], days[-1], scoring.lowest, scoring.highest)
    name, heading = f"trend-{instrument.id}", instrument.title if title is None else title
    key = list(_key(instrument, ordered))
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_KEY + _ROW * len(key)}" '
        f'role="img" aria-labelledby="{name}-title {name}-desc" font-family="sans-serif" '
        'font-size="12" fill="currentColor" stroke="none">'
    )
    lines = [
        opening,
        f'<title id="{name}-title">{_text(heading)}</title>',
        f'<desc id="{name}-desc">{_text(" ".join(sentences(instrument, series)))}</desc>',
        f'<text x="{_LEFT}" y="{_TITLE}" font-size="15" font-weight="bold">{_text(heading)}</text>',
        *_scale(instrument, frame),
        *_case(instrument, frame),
        *_reliable(instrument, ordered, frame),
        *_line(ordered, frame),
        *_points(ordered, frame),
        *_dates(ordered, frame),
        *(
            f'<g transform="translate(0 {_KEY + _ROW * row})">{one}</g>'
            for row, one in enumerate(key)
        ),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Return text for XML; a character that XML cannot have is replaced."""
    return escape(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _label(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_text(text)}</text>'


def _rule(y: float, more: str = "") -> str:
    return (
        f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}" stroke="currentColor" '
        f'stroke-width="1"{more}/>'
    )


def _scale(instrument: Instrument, frame: _Frame) -> Iterator[str]:
    """Draw the range, and each band between two lines with its name beside it."""
    yield _rule(frame.y(frame.lowest))
    yield _rule(frame.y(frame.highest))
    for total in (frame.lowest, frame.highest):
        yield _label(_LEFT - 6, frame.y(total) + 4, str(total), "end")
    for band in instrument.bands:
        # Totals are whole: a band ends half way to the next.
        top = min(band.highest + 0.5, frame.highest)
        bottom = max(band.lowest - 0.5, frame.lowest)
        if bottom > frame.lowest:
            # Paler, so that numbers stay legible on it.
            yield _rule(frame.y(bottom), ' stroke-dasharray="4 4" stroke-opacity="0.4"')
        words = f"{band.lowest}\N{EN DASH}{band.highest} {band.label}"
        yield _label(_RIGHT + 8, frame.y((top + bottom) / 2) + 4, words, "start")


def _case(instrument: Instrument, frame: _Frame) -> Iterator[str]:
    """Draw where a clinical case begins: half way from the total below, as bands do."""
    if instrument.caseness:
        y = frame.y(instrument.caseness.at_least - 0.5)
        yield _rule(y, f' stroke-dasharray="{_CASE}"')
        yield _label(_LEFT - 6, y + 4, str(instrument.caseness.at_least), "end")


def _reliable(instrument: Instrument, ordered: Sequence[Dated], frame: _Frame) -> Iterator[str]:
    """Draw how far from the first total a reliable change begins, where there is such a total."""
    known = [dated for dated in ordered if dated.result.total is not None]
    if instrument.reliable_change and known:
        total, points = known[0].result.total or 0, instrument.reliable_change.points
        ends = [end for end in (total + points, total - points) if end == frame.held(end)]
        top, bottom = frame.y(total + points), frame.y(total - points)
        yield _bar(frame.x(known[0].day), (top, bottom), [frame.y(end) for end in ends])


def _bar(x: float, span: tuple[float, float], ends: Sequence[float]) -> str:
    caps = "".join(f"M{x - 4:.1f} {end:.1f}h8" for end in ends)
    return (
        f'<path class="reliable" d="M{x:.1f} {span[0]:.1f}V{span[1]:.1f}{caps}" '
        'stroke="currentColor" stroke-width="1" fill="none"/>'
    )


def _key(instrument: Instrument, ordered: Sequence[Dated]) -> Iterator[str]:
    """Explain what is drawn, a row each, and say in words how the last total compares."""
    signed = _LEFT + 12
    if instrument.caseness:
        dashes = f'stroke="currentColor" stroke-width="1" stroke-dasharray="{_CASE}"'
        line = f'<line x1="{_LEFT - 18}" y1="-4" x2="{_LEFT + 6}" y2="-4" {dashes}/>'
        words = f"{instrument.caseness.at_least} or more counts as a clinical case"
        yield line + _label(signed, 0, words, "start")
    if instrument.reliable_change and any(dated.result.total is not None for dated in ordered):
        points = instrument.reliable_change.points
        words = f"a change from the first score to an end of this bar, {points} points, is reliable"
        yield _bar(_LEFT - 6, (-11, 3), (-11, 3)) + _label(signed, 0, words, "start")
    if any(dated.result.total is None for dated in ordered):
        yield _cross(_LEFT - 6, -4) + _label(signed, 0, "no score", "start")
    if any(dated.result.imputed for dated in ordered):
        words = "with missing answers filled in by their mean"
        yield _circle(_LEFT - 6, -4, filled=False) + _label(signed, 0, words, "start")
    own = [IN_HOUSE] if instrument.is_in_house else []
    for words in (*changes(trend(instrument, ordered)), *own, NOT_A_DIAGNOSIS):
        yield _label(_LEFT, 0, words, "start")


def _line(ordered: Sequence[Dated], frame: _Frame) -> Iterator[str]:
    """Join neighbouring totals; a result without one breaks the line."""
    for known, run in groupby(ordered, key=lambda dated: dated.result.total is not None):
        places = [_place(dated, frame) for dated in run] if known else []
        if len(places) > 1:
            joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            yield (
                f'<polyline points="{joined}" fill="none" stroke="currentColor" stroke-width="2"/>'
            )


def _place(dated: Dated, frame: _Frame) -> tuple[float, float]:
    total = dated.result.total
    return frame.x(dated.day), _GAPS if total is None else frame.y(total)


def _cross(x: float, y: float) -> str:
    return (
        f'<path class="gap" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" stroke="currentColor" '
        'stroke-width="2" fill="none"/>'
    )


def _circle(x: float, y: float, *, filled: bool) -> str:
    inside = "currentColor" if filled else "none"
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}" fill="{inside}" stroke="currentColor" '
        'stroke-width="2"/>'
    )


def _points(ordered: Sequence[Dated], frame: _Frame) -> Iterator[str]:
    for number, dated in enumerate(ordered):
        x, y = _place(dated, frame)
        yield f'<g class="result"><title>{_text(point(dated))}</title>'
        if dated.result.total is None:
            yield _cross(x, y)
        else:
            yield _circle(x, y, filled=not dated.result.imputed)
            if len(ordered) <= _LABELLED or number in {0, len(ordered) - 1}:
                # Beside the first one, through which the bar goes.
                left, above = x + (9 if number == 0 else 0), y - 9 if y - 9 > _TOP - 8 else y + 19
                yield _label(
                    left, above, str(dated.result.total), "start" if number == 0 else "middle"
                )
        yield "</g>"


def _dates(ordered: Sequence[Dated], frame: _Frame) -> Iterator[str]:
    for day in sorted({dated.day for dated in (*ordered[:1], *ordered[-1:])}):
        anchor = "middle" if len(ordered) == 1 else "start" if day == frame.first else "end"
        yield _label(frame.x(day), _DAYS, day.isoformat(), anchor)

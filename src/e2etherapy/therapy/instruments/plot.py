"""Draws a course of results as SVG: no script, nothing from elsewhere, nothing by colour alone.

Bands are parted by lines and named in words. A total that stands for missing answers is an open
circle, a result without a total a cross below the axis, where the line is broken. The text inside
says the same as `sentences`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from itertools import groupby

import msgspec

from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.sentences import point, sentences
from e2etherapy.therapy.instruments.trend import Dated, in_order

WIDTH, HEIGHT = 760, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 560, 20, 262
_GAPS = 276
_DAYS = 298
_RADIUS = 5
_LABELLED = 12
"""With more results than this, only the first and the last have their numbers beside them."""
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

    def y(self, total: float) -> float:
        share = (total - self.lowest) / (self.highest - self.lowest)
        return _BOTTOM - share * (_BOTTOM - _TOP)


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
    name = f"trend-{instrument.id}"
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-family="sans-serif" font-size="12" '
        'fill="currentColor" stroke="none">'
    )
    lines = [
        opening,
        f'<title id="{name}-title">{_text(instrument.title if title is None else title)}</title>',
        f'<desc id="{name}-desc">{_text(" ".join(sentences(instrument, series)))}</desc>',
        *_scale(instrument, frame),
        *_line(ordered, frame),
        *_points(ordered, frame),
        *_dates(ordered, frame),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Return text for XML; a character that XML cannot have is replaced."""
    return escape(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _label(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_text(text)}</text>'


def _rule(y: float, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}" stroke="currentColor" '
        f'stroke-width="1"{dashed}/>'
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
            yield _rule(frame.y(bottom), "4 4")
        words = f"{band.lowest}\N{EN DASH}{band.highest} {band.label}"
        yield _label(_RIGHT + 8, frame.y((top + bottom) / 2) + 4, words, "start")


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


def _points(ordered: Sequence[Dated], frame: _Frame) -> Iterator[str]:
    for number, dated in enumerate(ordered):
        x, y = _place(dated, frame)
        yield f"<g><title>{_text(point(dated))}</title>"
        if dated.result.total is None:
            yield (
                f'<path d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" stroke="currentColor" '
                'stroke-width="2" fill="none"/>'
            )
        else:
            inside = 'fill="none"' if dated.result.imputed else 'fill="currentColor"'
            yield (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}" {inside} stroke="currentColor" '
                'stroke-width="2"/>'
            )
            if len(ordered) <= _LABELLED or number in {0, len(ordered) - 1}:
                yield _label(x, y - 9 if y - 9 > _TOP - 8 else y + 19, str(dated.result.total))
        yield "</g>"


def _dates(ordered: Sequence[Dated], frame: _Frame) -> Iterator[str]:
    for day in sorted({dated.day for dated in (*ordered[:1], *ordered[-1:])}):
        anchor = "middle" if len(ordered) == 1 else "start" if day == frame.first else "end"
        yield _label(frame.x(day), _DAYS, day.isoformat(), anchor)
    if any(dated.result.total is None for dated in ordered):
        yield _label(_RIGHT + 8, _GAPS + 4, "\N{MULTIPLICATION SIGN} no score", "start")
    if any(dated.result.imputed for dated in ordered):
        yield _label(_RIGHT + 8, _DAYS, "\N{WHITE CIRCLE} with missing answers", "start")

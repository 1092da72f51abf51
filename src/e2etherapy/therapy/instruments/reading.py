"""Reads an instrument from JSON, and refuses one whose parts contradict each other.

What is wrong is said with the file and the place in it, so that who writes an instrument finds it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import msgspec

from e2etherapy.errors.therapy import InvalidInstrument
from e2etherapy.therapy.instruments.definition import Instrument, Subscale

_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PLACE = re.compile(r" - at `(?P<place>[^`]+)`\Z")
_INDEPENDENT_COPIES = 2

_decoder = msgspec.json.Decoder(Instrument)

Problem = tuple[str, str]
"""A place in the file, and what is wrong there."""


def read_instrument(data: bytes, file: str) -> Instrument:
    """Read an instrument.

    Args:
        data: JSON in UTF-8.
        file: what to call it in an error.

    Raises:
        InvalidInstrument: not JSON, a member missing, unknown or of a wrong type, or parts that
            contradict each other.
    """
    try:
        instrument = _decoder.decode(data)
    except _BROKEN as error:
        raise _refused(file, *_explained(error)) from None
    for check in _CHECKS:
        for place, problem in check(instrument):
            raise _refused(file, place, problem)
    return instrument


def _refused(file: str, field: str, problem: str) -> InvalidInstrument:
    sentence = f"The instrument in {file} cannot be used: at {field}, {problem}."
    return InvalidInstrument(sentence, file, field)


def _explained(error: Exception) -> Problem:
    if not isinstance(error, msgspec.ValidationError):
        return "$", "this is no JSON object"
    said = str(error)
    place = _PLACE.search(said)
    problem = said[: place.start()] if place else said
    return (place["place"] if place else "$"), problem[0].lower() + problem[1:]


def _twice(places: str, names: Iterable[object]) -> Iterator[Problem]:
    for name, times in Counter(names).items():
        if times > 1:
            yield places, f"{name} stands there {times} times"


def _names(instrument: Instrument) -> Iterator[Problem]:
    yield from _twice("$.items", (item.id for item in instrument.items))
    yield from _twice("$.scoring.subscales", (part.id for part in instrument.scoring.subscales))
    tests = [cut.id for cut in instrument.cuts] + [rule.id for rule in instrument.patterns]
    yield from _twice("$.cuts", tests)
    for name, options in instrument.option_lists.items():
        place = f"$.option_lists.{name}"
        yield from _twice(place, (option.value for option in options))
        yield from _twice(place, (option.label for option in options))


def _options(instrument: Instrument) -> Iterator[Problem]:
    for index, item in enumerate(instrument.items):
        if item.options not in instrument.option_lists:
            yield f"$.items[{index}].options", f"there are no options called {item.options}"
    used = {item.options for item in instrument.items}
    for name in sorted(instrument.option_lists.keys() - used):
        yield f"$.option_lists.{name}", "no item has these options"


def _known(instrument: Instrument) -> Iterator[Problem]:
    """Refuse what names an item that does not exist, or that is not scored."""
    scored = {item.id for item in instrument.scored}
    named = [
        (f"$.scoring.subscales[{index}].items", part.items)
        for index, part in enumerate(instrument.scoring.subscales)
    ]
    for index, pattern in enumerate(instrument.patterns):
        named += [(f"$.patterns[{index}].needs", need.items) for need in pattern.needs]
    if instrument.second_look:
        named.append(("$.second_look.item", (instrument.second_look.item,)))
    if instrument.priority:
        named.append(("$.priority.item", (instrument.priority.item,)))
    for place, items in named:
        yield from _twice(place, items)
        for item in items:
            if item not in scored:
                yield place, f"there is no scored item {item}"


def _range(instrument: Instrument) -> Iterator[Problem]:
    scoring = instrument.scoring
    lists = [[option.value for option in instrument.options_of(item)] for item in instrument.scored]
    if not lists:
        yield "$.items", "no item is scored"
    elif (scoring.lowest, scoring.highest) != (sum(map(min, lists)), sum(map(max, lists))):
        yield "$.scoring", "the range is not the one of the items' options"
    if lists and scoring.missing.most >= len(lists):
        yield "$.scoring.missing.most", "nothing would have to be answered"


def _gate(instrument: Instrument) -> Iterator[Problem]:
    scoring, gates = instrument.scoring, [i for i in instrument.items if i.role == "gate"]
    if len(gates) != (scoring.gate is not None):
        yield "$.scoring.gate", "items and scoring do not agree on whether there is a gate"
    if scoring.gate and gates:
        if scoring.gate.item != gates[0].id or instrument.items[0] != gates[0]:
            yield "$.scoring.gate.item", "the gate is not the first item"
        if scoring.gate.value not in {o.value for o in instrument.options_of(gates[0])}:
            yield "$.scoring.gate.value", "the gate has no option with this value"
        if not scoring.lowest <= scoring.gate.total <= scoring.highest:
            yield "$.scoring.gate.total", "this is outside of the range"
    if sum(item.role == "functional" for item in instrument.items) > 1:
        yield "$.items", "there is more than one functional item"


def _bands(instrument: Instrument) -> Iterator[Problem]:
    bands, scoring = instrument.bands, instrument.scoring
    if not bands:
        return
    ends = (bands[0].lowest, bands[-1].highest)
    touching = all(lower.highest + 1 == upper.lowest for lower, upper in pairwise(bands))
    if ends != (scoring.lowest, scoring.highest) or not touching:
        yield "$.bands", "the bands do not cover the range, each total once"
    if any(band.lowest > band.highest for band in bands):
        yield "$.bands", "a band ends before it begins"


def _highest_of(instrument: Instrument, part: Subscale) -> int:
    items = [instrument.item(item) for item in part.items]
    return sum(max(option.value for option in instrument.options_of(item)) for item in items)


def _figures(instrument: Instrument) -> Iterator[Problem]:
    """Refuse a figure that no answers reach, or that all reach."""
    scoring = instrument.scoring
    highest = {part.id: _highest_of(instrument, part) for part in scoring.subscales}
    for index, cut in enumerate(instrument.cuts):
        if cut.of is not None and cut.of not in highest:
            yield f"$.cuts[{index}].of", f"there is no subscale {cut.of}"
        elif cut.at_least > highest.get(cut.of or "", scoring.highest):
            yield f"$.cuts[{index}].at_least", "no score reaches this"
    for index, pattern in enumerate(instrument.patterns):
        for need in pattern.needs:
            if need.count > len(need.items):
                yield f"$.patterns[{index}].needs", "it needs more items than it names"
    figures = {"caseness": instrument.caseness, "priority": instrument.priority}
    for name, figure in figures.items():
        if figure and not 0 < figure.at_least <= scoring.highest:
            yield f"$.{name}.at_least", "no score reaches this, or every one does"


def _words(instrument: Instrument) -> Iterator[Problem]:
    said = f"{instrument.instructions or ''} {instrument.stem or ''}"
    if instrument.period and instrument.period not in said:
        yield "$.period", "neither the instructions nor the stem say this"
    copies = sum(source.of == "wording" for source in instrument.sources)
    if not instrument.is_in_house and (copies >= _INDEPENDENT_COPIES) != (
        instrument.wording_status == "two copies agree"
    ):
        yield "$.wording_status", f"there are {copies} sources of the wording"


def _in_house(instrument: Instrument) -> Iterator[Problem]:
    """Refuse any claim about a total of which nobody has published anything."""
    if not instrument.is_in_house:
        return
    for name in ("bands", "cuts", "patterns", "reliable_change", "caseness", "second_look"):
        if getattr(instrument, name):
            yield f"$.{name}", "an instrument in words of our own claims nothing of the kind"
    options = [option for listed in instrument.option_lists.values() for option in listed]
    codes = [item.loinc for item in instrument.items] + [option.loinc for option in options]
    if any([instrument.loinc.panel, instrument.loinc.total, *codes]):
        yield "$.loinc", "nobody has given an instrument in words of our own a code"


def _codes(instrument: Instrument) -> Iterator[Problem]:
    codes = {"$.loinc.panel": instrument.loinc.panel, "$.loinc.total": instrument.loinc.total}
    codes |= {f"$.items[{i}].loinc": item.loinc for i, item in enumerate(instrument.items)}
    for place, code in codes.items():
        if code is not None and not _checks(code):
            yield place, f"{code} has a wrong check digit"


def _checks(code: str) -> bool:
    """Tell whether a LOINC code ends with its check digit (Mod 10, LOINC Users' Guide)."""
    digits, _, check = code.partition("-")
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return (10 - total % 10) % 10 == int(check)


_CHECKS: tuple[Callable[[Instrument], Iterator[Problem]], ...] = (
    _names,
    _options,
    _known,
    _range,
    _gate,
    _bands,
    _figures,
    _words,
    _in_house,
    _codes,
)
"""In this order: a later one relies on what an earlier one has made sure."""

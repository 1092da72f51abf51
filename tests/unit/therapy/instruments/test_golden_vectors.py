"""Every instrument scores as its published tables say, case by case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from e2etherapy.errors.therapy import InvalidAnswers
from e2etherapy.therapy.instruments.pack import OFFERED, instrument
from e2etherapy.therapy.instruments.scoring import Result, score
from tests.support.scoring_tables import TABLES
from tests.vectors.therapy import generate

FOLDER = Path(generate.__file__).parent
VECTORS = [json.loads((FOLDER / f"{name}.json").read_text()) for name in OFFERED]
SOFFEREDD = [(vector["instrument"], case) for vector in VECTORS for case in vector["scored"]]
REFUSED = [(vector["instrument"], case) for vector in VECTORS for case in vector["refused"]]


def named(cases: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    return [pytest.param(name, case, id=f"{name}: {case['name']}") for name, case in cases]


def said(result: Result) -> dict[str, Any]:
    return {
        "total": result.total,
        "band": result.band,
        "missing": result.missing,
        "imputed": result.imputed,
        "priority": result.priority,
        "priority_unanswered": result.priority_unanswered,
        "subscales": {part.id: part.score for part in result.subscales},
        "findings": {finding.id: finding.met for finding in result.findings},
    }


@pytest.mark.parametrize(("name", "case"), named(SOFFEREDD))
def test_answers_score_as_published(name: str, case: dict[str, Any]) -> None:
    result = score(instrument(name), case["answers"])
    assert said(result) == case["expected"]
    assert (result.total is None) == (result.reason is not None)


@pytest.mark.parametrize(("name", "case"), named(REFUSED))
def test_answers_that_were_not_offered_are_refused(name: str, case: dict[str, Any]) -> None:
    with pytest.raises(InvalidAnswers) as refusal:
        score(instrument(name), case["answers"])
    assert str(refusal.value).endswith(".")


def test_there_is_a_table_and_a_file_for_every_instrument_and_for_no_other() -> None:
    files = {file.stem for file in FOLDER.glob("*.json")}
    assert files == set(OFFERED) == TABLES.keys()


def test_the_vectors_are_those_that_the_tables_give() -> None:
    for vector in VECTORS:
        name = vector["instrument"]
        again = json.loads(json.dumps(generate.vectors(name, TABLES[name])))
        assert vector == again


def test_the_tables_know_every_option_of_every_instrument() -> None:
    for name, table in TABLES.items():
        offered = [
            tuple(sorted(option.value for option in instrument(name).options_of(item)))
            for item in instrument(name).items
        ]
        assert offered == table.options()

"""What is handed over is FHIR R4, with no code that was not verified and no name of a person.

Held to the classes of `fhirclient`, which were made from the published definitions of FHIR 4.0.1
and refuse a member that R4 does not have, one that is missing and one of a wrong type.
`fhir.resources` has R4B and R5 only, and no Python package has the official JSON schema. What the
classes do not know, the codes of a required binding, stands here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import fhirclient.models
import pytest
from fhirclient.models.bundle import Bundle
from fhirclient.models.fhirabstractbase import FHIRValidationError
from fhirclient.models.observation import Observation
from fhirclient.models.questionnaire import Questionnaire
from fhirclient.models.questionnaireresponse import QuestionnaireResponse

from e2etherapy.errors.therapy import InvalidAnswers
from e2etherapy.therapy.instruments import fhir
from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.pack import instrument, offered
from e2etherapy.therapy.instruments.scoring import score
from e2etherapy.therapy.instruments.sentences import IN_HOUSE, NOT_A_DIAGNOSIS
from e2etherapy.therapy.instruments.trend import Dated
from tests.support.courses import FIRST, answers, course

EVERY = pytest.mark.parametrize("scale", offered(), ids=lambda scale: scale.id)
REQUIRED_CODES = {
    ("Questionnaire", "status"): {"draft", "active", "retired", "unknown"},
    ("QuestionnaireResponse", "status"): {
        "in-progress",
        "completed",
        "amended",
        "entered-in-error",
        "stopped",
    },
    ("Bundle", "type"): {"collection", "document", "searchset", "transaction", "batch"},
    ("Observation", "status"): {"registered", "preliminary", "final", "amended", "corrected"},
}
LOINC_TOTALS = {
    "phq-9": "44261-6",
    "phq-4": "70272-0",
    "phq-2": "55758-7",
    "gad-7": "70274-6",
    "pcl-5": "101698-9",
    "audit-c": "75626-2",
}


def every_part(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from every_part(inner)


def held(resource: fhir.Resource) -> None:
    """Hold a resource to FHIR R4, as it is read from its JSON."""
    read = json.loads(fhir.to_json(resource))
    kind = read["resourceType"]
    made = {
        "Questionnaire": Questionnaire,
        "QuestionnaireResponse": QuestionnaireResponse,
        "Observation": Observation,
        "Bundle": Bundle,
    }[kind](read)
    assert made.as_json() == read
    field = "type" if kind == "Bundle" else "status"
    assert read[field] in REQUIRED_CODES[kind, field]
    for part in every_part(read):
        # FHIR has no empty member anywhere.
        assert part
        assert not [name for name, value in part.items() if value in ("", [], {}, None)]


def codes(resource: fhir.Resource) -> set[str]:
    return {part["code"] for part in every_part(resource) if part.get("system") == fhir.LOINC}


def test_the_classes_are_those_of_r4() -> None:
    for name in ("observation", "questionnaire", "questionnaireresponse"):
        source = Path(fhirclient.models.__path__[0]) / f"{name}.py"
        assert source.read_text().startswith("# Generated from FHIR 4.0.1-")


@pytest.mark.parametrize("wrong", [{"colour": "red"}, {"status": 7}, {"item": {}}])
def test_the_classes_refuse_what_is_not_r4(wrong: dict[str, Any]) -> None:
    with pytest.raises(FHIRValidationError):
        Questionnaire(fhir.questionnaire(instrument("phq-9")) | wrong)


@EVERY
def test_an_instrument_is_a_questionnaire(scale: Instrument) -> None:
    held(fhir.questionnaire(scale))


@EVERY
def test_answers_are_a_response(scale: Instrument) -> None:
    for total in (scale.scoring.lowest, scale.scoring.highest, None):
        held(fhir.response(scale, answers(scale, total), FIRST))


@EVERY
def test_a_result_is_an_observation(scale: Instrument) -> None:
    for dated in course(scale, [scale.scoring.lowest, scale.scoring.highest, None]):
        held(fhir.observation(scale, dated))


def test_a_bundle_has_each_questionnaire_once_and_joins_a_score_to_its_answers() -> None:
    phq, gad = instrument("phq-9"), instrument("gad-7")
    answered = [
        (scale, fhir.Answered(bytes([number] * 16), answers(scale, 5), course(scale, [5])[0]))
        for number, scale in enumerate([phq, gad, phq])
    ]
    bundle = fhir.bundle(answered)
    held(bundle)
    for entry in bundle["entry"]:
        held(entry["resource"])
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds == ["Questionnaire"] * 2 + ["QuestionnaireResponse", "Observation"] * 3
    names = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(names)) == len(names)
    assert all(UUID(name.removeprefix("urn:uuid:")).version == 5 for name in names)
    for said, seen in zip(bundle["entry"][2::2], bundle["entry"][3::2], strict=True):
        assert seen["resource"]["derivedFrom"] == [{"reference": said["fullUrl"]}]
    assert fhir.bundle(answered) == bundle
    held(fhir.bundle([]))


def test_what_is_in_house_is_handed_over_as_such_and_without_a_code() -> None:
    own = instrument("connection")
    seen = fhir.observation(own, course(own, [12])[0])
    assert {"text": IN_HOUSE} in seen["note"]
    assert not codes(seen) | codes(fhir.questionnaire(own))
    assert "interpretation" not in seen


@EVERY
def test_a_questionnaire_has_the_words_and_the_notice(scale: Instrument) -> None:
    form = fhir.questionnaire(scale)
    assert form["copyright"] == scale.notice
    questions = [part for part in every_part(form) if part.get("type") == "choice"]
    assert [part["text"] for part in questions] == [item.wording for item in scale.items]
    for part, item in zip(questions, scale.items, strict=True):
        options = [
            (option["valueCoding"]["display"], option["extension"][0]["valueDecimal"])
            for option in part["answerOption"]
        ]
        assert options == [(option.label, option.value) for option in scale.options_of(item)]


@EVERY
def test_item_types_are_those_of_r4(scale: Instrument) -> None:
    types = {part["type"] for part in every_part(fhir.questionnaire(scale)) if "linkId" in part}
    assert types == {"group", "choice"}


@EVERY
def test_every_answer_answers_a_question_with_one_of_its_options(scale: Instrument) -> None:
    form = fhir.questionnaire(scale)
    offered = {
        part["linkId"]: [option["valueCoding"] for option in part["answerOption"]]
        for part in every_part(form)
        if part.get("type") == "choice"
    }
    given = fhir.response(scale, answers(scale, scale.scoring.highest), FIRST)
    answered = [part for part in every_part(given) if "answer" in part]
    assert answered
    for part in answered:
        assert part["answer"][0]["valueCoding"] in offered[part["linkId"]]
    assert given["questionnaire"] == f"{form['url']}|{form['version']}"


@EVERY
def test_only_verified_codes_of_loinc_are_used(scale: Instrument) -> None:
    verified = {scale.loinc.panel, scale.loinc.total, *(item.loinc for item in scale.items)}
    verified |= {option.loinc for options in scale.option_lists.values() for option in options}
    for resource in (
        fhir.questionnaire(scale),
        fhir.response(scale, answers(scale, scale.scoring.highest), FIRST),
        fhir.observation(scale, course(scale, [scale.scoring.highest])[0]),
    ):
        assert codes(resource) <= verified


@EVERY
def test_a_total_has_a_code_of_loinc_where_one_was_verified(scale: Instrument) -> None:
    seen = fhir.observation(scale, course(scale, [scale.scoring.lowest])[0])
    assert codes(seen) == {code for name, code in LOINC_TOTALS.items() if name == scale.id}
    assert seen["code"]["text"] == f"{scale.title}, total score"


def test_a_result_without_a_total_gives_the_reason_and_no_number() -> None:
    phq = instrument("phq-9")
    result = score(phq, [1, 1, 1, 1, 1, 1, None, None, None, None])
    seen = fhir.observation(phq, Dated(FIRST, result))
    assert "valueQuantity" not in seen
    assert "interpretation" not in seen
    assert seen["dataAbsentReason"]["text"] == result.reason
    assert fhir.response(phq, [1] * 6 + [None] * 4, FIRST)["status"] == "in-progress"


@EVERY
def test_an_observation_says_that_it_is_no_diagnosis(scale: Instrument) -> None:
    seen = fhir.observation(scale, course(scale, [scale.scoring.highest])[0])
    assert {"text": NOT_A_DIAGNOSIS} in seen["note"]


def test_a_total_with_missing_answers_says_so() -> None:
    phq = instrument("phq-9")
    seen = fhir.observation(phq, Dated(FIRST, score(phq, [1] * 8 + [None, None])))
    assert seen["note"][0] == {"text": "The mean of the other answers stands for 1 missing answer."}


def test_subscales_are_components() -> None:
    pcl = instrument("pcl-5")
    seen = fhir.observation(pcl, Dated(FIRST, score(pcl, [1] * 20)))
    assert [part["valueQuantity"]["value"] for part in seen["component"]] == [5, 2, 7, 6]


def test_a_gate_opens_the_other_questions() -> None:
    ptsd = instrument("pc-ptsd-5")
    gate, group = fhir.questionnaire(ptsd)["item"]
    assert gate["linkId"] == "event"
    assert [rule["answerCoding"]["display"] for rule in group["enableWhen"]] == ["Yes"]
    assert len(group["enableWhen"]) == 1
    assert "enableBehavior" not in group


def test_no_answers_stand_behind_a_closed_gate() -> None:
    given = fhir.response(instrument("pc-ptsd-5"), [0, 1, 1, 1, 1, 1], FIRST)
    held(given)
    assert [item["linkId"] for item in given["item"]] == ["event"]
    assert given["status"] == "completed"


def test_the_functional_question_stands_after_the_group() -> None:
    items = fhir.questionnaire(instrument("phq-9"))["item"]
    assert [item["linkId"] for item in items] == ["stem", "difficulty"]
    given = fhir.response(instrument("phq-9"), [0] * 9 + [1], FIRST)
    assert [item["linkId"] for item in given["item"]] == ["stem", "difficulty"]


@EVERY
def test_nobody_is_named(scale: Instrument) -> None:
    given = fhir.response(scale, answers(scale, scale.scoring.highest), FIRST)
    seen = fhir.observation(scale, course(scale, [scale.scoring.highest])[0])
    for resource in (given, seen):
        assert not {"subject", "author", "source", "performer", "identifier"} & resource.keys()


def test_answers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidAnswers):
        fhir.response(instrument("phq-9"), [1], FIRST)

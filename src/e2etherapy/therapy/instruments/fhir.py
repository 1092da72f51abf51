"""Hands instruments and results to other systems as HL7 FHIR R4 (4.0.1).

LOINC codes are used only where the instrument's file has them. Nothing here says who answered:
whoever exports adds a subject, if the receiver may know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeAlias
from uuid import NAMESPACE_OID, uuid5

import msgspec

from e2etherapy.therapy.instruments.definition import Instrument, Item, Option
from e2etherapy.therapy.instruments.scoring import Answers, chosen, score
from e2etherapy.therapy.instruments.sentences import IN_HOUSE, NOT_A_DIAGNOSIS
from e2etherapy.therapy.instruments.trend import Dated

Resource: TypeAlias = dict[str, Any]
"""A FHIR resource or a part of one, as JSON has it."""

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
ABSENCES = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_STEM = "stem"


def questionnaire(instrument: Instrument) -> Resource:
    """Return the instrument as a Questionnaire, with its notice as copyright."""
    outside = [item for item in instrument.items if item.role != "scored"]
    items = {item.id: _question(instrument, item) for item in instrument.items}
    group: Resource = {
        "linkId": _STEM,
        "type": "group",
        **({"text": instrument.stem} if instrument.stem else {}),
        **_opened_by_gate(instrument),
        "item": [items[item.id] for item in instrument.scored],
    }
    return {
        "resourceType": "Questionnaire",
        "url": _url(instrument),
        "version": instrument.version,
        "title": instrument.title,
        "status": "active",
        "subjectType": ["Patient"],
        "language": instrument.language,
        "copyright": instrument.notice,
        **({"description": instrument.instructions} if instrument.instructions else {}),
        **_coded("code", instrument.loinc.panel),
        "item": [
            *(items[item.id] for item in outside if item.role == "gate"),
            group,
            *(items[item.id] for item in outside if item.role == "functional"),
        ],
    }


def response(instrument: Instrument, answers: Answers, day: date) -> Resource:
    """Return answers as a QuestionnaireResponse to `questionnaire(instrument)`.

    Raises:
        InvalidAnswers: more or fewer answers than items, or one that its item does not offer.
    """
    result = score(instrument, answers)
    given = dict(zip((item.id for item in instrument.items), answers, strict=True))
    ended = _ended(instrument, given)
    entries: dict[str, list[Resource]] = {"gate": [], "scored": [], "functional": []}
    for item in instrument.items:
        option = chosen(instrument, item, given[item.id])
        # Behind a gate that has ended the questions, FHIR allows no answers.
        if option and not (ended and item.role == "scored"):
            answer = {"valueCoding": _coding(instrument, item, option)}
            entry = {"linkId": item.id, "text": item.wording, "answer": [answer]}
            entries[item.role].append(entry)
    group = {"linkId": _STEM, "item": entries["scored"]}
    items = [*entries["gate"], *([group] if entries["scored"] else []), *entries["functional"]]
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{_url(instrument)}|{instrument.version}",
        "status": "completed" if result.missing == 0 else "in-progress",
        "authored": day.isoformat(),
        **({"item": items} if items else {}),
    }


def observation(instrument: Instrument, dated: Dated) -> Resource:
    """Return a result as an Observation: its total, or the reason why there is none."""
    result = dated.result
    own = [IN_HOUSE] if instrument.is_in_house else []
    notes = [*result.remarks, *own, NOT_A_DIAGNOSIS]
    parts = [
        {"code": {"text": part.title}, "valueQuantity": _quantity(part.score)}
        for part in result.subscales
        if part.score is not None
    ]
    text = {"text": f"{instrument.title}, total score"}
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORIES, "code": "survey", "display": "Survey"}]}],
        "code": text | _codings(instrument.loinc.total),
        "effectiveDateTime": dated.day.isoformat(),
        **_value(result.total, result.reason),
        **({"interpretation": [{"text": result.band}]} if result.band else {}),
        "note": [{"text": note} for note in notes],
        **({"component": parts} if parts else {}),
    }


class Answered(msgspec.Struct, frozen=True):
    """One filled-in instrument that can be handed over.

    Attributes:
        id: bytes that no other one has; what is handed over is named after them.
        answers: as they were given.
        dated: what they say, and when.
    """

    id: bytes
    answers: Answers
    dated: Dated


def bundle(answered: Sequence[tuple[Instrument, Answered]]) -> Resource:
    """Return a Bundle: each instrument once, then each response followed by its observation."""
    instruments = {instrument.id: instrument for instrument, _ in answered}
    entries = [
        {"fullUrl": _name("questionnaire", one.id.encode()), "resource": questionnaire(one)}
        for one in instruments.values()
    ]
    for instrument, one in answered:
        name = _name("response", one.id)
        derived = {"derivedFrom": [{"reference": name}]}
        said = response(instrument, one.answers, one.dated.day)
        entries += [
            {"fullUrl": name, "resource": said},
            {
                "fullUrl": _name("observation", one.id),
                "resource": observation(instrument, one.dated) | derived,
            },
        ]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        **({"entry": entries} if entries else {}),
    }


def _name(kind: str, part: bytes) -> str:
    """Return a name that is the same at every export: nobody then takes one answer for two."""
    return uuid5(NAMESPACE_OID, f"e2etherapy/{kind}/{part.hex()}").urn


def to_json(resource: Resource) -> bytes:
    """Return a resource as JSON in UTF-8."""
    return msgspec.json.encode(resource)


def _url(instrument: Instrument) -> str:
    return f"urn:e2etherapy:instrument:{instrument.id}"


def _codings(code: str | None) -> Resource:
    return {"coding": [{"system": LOINC, "code": code}]} if code else {}


def _coded(member: str, code: str | None) -> Resource:
    return {member: [{"system": LOINC, "code": code}]} if code else {}


def _coding(instrument: Instrument, item: Item, option: Option) -> Resource:
    """Return an answer's code: LOINC's, or the points under a name of the option list's own."""
    own = f"{_url(instrument)}:{item.options}"
    system, code = (LOINC, option.loinc) if option.loinc else (own, str(option.value))
    return {"system": system, "code": code, "display": option.label}


def _question(instrument: Instrument, item: Item) -> Resource:
    options = [
        {
            "extension": [{"url": ORDINAL, "valueDecimal": option.value}],
            "valueCoding": _coding(instrument, item, option),
        }
        for option in instrument.options_of(item)
    ]
    # Nobody has to answer: whether there is a score then is another question.
    return {
        "linkId": item.id,
        **_coded("code", item.loinc),
        "text": item.wording,
        "type": "choice",
        "required": False,
        "answerOption": options,
    }


def _opened_by_gate(instrument: Instrument) -> Resource:
    gate = instrument.scoring.gate
    if gate is None:
        return {}
    item = instrument.item(gate.item)
    opening = [option for option in instrument.options_of(item) if option.value != gate.value]
    conditions = [
        {
            "question": item.id,
            "operator": "=",
            "answerCoding": _coding(instrument, item, option),
        }
        for option in opening
    ]
    return {"enableWhen": conditions, **({"enableBehavior": "any"} if len(conditions) > 1 else {})}


def _ended(instrument: Instrument, given: dict[str, int | None]) -> bool:
    gate = instrument.scoring.gate
    return gate is not None and given[gate.item] == gate.value


def _quantity(points: int) -> Resource:
    return {"value": points, "unit": "score", "system": UCUM, "code": "{score}"}


def _value(total: int | None, reason: str | None) -> Resource:
    if total is not None:
        return {"valueQuantity": _quantity(total)}
    absent = {"coding": [{"system": ABSENCES, "code": "unknown", "display": "Unknown"}]}
    return {"dataAbsentReason": absent | ({"text": reason} if reason else {})}

"""Items about the therapy for property tests: of any form, and such that often are in place."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from e2etherapy.therapy import agreement
from e2etherapy.wire import care
from e2etherapy.wire.care import CARE
from e2etherapy.wire.item import Item
from tests.support.agreements import terms
from tests.support.talk import CARD, EN_1, PLAN, canonical

Members: TypeAlias = dict[str, st.SearchStrategy[Any]]

_digests = st.binary(min_size=32, max_size=32)
_names = st.text(max_size=200)
_notes = st.text(max_size=4_000)
_documents = st.text(min_size=1, max_size=4_000)
_days = st.dates(min_value=date(1, 1, 1)).map(date.isoformat)


def _any_form(times: st.SearchStrategy[Any]) -> dict[type[Item], Members]:
    """Return what the members of each kind may be."""
    to_text: Members = {"text": _names, "digest": _digests}
    given = st.lists(st.none() | st.integers(0, 1_000), min_size=1, max_size=64)
    outcomes = st.sampled_from(["agreed", "declined", "reached", "dropped"])
    return {
        care.Agreement: {"terms": _documents},
        care.AgreementAcceptance: {"digest": _digests},
        care.ConsentRequest: to_text,
        care.Consent: to_text,
        care.ConsentWithdrawal: {"note": _notes},
        care.CheckIn: {"instrument": _names, "version": _names, "given": given, "taken": times},
        care.CheckInSchedule: {"instrument": _names, "schedule": _names, "begins": _days},
        care.Priority: {"text": _notes},
        care.Homework: {
            "title": st.text(min_size=1, max_size=200),
            "text": _notes,
            "until": st.none() | _days,
        },
        care.HomeworkAnswer: {"accepted": st.booleans(), "note": _notes},
        care.GoalAnswer: {"outcome": st.sampled_from(["agreed", "agreed", "reached", "dropped"])},
        care.HomeworkLog: {"day": _days, "done": st.booleans(), "note": _notes},
        care.HomeworkReview: {"note": _notes},
        care.Goal: {"text": st.text(min_size=1, max_size=1_000)},
        care.GoalAnswer: {"outcome": outcomes, "note": _notes},
        care.Landing: {
            "mark": st.sampled_from(["helped", "understood", "unsure", "missed", "hurt"])
        },
        care.SafetyPlanShare: {"plan": _documents},
        care.EmergencyCardShare: {"card": _documents},
        care.Summary: {"text": _documents},
        care.ExtractRequest: {
            "text": _documents,
            "entries": st.lists(_digests, min_size=1, max_size=3),
        },
        care.ExtractAnswer: {"allowed": st.booleans()},
        care.Ending: {"letter": _documents},
    }


_AGREED: Final = [terms(reply, version=n) for n in (1, 2, 3) for reply in ("1 day", "2 days")]
_to_text: Final[Members] = {
    "text": st.sampled_from([EN_1.name] * 5 + ["en-9"]),
    "digest": st.sampled_from([EN_1.digest] * 5 + [bytes(32)]),
}
_IN_PLACE: Final[dict[type[Item], Members]] = {
    care.Agreement: {"terms": st.sampled_from([canonical(one) for one in _AGREED])},
    care.AgreementAcceptance: {
        "digest": st.sampled_from([agreement.digest_of(one) for one in _AGREED])
    },
    care.ConsentRequest: _to_text,
    care.Consent: _to_text,
    care.CheckIn: {
        "instrument": st.sampled_from(["phq-9", "phq-99"]),
        "given": st.lists(st.integers(0, 3), min_size=9, max_size=9).map(lambda g: [*g, None]),
    },
    care.CheckInSchedule: {
        "instrument": st.sampled_from(["phq-9", "gad-7"]),
        "schedule": st.sampled_from(["", "once", "every week", "every 2 month"]),
        "begins": st.sampled_from(["2026-03-02", "0001-01-01", "2026-02-30"]),
    },
    care.GoalAnswer: {"outcome": st.sampled_from(["agreed", "agreed", "reached", "dropped"])},
    care.HomeworkLog: {"day": st.sampled_from(["2026-03-01", "2026-03-02", "2026-03-09"])},
    care.SafetyPlanShare: {"plan": st.sampled_from([PLAN, "{}"])},
    care.EmergencyCardShare: {"card": st.sampled_from([CARD, "{}"])},
}
"""Members that are often such that the item is in place at 2026-03-02."""


def of_any_form(
    common: dict[str, st.SearchStrategy[Any]], times: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    """Return any item about the therapy that keeps its form."""
    kinds = _any_form(times)
    return st.one_of([st.builds(kind, **{**common, **kinds[kind]}) for kind in CARE])


def often_in_place(
    kind: type[Item], common: dict[str, st.SearchStrategy[Any]], times: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    """Return items of one kind, whose members are often such that it is in place."""
    members = {**_any_form(times)[kind], **_IN_PLACE.get(kind, {})}
    return st.builds(kind, **{**common, **members})

"""How each implementation reads what is said about the therapy (sections 7.3 and 7.4)."""

import itertools
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from e2etherapy.errors import MalformedData
from e2etherapy.errors.therapy import InvalidSchedule, UnknownZone
from e2etherapy.primitives import digest
from e2etherapy.therapy import agreement, due, emergency_card, safety_plan
from e2etherapy.therapy.agreement import AgreementTerms
from e2etherapy.therapy.care.agreements import Proposal
from e2etherapy.therapy.caseload import attendance
from e2etherapy.therapy.instruments import schedule
from e2etherapy.wire import content
from tests.vectors.second_implementation import agreement as second_agreement
from tests.vectors.second_implementation import care as second
from tests.vectors.second_implementation.cryptography import H
from tests.vectors.second_implementation.formats import check_item
from tests.vectors.second_implementation.notation import load_json
from tests.vectors.vector_files import Case, Json

Outputs = dict[str, Any]
NEVER = datetime(2026, 6, 20, tzinfo=UTC)


def text_of(case: Case, name: str = "text") -> bytes:
    data: bytes = case.input[name].encode()
    return data


def ids(case: Case) -> tuple[bytes, bytes]:
    return case.bytes("agreement"), case.bytes("acceptance")


def read_terms(data: bytes) -> AgreementTerms:
    """Read an agreement; a zone that is not known breaks its form."""
    try:
        return agreement.decode(data)
    except UnknownZone as unknown:
        raise MalformedData(str(unknown)) from None


def terms_of(read: AgreementTerms) -> Json:
    return {
        "version": read.version,
        "valid_from": f"{read.valid_from:%Y-%m-%dT%H:%M:%SZ}",
        "zone": read.zone,
        "week": [spans((one.start, one.end) for one in day) for day in read.office_hours.days],
        "holidays": [
            f"{one.first} {one.last} {one.until} {one.name}" for one in read.holidays.entries
        ],
        "reply_time": f"{read.reply_time.count} {read.reply_time.unit}",
        "cover": read.cover,
        "crisis": read.crisis,
    }


def own_members(item: Json) -> Json:
    """Return what an item of this kind alone has."""
    common = {"kind", "id", "sequence", "written", "answers"}
    return {name: member for name, member in item.items() if name not in common}


def spans(intervals: Any) -> str:  # noqa: ANN401 - of pairs
    """Return the intervals of a day in minutes."""
    return " ".join(f"{start}-{end}" for start, end in intervals)


class Package:
    """The package."""

    @staticmethod
    def read_item(case: Case) -> Outputs:
        item = content.decode_item(text_of(case))
        return {"members": own_members(json.loads(content.encode_item(item)))}

    @staticmethod
    def read_agreement(case: Case) -> Outputs:
        read = read_terms(text_of(case))
        return {"terms": terms_of(read), "digest": agreement.digest_of(read)}

    @staticmethod
    def agreement_receipt(case: Case) -> Outputs:
        read = read_terms(text_of(case))
        name, acceptance = ids(case)
        proposal = Proposal(name, read, agreement.digest_of(read), NEVER, NEVER, acceptance)
        return {"receipt": proposal.receipt(case.bytes("transcript"))}

    @staticmethod
    def due_times(case: Case) -> Outputs:
        read = read_terms(text_of(case))
        written = map(datetime.fromisoformat, case.input["written"])
        return {"due": [f"{due.due(read, one):%Y-%m-%dT%H:%M:%SZ}" for one in written]}

    @staticmethod
    def consent_digest(case: Case) -> Outputs:
        return {"digest": digest.labelled("consent", text_of(case))}

    @staticmethod
    def read_safety_plan(case: Case) -> Outputs:
        read = safety_plan.decode(text_of(case))
        parts = {str(part): read.words(part) for part in safety_plan.Part if read.words(part)}
        return {"plan": {"written": f"{read.written}", **parts}}

    @staticmethod
    def read_emergency_card(case: Case) -> Outputs:
        return {"card": msgspec.to_builtins(emergency_card.decode(text_of(case)))}

    @staticmethod
    def read_attendance(case: Case) -> Outputs:
        read = attendance.decode(text_of(case))
        shown = json.loads(json.dumps(msgspec.to_builtins(read)))
        return {"attendance": shown, "digest": attendance.digest_of(read)}

    @staticmethod
    def schedule_days(case: Case) -> Outputs:
        try:
            read = schedule.parse(case.input["text"])
        except InvalidSchedule as invalid:
            raise MalformedData(str(invalid)) from None
        if str(read) != case.input["text"]:
            raise MalformedData("It is not written in the one way there is.")
        days = schedule.due(read, date.fromisoformat(case.input["begins"]))
        return {"days": [f"{day}" for day in itertools.islice(days, case.input["count"])]}


class Second:
    """The second implementation."""

    @staticmethod
    def read_item(case: Case) -> Outputs:
        item = load_json(text_of(case))
        check_item(item)
        return {"members": own_members(item)}

    @staticmethod
    def read_agreement(case: Case) -> Outputs:
        read = second_agreement.read_agreement(text_of(case))
        terms = {
            "version": read["version"],
            "valid_from": read["valid_from"],
            "zone": read["zone"],
            "week": [spans(day) for day in read["office_hours"]],
            "holidays": [" ".join(map(str, one)) for one in read["holidays"]],
            "reply_time": " ".join(map(str, read["reply_time"])),
            "cover": read.get("cover", ""),
            "crisis": read["crisis"],
        }
        return {"terms": terms, "digest": H("agreement", text_of(case))}

    @staticmethod
    def agreement_receipt(case: Case) -> Outputs:
        return {
            "receipt": second_agreement.receipt(case.bytes("transcript"), text_of(case), *ids(case))
        }

    @staticmethod
    def due_times(case: Case) -> Outputs:
        read = second_agreement.read_agreement(text_of(case))
        return {"due": [second_agreement.due(read, one) for one in case.input["written"]]}

    @staticmethod
    def consent_digest(case: Case) -> Outputs:
        return {"digest": H("consent", text_of(case))}

    @staticmethod
    def read_safety_plan(case: Case) -> Outputs:
        return {"plan": second.read_safety_plan(text_of(case))}

    @staticmethod
    def read_emergency_card(case: Case) -> Outputs:
        return {"card": second.read_emergency_card(text_of(case))}

    @staticmethod
    def read_attendance(case: Case) -> Outputs:
        shown = second.read_attendance(text_of(case))
        return {"attendance": shown, "digest": H("attendance", text_of(case))}

    @staticmethod
    def schedule_days(case: Case) -> Outputs:
        given = case.input
        return {"days": second.schedule_days(given["text"], given["begins"], given["count"])}


def operations(of: type[Package] | type[Second]) -> dict[str, Callable[[Case], Outputs]]:
    """Return every operation of an implementation, by its name."""
    return {name: getattr(of, name) for name in vars(Package) if not name.startswith("_")}

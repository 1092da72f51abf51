"""Generates the vectors of what is said about the therapy (sections 7.3 and 7.4)."""

from typing import Any

from tests.support.notation import in_order, written
from tests.vectors.generate_content import COMMON, DIGEST, ID
from tests.vectors.generation import File, Seeded, body_of
from tests.vectors.vector_files import Json

TAKEN = "2026-06-20T11:58:00Z"
OF_ALL: dict[str, Json] = {
    "agreement": {"terms": "x"},
    "agreement_acceptance": {"digest": DIGEST},
    "consent_request": {"text": "en-1", "digest": DIGEST},
    "consent": {"text": "en-1", "digest": DIGEST, "answers": ID},
    "consent_withdrawal": {"answers": ID},
    "check_in": {"instrument": "gad-2", "version": "1", "given": [0, None], "taken": TAKEN},
    "check_in_schedule": {"instrument": "gad-2", "schedule": "", "begins": "2026-02-30"},
    "priority": {"text": "Please call me."},
    "homework": {"title": "Walk", "text": "Slowly.", "until": "2026-07-01"},
    "homework_answer": {"accepted": False, "note": "\x1b[2J", "answers": ID},
    "homework_log": {"day": "2026-06-20", "done": True, "answers": ID},
    "homework_review": {"note": "Well done."},
    "goal": {"text": "g" * 40},
    "goal_answer": {"outcome": "reached"},
    "landing": {"mark": "unsure"},
    "safety_plan": {"plan": "x"},
    "emergency_card": {"card": "x"},
    "summary": {"text": "\N{CRESCENT MOON}"},
    "extract_request": {"text": "x", "entries": [DIGEST]},
    "extract_answer": {"allowed": True},
    "ending": {"letter": "Farewell."},
}
BROKEN: dict[str, tuple[str, Json]] = {
    "a document of nothing": ("agreement", {"terms": ""}),
    "an acceptance without a digest": ("agreement_acceptance", {"digest": ...}),
    "a digest of 31 bytes": ("consent", {"digest": DIGEST[:40] + "AA=="}),
    "an empty note": ("consent_withdrawal", {"note": ""}),
    "a score": ("check_in", {"score": 5}),
    "no answers at all": ("check_in", {"given": []}),
    "65 answers": ("check_in", {"given": [0] * 65}),
    "an answer of 1,001": ("check_in", {"given": [1_001]}),
    "an answer that is true": ("check_in", {"given": [True]}),
    "taken at local time": ("check_in", {"taken": "2026-06-20T11:58:00+01:00"}),
    "a day without zeros": ("check_in_schedule", {"begins": "2026-2-3"}),
    "a priority with a level": ("priority", {"level": 1}),
    "homework without a title": ("homework", {"title": ""}),
    "homework until null": ("homework", {"until": None}),
    "accepted with a number": ("homework_answer", {"accepted": 1}),
    "done with a word": ("homework_log", {"done": "yes"}),
    "a goal of nothing": ("goal", {"text": ""}),
    "another outcome": ("goal_answer", {"outcome": "won"}),
    "another mark": ("landing", {"mark": "Helped"}),
    "a due time": ("summary", {"due": TAKEN}),
    "an extract of nothing": ("extract_request", {"entries": []}),
    "allowed with null": ("extract_answer", {"allowed": None}),
}
"""A kind, and what is changed in the one above."""
LONG: dict[str, tuple[str, str, int]] = {
    "a goal of 1,001 characters": ("goal", "text", 1_001),
    "a title of 201 characters": ("homework", "title", 201),
    "a note of 4,001 characters": ("priority", "text", 4_001),
    "a letter of 40,001 characters": ("ending", "letter", 40_001),
}
CARD: Json = {
    "contact": "Anna",
    "phone": "+353 1 496 0000 ext. 7",
    "relation": "b",
    "location": "2 Quay St,\nground floor",
    "consent": "Always.",
    "confirmed": "2026-06-20",
}
SHORT_TERMS: Json = {
    "version": 1,
    "valid_from": "2026-01-01T00:00:00Z",
    "zone": "UTC",
    "office_hours": "Mon 09:00-17:00",
    "holidays": ...,
    "reply_time": "1 day",
    "crisis": "x",
}
TERMS: Json = {
    "version": 2,
    "valid_from": "2026-01-01T00:00:00Z",
    "zone": "Europe/Berlin",
    "office_hours": "Mon-Thu 09:00-12:30 14:00-18:00, Fri 09:00-13:00",
    "holidays": "2026-04-03..2026-04-06 Easter\n2026-12-24 until 12:00",
    "reply_time": "1 working day",
    "crisis": "Call 112.",
}
WRITTEN = [
    "2026-03-26T09:59:30Z",
    "2026-03-27T12:00:00Z",
    "2026-12-23T20:00:00Z",
    "2026-10-24T22:30:01Z",
]
SHOWN: Json = {
    "client": "Robin",
    "therapist": "Kim",
    "zone": "UTC",
    "first": "2026-06-01",
    "last": "2026-06-30",
    "made": "2026-07-01",
    "days": ["2026-06-02", "2026-06-09"],
}


def text_of(value: Json) -> str:
    """Return JSON in the one notation; what is Ellipsis is left out."""
    return written({name: member for name, member in value.items() if member is not ...}).decode()


def item(kind: str, members: Json) -> Json:
    return in_order({"kind": kind, **COMMON, **OF_ALL[kind], **members})


def write_items(file: File) -> None:
    for kind in OF_ALL:
        file.passes("read_item", kind, {"text": text_of(item(kind, {}))})
    for name, (kind, members) in BROKEN.items():
        file.fails("read_item", name, {"text": text_of(item(kind, members))}, "malformed")
    for name, (kind, member, length) in LONG.items():
        data = body_of({"item": item(kind, {member: "~"})})
        before, after = data[4:].split(b"~")
        size = (len(data) - 5 + length).to_bytes(4, "big")
        filling: Json = {"hex": "7e", "times": length}
        given: list[Any] = [(size + before).hex(), filling, after.hex()]
        file.fails("unpack_body", name, {"body": given}, "malformed")


DOCUMENTS: tuple[tuple[str, str, Json, list[Json]], ...] = (
    (
        "an emergency card",
        "read_emergency_card",
        CARD,
        [
            {"phone": "soon"},
            {"phone": "0"},
            {"contact": "Anna\nBell"},
            {"location": " here"},
            {"location": "\u202e"},
            {"confirmed": "2026-02-30"},
            {"consent": ...},
        ],
    ),
    (
        "a safety plan",
        "read_safety_plan",
        {"written": "2026-06-20", "worst": "I call Anna.", "afterwards": "Rest.\nSleep."},
        [
            {"worst": ..., "afterwards": ...},
            {"worst": ""},
            {"worst": "\x07"},
            {"secret": "x"},
            {"written": "today"},
        ],
    ),
    (
        "an attendance proof",
        "read_attendance",
        SHOWN,
        [
            {"days": ["2026-06-09", "2026-06-02"]},
            {"days": ["2026-07-01"]},
            {"made": "2026-06-29"},
            {"zone": "Europe/Atlantis"},
            {"first": "2016-01-01"},
        ],
    ),
    (
        "an agreement",
        "read_agreement",
        TERMS,
        [
            {"version": 0},
            {"zone": "Factory"},
            {"valid_from": "9000-01-01T00:00:00Z"},
            {"office_hours": "Mon-Fri 9:00-17:00"},
            {"office_hours": "Mon 09:00-12:00 12:00-17:00"},
            {"office_hours": "Mon 09:00-17:00, Tue 09:00-17:00"},
            {"office_hours": "Tue 09:00-17:00, Mon 10:00-17:00"},
            {"office_hours": "Mon 09:00-24:01"},
            {"holidays": ""},
            {"holidays": "2026-12-25\n2026-12-24"},
            {"holidays": "2026-12-24 until 24:00"},
            {"holidays": "2026-12-24..2026-12-24"},
            {
                "holidays": "2026-01-01..2027-01-01\n2027-01-02..2028-01-02",
                "reply_time": "1 working day",
            },
            {"holidays": "2026-12-25 # day"},
            {"reply_time": "1 working days"},
            {"reply_time": "31 working days"},
            {"crisis": ""},
            {"cover": ""},
        ],
    ),
)
"""Of each kind one, and what breaks it; Ellipsis stands for what is left out."""


def write_documents(file: File) -> None:
    for name, operation, value, changes in DOCUMENTS:
        file.passes(operation, name, {"text": text_of(value)})
        short = SHORT_TERMS if value is TERMS else value
        for number, change in enumerate(changes, 1):
            ordered = {**short, **change}
            if "cover" in change:
                ordered["crisis"] = ordered.pop("crisis")
            file.fails(
                operation, f"{name}, broken {number}", {"text": text_of(ordered)}, "malformed"
            )


def write_due_times(file: File) -> None:
    short = {**TERMS, "crisis": "x"}
    for reply in ("1 working day", "4 working hours", "3 days"):
        given = {"text": text_of({**short, "reply_time": reply}), "written": WRITTEN}
        file.passes("due_times", reply, given)


def write_care() -> int:
    file = File("care", "7.3, 7.4", "What is said about the therapy: items, documents, due times.")
    write_items(file)
    write_documents(file)
    draw = Seeded("care")
    named = {"transcript": 32, "agreement": 16, "acceptance": 16}
    given = {name: draw(size).hex() for name, size in named.items()}
    file.passes("agreement_receipt", "of an agreement", {"text": text_of(TERMS), **given})
    file.passes("consent_digest", "of a text", {"text": "# Consent\n"})
    write_due_times(file)
    for text, begins in (
        ("every second Monday", "2026-03-03"),
        ("every 21st Friday", "2026-03-03"),
        ("every month", "2027-11-30"),
        ("on 2026-03-02", "2026-03-03"),
        ("every 3 days", "2028-02-27"),
        ("once", "2026-03-03"),
    ):
        file.passes("schedule_days", text, {"text": text, "begins": begins, "count": 4})
    for text in ("Every day", "every 1 day", "every 2 Monday", "every 367 days", "on 2026-02-30"):
        given_: Json = {"text": text, "begins": "2026-03-03", "count": 1}
        file.fails("schedule_days", text, given_, "malformed")
    return file.write()

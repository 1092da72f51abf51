"""The answers that several operations have in common, made of the very answers of the relay."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from e2etherapy.mailbox import operations as api
from e2etherapy.relay import problems
from e2etherapy.relay.openapi.words import SCHEMES
from e2etherapy.relay.problems import ProblemAnswer, Reason

Json = dict[str, Any]

_COMMON_HEADERS: Final = {"Cache-Control": {"$ref": "#/components/headers/NoStore"}}
_MORE_HEADERS: Final = {
    "WWW-Authenticate": {"$ref": "#/components/headers/Scheme"},
    "Retry-After": {"$ref": "#/components/headers/RetryAfter"},
}
HEADERS: Final[Json] = {
    "NoStore": {
        "description": "No answer may be kept by a cache.",
        "required": True,
        "schema": {"type": "string", "const": "no-store"},
    },
    "Scheme": {
        "description": "The scheme of the Authorization header that this operation needs.",
        "required": True,
        "schema": {"type": "string", "enum": list(SCHEMES)},
    },
    "RetryAfter": {
        "description": "Seconds after which it may be tried again. With 503 it is drawn anew for "
        "each answer, so that those who were turned away together do not come back together.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1, "maximum": problems.LONGEST_RETRY},
    },
}
_KINDS: Final[dict[str, tuple[str, tuple[ProblemAnswer, ...]]]] = {
    "BadRequest": (
        "Path, header, query or body has not the form of this operation.",
        (problems.malformed("The body is not the JSON of this operation."),),
    ),
    "NoKey": (
        "No Authorization header, or another scheme than this operation's.",
        (problems.unauthorized(api.OWNER),),
    ),
    "Refused": (
        "No such mailbox, locator, ticket or allowance, or not this key's, or used up: one answer.",
        (problems.refused(),),
    ),
    "Conflict": ("This right was used for something else already.", (problems.contradiction(),)),
    "TooLong": ("The body is longer than this operation's.", (problems.too_long(),)),
    "Unsupported": (
        "The body has another content type, or a content encoding.",
        (problems.unsupported(api.BINARY),),
    ),
    "TooOften": (
        "The key shown has asked too often, whether or not it has a right here. Nothing was done.",
        (problems.too_often(1, Reason.DEPOSIT_PACE),),
    ),
    "Fault": ("A fault of the relay. It may be tried again.", (problems.internal(),)),
    "Unavailable": (
        "The relay is stopping, not ready, or more waits than it can hold.",
        (
            problems.stopping(),
            problems.overloaded(Reason.WAITS),
            problems.not_ready("The disk has no room."),
        ),
    ),
    "NoRoom": (
        "The mailbox has all it may hold, or the disk no room but its reserve; nothing was stored.",
        (problems.mailbox_full(), problems.disk_full()),
    ),
}
BY_STATUS: Final = {examples[0].status: name for name, (_, examples) in _KINDS.items()}
_ALWAYS_THE_SAME: Final = frozenset({"Refused"})


def headers_of_success() -> Json:
    """Return the headers of every answer."""
    return dict(_COMMON_HEADERS)


def reference(status: int) -> Json:
    """Return a reference to the answer with a status."""
    return {"$ref": f"#/components/responses/{BY_STATUS[status]}"}


def shared_answers() -> Json:
    """Return all answers that are problems (RFC 9457)."""
    named = {name: _answer(name, *kind) for name, kind in _KINDS.items()}
    return {**named, "UnknownVersion": _unknown_version()}


def _answer(name: str, description: str, examples: tuple[ProblemAnswer, ...]) -> Json:
    bodies = [msgspec.json.decode(example.body) for example in examples]
    schema: Json = {"$ref": "#/components/schemas/Problem"}
    if name in _ALWAYS_THE_SAME:
        schema["const"] = bodies[0]
    else:
        schema["properties"] = {
            "type": {"const": bodies[0]["type"]},
            "title": {"enum": [body["title"] for body in bodies]},
            "status": {"const": bodies[0]["status"]},
        }
    more = {header: _MORE_HEADERS[header] for header in examples[0].headers}
    return {
        "description": description,
        "headers": {**_COMMON_HEADERS, **more},
        "content": {api.PROBLEM: {"schema": schema, "examples": _examples(bodies)}},
    }


def _examples(bodies: list[Json]) -> Json:
    return {body["title"].replace(" ", ""): {"value": body} for body in bodies}


def _unknown_version() -> Json:
    body = msgspec.json.decode(problems.unknown_version(["v1"]).body)
    schema = {"$ref": "#/components/schemas/UnknownVersion"}
    return {
        "description": "Any request with a path of a version that the relay does not speak "
        "(`/v2/…`), whatever else is in it.",
        "headers": dict(_COMMON_HEADERS),
        "content": {api.PROBLEM: {"schema": schema, "examples": _examples([body])}},
    }

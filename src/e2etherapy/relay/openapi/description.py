"""The relay's HTTP interface as an OpenAPI 3.1 document.

Made of the table of operations and the types that requests are checked with; docs/openapi.json is
a copy of it. What OpenAPI has no word for stands in fields that begin with ``x-``:

- ``x-octets`` the least and the greatest length of a binary body or answer, and what it is a
  multiple of
- ``x-keys`` how many keys an operation's Authorization header shows
- ``x-pattern`` a regular expression for the whole header
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from e2etherapy.mailbox import operations as api
from e2etherapy.relay.openapi.answers import (
    HEADERS,
    Json,
    headers_of_success,
    reference,
    shared_answers,
)
from e2etherapy.relay.openapi.words import DESCRIBED, SCHEMES, Described, Events, Octets
from e2etherapy.relay.requests import Form

REVISION: Final = "1.0"
"""The version of the interface, and a number that rises with each addition to it."""

_TYPES: Final = (
    *(api.CreateMailbox, api.IssueTickets, api.Wait, api.Watch),
    *(api.Arrivals, api.Health, api.Ready, api.Problem, api.UnknownVersion),
)
_SCHEMA: Final = "#/components/schemas/{name}"
_FORM_PROBLEMS: Final = (400, 413, 500, 503)
_NAMES: Final = {
    "mailboxes": ("mailbox", "The mailbox's id: SHA-256 of a label and the owner key."),
    "invitations": ("locator", "Where the sealed bundle lies; it follows from the link."),
}
_INFO: Final = {
    "title": "e2etherapy relay",
    "version": REVISION,
    "summary": "Ciphertext mailboxes for end-to-end encrypted text therapy.",
    "description": (
        "The relay stores envelopes of 16,384 bytes that it cannot open. Rights are keys, shown "
        "in the Authorization header and never in a URL. Every error is a problem (RFC 9457); "
        "whatever does not exist, is not yours or is used up has one answer. A path of another "
        "version than the relay speaks is answered with components/responses/UnknownVersion, "
        "and every other path and method that is not in this document with "
        "components/responses/Refused. docs/protocol.md, section 9, has the whole."
    ),
    "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
}


def of(forms: Mapping[tuple[str, str], Form]) -> Json:
    """Return the document for a table of operations.

    Raises:
        KeyError: an operation is not described.
    """
    paths: dict[str, Json] = {}
    for (method, path), form in forms.items():
        operation = _operation(path, form, DESCRIBED[method, path])
        paths.setdefault(_template(path), {})[method.lower()] = operation
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template=_SCHEMA)
    return {
        "openapi": "3.1.1",
        "info": _INFO,
        "servers": [{"url": "/", "description": "The relay that gave out this document."}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": shared_answers(),
            "headers": HEADERS,
            "securitySchemes": {name: _scheme(name) for name in SCHEMES},
        },
    }


def _template(path: str) -> str:
    name, _ = _NAMES.get(path.split("/")[2], ("", ""))
    return path.replace("*", f"{{{name}}}")


def _operation(path: str, form: Form, described: Described) -> Json:
    operation: Json = {
        "operationId": described.name,
        "summary": described.summary,
        "parameters": [*_path_parameters(path), *_query_parameters(form)],
        "security": [{form.scheme: []}] if form.scheme else [],
        "responses": _responses(form, described),
    }
    if described.more:
        operation["description"] = described.more
    if form.scheme:
        operation["x-keys"] = {"least": 1, "most": form.max_keys}
    if form.body:
        operation["requestBody"] = _request_body(form, described)
    return operation


def _path_parameters(path: str) -> list[Json]:
    if "*" not in path:
        return []
    name, description = _NAMES[path.split("/")[2]]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"{description} 32 bytes in base64url without padding.",
            "schema": {"type": "string", "pattern": f"^{api.BASE64URL_OF_32}$"},
        }
    ]


def _query_parameters(form: Form) -> list[Json]:
    return [
        {
            "name": name,
            "in": "query",
            "required": True,
            "description": "Decimal, without sign, leading zeros or percent-encoding.",
            "schema": {
                "type": "integer",
                "format": "int64",
                "minimum": least,
                "maximum": greatest,
            },
        }
        for name, (least, greatest) in form.query.items()
    ]


def _request_body(form: Form, described: Described) -> Json:
    if form.body == api.BINARY:
        octets = Octets(str(described.body), *form.body_sizes)
        return {"required": True, "content": {api.BINARY: {"schema": _octets(octets)}}}
    return {"required": True, "content": {api.JSON: {"schema": _json(described.body)}}}


def _responses(form: Form, described: Described) -> Json:
    success: Json = {"description": described.success, "headers": headers_of_success()}
    if isinstance(described.answer, Octets):
        success["content"] = {api.BINARY: {"schema": _octets(described.answer)}}
    elif isinstance(described.answer, Events):
        told = {"description": described.answer.description}
        success["content"] = {api.EVENTS: {"schema": told}}
    elif described.answer is not None:
        success["content"] = {api.JSON: {"schema": _json(described.answer)}}
    statuses = {*_FORM_PROBLEMS, *described.problems}
    statuses |= {401} if form.scheme else set()
    statuses |= {415} if form.body else set()
    others = {str(status): reference(status) for status in sorted(statuses)}
    return {"200" if described.answer else "204": success, **others}


def _json(kind: object) -> Json:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {"$ref": _SCHEMA.format(name=kind.__name__)}
    return {"type": "object"}


def _octets(octets: Octets) -> dict[str, Any]:
    least, greatest = f"{octets.least:,}", f"{octets.greatest:,}"
    size = f"Exactly {least} bytes." if least == greatest else f"{least} to {greatest} bytes"
    if least != greatest:
        size += f", a multiple of {octets.step:,}." if octets.step > 1 else "."
    return {
        "description": f"{octets.description} {size}",
        "contentMediaType": api.BINARY,
        "x-octets": {"least": octets.least, "greatest": octets.greatest, "step": octets.step},
    }


def _scheme(name: str) -> Json:
    one = api.BASE64URL_OF_32
    return {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": f"{SCHEMES[name]} `{name} KEY`, with one space and 32 bytes in base64url "
        "without padding; several keys, where an operation takes them, are separated by commas "
        "alone.",
        "x-pattern": f"^{name} {one}(,{one})*$",
    }

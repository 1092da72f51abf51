"""Taking a request apart: everything that depends on nothing but its own form.

Answers here are 400, 401, 413 and 415 (docs/protocol.md, section 9.3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from aiohttp import hdrs, web

from e2etherapy.errors import MalformedData
from e2etherapy.mailbox.operations import BINARY, MAX_BODY, parse_authorization
from e2etherapy.relay import problems
from e2etherapy.relay.bodies import Bodies
from e2etherapy.wire import base64url
from e2etherapy.wire.envelope import ENVELOPE_SIZE

T = TypeVar("T")

HASH_SIZE = 32
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Form:
    """What a request for one operation looks like."""

    scheme: str | None
    """Of the Authorization header."""
    body: str | None = None
    """Its content type, or None where there is no body."""
    query: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Every parameter's name with its least and greatest value; all must be there."""
    max_keys: int = 1
    body_sizes: tuple[int, int] = (ENVELOPE_SIZE, ENVELOPE_SIZE)
    """The least and the greatest size of a binary body."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request before it is read."""

    request: web.BaseRequest
    name: str | None
    """The segment of the path that is an id or a locator."""
    bodies: Bodies


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """A request whose form is right."""

    name: bytes
    """The 32 bytes in the path, or none."""
    keys: list[bytes]
    """From the Authorization header, 32 bytes each."""
    query: dict[str, int]
    body: bytes
    request: web.BaseRequest

    @property
    def key(self) -> bytes:
        """The key of an operation that takes one."""
        return self.keys[0]


def split_path(path: str) -> tuple[str, str | None]:
    """Return a path with its third segment replaced by ``*``, and that segment."""
    segments = path.split("/")
    if len(segments) < 4:  # noqa: PLR2004 - "", "v1", the kind of thing, its name
        return path, None
    name = segments[3]
    segments[3] = "*"
    return "/".join(segments), name


async def read_call(asked: Asked, form: Form) -> Call:
    """Read a request of a form, its body last.

    Raises:
        ProblemAnswer: 400, 401, 413 or 415.
    """
    decoded = b"" if asked.name is None else decode_hash(asked.name)
    keys = _keys(asked.request, form)
    query = _query(asked.request.rel_url.raw_query_string, form)
    return Call(decoded, keys, query, await _body(asked, form), asked.request)


def decode_hash(text: str) -> bytes:
    """Return 32 bytes from base64url.

    Raises:
        ProblemAnswer: 400.
    """
    try:
        return base64url.decode(text, HASH_SIZE)
    except MalformedData:
        raise problems.malformed("Ids, keys and hashes are base64url of 32 bytes.") from None


def decode_json(body: bytes, kind: type[T]) -> T:
    """Read a JSON body.

    Raises:
        ProblemAnswer: 400.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise problems.malformed("The body is not the JSON of this operation.") from None


def _keys(request: web.BaseRequest, form: Form) -> list[bytes]:
    if form.scheme is None:
        return []
    values = request.headers.getall(hdrs.AUTHORIZATION, [])
    if len(values) > 1:
        raise problems.malformed("There is one Authorization header.")
    if not values or values[0].partition(" ")[0] != form.scheme:
        raise problems.unauthorized(form.scheme)
    try:
        keys = parse_authorization(values[0], form.scheme)
    except MalformedData:
        raise problems.malformed("Keys are base64url of 32 bytes.") from None
    if len(keys) > form.max_keys:
        raise problems.malformed("This operation takes one key.")
    return keys


def _query(text: str, form: Form) -> dict[str, int]:
    pairs = [part.partition("=") for part in text.split("&")] if text else []
    given = {name: value for name, _, value in pairs}
    if len(pairs) != len(form.query) or given.keys() != form.query.keys():
        raise problems.malformed("The query has not this operation's parameters, each once.")
    numbers = {}
    for name, (least, greatest) in form.query.items():
        if not _NUMBER.fullmatch(given[name]) or not least <= int(given[name]) <= greatest:
            raise problems.malformed(f"{name} is a whole number from {least} to {greatest}.")
        numbers[name] = int(given[name])
    return numbers


async def _body(asked: Asked, form: Form) -> bytes:
    request = asked.request
    if form.body is None:
        if request.body_exists and (request.content_length or await asked.bodies.read(request, 0)):
            raise problems.too_long()
        return b""
    if request.content_type != form.body or hdrs.CONTENT_ENCODING in request.headers:
        raise problems.unsupported(form.body)
    least, greatest = form.body_sizes if form.body == BINARY else (0, MAX_BODY)
    body = await asked.bodies.read(request, greatest)
    if len(body) < least:
        raise problems.malformed(f"The body has {least} bytes or more.")
    return body

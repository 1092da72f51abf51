"""Heads of requests that are refused although aiohttp reads them (RFC 9112).

Each could be read in another way by a proxy in front of the relay, which would then see other
requests in the same bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aiohttp import HttpVersion11, hdrs

if TYPE_CHECKING:
    from aiohttp import web

_HOST: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:%\[\]-]*", re.ASCII)


def is_ambiguous(request: web.BaseRequest) -> bool:
    """Say whether a head is to be refused, and the connection closed after it."""
    return (
        not _has_one_coding(request)
        or not _HOST.fullmatch(request.headers.get(hdrs.HOST, ""))
        or "#" in request.raw_path
    )


def asks_for_another_protocol(request: web.BaseRequest) -> bool:
    """Say whether what follows a request may be meant as no HTTP.

    The connection is closed after its answer. aiohttp drops what came together with such a
    request and reads on from there, which can be the middle of another one.
    """
    return hdrs.UPGRADE in request.headers or request.method == hdrs.METH_CONNECT


def _has_one_coding(request: web.BaseRequest) -> bool:
    """Say whether a body comes as it is or in chunks, which HTTP/1.0 does not know."""
    codings = request.headers.getall(hdrs.TRANSFER_ENCODING, [])
    if not codings:
        return True
    return request.version == HttpVersion11 and [one.lower() for one in codings] == ["chunked"]

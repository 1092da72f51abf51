"""Requests and answers over HTTP, bounded in time and size, and nothing told that need not be.

The HTTP library is loaded with the first request: it takes as long as all of the rest, and much of
what a person does with a vault needs no network.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import msgspec

from e2etherapy.errors import RelayUnreachable
from e2etherapy.mailbox import operations
from e2etherapy.mailbox.batch import MAX_ANSWER_SIZE
from e2etherapy.messenger.line import versions
from e2etherapy.messenger.line.answers import NO_CONTENT, network_errors, nonsense, require

if TYPE_CHECKING:
    import aiohttp

TIMEOUT_SECONDS: Final = 30.0
RETRY_AFTER: Final = "Retry-After"


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a request may take, each None for any time.

    Attributes:
        total: until the end of its answer.
        connect: until the relay takes the connection.
        silence: without a byte.
    """

    total: float | None = TIMEOUT_SECONDS
    connect: float | None = None
    silence: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What a request carries besides its path; the header and the body may hold keys."""

    authorization: str | None
    json: msgspec.Struct | None = None
    binary: bytes | None = None
    query: Mapping[str, str] | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers that depend on it."""
        headers = {} if self.authorization is None else {"Authorization": self.authorization}
        if self.json is not None or self.binary is not None:
            headers["Content-Type"] = operations.BINARY if self.json is None else operations.JSON
        return headers

    def body(self) -> bytes | None:
        """Return the body, if there is one."""
        return self.binary if self.json is None else msgspec.json.encode(self.json)


class Exchange:
    """Asks one server; an asynchronous context manager.

    Attributes:
        known_features: what the relay said that it offers; forgotten when it could not be reached,
            as another version may answer after that.
    """

    def __init__(self, url: str) -> None:
        """Take a URL from `relay_url`; nothing is opened yet."""
        self._base = url + operations.API
        self._session: aiohttp.ClientSession | None = None
        self._is_open = False
        self.known_features: frozenset[str] | None = None

    async def __aenter__(self) -> Self:
        """Be ready for requests; the first of them opens a connection pool."""
        self._is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the pool."""
        self._is_open = False
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(
        self,
        method: str,
        path: str,
        asked: Asked,
        *,
        patience: float = TIMEOUT_SECONDS,
        success: int = NO_CONTENT,
    ) -> bytes:
        """Return the whole answer to a request that was carried out."""
        longest = MAX_ANSWER_SIZE
        async with self._request(method, path, asked, Patience(patience)) as response:
            answer = await response.content.read(longest + 1)
            while not response.content.at_eof() and len(answer) <= longest:
                answer += await response.content.read(longest + 1 - len(answer))
        versions.check(response.status, answer)
        # Another success is no answer either: who answers everything with 200 has stored nothing.
        require(response.status, success, response.headers.get(RETRY_AFTER))
        if len(answer) > longest:
            raise nonsense("it does not end.")
        return answer

    @contextlib.asynccontextmanager
    async def _request(
        self, method: str, path: str, asked: Asked, patience: Patience
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Begin a request; what the network does until the block ends is `RelayUnreachable`."""
        import aiohttp  # noqa: PLC0415 - see above

        if not self._is_open:
            raise RuntimeError("The relay connection is not open.")
        if self._session is None:
            self._session = _new_session()
        allowed = aiohttp.ClientTimeout(
            total=patience.total, sock_connect=patience.connect, sock_read=patience.silence
        )
        try:
            async with (
                network_errors(),
                self._session.request(
                    method,
                    self._base + path,
                    headers=asked.headers(),
                    params=asked.query,
                    data=asked.body(),
                    allow_redirects=False,
                    timeout=allowed,
                ) as response,
            ):
                yield response
        except RelayUnreachable:
            self.known_features = None
            raise


def _new_session() -> aiohttp.ClientSession:
    """Return a connection pool that stores no cookie and follows no environment proxy."""
    import aiohttp  # noqa: PLC0415 - see above

    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "e2etherapy", "Accept-Encoding": "identity"},
        # An answer that is small on the wire must not grow in memory.
        auto_decompress=False,
    )

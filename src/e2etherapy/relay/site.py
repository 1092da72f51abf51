"""Where connections come in: aiohttp's site with a limited time for TLS handshakes."""

from __future__ import annotations

import asyncio
import socket
import ssl

from aiohttp import web
from aiohttp.web_runner import BaseSite

from e2etherapy.relay.limits import Limits


class RelaySite(web.SockSite):
    """A socket that listens.

    Without a time of its own a handshake would have a minute, in which the connection is counted
    nowhere.
    """

    __slots__ = ("_limits", "_listener", "_tls")

    def __init__(
        self,
        runner: web.ServerRunner,
        listener: socket.socket,
        limits: Limits,
        tls: ssl.SSLContext | None,
    ) -> None:
        super().__init__(runner, listener, ssl_context=tls)
        self._limits = limits
        self._listener = listener
        self._tls = tls

    async def start(self) -> None:
        """Take connections from now on."""
        await BaseSite.start(self)
        server = self._runner.server
        if server is None:
            raise RuntimeError("The runner was to be set up first.")
        self._server = await asyncio.get_running_loop().create_server(
            server,
            sock=self._listener,
            ssl=self._tls,
            backlog=self._backlog,
            ssl_handshake_timeout=self._limits.handshake_seconds if self._tls else None,
        )

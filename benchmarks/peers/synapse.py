"""Matrix Synapse, the reference server of Matrix, taking messages of an envelope's size.

It is installed when first needed, from hash-pinned requirements, into an environment of its own,
and runs on loopback with SQLite, its rate limits off. It does far more than a relay: it orders a
room's history, authorises each event and keeps all of them.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.relay_load import Measured, measured
from e2etherapy.wire.envelope import ENVELOPE_SIZE

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements" / "synapse.txt"
ROOMS = 32
SENDS = 20
"""Into each room."""
_SECRET = "only on this machine, only for this run"  # noqa: S105 - of a server that lives a minute
_START_SECONDS = 120
_SETTINGS = """
server_name: "localhost"
listeners:
  - {{bind_addresses: ["127.0.0.1"], port: {port}, type: http, tls: false,
     resources: [{{names: [client], compress: false}}]}}
database: {{name: sqlite3, args: {{database: {folder}/homeserver.db}}}}
log_config: "{folder}/log.yaml"
media_store_path: "{folder}/media"
signing_key_path: "{folder}/signing.key"
registration_shared_secret: "{secret}"
macaroon_secret_key: "{secret}"
form_secret: "{secret}"
report_stats: false
trusted_key_servers: []
rc_message: &none {{per_second: 1000000, burst_count: 1000000}}
rc_registration: *none
rc_room_creation: *none
rc_login: {{address: *none, account: *none, failed_attempts: *none}}
"""
_LOG = "{version: 1, root: {level: CRITICAL}, disable_existing_loggers: true}"


def installed() -> Path:
    """Return the interpreter that has Synapse, installing it when it is missing."""
    environment = Path(os.environ.get("VENV", ROOT / ".venv")).absolute() / "peers" / "synapse"
    python, stamp = environment / "bin" / "python", environment / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
        subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
        install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        pinned = ("--require-hashes", "--only-binary", ":all:", "-r", REQUIREMENTS)
        subprocess.run([python, *install, *pinned], check=True)
        stamp.write_bytes(REQUIREMENTS.read_bytes())
    return python


def sends(folder: Path) -> Measured:
    """Send into 32 rooms over 32 connections at once; durable as far as Synapse's SQLite is."""
    with _server(folder) as url:
        return asyncio.run(_measure(url))


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "log.yaml").write_text(_LOG)
    settings = folder / "homeserver.yaml"
    settings.write_text(_SETTINGS.format(port=port, folder=folder, secret=_SECRET))
    command = (installed(), "-m", "synapse.app.homeserver", "-c", settings)
    subprocess.run([*command, "--generate-keys"], check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_it_answers(url)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_until_it_answers(url: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/health"):  # noqa: S310 - on this machine
                return
        except OSError:
            time.sleep(0.2)
    message = "Synapse does not start."
    raise TimeoutError(message)


async def _measure(url: str) -> Measured:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=ROOMS)) as session:
        headers = {"Authorization": f"Bearer {await _register(session, url)}"}
        rooms = [await _room(session, url, headers) for _ in range(ROOMS)]
        latencies: list[float] = []
        start = time.perf_counter()
        await asyncio.gather(
            *(_send_into(session, f"{url}{room}", headers, latencies) for room in rooms)
        )
        return measured(latencies, time.perf_counter() - start, len(latencies))


async def _register(session: aiohttp.ClientSession, url: str) -> str:
    path = f"{url}/_synapse/admin/v1/register"
    nonce = (await _json(session.get(path)))["nonce"]
    message = b"\x00".join((nonce.encode(), b"sender", b"password", b"notadmin"))
    mac = hmac.new(_SECRET.encode(), message, hashlib.sha1).hexdigest()
    user = {"nonce": nonce, "username": "sender", "password": "password", "mac": mac}
    return str((await _json(session.post(path, json=user)))["access_token"])


async def _room(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> str:
    path = f"{url}/_matrix/client/v3/createRoom"
    made = await _json(session.post(path, json={}, headers=headers))
    return f"/_matrix/client/v3/rooms/{made['room_id']}/send/m.room.encrypted"


async def _send_into(
    session: aiohttp.ClientSession, path: str, headers: dict[str, str], latencies: list[float]
) -> None:
    for number in range(SENDS):
        words = base64.b64encode(os.urandom(ENVELOPE_SIZE * 3 // 4)).decode()
        event = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": words}
        before = time.perf_counter()
        await _json(session.put(f"{path}/{number}", json=event, headers=headers))
        latencies.append(time.perf_counter() - before)


async def _json(request: Any) -> dict[str, Any]:  # noqa: ANN401 - aiohttp's context manager
    async with request as response:
        body: dict[str, Any] = json.loads(await response.read())
        assert response.status == 200, body  # noqa: PLR2004 - HTTP's
        return body

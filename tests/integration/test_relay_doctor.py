"""`relay doctor` and `relay stats`: what is wrong is found, and nobody is named."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from e2etherapy.cli import relay_answers
from e2etherapy.cli.relay_storage import _file_system, _kind_of_file_system
from e2etherapy.mailbox.capabilities import Allowance, OwnedMailbox, Ticket
from e2etherapy.relay.allowances import allow
from e2etherapy.relay.sqlite.store import SqliteStore
from e2etherapy.relay.store import Deposit
from e2etherapy.wire import base64url
from tests.integration.test_relay_metrics import traffic
from tests.support.certificates import certificate
from tests.support.command_line import Outcome, run
from tests.support.operated import operated
from tests.support.relays import draw, envelope

FIXED = ("relay", "doctor", "--json", "--database", "relay.db", "--connections", "100")


def doctor(folder: Path, *arguments: str, listen: str = "127.0.0.1:8700") -> dict[str, str]:
    """Return the sentences of what is wrong, by name."""
    outcome = run(folder, *FIXED, "--listen", listen, *arguments)
    found: Any = msgspec.convert(outcome.data, relay_answers.RelayExamination)
    wrong = {check.name: check.sentence for check in found.checks if not check.ok}
    assert (outcome.code, found.healthy) == ((41, False) if wrong else (0, True)), outcome.errors
    wrong.pop("memory", None)  # whether this machine swaps is not this test's business
    wrong.pop("disk", None)
    return wrong


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    asyncio.run(allow(tmp_path / "relay.db", 5, draw))
    return tmp_path


def test_a_relay_in_order_has_nothing_to_put_right(folder: Path) -> None:
    assert doctor(folder) == {}


def test_a_relay_that_was_never_started_has_nothing_to_put_right(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert doctor(tmp_path) == {}


def test_permissions_that_let_others_in_are_found(folder: Path) -> None:
    (folder / "relay.db").chmod(0o640)
    assert "chmod 600" in doctor(folder)["permissions"]
    (folder / "relay.db").chmod(0o600)
    folder.chmod(0o777)
    assert "chmod 700" in doctor(folder)["permissions"]


@pytest.mark.parametrize(
    ("days", "words"), [((-9, 3), "holds until"), ((-9, -1), "expired"), ((1, 9), "not valid yet")]
)
def test_a_certificate_that_ends_soon_or_does_not_hold_is_found(
    folder: Path, days: tuple[int, int], words: str
) -> None:
    certificate(folder, days=days)
    pair = ("--tls-certificate", "chain.pem", "--tls-key", "key.pem")
    assert words in doctor(folder, *pair)["certificate"]
    certificate(folder)
    assert doctor(folder, *pair) == {}
    (folder / "key.pem").write_text("no key")
    assert "PEM" in doctor(folder, *pair)["certificate"]


def test_an_address_that_other_machines_reach_is_found(folder: Path) -> None:
    assert "unencrypted" in doctor(folder, listen="0.0.0.0:8700")["exposure"]
    assert "firewall" in doctor(folder, "--behind-proxy", listen="0.0.0.0:8700")["exposure"]
    assert doctor(folder, listen="unix:/run/relay.sock") == {}


def test_a_clock_that_is_behind_the_database_is_found(folder: Path) -> None:
    async def deposit_tomorrow() -> None:
        store = await SqliteStore.open(folder / "relay.db")
        owned = OwnedMailbox.generate(draw)
        mailbox, key_hash = owned.owner_key.mailbox(), owned.deposit_key.hash()
        allowance, ticket = Allowance(draw(32)).hash(), Ticket(draw(32)).hash()
        await store.grant(allowance, 1)
        await store.issue(allowance, [ticket])
        await store.create_mailbox(mailbox, key_hash, ticket)
        tomorrow = int(time.time()) // 86_400 + 2
        await store.deposit(Deposit(mailbox, key_hash, bytes(32), envelope("early"), tomorrow))
        await store.close()

    asyncio.run(deposit_tomorrow())
    assert "behind" in doctor(folder)["clock"]


def test_a_file_that_is_no_relays_and_a_configuration_that_is_wrong_are_found(
    folder: Path,
) -> None:
    (folder / "relay.db").write_text("a letter")
    assert "not a relay's database" in doctor(folder)["database"]
    assert "waits" in doctor(folder, "--waits", "0")["configuration"]


def test_too_few_files_for_the_connections_are_found(folder: Path) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))

    outcome = run(folder, *FIXED, "--listen", "127.0.0.1:1", prepare=few)
    (found,) = [one for one in outcome.data["checks"] if one["name"] == "open files"]
    assert not found["ok"]
    assert "LimitNOFILE" in found["sentence"]


def test_a_disk_that_forgets_is_found() -> None:
    kind = _kind_of_file_system(Path("/proc"))
    assert kind == "proc"
    shm = Path("/dev/shm")  # noqa: S108 - only looked at
    assert _kind_of_file_system(shm) == "tmpfs"
    assert not _file_system(shm).ok


def test_a_person_reads_the_same_findings_as_a_script(folder: Path) -> None:
    (folder / "relay.db").chmod(0o644)
    outcome = run(folder, *(part for part in FIXED if part != "--json"), "--listen", "127.0.0.1:1")
    assert "LOOK  Others may read relay.db." in outcome.text
    assert "permissions" in outcome.errors


def test_counts_name_nobody(tmp_path: Path) -> None:
    with operated(tmp_path) as relay:
        owned = asyncio.run(traffic(relay))
        asyncio.run(allow(relay.database, 7, draw))
        stats = [run(tmp_path, "relay", "stats", *extra) for extra in _forms()]
    for outcome in stats:
        assert outcome.code == 0, outcome.errors
        for box in owned:
            for name in (box.owner_key.mailbox(), box.deposit_key.hash()):
                assert base64url.encode(name) not in outcome.text
                assert bytes(name).hex() not in outcome.text.lower()
    found = msgspec.convert(stats[0].data, relay_answers.Statistics)
    assert (found.mailboxes, found.envelopes, found.allowances) == (4, 9, [0, 7])
    assert [(one.at_most, one.mailboxes) for one in found.waiting] == [
        (0, 1),
        (9, 3),
        (99, 0),
        (999, 0),
        (4_096, 0),
    ]


def _forms() -> list[tuple[str, ...]]:
    return [("--database", "relay.db", "--json"), ("--database", "relay.db")]


def test_check_says_what_holds_and_where_it_was_set(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("listen = '127.0.0.1:8700'\ndatabase = 'relay.db'")
    outcome = run(tmp_path, "relay", "check", "--config", "relay.toml", "--waits", "9", "--json")
    found = {one["name"]: (one["value"], one["origin"]) for one in outcome.data["settings"]}
    assert found["listen"] == ("127.0.0.1:8700", "relay.toml")
    assert found["waits"] == (9, "--waits")
    assert found["connections"] == (20_000, "the default")
    assert not (tmp_path / "relay.db").exists()
    refused = run(tmp_path, "relay", "check", "--config", "relay.toml", "--listen", "0.0.0.0:1")
    assert (refused.code, "unencrypted" in refused.errors) == (33, True)


def outcomes(folder: Path, *commands: tuple[str, ...]) -> list[Outcome]:
    return [run(folder, "relay", *command, "--json") for command in commands]


def test_backup_and_restore_at_the_command_line(folder: Path) -> None:
    backup = ("backup", "--database", "relay.db", "--to", "copy.db")
    restore = ("restore", "--from", "copy.db", "--database", "new.db")
    made, again, back, twice, early = outcomes(
        folder, backup, backup, restore, restore, ("restored", "--database", "new.db")
    )
    assert made.data == {"file": "copy.db", "bytes": (folder / "copy.db").stat().st_size}
    assert (again.code, twice.code, early.code) == (33, 33, 0)
    assert back.data == {"mailboxes": 0, "envelopes": 0, "invitations_deleted": 0}
    assert json.loads(again.errors)["error"]["message"].startswith("There is something under")
    absent = run(folder, "relay", "backup", "--database", "relay.db", "--to", "no/folder/copy.db")
    assert absent.code == 74

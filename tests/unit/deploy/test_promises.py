"""The files in deploy/ keep what docs/operator.md says of them.

They were also read by caddy, nginx and systemd-analyze when they were written; those programs are
not needed here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from e2etherapy.mailbox.batch import MAX_REQUEST_SIZE
from e2etherapy.mailbox.operations import MAX_WAIT_SECONDS
from e2etherapy.relay.configuration import resolve, settings_from
from e2etherapy.relay.limits import SPARE_FILES, STANDARD, STOP_SECONDS
from e2etherapy.relay.options import BY_NAME, PREFIX

DEPLOY = Path(__file__).parents[3] / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*.service"))


def unit(path: Path) -> dict[str, list[str]]:
    """Return a unit's settings; one that is repeated has several values."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if line and line[0] not in "#[":
            name, equals, value = line.partition("=")
            assert equals, line
            found.setdefault(name, []).append(value)
    return found


def together(path: Path, drop_in: Path) -> dict[str, list[str]]:
    """Return what holds of a unit with a drop-in: an empty value empties a list, others append."""
    found = unit(path)
    for name, values in unit(drop_in).items():
        found.setdefault(name, []).extend(values)
    return {
        name: values[len(values) - values[::-1].index("") :] if "" in values else values
        for name, values in found.items()
    }


def without_comments(name: str) -> str:
    lines = (DEPLOY / name).read_text().splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("#"))


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_no_unit_leaves_memory_on_a_disk_or_a_moment_in_the_journal(path: Path) -> None:
    found = unit(path)
    assert found["LimitCORE"] == ["0"]
    assert found["MemorySwapMax"] == ["0"]
    assert found["UMask"] == ["0077"]
    assert found["LogNamespace"] == ["e2etherapy"]
    assert "Storage=volatile" in without_comments("systemd/journald@e2etherapy.conf")


def test_the_folder_of_the_metrics_is_there_before_the_unit_and_after_it() -> None:
    relay = unit(DEPLOY / "systemd/e2etherapy-relay.service")
    (name,), (mode,) = relay["RuntimeDirectory"], relay["RuntimeDirectoryMode"]
    assert relay["RuntimeDirectoryPreserve"] == ["yes"]
    owner = f"{relay['User'][0]} {relay['Group'][0]}"
    lines = without_comments("systemd/e2etherapy.tmpfiles.conf").splitlines()
    assert f"d /run/{name} {mode} {owner} -" in lines
    listen = settings_from(resolve(DEPLOY / "relay.toml", {}, {})).metrics
    assert listen is not None
    assert listen.listen.unix_path is not None
    assert listen.listen.unix_path.parent == Path("/run") / name


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_no_unit_has_a_right_that_it_does_not_need(path: Path) -> None:
    found = unit(path)
    assert found["CapabilityBoundingSet"] == [""]
    assert found["User"] == ["e2etherapy"]
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "PrivateUsers"):
        assert found[name] == ["yes"], name
    assert found["ProtectSystem"] == ["strict"]
    assert found["IPAddressDeny"] == ["any"]
    assert "@system-service" in found["SystemCallFilter"]


def test_a_relay_with_its_own_certificate_is_let_bind_a_low_port_and_be_reached() -> None:
    path, drop_in = (
        DEPLOY / "systemd" / name
        for name in ("e2etherapy-relay.service", "e2etherapy-relay-tls.conf")
    )
    found = together(path, drop_in)
    for name in ("IPAddressDeny", "IPAddressAllow"):
        assert found[name] == [], name
    for name in ("CapabilityBoundingSet", "AmbientCapabilities"):
        assert found[name] == ["CAP_NET_BIND_SERVICE"], name
    # A capability in a user namespace of its own says nothing about the network outside of it.
    assert found["PrivateUsers"][-1] == "no"
    assert len(unit(drop_in)) == 5


def test_the_units_start_commands_that_there_are() -> None:
    relay = unit(DEPLOY / "systemd/e2etherapy-relay.service")
    assert relay["ExecStart"] == [
        "/opt/e2etherapy/bin/e2etherapy relay serve --config /etc/e2etherapy/relay.toml"
    ]
    assert relay["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert int(relay["TimeoutStopSec"][0]) > 2 * STOP_SECONDS
    assert int(relay["LimitNOFILE"][0]) >= STANDARD.connections + SPARE_FILES
    backup = unit(DEPLOY / "systemd/e2etherapy-relay-backup.service")
    (line,) = backup["ExecStart"]
    # systemd reads %% as %; a single one would be one of its own names.
    assert not re.search(r"(?<!%)%(?!%)", line)
    assert " relay backup --database /var/lib/e2etherapy/relay.db --to " in line
    assert backup["PrivateNetwork"] == ["yes"]
    assert "-delete" in backup["ExecStartPost"][0]


def test_it_is_said_up_to_which_stop_seconds_the_unit_lets_a_relay_stop() -> None:
    path = DEPLOY / "systemd/e2etherapy-relay.service"
    (killed,) = unit(path)["TimeoutStopSec"]
    guide = (DEPLOY.parent / "docs" / "operator.md").read_text()
    (most,) = re.findall(r"`stop_seconds` above (\d+)", guide)
    assert f"takes more than {killed} seconds to stop" in guide
    assert f"up to {most} with this" in path.read_text()
    assert STOP_SECONDS < int(most) < int(killed) - 2


def test_the_configuration_can_be_used() -> None:
    settings = settings_from(resolve(DEPLOY / "relay.toml", {}, {}))
    assert settings.listen.is_local
    assert settings.metrics is not None
    assert settings.metrics.listen.is_local
    stated = unit(DEPLOY / "systemd/e2etherapy-relay.service")["StateDirectory"]
    assert settings.database == Path("/var/lib") / stated[0] / "relay.db"


def test_caddy_writes_down_nobody_and_forwards_nobody() -> None:
    text = without_comments("Caddyfile")
    # The only log is that of certificates: requests, and errors about them, are in no other.
    assert re.findall(r"^\s*log\b.*", text, re.MULTILINE) == ["\tlog default {"]
    assert re.findall(r"^\s*include (.+)", text, re.MULTILINE) == ["tls"]
    for header in ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "User-Agent"):
        assert f"header_up -{header}\n" in text
    assert "admin off" in text
    (size,) = re.findall(r"max_size (\d+)KB", text)
    assert MAX_REQUEST_SIZE <= int(size) * 1_000 < 1.1 * MAX_REQUEST_SIZE


def test_nginx_writes_down_nobody_and_forwards_nobody() -> None:
    text = without_comments("nginx.conf")
    assert re.findall(r"access_log (.+);", text) == ["off"]
    assert re.findall(r"error_log (.+);", text) == ["stderr emerg"]
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "User-Agent"):
        assert f'proxy_set_header {header} "";' in text
    assert "$remote_addr" not in text
    assert "$proxy_add_x_forwarded_for" not in text
    # Neither a body nor an answer is put into a file on its way.
    (limit,) = re.findall(r"client_max_body_size (\d+)k;", text)
    (buffer,) = re.findall(r"client_body_buffer_size (\d+)k;", text)
    assert MAX_REQUEST_SIZE <= int(limit) * 1_024 <= int(buffer) * 1_024
    assert "proxy_buffering off;" in text
    assert "proxy_max_temp_file_size 0;" in text
    (patience,) = re.findall(r"proxy_read_timeout (\d+)s;", text)
    assert int(patience) > MAX_WAIT_SECONDS
    assert re.findall(r"ssl_protocols (.+);", text) == ["TLSv1.3"]
    assert text.count("{") == text.count("}")


def test_whoever_uses_another_proxy_is_told_how_much_it_has_to_let_in() -> None:
    guide = (DEPLOY.parent / "docs" / "operator.md").read_text()
    for text in (guide, *((DEPLOY / name).read_text() for name in ("Caddyfile", "nginx.conf"))):
        assert f"{MAX_REQUEST_SIZE:,} bytes" in " ".join(text.replace("#", " ").split())


@pytest.mark.parametrize("name", ["compose.yaml", "compose.postgres.yaml"])
def test_every_container_that_listens_logs_nothing_and_leaves_no_core_dump(name: str) -> None:
    text = without_comments(name)
    services = (
        text.partition("services:\n")[2].partition("\nnetworks:")[0].partition("\nsecrets:")[0]
    )
    for block in re.split(r"^  (?=\w+:$)", services, flags=re.MULTILINE):
        if "image:" in block or "build:" in block:
            assert "driver: none" in block, block
            assert "core: 0" in block, block
            assert "no-new-privileges:true" in block, block
    names = re.findall(rf"{PREFIX}(\w+)", text)
    assert names
    assert {found.lower() for found in names} <= set(BY_NAME)


def test_only_the_proxy_is_reached_from_outside() -> None:
    text = without_comments("compose.yaml")
    assert re.findall(r"ports: (.+)", text) == ['["443:443"]']
    relay = text.partition("  relay:")[2].partition("  proxy:")[0]
    assert "networks: [inside]" in relay
    assert "internal: true" in text


def test_postgres_logs_no_statement_no_detail_and_no_connection() -> None:
    text = without_comments("compose.postgres.yaml")
    for setting in (
        "log_min_messages=fatal",
        "log_min_error_statement=panic",
        "log_error_verbosity=terse",
        "log_statement=none",
        "log_connections=off",
        "log_disconnections=off",
        "track_commit_timestamp=off",
        "fsync=on",
        "synchronous_commit=on",
    ):
        assert f"-c{setting}\n" in text
    assert "PASSWORD:" not in text


def test_the_image_runs_as_nobody_in_particular_and_installs_by_hash() -> None:
    text = without_comments("Containerfile")
    last = text.rpartition("FROM ")[2]
    assert "USER 10001:10001" in last
    assert "--require-hashes -r requirements/run.txt" in text
    assert 'ENTRYPOINT ["/opt/e2etherapy/bin/e2etherapy"]' in last
    assert {name.lower() for name in re.findall(rf"{PREFIX}(\w+)", last)} <= set(BY_NAME)

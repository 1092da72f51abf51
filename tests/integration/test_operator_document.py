"""docs/operator.md: every command in it works, in its order, on one relay."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from e2etherapy.mailbox.capabilities import Allowance, Ticket
from e2etherapy.messenger.settings import parse_allowance
from e2etherapy.relay.metrics import GAUGES
from tests.integration.test_relay_process import send
from tests.support.command_line import environment
from tests.support.relays import PATIENCE_SECONDS, draw, tickets_request
from tests.unit.cli.test_main import commands

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "operator.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOLDERS = ("/etc/e2etherapy", "/var/lib/e2etherapy", "/var/backups/e2etherapy", "/run/e2etherapy")
INSTALLED = re.compile(r"# install -d .* -m (\d+) (/\S+)")
NOTHING_WRONG = {"memory", "disk", "open files"}
"""What `doctor` may find on a machine that runs tests."""


@dataclass
class Machine:
    """One machine, whose folders lie in another one, and the relay on it."""

    root: Path
    serving: subprocess.Popen[str] | None = None
    serve_line: str = ""
    port: int = 0
    said: list[str] = field(default_factory=list)
    granted: list[Allowance] = field(default_factory=list)

    def moved(self, text: str) -> str:
        for folder in FOLDERS:
            text = text.replace(folder, f"{self.root}{folder}")
        return text

    def run(self, block: str) -> None:
        """Run a block's lines; the one that serves goes on in the background."""
        if "relay serve" in block:
            self.serve_line = self.moved(block).strip()
            self.start()
            return
        for line in self.moved(block).strip().splitlines():
            done = self._shell(line)
            self.said.append(done.stdout)
            if "relay allow" in line:
                self.granted.append(parse_allowance(done.stdout.strip()))
            if "relay doctor" in line and done.returncode == 41:
                (wrong,) = re.findall(r"To put right: (.+)\. See", done.stderr)
                assert set(wrong.split(", ")) <= NOTHING_WRONG, done.stdout
            else:
                assert done.returncode == 0, (line, done.stderr)

    def start(self) -> None:
        if self.serving is None and self.serve_line:
            self.serving = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {self.serve_line}"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=self._environment(),
            )
            assert self.serving.stdout is not None
            announced = json.loads(self.serving.stdout.readline())
            assert announced["event"] == "listening"
            self.port = announced["port"]

    def pays(self, allowance: Allowance) -> bool:
        """Say whether the relay issues a ticket for it."""
        return send(self.port, tickets_request(allowance, Ticket(draw(32))))[0] == 204

    def stop(self) -> None:
        if self.serving is not None:
            self.serving.terminate()
            assert self.serving.wait(PATIENCE_SECONDS) == 0
            assert self.serving.stdout is not None
            self.serving.stdout.close()
            self.serving = None

    def _environment(self) -> dict[str, str]:
        found = environment(self.root)
        return found | {"PATH": f"{self.root}/bin:{found['PATH']}"}

    def _shell(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-euc", line],
            capture_output=True,
            text=True,
            check=False,
            env=self._environment(),
            timeout=PATIENCE_SECONDS,
        )


def made_folders() -> Iterator[tuple[str, int]]:
    """Yield the folders, with their modes, that the guide's commands make without the unit."""
    for mode, folder in INSTALLED.findall(TEXT):
        yield folder, int(mode, 8)
    shipped = (ROOT / "deploy" / "systemd" / "e2etherapy.tmpfiles.conf").read_text()
    for line in shipped.splitlines():
        if line.startswith("d "):
            _, folder, mode, *_ = line.split()
            yield folder, int(mode, 8)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    for folder, mode in made_folders():
        made_folder = Path(f"{tmp_path}{folder}")
        made_folder.mkdir(parents=True)
        made_folder.chmod(mode)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "e2etherapy"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m e2etherapy.cli "$@"\n')
    program.chmod(0o755)
    made = Machine(tmp_path)
    config = (ROOT / "deploy" / "relay.toml").read_text().replace(":8700", ":0")
    Path(f"{tmp_path}/etc/e2etherapy/relay.toml").write_text(made.moved(config))
    yield made
    made.stop()


def test_every_command_of_the_document_works_in_its_order(machine: Machine) -> None:
    ran = 0
    for kind, block in BLOCK.findall(TEXT):
        if kind == "sh":
            machine.run(block)
            ran += 1
        elif "systemctl stop" in block:
            machine.stop()
        elif "systemctl start" in block:
            machine.start()
    assert ran >= 8
    assert machine.serving is not None
    said = "\n".join(machine.said)
    assert "verified." in said
    assert "unclaimed invitations deleted" in said
    backups = Path(f"{machine.root}/var/backups/e2etherapy")
    assert {path.name for path in backups.iterdir()} == {
        "relay-2026-01-31.db",
        "before-upgrade.db",
    }
    assert Path(f"{machine.root}/run/e2etherapy/metrics.sock").is_socket()
    leaked, new = machine.granted
    assert not machine.pays(leaked)
    assert machine.pays(new)


def test_every_block_says_whether_it_is_run() -> None:
    kinds = {kind for kind, _ in BLOCK.findall(TEXT)}
    assert kinds == {"sh", "console"}
    assert TEXT.count("```") == 2 * len(BLOCK.findall(TEXT))


def test_every_command_and_flag_that_the_document_names_exists() -> None:
    known = dict(commands())
    named = re.findall(r"e2etherapy (relay \w+)((?: [^`\n]*)?)", TEXT)
    assert len(named) > 10
    for name, rest in named:
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert set(re.findall(r"(?<= )--[\w-]+", rest)) <= options, name


def test_every_file_of_deploy_that_the_document_names_exists() -> None:
    named = re.findall(r"deploy/[\w./@*-]*[\w*]", TEXT)
    assert named
    assert not [name for name in named if not list(ROOT.glob(name))]


def test_every_metric_that_the_document_names_exists() -> None:
    named = re.findall(r"e2etherapy_relay_(\w+)", TEXT)
    assert named
    assert set(named) <= {*GAUGES, "faults_total", "requests_total"}

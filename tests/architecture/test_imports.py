"""Which part of the program may import which, and where random bytes may come from."""

import ast
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "e2etherapy"
RANDOMNESS = PACKAGE / "primitives" / "randomness.py"

GENERATORS = {"random", "secrets"}
SOURCES = {"SystemRandom", "getrandom", "randombytes", "urandom", "uuid1", "uuid4"}


def random_sources(source: str) -> list[str]:
    """Return what in the source text asks for random bytes, with its line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                used = [alias.name for alias in names if alias.name.split(".")[0] in GENERATORS]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                used = [
                    f"{module}.{alias.name}"
                    for alias in names
                    if module.split(".")[0] in GENERATORS
                    or alias.name in SOURCES
                    or (module, alias.name) == ("nacl.utils", "random")
                ]
            case ast.Attribute(value=value, attr=attr) if attr in SOURCES or (
                attr == "random" and ast.unparse(value).endswith("utils")
            ):
                used = [ast.unparse(node)]
            case _:
                continue
        found += [f"line {node.lineno}: {name}" for name in used]
    return found


def test_import_contracts_are_kept() -> None:
    lint_imports = Path(sysconfig.get_path("scripts")) / "lint-imports"
    result = subprocess.run(
        [lint_imports, "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_only_primitives_randomness_asks_for_random_bytes() -> None:
    modules = sorted(PACKAGE.rglob("*.py"))
    assert RANDOMNESS in modules
    offenders = {
        str(module.relative_to(ROOT)): found
        for module in modules
        if module != RANDOMNESS and (found := random_sources(module.read_text(encoding="utf-8")))
    }
    assert offenders == {}


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.urandom(32)",
        "from os import urandom",
        "import os as system\nsystem.getrandom(32)",
        "import secrets",
        "import secrets as s",
        "from secrets import token_bytes",
        "import random",
        "from random import SystemRandom",
        "import uuid\nuuid.uuid4()",
        "from uuid import uuid4 as fresh",
        "import nacl.utils\nnacl.utils.random(32)",
        "from nacl.utils import random",
        "from nacl import utils\nutils.random(32)",
    ],
)
def test_a_source_of_random_bytes_is_seen(source: str) -> None:
    assert random_sources(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""The two secrets are random."""',
        "secrets = [b'one', b'two']\nprint(secrets[0])",
        "from e2etherapy.primitives import randomness\nrandomness.random_bytes(32)",
        "import os\nos.environ['HOME']",
    ],
)
def test_other_code_is_left_alone(source: str) -> None:
    assert random_sources(source) == []

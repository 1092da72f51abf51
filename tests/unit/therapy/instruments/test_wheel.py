"""The wheel that people install has the instruments in it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from e2etherapy.therapy.instruments.pack import OFFERED

ROOT = Path(__file__).parents[4]
LOAD_ALL = """
from e2etherapy.therapy.instruments import pack
print(pack.__file__, *(scale.id for scale in pack.offered()), sep="\\n")
"""


def test_an_installed_wheel_loads_every_instrument(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    installed = tmp_path / "installed"
    # A wheel of plain modules is installed by unpacking it.
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    # -P keeps the working directory out of the path, and the installed folder comes before ours.
    loaded = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            f"import sys; sys.path.insert(0, {str(installed)!r}){LOAD_ALL}",
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    place, *names = loaded.stdout.split("\n")
    assert Path(place).is_relative_to(installed)
    assert names[:-1] == list(OFFERED)

"""A module is one noun, and small enough to be read at once."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES = 300


def test_no_module_has_more_than_300_lines() -> None:
    modules = [*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py")]
    assert Path(__file__) in modules
    lines = {
        str(module.relative_to(ROOT)): len(module.read_bytes().splitlines()) for module in modules
    }
    assert {module: count for module, count in lines.items() if count > MOST_LINES} == {}

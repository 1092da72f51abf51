"""The documents say what is: links lead somewhere, diagrams are current, named tests exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from e2etherapy.journal import record
from e2etherapy.journal.exported_book import ExportedEntry, ExportedFile
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.session import limits, phases
from e2etherapy.therapy import agreement
from e2etherapy.therapy.care import rights
from e2etherapy.therapy.emergency_card import EmergencyCard
from e2etherapy.therapy.safety_plan import SafetyPlan
from e2etherapy.wire import content, envelope
from e2etherapy.wire.care import CARE
from e2etherapy.wire.item import Item

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/**/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
FORBIDDEN = (
    "24/7 support",
    "hipaa certified",
    "completely anonymous",
    "nobody can ever read",
    "military-grade",
)
# The one place that lists the words in order to forbid them.
LISTS_THE_WORDS = {"CONTRIBUTING.md"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    targets = [target for target in LINK.findall(document.read_text()) if "://" not in target]
    broken = [target for target in targets if not (document.parent / target).exists()]
    assert not broken


def test_the_diagram_in_the_specification_is_the_table_in_the_code() -> None:
    text = (ROOT / "docs/protocol.md").read_text()
    assert f"```mermaid\n{phases.diagram()}\n```" in text


@pytest.mark.parametrize(
    "figure",
    [
        limits.STANDARD.skipped_keys_per_chain,
        limits.STANDARD.stored_keys,
        limits.STANDARD.chain_length,
        envelope.ENVELOPE_SIZE,
        envelope.MESSAGE_BODY_SIZE,
        envelope.OPENING_BODY_SIZE,
        envelope.SEALED_HEADER_SIZE,
        envelope.SEALED_OPENING_SIZE,
        content.MAX_ATTACHMENT_BYTES,
        content.MAX_TEXT_BYTES,
        content.MAX_PARTS,
    ],
)
def test_the_specification_has_the_figures_of_the_code(figure: int) -> None:
    assert f"{figure:,}" in (ROOT / "docs/protocol.md").read_text()


@pytest.mark.parametrize("kind", CARE, ids=lambda kind: kind.__name__)
def test_the_specification_says_of_every_item_about_the_therapy_who_says_it_and_how(
    kind: type[Item],
) -> None:
    _, _, section = (ROOT / "docs/protocol.md").read_text().partition("### 7.3 The therapy")
    (row,) = re.findall(
        rf"^\| `{kind.__struct_config__.tag}` \| ([CTB]) \| (.*?) \|", section, re.MULTILINE
    )
    speakers = {"C": rights.CLIENT, "T": rights.THERAPIST, "B": rights.BOTH}
    assert rights.SPEAKERS[kind] == speakers[row[0]]
    own = [name for name in kind.__struct_fields__ if name not in Item.__struct_fields__]
    named = [name for name in re.findall(r"`(\w+)`", row[1]) if name in own]
    assert named == own


@pytest.mark.parametrize(
    ("form", "opening"),
    [
        (agreement._Form, "A **reply agreement**"),
        (SafetyPlan, "A **safety plan**"),
        (EmergencyCard, "An **emergency card**"),
    ],
)
def test_the_specification_has_the_members_of_a_canonical_text_in_their_order(
    form: type[agreement._Form | SafetyPlan | EmergencyCard], opening: str
) -> None:
    _, _, text = (ROOT / "docs/protocol.md").read_text().partition(opening)
    named = [name for name in re.findall(r"`(\w+)`", text) if name in form.__struct_fields__]
    in_order = named[: len(form.__struct_fields__)]
    assert in_order == list(form.__struct_fields__)


@pytest.mark.parametrize("name", [*EventName, *sorted(record.KINDS)])
def test_the_specification_has_every_event_and_kind_of_the_record(name: str) -> None:
    _, _, section = (ROOT / "docs/protocol.md").read_text().partition("### 12.1 Entries")
    assert f"`{name}`" in section.partition("### 12.2")[0]


@pytest.mark.parametrize("type_", [ExportedEntry, ExportedFile])
def test_the_specification_has_every_member_of_an_exported_book(
    type_: type[ExportedEntry | ExportedFile],
) -> None:
    _, _, section = (ROOT / "docs/protocol.md").read_text().partition("### 12.2 Exported book")
    for field in type_.__struct_fields__:
        assert f"`{field}`" in section.partition("## 13.")[0], field


@pytest.mark.parametrize("name", [name for name in dir(Messenger) if not name.startswith("_")])
def test_the_description_of_the_library_has_every_method(name: str) -> None:
    text = (ROOT / "docs/messenger.md").read_text()
    assert re.search(rf"(`|Messenger\.){name}\b", text)


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = NAMED_TEST.findall((ROOT / "docs/threat-model.md").read_text())
    assert named
    missing = [
        (file, name)
        for file, name in named
        if not (ROOT / file).is_file() or (name and name not in _functions(ROOT / file))
    ]
    assert not missing


def test_the_threat_model_has_a_row_for_every_attack() -> None:
    text = (ROOT / "docs/threat-model.md").read_text()
    attacks = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/attacks/test_*.py")]
    assert attacks
    assert not [attack for attack in attacks if f"`{attack}`" not in text]


@pytest.mark.parametrize("words", FORBIDDEN)
def test_no_document_and_no_sentence_of_the_program_promises_what_is_not_true(words: str) -> None:
    places = [path for path in [*DOCUMENTS, *ROOT.glob("src/**/*")] if path.is_file()]
    saying = [
        path.relative_to(ROOT).as_posix()
        for path in places
        if path.suffix in {".md", ".py", ".j2", ".json"}
        and path.name not in LISTS_THE_WORDS
        and words in path.read_text().lower()
    ]
    assert not saying


def _functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }

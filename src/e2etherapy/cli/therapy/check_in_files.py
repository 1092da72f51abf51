"""Check-ins as a drawing, and for other systems as HL7 FHIR."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.check_in_answers import ExportedCheckIns
    from e2etherapy.therapy.care.check_ins import Taken
    from e2etherapy.therapy.instruments.fhir import Answered
    from e2etherapy.therapy.instruments.trend import Dated

_OUT = click.Path(path_type=Path)


@click.command(
    epilog="""\b
Examples:
  e2etherapy check-in plot Robin gad-7
  e2etherapy check-in plot Robin gad-7 --out gad-7.svg"""
)
@click.argument("name")
@click.argument("instrument")
@click.option("--out", "file", type=_OUT, metavar="FILE", help="Draw it into this new SVG file.")
@vault_options
@click.pass_obj
def plot(invocation: Invocation, name: str, instrument: str, file: Path | None) -> None:
    """Say how INSTRUMENT goes with NAME over time, and draw it.

    The drawing is not encrypted: whoever has the file can see it. Its words are printed, too.
    """
    from e2etherapy.cli.saving import new_file
    from e2etherapy.cli.therapy.check_in_answers import Plotted
    from e2etherapy.therapy.instruments.pack import instrument as find
    from e2etherapy.therapy.instruments.plot import document
    from e2etherapy.therapy.instruments.sentences import sentences

    invocation.if_stopped = "Nothing was written."
    definition = find(instrument)
    view = invocation.unlocked(lambda messenger: messenger.check_ins(name))
    series = _series(view.of(definition.id))
    if file is not None:
        with new_file(file) as opened:
            opened.write(document(definition, series).encode())
    said = sentences(definition, series)
    lines = [*said, *([f"Drawn in {file}. It is not encrypted."] if file else [])]
    answer = Plotted(
        name=name,
        instrument=definition.id,
        file=None if file is None else str(file),
        sentences=list(said),
    )
    output.answer(invocation, answer, "\n".join(lines))


def _series(taken: tuple[Taken, ...]) -> list[Dated]:
    """Return what was scored here; of another version only the answers are known."""
    from e2etherapy.cli.therapy.check_in_views import day_of
    from e2etherapy.therapy.instruments.trend import Dated

    return [Dated(day_of(one), one.result) for one in taken if one.result is not None]


@click.command(
    epilog="""\b
Examples:
  e2etherapy check-in export Robin --out robin-fhir.json
  e2etherapy check-in export Robin phq-9 --out robin-phq-9.json"""
)
@click.argument("name")
@click.argument("instrument", required=False)
@click.option("--out", "file", type=_OUT, metavar="FILE", required=True, help="The new file.")
@vault_options
@click.pass_obj
def export(invocation: Invocation, name: str, instrument: str | None, file: Path) -> None:
    """Write check-ins with NAME for other systems, as HL7 FHIR R4.

    The file holds each questionnaire, each response and its score. It is not encrypted, and does
    not say whose they are: whoever receives it has to be told.
    """
    from e2etherapy.cli.saving import new_file
    from e2etherapy.cli.therapy.check_in_answers import ExportedCheckIns
    from e2etherapy.therapy.instruments import fhir
    from e2etherapy.therapy.instruments.pack import instrument as find

    invocation.if_stopped = "Nothing was exported."
    wanted = None if instrument is None else find(instrument).id
    view = invocation.unlocked(lambda messenger: messenger.check_ins(name))
    taken = view.taken if wanted is None else view.of(wanted)
    answered = [(find(one.instrument), found) for one in taken if (found := _answered(one))]
    with new_file(file) as opened:
        opened.write(fhir.to_json(fhir.bundle(answered)))
    left = len(taken) - len(answered)
    answer = ExportedCheckIns(name=name, file=str(file), check_ins=len(answered), left_out=left)
    output.answer(invocation, answer, "\n".join(_told(answer)))


def _answered(one: Taken) -> Answered | None:
    from e2etherapy.therapy.instruments.fhir import Answered

    (dated,) = _series((one,)) or (None,)
    return None if dated is None else Answered(one.id, one.answers, dated)


def _told(answer: ExportedCheckIns) -> list[str]:
    counted = wording.counted(answer.check_ins, "check-in", "check-ins")
    lines = [f"{counted} with {inert_line(answer.name)} written to {answer.file}."]
    if answer.left_out:
        left = wording.counted(answer.left_out, "check-in", "check-ins")
        lines.append(f"Left out, because another version has to score them: {left}.")
    return [*lines, "It is not encrypted, and does not say whose answers these are."]

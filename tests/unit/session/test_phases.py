from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from e2etherapy.errors import WrongPhase
from e2etherapy.session import phases
from e2etherapy.session.phases import TRANSITIONS, Event, Phase

SPECIFICATION = Path(__file__).parents[3] / "docs" / "protocol.md"
IMPOSSIBLE = [
    step for step in itertools.product(Phase, Event) if (step[0], step[1]) not in TRANSITIONS
]


def test_the_diagram_in_the_specification_is_the_table_s() -> None:
    assert phases.diagram() in SPECIFICATION.read_text(encoding="utf-8")


@pytest.mark.parametrize(("phase", "event"), IMPOSSIBLE)
def test_a_step_that_is_not_in_the_table_is_refused_with_a_sentence(
    phase: Phase, event: Event
) -> None:
    with pytest.raises(WrongPhase, match=r"^[A-Z].*\.$"):
        phases.after(phase, event)


@pytest.mark.parametrize(("phase", "event"), TRANSITIONS)
def test_a_step_in_the_table_leads_where_it_says(phase: Phase, event: Event) -> None:
    assert phases.after(phase, event) is TRANSITIONS[phase, event]


def test_a_closed_conversation_is_never_left() -> None:
    assert not [step for step in TRANSITIONS if step[0] is Phase.CLOSED]
    for phase in set(Phase) - {Phase.CLOSED}:
        assert TRANSITIONS[phase, Event.CLOSE] is Phase.CLOSED


def test_every_phase_can_be_reached() -> None:
    assert {*TRANSITIONS.values(), Phase.INVITED, Phase.JOINED} == set(Phase)


def test_nobody_seals_before_the_invitation_was_used() -> None:
    assert (Phase.INVITED, Event.SEAL) not in TRANSITIONS

"""Goals: proposed by either side, agreed by the other one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from e2etherapy.cli import output
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.therapy.numbered import of_a_list

if TYPE_CHECKING:
    from e2etherapy.cli.therapy.work_answers import Goal, GoalWord
    from e2etherapy.messenger.care.aiming import Becomes
    from e2etherapy.therapy.care.goals import SharedGoal, Word

_NONE = "There is no goal to show. What was hidden is listed with --hidden."


@click.group()
def goal() -> None:
    """Goals that both of you agree on."""


@goal.command(epilog='\b\nExample:\n  e2etherapy goal propose Robin "Sleep through the night"')
@click.argument("name")
@click.argument("text")
@vault_options
@click.pass_obj
def propose(invocation: Invocation, name: str, text: str) -> None:
    """Propose a goal to NAME.

    It is one once they agree.
    """
    from e2etherapy.cli.therapy import said

    said.send(invocation, name, lambda messenger: messenger.propose_goal(name, text))


@goal.command(epilog='\b\nExample:\n  e2etherapy goal agree "Dr. Okafor" 1')
@of_a_list
def agree(invocation: Invocation, name: str, number: int, note: str) -> None:
    """Agree to a goal that NAME proposed, by its number."""
    _answer(invocation, name, number, "agreed", note)


@goal.command(epilog='\b\nExample:\n  e2etherapy goal decline "Dr. Okafor" 1 --note "Not yet."')
@of_a_list
def decline(invocation: Invocation, name: str, number: int, note: str) -> None:
    """Decline a goal that NAME proposed, by its number."""
    _answer(invocation, name, number, "declined", note)


@goal.command(epilog='\b\nExample:\n  e2etherapy goal reached "Dr. Okafor" 1')
@of_a_list
def reached(invocation: Invocation, name: str, number: int, note: str) -> None:
    """Say that a goal is reached, by its number."""
    _answer(invocation, name, number, "reached", note)


@goal.command(epilog='\b\nExample:\n  e2etherapy goal drop "Dr. Okafor" 1')
@of_a_list
def drop(invocation: Invocation, name: str, number: int, note: str) -> None:
    """Drop a goal that both agreed on, by its number."""
    _answer(invocation, name, number, "dropped", note)


def _answer(invocation: Invocation, name: str, number: int, outcome: Becomes, note: str) -> None:
    from e2etherapy.cli.therapy import said

    said.send(
        invocation, name, lambda messenger: messenger.answer_goal(name, number, outcome, note)
    )


@goal.command("list", epilog="\b\nExample:\n  e2etherapy goal list Robin")
@click.argument("name")
@click.option("--hidden", is_flag=True, help="What was hidden as well.")
@vault_options
@click.pass_obj
def list_goals(invocation: Invocation, name: str, hidden: bool) -> None:
    """List all goals with NAME, by number."""
    from e2etherapy.cli.therapy import work_views

    goals = invocation.unlocked(lambda messenger: messenger.goals(name, hidden=hidden))
    human = "\n".join(work_views.goal(one) for one in goals)
    answers = [_line(one) for one in goals]
    output.answer(invocation, answers, human or _NONE)


def _line(one: SharedGoal) -> Goal:
    from e2etherapy.cli.therapy.work_answers import Goal

    return Goal(
        number=one.number,
        text=one.text,
        by=one.author.value,
        proposed=one.proposed,
        outcome=one.outcome,
        hidden=one.hidden,
        said=[_word(word) for word in filter(None, [one.answer, *one.ends])],
    )


def _word(word: Word) -> GoalWord:
    from e2etherapy.cli.therapy.work_answers import GoalWord

    return GoalWord(
        by=word.author.value, outcome=word.outcome, written=word.written, note=word.note
    )

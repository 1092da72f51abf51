"""What holds between two people after all that they have said about the therapy; pure.

It is built anew from the record whenever it is needed, so that nothing can differ from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from e2etherapy.errors import OutOfPlace
from e2etherapy.therapy.care import agreements, check_ins, flags
from e2etherapy.therapy.care.agreements import Agreements
from e2etherapy.therapy.care.check_ins import CheckIns
from e2etherapy.therapy.care.flags import Flags
from e2etherapy.therapy.care.rights import require_speaker
from e2etherapy.therapy.care.said import Said
from e2etherapy.wire import care
from e2etherapy.wire.item import Item


@dataclass(frozen=True, slots=True)
class Care:
    """All that holds."""

    agreements: Agreements = field(default_factory=Agreements)
    check_ins: CheckIns = field(default_factory=CheckIns)
    flags: Flags = field(default_factory=Flags)


def after(state: Care, said: Said[Any]) -> Care:
    """Return what holds after one more thing was said.

    Raises:
        OutOfPlace: its author cannot say it, or not now; nothing changes.
    """
    require_speaker(said.author, said.item)
    return _TAKE[type(said.item)](state, said)


def of(record: Iterable[Said[Any]]) -> Care:
    """Return what holds after a record.

    What an earlier version took and this one would not is passed over: it stands in the record.
    """
    state = Care()
    for said in record:
        try:
            state = after(state, said)
        except OutOfPlace:
            continue
    return state


def _check_in(state: Care, said: Said[care.CheckIn]) -> Care:
    taken = check_ins.take(state.check_ins, said)
    result = taken.taken[-1].result
    raised = flags.of_check_in(state.flags, said, priority=bool(result and result.priority))
    return replace(state, check_ins=taken, flags=raised)


_TAKE: Final[dict[type[Item], Callable[[Care, Said[Any]], Care]]] = {
    care.Agreement: lambda state, said: replace(
        state, agreements=agreements.propose(state.agreements, said)
    ),
    care.AgreementAcceptance: lambda state, said: replace(
        state, agreements=agreements.accept(state.agreements, said)
    ),
    care.CheckIn: _check_in,
    care.CheckInSchedule: lambda state, said: replace(
        state, check_ins=check_ins.ask(state.check_ins, said)
    ),
    care.Priority: lambda state, said: replace(state, flags=flags.press(state.flags, said)),
}

"""What an operator is told of how many there are: one of a thing is one."""

from __future__ import annotations

import pytest

from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.operation import _tell
from e2etherapy.cli.relay import _counts
from e2etherapy.cli.relay_answers import Copied
from e2etherapy.relay.restoring import Restored


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 mailboxes, 0 waiting envelopes; 0 unclaimed invitations deleted."),
        (1, "1 mailbox, 1 waiting envelope; 1 unclaimed invitation deleted."),
        (2, "2 mailboxes, 2 waiting envelopes; 2 unclaimed invitations deleted."),
    ],
)
def test_a_restore_counts_one_as_one(
    number: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _tell(Invocation(), Restored(number, number, number))
    assert capsys.readouterr().out == f"{said}\n"


def test_a_copy_counts_one_as_one_and_names_all_that_was_copied() -> None:
    ones = Copied(allowances=1, tickets=1, mailboxes=1, envelopes=1, invitations=1)
    assert _counts(ones) == ["1 allowance", "1 ticket", "1 mailbox", "1 envelope", "1 invitation"]
    none = Copied(allowances=0, tickets=0, mailboxes=0, envelopes=0, invitations=0)
    assert _counts(none) == [f"0 {name}" for name in Copied.__struct_fields__]

"""What looking after a relay says, in numbers that go with their nouns."""

from __future__ import annotations

import pytest

from e2etherapy.cli import operation
from e2etherapy.cli.invocation import Invocation
from e2etherapy.relay.restoring import Restored


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "1 mailbox, 1 waiting envelope; 1 unclaimed invitation deleted."),
        (2, "2 mailboxes, 2 waiting envelopes; 2 unclaimed invitations deleted."),
    ],
)
def test_one_of_what_was_brought_back_is_one(
    number: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Restored(mailboxes=number, envelopes=number, invitations_deleted=number)
    operation._tell(Invocation(), found)
    assert capsys.readouterr().out == f"{said}\n"

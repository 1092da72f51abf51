"""Each kind is said by those who have the right to it, and by nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.errors.therapy import OutOfPlace
from e2etherapy.therapy.care import rights
from e2etherapy.wire import care
from e2etherapy.wire.care import CARE
from e2etherapy.wire.content import Text
from e2etherapy.wire.item import Item
from e2etherapy.wire.role import Role
from tests.support.care_items import of_any_form
from tests.support.talk import MONDAY, Talk

NOW = st.just(MONDAY)


def test_every_kind_has_somebody_who_says_it() -> None:
    assert rights.SPEAKERS.keys() == set(CARE)
    assert all(rights.SPEAKERS.values())


@given(item=of_any_form({"id": st.just(bytes(16)), "sequence": st.just(1), "written": NOW}, NOW))
@pytest.mark.parametrize("author", Role)
def test_what_the_other_side_says_is_out_of_place(author: Role, item: Item) -> None:
    if author in rights.SPEAKERS[type(item)]:
        rights.require_speaker(author, item)
        return
    with pytest.raises(OutOfPlace, match=f"a {author} does not say this"):
        rights.require_speaker(author, item)


def test_a_message_is_not_about_the_therapy() -> None:
    text = Text(id=bytes(16), sequence=1, written=MONDAY, text="Hello.")
    with Talk().refusal("does not say this"):
        Talk().hears(Role.CLIENT, text)


@pytest.mark.parametrize("kind", [care.Agreement, care.Homework, care.ConsentRequest, care.Summary])
def test_a_client_does_not_speak_for_the_therapist(kind: type[Item]) -> None:
    assert Role.CLIENT not in rights.SPEAKERS[kind]


@pytest.mark.parametrize(
    "kind", [care.AgreementAcceptance, care.Consent, care.Priority, care.CheckIn, care.Landing]
)
def test_a_therapist_does_not_speak_for_the_client(kind: type[Item]) -> None:
    assert Role.THERAPIST not in rights.SPEAKERS[kind]

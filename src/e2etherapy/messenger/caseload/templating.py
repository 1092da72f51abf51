"""Keeping texts with placeholders, and filling one for somebody."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from e2etherapy.errors import MessengerError
from e2etherapy.errors.therapy import TherapyError
from e2etherapy.messenger import autosaving
from e2etherapy.messenger.autosaving import Typed
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.settings import checked_name
from e2etherapy.therapy.caseload import templates as forms
from e2etherapy.vault import templates
from e2etherapy.vault.templates import Kept

_NAME = "name"
"""The placeholder that is filled with the name of the conversation."""


@contextlib.contextmanager
def _nothing_changed() -> Iterator[None]:
    """Let what is wrong with a template say what was not done for it."""
    try:
        yield
    except TherapyError as error:
        raise type(error)(f"{error} Nothing was changed.") from None


async def add(device: Device, name: str, text: str) -> Kept:
    """Keep a template.

    Raises:
        InvalidTemplate: it is empty or too long, or a brace in it belongs to no placeholder.
        MessengerError: there is one of this name, or it cannot be a name.
    """
    with _nothing_changed():
        forms.parse(text)
    called = checked_name(name)
    if await templates.find(device.vault.db, called) is not None:
        raise MessengerError(
            "There is already a template of this name. Nothing was changed. Choose another name, "
            "or remove that one first."
        )
    change = await device.begin_private()
    templates.keep(change, called, text)
    autosaving.finish(change, Typed.TEMPLATE, None, text)
    await device.vault.commit(change)
    return Kept(called, text)


async def every(device: Device) -> list[Kept]:
    """Return all templates, by name."""
    return await templates.every(device.vault.db)


async def named(device: Device, name: str) -> Kept:
    """Return a template.

    Raises:
        MessengerError: there is none of this name.
    """
    found = await templates.find(device.vault.db, name)
    if found is None:
        raise MessengerError(
            "There is no template of this name. Nothing was changed. 'e2etherapy template list' "
            "names them."
        )
    return found


async def remove(device: Device, name: str) -> Kept:
    """Forget a template, and return it.

    Raises:
        MessengerError: there is none of this name.
    """
    found = await named(device, name)
    change = await device.begin_private()
    templates.drop(change, found.name)
    await device.vault.commit(change)
    return found


async def filled(device: Device, template: str, called: str, words: Mapping[str, str]) -> str:
    """Return the text of a template for somebody.

    Args:
        device: whose vault it is.
        template: its name.
        called: the name of the conversation; it fills {name} unless there are other words for it.
        words: for each of the other placeholders.

    Raises:
        MessengerError: there is no such template.
        UnknownPlaceholder, UnfilledTemplate: the words are not for each placeholder and no other.
    """
    with _nothing_changed():
        parsed = forms.parse((await named(device, template)).text)
        values = dict(words)
        if _NAME in parsed.placeholders and _NAME not in {key.casefold() for key in values}:
            values[_NAME] = called
        return forms.fill(parsed, values)

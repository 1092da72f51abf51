"""The address of a relay as a person types it, and whether anything answers there."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

from e2etherapy.cli import output, questions
from e2etherapy.errors import InvalidLink


def typed(text: str) -> str:
    """Return a relay's URL.

    A single word is more often a mistake than a host; where it is one, https:// says so.

    Raises:
        InvalidLink: it is not the address of a relay.
    """
    from e2etherapy.messenger.line.address import relay_url

    url = relay_url(text)
    host = urlsplit(url).hostname or ""
    if "://" not in text and not {".", ":"} & set(host) and host != "localhost":
        raise InvalidLink(
            f"{text.strip()!r} is not the address of a relay. It looks like https://relay.example "
            f"or http://127.0.0.1:8700; if your relay's name really has no dot, write {url}."
        )
    return url


def problem(url: str) -> str | None:
    """Ask whether a relay answers there; return why not."""
    from e2etherapy.cli import event_loop
    from e2etherapy.cli.examination import examine_relay
    from e2etherapy.messenger.clock import system_clock

    checks = event_loop.run(examine_relay(url, system_clock()))
    return next(
        (check.sentence for check in checks if check.name == "relay" and not check.ok), None
    )


def go_on_without(sentence: str, *, asking: bool) -> None:
    """Say that no relay answers; a person decides whether to go on.

    Raises:
        click.Abort: they do not want to.
    """
    output.remark(
        f"{sentence} A vault can be made all the same: messages wait in it until the relay "
        "answers, and 'e2etherapy settings relay' sets another address."
    )
    if asking and sys.stdin.isatty():
        questions.confirm("Make it with this address?")

"""Writing and fetching; the list of conversations."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack, cast

import click

from e2etherapy.cli import later, output, typed_text, wording
from e2etherapy.cli.inert import inert_line
from e2etherapy.cli.invocation import Invocation, vault_options
from e2etherapy.cli.suggestion import told
from e2etherapy.cli.therapy import reminder
from e2etherapy.cli.wrapping import terminal_width

if TYPE_CHECKING:
    from e2etherapy.cli.answers import Conversation, Phase, Sent
    from e2etherapy.errors import RelayError
    from e2etherapy.messenger.messenger import Messenger
    from e2etherapy.messenger.outbound.delaying import DelayedView
    from e2etherapy.messenger.views import ConversationView, SyncReport


_ONLY_A_TEXT = (
    "--later keeps a text until its time, and takes no file and no --undo. Nothing was sent."
)


class _How(TypedDict):
    """In which way something is sent; `at` is a time of this machine's clock."""

    anyway: bool
    as_file: bool
    at: datetime | None
    undo: int
    voice: tuple[Path, ...]


@click.command(
    epilog="""\b
Examples:
  e2etherapy send "Dr. Okafor" "I slept better."
  e2etherapy send "Dr. Okafor" - < letter.txt
  e2etherapy send "Dr. Okafor" --attach diary.pdf --attach lake.jpg
  e2etherapy send "Dr. Okafor" --voice evening.m4a
  e2etherapy send "Dr. Okafor" "Good morning." --later "2026-01-31 09:00"
  e2etherapy send "Dr. Okafor" "I am furious." --undo 20"""
)
@click.argument("name")
@click.argument("text", required=False)
@click.option(
    "--attach",
    "paths",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Send this file, up to 25 MB; may be given again for more.",
)
@click.option(
    "--voice",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Send this recording as a voice note (WAV, Ogg, M4A, MP3).",
)
@click.option(
    "--as-file",
    is_flag=True,
    help="Send pictures and recordings as they are, with place and time.",
)
@click.option(
    "--anyway",
    is_flag=True,
    help="A therapist's text is meant, whatever points to another client.",
)
@click.option(
    "--later",
    "at",
    type=later.TIME,
    metavar="TIME",
    help="Keep the text until then, like \"2026-01-31 09:00\"; see 'later'.",
)
@click.option(
    "--undo",
    type=click.IntRange(0, 3_600),
    default=0,
    metavar="SECONDS",
    help="Wait so long first; Ctrl-C takes it back. [default: 0]",
)
@vault_options
@click.pass_obj
def send(
    invocation: Invocation,
    /,
    name: str,
    text: str | None,
    paths: tuple[Path, ...],
    **how: Unpack[_How],
) -> None:
    """Send a text, files or both to NAME.

    TEXT may be - for standard input, byte for byte; without it, a pipe is read or you are asked.

    Place, time, device and the like are taken out of pictures and voice notes. What cannot be
    cleaned is not sent without --as-file; other files go as they are.

    A therapist's text that has another client's name or words in it is asked about first; without a
    terminal it is not sent.

    What can't be delivered now is safe on this device and goes out with the next sync.
    """
    from e2etherapy.cli import sending

    invocation.if_stopped = "Nothing was sent."
    if how["at"] is not None:
        at = later.in_utc(how["at"])
        if paths or how["voice"] or how["undo"]:
            raise click.UsageError(_ONLY_A_TEXT)
        _send_later(invocation, name, text, at, anyway=how["anyway"])
        return
    files = [sending.attachment(path, as_file=how["as_file"]) for path in paths]
    files += [sending.attachment(path, as_file=how["as_file"], voice=True) for path in how["voice"]]
    given = None if text is None and files else typed_text.piped(text)
    asked = given is None and not files

    async def deliver(messenger: Messenger) -> Sent:
        words = None
        if asked or given is not None:
            words = await _meant(invocation, messenger, name, given, anyway=how["anyway"])
        if not invocation.json:
            sending.tell(files)
        await _time_to_undo(invocation, messenger, name, how["undo"], typed=asked)
        done = await sending.send(messenger, name, words, files)
        invocation.if_stopped = wording.SENT_ALREADY
        return done

    sending.show(invocation, invocation.unlocked(deliver))


def _send_later(
    invocation: Invocation, name: str, text: str | None, at: datetime, *, anyway: bool
) -> None:
    given = typed_text.piped(text)

    async def delay(messenger: Messenger) -> DelayedView:
        words = await _meant(invocation, messenger, name, given, anyway=anyway)
        return await messenger.send_later(name, words, at)

    view = invocation.unlocked(delay)
    output.answer(invocation, later.answer(view), later.kept(view))


async def _meant(
    invocation: Invocation, messenger: Messenger, name: str, given: str | None, *, anyway: bool
) -> str:
    """Return a text that was given or is typed, and is meant for this person."""
    from e2etherapy.cli.therapy import doubt

    words = await _written(invocation, messenger, name) if given is None else given
    if not anyway:
        await doubt.require_meant(invocation, messenger, name, words)
    return words


async def _time_to_undo(
    invocation: Invocation, messenger: Messenger, name: str, seconds: int, *, typed: bool
) -> None:
    """Wait before anything is sealed; other processes may use the vault meanwhile."""
    from e2etherapy.messenger.outbound.sending import require_ready

    if not seconds:
        return
    await require_ready(messenger.device, name)
    output.remark(f"Sending in {wording.counted(seconds, 'second', 'seconds')}. Ctrl-C undoes it.")
    kept = "What was typed is kept on this device" if typed else "Nothing of it is kept"
    with invocation.meanwhile(f"Nothing was sent. {kept}."):
        await messenger.device.vault.pause()
        await messenger.device.sleep(seconds)
        await messenger.device.vault.resume()


async def _written(invocation: Invocation, messenger: Messenger, name: str) -> str:
    from e2etherapy.cli.typing_desk import OpenDrawer, Typing, typed
    from e2etherapy.messenger.autosaving import Typed
    from e2etherapy.messenger.outbound.sending import require_ready
    from e2etherapy.messenger.reading import standing

    await require_ready(messenger.device, name)  # to whom nothing can be sent is said before typing
    called = (await standing(messenger.device.vault, name)).name
    heading = f"Your message to {inert_line(called)}."
    typing = Typing(heading, OpenDrawer(messenger, Typed.MESSAGE, called), "Nothing was sent.")
    return await typed(invocation, messenger, typing)


@click.command(epilog="\b\nExamples:\n  e2etherapy sync\n  e2etherapy sync --wait")
@click.option("--wait", is_flag=True, help="Go on until Ctrl-C, fetching what arrives.")
@vault_options
@click.pass_obj
def sync(invocation: Invocation, wait: bool) -> None:
    """Fetch what has arrived; deliver what waits.

    With --wait --json each arrival is one line of JSON.
    """
    from e2etherapy.cli import syncing

    if wait:
        invocation.unlocked(lambda messenger: syncing.until_stopped(invocation, messenger))
        return

    async def once(
        messenger: Messenger,
    ) -> tuple[SyncReport, RelayError | None, date | None]:
        invocation.if_stopped = wording.SYNC_STOPPED
        return *await _sync_once(messenger), await reminder.card_to_confirm(messenger)

    report, failure, confirmed = invocation.unlocked(once)
    if failure is not None:
        output.answer(invocation, syncing.answer(report, confirmed), wording.synced(report))
        raise failure
    syncing.show_all(invocation, report, confirmed)


async def _sync_once(messenger: Messenger) -> tuple[SyncReport, RelayError | None]:
    """Sync; a relay that failed is told of as well as what waits for it."""
    from e2etherapy.cli import syncing
    from e2etherapy.errors import RelayError
    from e2etherapy.messenger.views import SyncReport
    from e2etherapy.vault import outbox

    try:
        return await syncing.once(messenger), None
    except RelayError as error:
        unsent = await outbox.count(messenger.device.vault.db)
        return SyncReport(unsent=unsent, problem=str(error)), error


@click.command(
    epilog="\b\nExamples:\n  e2etherapy conversations\n  e2etherapy conversations --ended"
)
@click.option("--ended", is_flag=True, help="Those that are over instead.")
@vault_options
@click.pass_obj
def conversations(invocation: Invocation, ended: bool) -> None:
    """List your conversations.

    One that has ended is left out once you have read all of it; --ended lists those.
    """

    async def found(messenger: Messenger) -> tuple[list[ConversationView], date | None]:
        return await messenger.conversations(), await reminder.card_to_confirm(messenger)

    every, confirmed = invocation.unlocked(found)
    views = [view for view in every if (view.ended if ended else _concerns(view))]
    over = sum(not _concerns(view) for view in every)
    listed = [_answer(view, confirmed) for view in views]
    width = terminal_width()
    shown = [wording.conversation(view, width) for view in views]
    if over and not ended:
        shown.append(told(f"Ended: {over}. 'e2etherapy conversations --ended' lists them."))
    nothing = "No conversation has ended." if ended else wording.NO_CONVERSATIONS
    human = "\n\n".join(shown) or told(nothing)
    output.answer(invocation, listed, reminder.below(human, confirmed))


def _answer(view: ConversationView, confirmed: date | None) -> Conversation:
    from e2etherapy.cli.answers import Conversation

    return Conversation(
        name=view.name,
        role=view.role.value,
        phase=cast("Phase", view.phase),
        verification=view.verification.value,
        relay=view.relay,
        messages=view.messages,
        unread=view.unread,
        missing=view.missing,
        waiting=view.waiting,
        last=view.last,
        ended=view.ended,
        card_to_confirm=confirmed,
        begun=view.begun,
    )


def _concerns(view: ConversationView) -> bool:
    """Say whether somebody has still something to do there: one that has ended may be unread."""
    return not view.ended or bool(view.unread)

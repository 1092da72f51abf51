"""A relay and two people in conversation on this machine: `python -m e2etherapy.cli.demo`.

Everything is real: a relay process with its file, two encrypted vaults, and the network between
them is this machine's loopback. Nothing outside of one temporary folder is touched.
"""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from importlib import resources

import click

from e2etherapy.cli import demo_views, event_loop, plaintext_search
from e2etherapy.cli.demo_stage import CLIENT, THERAPIST, DemoFailed, Stage, how_to_go_on, staged
from e2etherapy.cli.demo_views import Told
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.views import MessageView
from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.vault.vault import Place
from e2etherapy.wire import base64url
from e2etherapy.wire.role import Role


@click.command()
@click.option("--keep", is_flag=True, help="Leave the relay running and keep the folder.")
def demo(keep: bool) -> None:
    """Show a relay and two people in conversation, and what the relay's operator sees of it."""
    texts = _texts()
    with staged(keep=keep) as stage:
        demo_views.show_place(f"A relay process listens on {stage.url}", stage, stage.database)
        told = event_loop.run(_story(stage, texts))
        demo_views.show_people(told)
        demo_views.show_operator(told)
        _require_blind(texts, told)
        if keep:
            demo_views.row(how_to_go_on(stage))
    if not keep:
        demo_views.say(
            "\nThe relay has stopped, and the temporary folder with everything in it was removed. "
            "'make demo KEEP=1' leaves both."
        )


def _texts() -> list[dict[str, str]]:
    source = resources.files("e2etherapy.cli").joinpath("demo_texts.json")
    texts: list[dict[str, str]] = json.loads(source.read_text("utf-8"))
    return texts


async def _story(stage: Stage, texts: list[dict[str, str]]) -> Told:
    told = Told()
    async with AsyncExitStack() as stack:
        therapist = await _person(stage, stack, Role.THERAPIST, stage.allowance)
        client = await _person(stage, stack, Role.CLIENT, None)
        told.phrase = await _meet(therapist, client)
        for number, text in enumerate(texts):
            author, peer = (
                (client, THERAPIST) if text["author"] == Role.CLIENT else (therapist, CLIENT)
            )
            if number and texts[number - 1]["author"] != text["author"]:
                told.look(stage)  # just before the other side fetches what waits
                await author.sync()
            await author.send(peer, text["text"])
        told.look(stage)
        for person in (client, therapist, client):
            await person.sync()
        told.look(stage)
        told.seen = {
            CLIENT: await client.thread(THERAPIST),
            THERAPIST: await therapist.thread(CLIENT),
        }
        await therapist.journal_verify()
    return told


async def _person(
    stage: Stage, stack: AsyncExitStack, role: Role, allowance: str | None
) -> Messenger:
    passphrase = base64url.encode(system_entropy(12))
    file = stage.folder / f"{role}.passphrase"
    file.touch(mode=0o600)
    file.write_text(f"{passphrase}\n", "ascii")
    place = Place(stage.folder / str(role), stage.folder / "state" / "e2etherapy")
    name = THERAPIST if role is Role.THERAPIST else CLIENT
    messenger, _ = await Messenger.create(
        place, role, passphrase, stage.url, name=name, allowance=allowance
    )
    demo_views.show_place(f"{name} has an encrypted vault", stage, place.folder)
    return await stack.enter_async_context(messenger)


async def _meet(therapist: Messenger, client: Messenger) -> tuple[str, ...]:
    invitation = await therapist.invite(CLIENT)
    await client.join(invitation.link)
    await therapist.sync()
    phrase = await client.safety_phrase(THERAPIST)
    same = phrase == await therapist.safety_phrase(CLIENT)
    await client.record_verification(THERAPIST, matched=same)
    await therapist.record_verification(CLIENT, matched=same)
    if not same:
        raise DemoFailed("The six words are not the same on both sides.")
    return phrase


def _require_blind(texts: list[dict[str, str]], told: Told) -> None:
    if not told.waiting:
        raise DemoFailed("No envelope ever waited in the relay's file.")
    if any([view.text for view in views] != [t["text"] for t in texts] for views in _shown(told)):
        raise DemoFailed("What the two people see is not what was written.")
    words = plaintext_search.distinct_words([t["text"] for t in texts] + [CLIENT, THERAPIST])
    seen = "\n".join([*(view.text for views in _shown(told) for view in views), *told.seen])
    control = plaintext_search.search(words, {"the conversation": f" {seen}\n".encode()})
    relay = plaintext_search.search(words, told.relay_bytes)
    demo_views.show_findings(control, relay)
    if len(control.found) != control.words:
        raise DemoFailed("The search does not find words that are there; it proves nothing.")
    if relay.found:
        raise DemoFailed(f"The relay holds words of the conversation: {relay.found}")


def _shown(told: Told) -> list[list[MessageView]]:
    return list(told.seen.values())


if __name__ == "__main__":
    demo(prog_name="make demo")

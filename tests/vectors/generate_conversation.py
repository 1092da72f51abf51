"""Generates own/conversation.json: what each side opens and refuses, envelope by envelope."""

import copy

from e2etherapy.primitives.kem import Kem768Public
from e2etherapy.session.states import Established
from e2etherapy.wire import envelope
from e2etherapy.wire.body import pack_body, pad_body
from tests.vectors import package_session, second_session
from tests.vectors.conversation_script import (
    LOW_ORDER,
    Author,
    Script,
    crafted,
    damaged,
    low_order_opening,
    opened,
)
from tests.vectors.generation import (
    DAY,
    LAST_DAY,
    File,
    Seeded,
    b64,
    body_of,
    written,
)
from tests.vectors.vector_files import Case, Json


def write_conversation() -> int:
    file = File(
        "conversation",
        "4 to 7",
        "What one side opens, step by step. A step begins a turn of one's own with recorded "
        "values, or opens an envelope on a day; the output has the outcome of each step and the "
        "state after all of them. A failed step changes nothing.",
    )
    script = Script(file)
    client = script.client
    openings = [client.say(f"opening {i}") for i in range(3)]
    own_1 = client.turns[0]
    script.establish(openings[0])
    therapist = script.therapist
    foreign = other_client(script)
    turn_2 = [therapist.say(f"turn 2, {i}") for i in range(3)]
    own_2 = therapist.turns[0]
    client.hear(turn_2[0])
    joined_state = client.state
    turn_3 = [client.say(f"turn 3, {i}") for i in range(3)]
    beyond = Author(file, "client's copy", client.state)
    beyond.turns = copy.deepcopy(client.turns)
    behind_the_end = beyond.say("turn 3, 3")
    therapist.hear(turn_3[0])
    turn_4 = [therapist.say(f"turn 4, {i}") for i in range(2)]
    own_4 = therapist.turns[1]
    own_3 = client.turns[1]
    client.hear(turn_4[1])
    turn_5 = [client.say("turn 5, 0")]

    in_order(script, (openings, turn_2, turn_3, turn_4, turn_5), (own_1, own_2, own_3, own_4))
    out_of_order(script, (openings, turn_2, turn_3, turn_4, turn_5), (own_1, own_2, own_3, own_4))
    refused_openings(script, openings, turn_3[0], foreign)
    refused_messages(script, [openings[0], own_2, own_4], (turn_2, turn_3, turn_5), behind_the_end)
    late_openings(script, [*openings, foreign], own_2, turn_3[0])
    forged_turns(script, [openings[0], own_2], joined_state, turn_3[0])
    contents(script, [openings[0], own_2], joined_state)
    limits(script, openings, own_2, joined_state)
    forgotten_chains(script, [openings[0], own_2], joined_state)
    client_refusals(script, own_1, openings, turn_2)
    return file.write()


def other_client(script: Script) -> Json:
    """Somebody else who uses the same invitation."""
    other = Author(script.file, "other client", script.join("other client"))
    return other.say("opening by somebody else")


Turns = tuple[list[Json], ...]


def in_order(script: Script, turns: Turns, own: tuple[Json, ...]) -> None:
    one, two, three, four, five = ([opened(spoken) for spoken in turn] for turn in turns)
    script.therapist_case(
        "the therapist opens three turns in order", *one, own[1], *three, own[3], *five
    )
    script.client_case("the client opens two turns in order", own[0], *two, own[2], *four)


def out_of_order(script: Script, turns: Turns, own: tuple[Json, ...]) -> None:
    one, two, three, four, five = ([opened(spoken) for spoken in turn] for turn in turns)
    script.therapist_case(
        "the therapist opens in any order, also what a later turn overtook",
        one[2], own[1], three[2], one[0], three[0], own[3], five[0], three[1], one[1],
    )  # fmt: skip
    script.client_case(
        "the client opens in any order, also what a later turn overtook",
        own[0], two[1], two[2], own[2], four[1], two[0], four[0],
    )  # fmt: skip


def refused_openings(script: Script, openings: list[Json], message: Json, foreign: Json) -> None:
    first = openings[0]
    offsets = (0, 31, 40, 1679, 1700, 4007, 4010, 4039, 4045, 16_383)
    random = {"hex": Seeded("random")(32).hex(), "times": 512}
    script.therapist_case(
        "what is not an opening of this invitation, or is damaged anywhere, changes nothing",
        damaged(first, length=16_383), damaged(first, length=16_385), opened({"hex": ""}),
        opened(random), opened(message),
        *(damaged(first, xor={str(offset): 1}) for offset in offsets),
        opened(low_order_opening(script, 0)), opened(low_order_opening(script, 32)),
        opened(first, LAST_DAY + 31), opened(first, LAST_DAY + 30),
        opened(openings[1], LAST_DAY + 31),
        damaged(openings[2], xor={"16383": 128}), opened(openings[2]),
    )  # fmt: skip
    script.therapist_case(
        "an invitation is used once, and an envelope is opened once",
        opened(openings[1]), opened(foreign), opened(openings[1]), opened(openings[0]),
        opened(openings[0]), opened(foreign, LAST_DAY + 31), opened(openings[2]),
    )  # fmt: skip


def late_openings(script: Script, spoken: list[Json], own_2: Json, message: Json) -> None:
    one = [opened(opening) for opening in spoken[:3]]
    foreign = opened(spoken[3])
    script.therapist_case(
        "openings are known as such until no envelope of turn 1 is missing",
        one[1], own_2, opened(message), foreign, one[0], foreign, one[2], foreign, one[2],
    )  # fmt: skip


def refused_messages(
    script: Script, start: list[Json], turns: tuple[list[Json], ...], behind: Json
) -> None:
    first, own_2, own_4 = start
    two, three, five = turns
    offsets = (0, 23, 24, 31, 32, 2359, 2360, 2391, 2392, 16_383)
    script.therapist_case(
        "a message that is damaged, replayed, reflected or from a turn to come changes nothing",
        opened(first), opened(three[0]), own_2, opened(two[0]),
        *(damaged(three[1], xor={str(offset): 1}) for offset in offsets),
        opened(five[0]), opened(three[1]), opened(three[1]), opened(first),
        damaged(three[0], length=16_383), opened(three[0]), own_4, opened(three[0]),
        opened(five[0]), opened(five[0]), opened(behind), opened(three[2]), opened(behind),
    )  # fmt: skip


def forged_turns(script: Script, start: list[Json], state: Established, honest: Json) -> None:
    first, own_2 = start
    liar = Author(script.file, "rollback", state)
    liar.begin()
    low_order = crafted(liar, "low-order header", x=LOW_ORDER)
    script.therapist_case(
        "a header with a low-order key is refused", opened(first), own_2, opened(low_order),
        opened(honest),
    )  # fmt: skip
    keyless = Author(script.file, "no key", state)
    keyless.begin(kem_public=Kem768Public(b"\xff" * Kem768Public.SIZE))
    script.therapist_case(
        "a turn whose ML-KEM key fails its check is refused",
        opened(first), own_2, opened(keyless.say("no key")), opened(honest),
    )  # fmt: skip
    liar.change(previous_length=1)
    rollback = liar.say("previous length 1")
    liar.change(previous_length=8_193)
    flood = liar.say("previous length 8,193")
    second, third = {"blob": "client: opening 1"}, {"blob": "client: opening 2"}
    script.therapist_case(
        "a previous length below what has arrived, or above what a turn can have, is refused",
        opened(third), opened(second), own_2, opened(rollback), opened(flood), opened(honest),
    )  # fmt: skip
    hybrid = Author(script.file, "wrapped", state)
    body = pack_body(hybrid.item("turn 3 as an opening"))
    body = pad_body(body, envelope.OPENING_BODY_SIZE)
    wrapped = hybrid.say_body("turn 3 as an opening", body, script.wrapping)
    steps = [opened(first), own_2, opened(wrapped), opened(honest)]
    given = {"role": "therapist", **script.therapist_input, "steps": steps}
    case = Case("", "", "", given, None, None, script.file.blobs)
    expected = written(second_session.conversation(case))
    script.file.passes("conversation", "an opening never begins turn 3", given, expected)


def contents(script: Script, start: list[Json], state: Established) -> None:
    first, own_2 = start
    author = Author(script.file, "future", state)
    size = envelope.MESSAGE_BODY_SIZE
    common = {"id": b64(bytes(16)), "sequence": 9, "written": "2026-06-20T12:00:00Z"}
    items = {
        "unknown kind": {"kind": "mood", **common, "mood": 7},
        "unknown member": {"kind": "text", **common, "text": "", "colour": 1},
    }
    spoken = [
        author.say_body(name, body_of({"item": item}).ljust(size, b"\0"))
        for name, item in items.items()
    ]
    good = pack_body(author.item("padding"))
    spoken.append(author.say_body("padding that is not zero", good.ljust(size, b"\x01")))
    spoken.append(author.say("after that"))
    script.therapist_case(
        "a body that breaks its form is refused as content and used up; an unknown kind is kept",
        opened(first), own_2, *map(opened, spoken), *map(opened, spoken),
    )  # fmt: skip


def limits(script: Script, openings: list[Json], own_2: Json, state: Established) -> None:
    far = Author(script.file, "far ahead", state)
    start = [far.say(f"number {i}") for i in range(2)]
    spoken = []
    for number in (2_048, 8_191):
        far.advance(number)
        spoken.append(far.say(f"number {number}"))
    script.therapist_case(
        "2,048 secrets of a chain are kept, the newest of those that are missing",
        opened(openings[0]), own_2, opened(spoken[0]), opened(start[0]), opened(spoken[1]),
        opened(start[1]), opened(spoken[0]), opened(spoken[1]),
    )  # fmt: skip
    script.therapist_case(
        "a turn has 8,192 envelopes and no number behind them",
        opened(openings[0]), own_2, opened(crafted(far, "number 8,192")), opened(spoken[1]),
    )  # fmt: skip
    script.therapist_case(
        "a secret is kept for 45 days",
        opened(openings[0]), own_2, opened(start[1]), opened(spoken[0], DAY + 45),
        opened(start[0], DAY + 45),
    )  # fmt: skip
    script.therapist_case(
        "a secret is gone after 45 days",
        opened(openings[0]), own_2, opened(start[1]), opened(spoken[0], DAY + 46),
        opened(start[0], DAY + 46),
    )  # fmt: skip
    full_conversation(script, openings[0], own_2, far, (start, spoken[0]))


def full_conversation(
    script: Script, first: Json, own_2: Json, far: Author, turn_3: tuple[list[Json], Json]
) -> None:
    start, last = turn_3
    therapist = Author(script.file, "therapist of the far", script.therapist.state)
    therapist.state = replay_therapist(script, [opened(first), own_2, opened(last)])
    answers = []
    steps = [opened(first), own_2, opened(last)]
    far.change(number=2_049)
    for turn in (5, 7):
        answers.append(therapist.say(f"before turn {turn}"))
        far.hear(answers[-1])
        far.begin()
        far.advance(2_048 if turn == 5 else 1)
        spoken = far.say(f"turn {turn}, last")
        therapist.hear(spoken)
        steps += [therapist.turns[-1], opened(spoken)]
    script.therapist_case(
        "4,096 secrets of a conversation are kept; the oldest goes first",
        *steps, opened(start[0]), opened(start[1]),
    )  # fmt: skip


def replay_therapist(script: Script, steps: list[Json]) -> Established:
    given = {"role": "therapist", **script.therapist_input, "steps": steps}
    side = package_session.Conversation(Case("", "", "", given, None, None, script.file.blobs))
    for step in steps:
        side.step(step)
    assert isinstance(side.state, Established)
    return side.state


def forgotten_chains(script: Script, start: list[Json], state: Established) -> None:
    first, own_2 = start
    client = Author(script.file, "client of many turns", state)
    therapist = Author(script.file, "therapist of many turns", script.therapist.state)
    therapist.state = replay_therapist(script, [opened(first), own_2])
    missing = [client.say(f"turn 3, {i}") for i in range(3)]
    steps = [opened(first), own_2, opened(missing[2])]
    overtaken = missing[1]
    therapist.hear(missing[2])
    for turn in (5, 7, 9, 11, 13):
        client.hear(therapist.say(f"answer before turn {turn}"))
        late = client.say(f"turn {turn}, 0")
        spoken = client.say(f"turn {turn}, 1")
        therapist.hear(spoken)
        steps += [therapist.turns[-1], opened(spoken)]
        if turn == 11:
            steps.append(opened(missing[0]))
        if turn == 5:
            overtaken = late
    script.therapist_case(
        "four old chains are known, the fifth is forgotten",
        *steps, opened(missing[1]), opened(overtaken),
    )  # fmt: skip


def client_refusals(script: Script, own_1: Json, openings: list[Json], turn_2: list[Json]) -> None:
    script.client_case(
        "the client opens nothing before it has spoken, and nothing of its own",
        opened(turn_2[0]), own_1, opened(openings[0]),
        *(damaged(turn_2[0], xor={str(offset): 1}) for offset in (0, 31, 32, 2360, 16_383)),
        opened(turn_2[0]), opened(turn_2[0]), opened(openings[0]),
    )  # fmt: skip

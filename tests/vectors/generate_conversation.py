"""Generates own/conversation.json: what each side opens and refuses, envelope by envelope."""

import copy
from typing import Any
from unittest import mock

import msgspec

from e2etherapy.primitives.kem import Kem768Public
from e2etherapy.session import conversation as session
from e2etherapy.session import opening, ratchet
from e2etherapy.session.ratchet import TurnKeys
from e2etherapy.session.states import Established, Wrapping
from e2etherapy.wire import content, envelope
from e2etherapy.wire.content import ReplyTo, Text
from tests.vectors import package_checks, second_checks, second_implementation
from tests.vectors.generation import (
    DAY,
    LAST_DAY,
    WRITTEN,
    File,
    Seeded,
    b64,
    body_of,
    invitation,
    invitation_input,
    written,
)
from tests.vectors.vector_files import Bytes, Case, Json, read_bytes

LOW_ORDER = bytes(31) + b"\x80"


class Author:
    """One side as the package has it, with the encapsulation of each turn recorded."""

    def __init__(self, file: File, name: str, state: Established) -> None:
        self.file = file
        self.name = name
        self.state = state
        self.entropy = Seeded(name)
        self.sequence = 0
        self.turns: list[Json] = []

    def begin(self, kem_public: Kem768Public | None = None) -> None:
        """Begin a turn; `kem_public` is announced instead of the turn's own ML-KEM key."""
        peer = self.state.ratchet.peer
        assert peer is not None
        x, k = self.entropy(32), self.entropy(64)
        shared, ciphertext = peer.kem.encapsulate()
        own = package_checks.own_turn(x, k)
        if kem_public is not None:
            announced = TurnKeys(own.keys.x25519, kem_public)
            own = msgspec.structs.replace(own, keys=announced)
        self.state = package_checks.begun(self.state, own, (ciphertext, shared))
        recorded = self.file.blob(f"{self.name} ciphertext {len(self.turns)}", ciphertext)
        turn = {"x": x.hex(), "k": k.hex(), "ciphertext": recorded, "shared": bytes(shared).hex()}
        self.turns.append({"begin_turn": {**turn, "envelopes": 0}})

    def change(self, **sending: Any) -> None:  # noqa: ANN401 - as the fields of SendingChain
        """Alter the sending chain: a peer that does not keep to the protocol, or is far ahead."""
        state = self.state.ratchet
        assert state.sending is not None
        changed = msgspec.structs.replace(state.sending, **sending)
        after = msgspec.structs.replace(state, sending=changed)
        self.state = msgspec.structs.replace(self.state, ratchet=after)

    def advance(self, number: int) -> None:
        """Use up numbers as if their envelopes had been sealed."""
        self.state = package_checks.advanced(self.state, number)

    def item(self, words: str) -> Text:
        self.sequence += 1
        return Text(id=self.entropy(16), sequence=self.sequence, written=WRITTEN, text=words)

    def say(self, words: str) -> Json:
        if self.state.ratchet.own is None:
            self.begin()
        reply_to = ReplyTo(Seeded("mailbox")(32), Seeded("deposit")(32))
        sealed = session.seal(self.state, self.item(words), self.entropy, reply_to=reply_to)
        self.state = sealed.state
        return self.keep(words, sealed.envelope)

    def say_body(self, words: str, body: bytes, wrapping: Wrapping | None = None) -> Json:
        """Seal any body, as an opening if there is a wrapping."""
        if self.state.ratchet.own is None:
            self.begin()
        prefix = salt = self.entropy(32)
        if wrapping is not None:
            prefix += opening.wrap(wrapping, salt)
        after, sealed = ratchet.seal(self.state.ratchet, prefix, body, self.entropy)
        self.state = msgspec.structs.replace(self.state, ratchet=after)
        return self.keep(words, prefix + b"".join(sealed))

    def keep(self, words: str, sealed: bytes) -> Json:
        """Keep an envelope, and count it in the step that began its turn."""
        assert self.state.ratchet.sending is not None
        self.turns[-1]["begin_turn"]["envelopes"] = self.state.ratchet.sending.number
        return self.file.blob(f"{self.name}: {words}", sealed)

    def hear(self, spoken: Json) -> None:
        sealed = read_bytes(spoken, self.file.blobs)
        self.state = session.unseal(self.state, sealed, DAY).state


def opened(spoken: Bytes, day: int = DAY) -> Json:
    return {"open": spoken, "day": day}


def damaged(spoken: Json, **change: Any) -> Json:  # noqa: ANN401 - as the members of bytes
    return opened({**spoken, **change})


class Script:
    """A conversation of five turns, and all the envelopes that do not belong into it."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.invited, self.bundle = invitation("conversation")
        self.therapist_input = invitation_input(file, self.invited)
        self.client = Author(file, "client", self.join("client"))
        self.join_input = self.joined
        self.wrapping = self.client.state.wrapping
        self.therapist: Author

    def join(self, name: str) -> Established:
        entropy = Seeded(f"{name} keys")
        shared, ciphertext = self.bundle.kem.encapsulate()
        self.joined: Json = {
            "bundle": {"blob": "bundle"},
            "identity": entropy(32).hex(),
            "ephemeral": entropy(32).hex(),
            "ciphertext": self.file.blob(f"{name} opening ciphertext", ciphertext),
            "shared": bytes(shared).hex(),
        }
        case = Case("", "", "", self.joined, None, None, self.file.blobs)
        return package_checks.joined(case)

    def establish(self, first: Json) -> None:
        sealed = read_bytes(first, self.file.blobs)
        state = session.unseal(self.invited, sealed, DAY).state
        self.therapist = Author(self.file, "therapist", state)

    def therapist_case(self, name: str, *steps: Json) -> Json:
        given = {"role": "therapist", **self.therapist_input, "steps": list(steps)}
        return self.file.passes("conversation", name, given)

    def client_case(self, name: str, *steps: Json) -> Json:
        given = {"role": "client", **self.join_input, "steps": list(steps)}
        return self.file.passes("conversation", name, given)


def low_order_opening(script: Script, at: int) -> Bytes:
    """An opening whose client identity (at 0) or ephemeral key (at 32) has a low order."""
    assert script.wrapping is not None
    values = bytearray(script.wrapping.values)
    values[at : at + 32] = LOW_ORDER
    salt = Seeded(f"low order {at}")(32)
    wrapped = opening.wrap(Wrapping(script.wrapping.outer_key, bytes(values)), salt)
    rest = envelope.ENVELOPE_SIZE - len(salt + wrapped)
    return [(salt + wrapped).hex(), {"hex": "00", "times": rest}]


def crafted(author: Author, name: str, *, x: bytes = b"", number: int | None = None) -> Bytes:
    """An envelope whose header shows other values than the author's turn, and no body."""
    state = author.state.ratchet
    assert state.sending is not None
    assert state.own is not None
    s = second_implementation.Session(True, state.binding, b"", b"")
    s.sending = second_implementation.Chain(state.sending.header_key, state.sending.chain_key)
    s.sending.number = state.sending.number if number is None else number
    keys = (x or state.own.keys.x25519) + state.own.keys.kem + state.sending.ciphertext
    s.sending_keys = keys + state.sending.previous_length.to_bytes(4, "big")
    body = bytes(envelope.MESSAGE_BODY_SIZE)
    with mock.patch.object(second_implementation, "TURN_LIMIT", 2**32):
        sealed = second_implementation.seal_envelope(s, body, Seeded(name))
    kept = envelope.SALT_SIZE + envelope.SEALED_HEADER_SIZE
    return [sealed[:kept].hex(), {"hex": "00", "times": envelope.ENVELOPE_SIZE - kept}]


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
    body = content.pack_body(hybrid.item("turn 3 as an opening"))
    body = content.pad_body(body, envelope.OPENING_BODY_SIZE)
    wrapped = hybrid.say_body("turn 3 as an opening", body, script.wrapping)
    steps = [opened(first), own_2, opened(wrapped), opened(honest)]
    given = {"role": "therapist", **script.therapist_input, "steps": steps}
    case = Case("", "", "", given, None, None, script.file.blobs)
    expected = written(second_checks.conversation(case))
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
    good = content.pack_body(author.item("padding"))
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
    side = package_checks.Conversation(Case("", "", "", given, None, None, script.file.blobs))
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

"""Secrets never in repr, str, format, an exception or a pickle (docs/protocol.md, section 2)."""

from __future__ import annotations

import ast
import copy
import json
import logging
import pickle
import re
import traceback
from pathlib import Path
from string import Template

import msgspec
import pytest

from e2etherapy.errors import E2ETherapyError
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositKey,
    OwnedMailbox,
    OwnerKey,
    Ticket,
)
from e2etherapy.primitives import dh
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.primitives.kem import Kem768Secret, Kem1024Secret, KemShared
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.primitives.signing import Ed25519Secret, HybridSecret, MlDsa44Secret
from e2etherapy.session import conversation, handshake, turn
from e2etherapy.session.handshake import OneTimeSecrets
from e2etherapy.session.invitation import LinkKeys
from e2etherapy.session.skipped_keys import ChainKey, HeaderKey, MessageSecret, advance
from e2etherapy.vault.notes_key import NotesKey
from e2etherapy.wire.body import ReplyTo
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from e2etherapy.wire.invitation import InvitationLink, LinkSecret
from tests.support.devices import record_of, two
from tests.support.people import TODAY, Pair, connected, meet, seeded, talk
from tests.support.situations import SITUATIONS
from tests.support.thief import secrets_in

_LITERAL = re.compile(r"""b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*\"""", re.DOTALL)
SECRET_TYPES: list[type[SecretOctets]] = [
    X25519Secret,
    dh.X25519Shared,
    Kem768Secret,
    Kem1024Secret,
    KemShared,
    Ed25519Secret,
    MlDsa44Secret,
    turn.RootKey,
    ChainKey,
    HeaderKey,
    MessageSecret,
    LinkSecret,
    OwnerKey,
    DepositKey,
    Ticket,
    Allowance,
    ClaimToken,
    NotesKey,
]


def shows(text: str, secret: bytes) -> bool:
    """Say whether a text contains a secret as a bytes literal, in hex or as Latin letters."""
    literals = b"\x00".join(ast.literal_eval(found) for found in _LITERAL.findall(text))
    return (
        secret in literals
        or secret.hex() in text.lower()
        or secret.decode("latin-1") in text
        or str(list(secret))[1:-1] in text
    )


def secret_of(kind: type[SecretOctets]) -> tuple[SecretOctets, bytes]:
    value = seeded(kind.__name__)(kind.SIZE)
    return kind(value), value


@pytest.mark.parametrize("value", [b"'quoted\"" * 4, bytes(range(32)), b"\\" * 32])
def test_the_search_finds_what_is_shown(value: bytes) -> None:
    for text in (repr(value), repr({"key": [b"before" + value]}), value.hex().upper()):
        assert shows(text, value)
    assert not shows(repr(SecretOctets(value)), value)


@pytest.mark.parametrize("kind", SECRET_TYPES)
def test_a_secret_is_hidden_in_every_way_of_writing_it(kind: type[SecretOctets]) -> None:
    secret, value = secret_of(kind)
    for text in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret!s}",
        f"{secret!a}",
        f"{secret:>60}",
        "{} {!r}".format(*[secret] * 2),
        Template("$key").substitute(key=secret),
        str([secret]),
        str({"key": (secret,)}),
        ascii(secret),
    ):
        assert not shows(text, value)
        assert kind.__name__ in text


@pytest.mark.parametrize("kind", SECRET_TYPES)
def test_a_secret_cannot_be_pickled_or_copied_or_written_as_json(
    kind: type[SecretOctets],
) -> None:
    secret, _ = secret_of(kind)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps([secret], protocol)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_state_shows_a_secret(name: str) -> None:
    situation = SITUATIONS[name]()
    for state in (situation.reader.state, situation.author.state, situation.pair.invited):
        found = list(secrets_in(state))
        assert found
        for text in (repr(state), str(state), f"{state}", repr([state])):
            assert not any(shows(text, bytes(secret)) for secret in found)


def test_an_unused_invitation_does_not_show_the_link() -> None:
    """The bundle itself is the secret here: its hash is the link, and it holds two keys."""
    pair = meet()
    text = repr(pair.invited)
    packed = pair.bundle.pack()
    details = pair.bundle.details
    assert not shows(text, packed)
    for secret in (packed[-100:], bytes(pair.bundle.secret()), bytes(details.deposit_key)):
        assert not shows(text, secret)


def test_no_result_of_a_step_shows_a_secret() -> None:
    pair = connected(turns=3)
    sealed = pair.therapist.try_seal("words")
    opened = conversation.unseal(pair.client.state, sealed.envelope, TODAY)
    for result in (sealed, opened):
        found = list(secrets_in(result.state))
        assert found
        assert not any(shows(repr(result), bytes(secret)) for secret in found)


def test_no_result_of_opening_an_envelope_shows_what_was_said() -> None:
    """A text is as private as a key: it must not reach a log through a repr."""
    pair = connected(turns=3)
    words = "I have told nobody else"
    opened = conversation.unseal(pair.client.state, pair.therapist.seal(words), TODAY)
    assert words not in repr(opened)


def _handshake_values(pair: Pair) -> dict[str, object]:
    draw = seeded("values")
    secrets = OneTimeSecrets.generate(draw)
    link = LinkKeys.from_secret(pair.bundle.secret())
    agreed, _ = handshake.begin(pair.bundle, link.pre_shared_key, draw)
    return {
        "link keys": link,
        "one-time secrets": secrets,
        "agreed": agreed,
        "mailbox": OwnedMailbox.generate(draw),
        "address": OwnedMailbox.generate(draw).address(),
        "signer": HybridSecret.generate(draw),
        "chain step": advance(ChainKey(draw(32))),
        "link": InvitationLink("relay.example", pair.bundle.secret()),
    }


@pytest.mark.parametrize("name", _handshake_values(meet()))
def test_no_value_on_the_way_shows_a_secret(name: str) -> None:
    value = _handshake_values(meet())[name]
    fields = [getattr(value, field) for field in getattr(value, "__slots__", ())] or value
    found = list(secrets_in(fields))
    assert found
    assert not any(shows(repr(value), bytes(secret)) for secret in found)


def test_addresses_in_content_are_hidden() -> None:
    pair = meet()
    reply = ReplyTo(mailbox=seeded("mailbox")(32), deposit_key=seeded("deposit")(32))
    assert not shows(repr(reply), reply.deposit_key)
    for text in (repr(pair.bundle), repr(pair.bundle.details)):
        assert not shows(text, pair.bundle.details.deposit_key)
        assert not shows(text, pair.bundle.details.ticket)


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_refusal_shows_a_secret_even_with_its_traceback(name: str) -> None:
    situation = SITUATIONS[name]()
    state = situation.reader.state
    damaged = [
        situation.genuine[:position] + bytes([situation.genuine[position] ^ 1]) + rest
        for position in (40, 1700, 2370, 2400, 4020, 9000)
        for rest in [situation.genuine[position + 1 :]]
    ]
    found = list(secrets_in(state))
    for forged in (*damaged, bytes(ENVELOPE_SIZE), b""):
        with pytest.raises(E2ETherapyError) as caught:
            conversation.unseal(state, forged, TODAY)
        text = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert not any(shows(text, bytes(secret)) for secret in found)
        assert "genuine" not in text


def test_no_refused_seal_shows_what_was_to_be_said() -> None:
    pair = meet()
    talk(pair, 1)
    words = "very private " * 2_000
    with pytest.raises(E2ETherapyError) as caught:
        pair.therapist.seal(words)
    assert "private" not in "".join(traceback.format_exception(caught.value))


def test_secrets_compare_by_value_and_unlike_lengths_are_just_unequal() -> None:
    secret, value = secret_of(ChainKey)
    assert secret == value
    assert secret == ChainKey(value)
    assert secret != value[:-1]
    assert secret != value[:-1] + bytes([value[-1] ^ 1])
    assert (secret == 5, secret != 5) == (False, True)
    assert hash(secret) == hash(ChainKey(value))


async def test_no_log_holds_what_goes_into_the_vault(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A program around the messenger may write down everything that any library says."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "aiosqlite")
    async with two(tmp_path, turns=1) as pair:
        await pair.client.journal_write("words for nobody")
        record = await record_of(pair.client, "Dr. Okafor")
        said = "\n".join(str(line.getMessage()) for line in caplog.records)
    for secret in (b"words for nobody", b"turn 1", bytes(record.mailbox.owner_key)):
        assert repr(secret)[2:-1] not in said

"""Pitfall: deleted key still in the vault's database or its write-ahead log.

Every page of both files is decrypted with the vault's own key, whatever SQLite thinks of it: free
pages, old frames, slack. Each search first shows that it finds the secrets while they are in use.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from e2etherapy.errors import VaultFull
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.outbound.composing import Composer
from e2etherapy.session.skipped_keys import ChainKey, MessageSecret
from e2etherapy.session.states import Established, Invited
from e2etherapy.vault import journal_store
from e2etherapy.vault.change import Change
from e2etherapy.vault.database import Database
from tests.support.devices import Two, record_of, two
from tests.support.homes import Home
from tests.support.meddler import Meddler
from tests.support.thief import secrets_in
from tests.support.vault_pages import pages


def found(at: Home, secrets: set[bytes]) -> set[bytes]:
    """Return those of which either half is in some page: one may lie across two of them."""
    whole = b"\x00".join(pages(at))
    return {
        secret
        for secret in secrets
        if secret[:16] in whole or secret[-16:] in whole or secret.hex().encode() in whole
    }


async def secrets_of(messenger: Messenger, name: str) -> set[bytes]:
    return {bytes(secret) for secret in secrets_in((await record_of(messenger, name)).state)}


async def gone(at: Home, messenger: Messenger, name: str, before: set[bytes]) -> set[bytes]:
    """Return what the state no longer holds; none of it may be found, now or after closing."""
    no_longer = before - await secrets_of(messenger, name)
    assert found(at, no_longer) == set()
    await messenger.device.vault.pause()
    assert found(at, no_longer) == set()
    await messenger.device.vault.resume()
    return no_longer


def test_the_search_reads_pages_as_sqlite_does(pages_of_a_known_vault: bytes) -> None:
    # Bytes 16 to 23 of every SQLite database: page size 4096, and 80 reserved bytes.
    assert pages_of_a_known_vault[:5] == b"\x10\x00\x02\x02\x50"


@pytest.fixture
async def pages_of_a_known_vault(tmp_path: Path) -> bytes:
    async with two(tmp_path, met=False) as pair:
        return next(pages(pair.client_home))


async def test_sending_leaves_no_chain_key_behind(tmp_path: Path) -> None:
    async with two(tmp_path, turns=3) as pair:
        before = await secrets_of(pair.client, "Dr. Okafor")
        assert found(pair.client_home, before) == before
        await pair.client.send("Dr. Okafor", "one more in this turn")
        no_longer = await gone(pair.client_home, pair.client, "Dr. Okafor", before)
        assert len(no_longer) == 1


async def test_beginning_a_turn_leaves_no_root_key_behind(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        before = await secrets_of(pair.client, "Dr. Okafor")
        assert found(pair.client_home, before) == before
        await pair.client.send("Dr. Okafor", "a new turn")
        # The root key; the next header key is the new chain's header key now.
        assert len(await gone(pair.client_home, pair.client, "Dr. Okafor", before)) == 1


async def test_receiving_a_turn_leaves_no_private_key_behind(tmp_path: Path) -> None:
    async with two(tmp_path, turns=3) as pair:
        state = (await record_of(pair.client, "Dr. Okafor")).state
        assert isinstance(state, Established)
        assert state.ratchet.own is not None
        private = {bytes(state.ratchet.own.x25519), bytes(state.ratchet.own.kem)}
        before = await secrets_of(pair.client, "Dr. Okafor")
        assert found(pair.client_home, before) == before
        await pair.therapist.send("Sam", "an answer")
        await pair.client.sync()
        assert private < await gone(pair.client_home, pair.client, "Dr. Okafor", before)


async def test_receiving_more_of_a_turn_leaves_no_chain_key_behind(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        before = await secrets_of(pair.client, "Dr. Okafor")
        await pair.therapist.send("Sam", "more of the same turn")
        await pair.client.sync()
        no_longer = await gone(pair.client_home, pair.client, "Dr. Okafor", before)
        assert {len(secret) for secret in no_longer} == {ChainKey.SIZE}


async def test_accepting_an_opening_leaves_none_of_the_one_time_secrets_behind(
    tmp_path: Path,
) -> None:
    async with two(tmp_path, met=False) as pair:
        link = (await pair.therapist.invite("Sam")).link
        await pair.client.join(link)
        state = (await record_of(pair.therapist, "Sam")).state
        assert isinstance(state, Invited)
        one_time = {
            bytes(secret)
            for secret in (state.one_time, state.ratchet_x25519, state.kem, state.ratchet_kem)
        }
        before = await secrets_of(pair.therapist, "Sam")
        assert found(pair.therapist_home, before) == before
        await pair.therapist.sync()
        # The identity key is the vault's own, in every invitation, and stays.
        before -= {bytes(state.identity)}
        assert await gone(pair.therapist_home, pair.therapist, "Sam", before) == one_time


async def test_an_invitation_that_nobody_used_leaves_nothing_behind(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        await pair.therapist.invite("Sam", days=1)
        state = (await record_of(pair.therapist, "Sam")).state
        before = await secrets_of(pair.therapist, "Sam")
        assert isinstance(state, Invited)
        before |= {state.bundle[start : start + 32] for start in range(0, 1024, 32)}
        before -= {bytes(state.identity)}
        assert found(pair.therapist_home, before) == before
        pair.clock.forward(days=32)
        await pair.therapist.sync()
        assert await pair.therapist.conversations() == []
        assert found(pair.therapist_home, before) == set()
        await pair.therapist.device.vault.pause()
        assert found(pair.therapist_home, before) == set()
        await pair.therapist.device.vault.resume()


async def test_a_claims_token_is_gone_once_the_invitation_is_joined(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        link = (await pair.therapist.invite("Sam")).link
        tokens: set[bytes] = set()
        plain = Database.write

        async def watched(db: Database, statements: object) -> None:
            await plain(db, statements)  # type: ignore[arg-type]
            rows = await db.fetch_all("SELECT token FROM claim")
            tokens.update(bytes(row[0]) for row in rows)
            if rows:
                assert found(pair.client_home, tokens) == tokens

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Database, "write", watched)
            await pair.client.join(link)
        assert len(tokens) == 1
        assert found(pair.client_home, tokens) == set()


async def test_a_kept_secret_is_gone_once_its_envelope_has_arrived(tmp_path: Path) -> None:
    meddler = Meddler()
    async with two(tmp_path, turns=2, client_connect=meddler.connect) as pair:
        for words in ("overtaken", "overtaken too", "overtaking"):
            await pair.therapist.send("Sam", words)
        meddler.rearrange = lambda held: held[-1:] if len(held) == 3 else []
        await pair.client.sync()
        before = kept(await record_state(pair))
        assert len(before) == 2
        assert found(pair.client_home, before) == before
        meddler.rearrange = lambda held: held[:1]
        for _ in before:
            await pair.client.sync()
        assert kept(await record_state(pair)) == set()
        assert found(pair.client_home, before) == set()


async def record_state(pair: Two) -> Established:
    state = (await record_of(pair.client, "Dr. Okafor")).state
    assert isinstance(state, Established)
    return state


def kept(state: Established) -> set[bytes]:
    return {
        bytes(secret)
        for secret in secrets_in(list(state.ratchet.receiving))
        if isinstance(secret, MessageSecret)
    }


async def test_what_a_crash_left_in_the_log_is_gone_after_the_next_opening(tmp_path: Path) -> None:
    """The crash came after the commit and before the log was emptied."""
    async with two(tmp_path, turns=2) as pair:
        home = pair.client_home
        before = await secrets_of(pair.client, "Dr. Okafor")

        async def crash(_db: Database) -> None:
            raise VaultFull("as if the program had ended here")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Database, "empty_log", crash)
            await pair.client.device.vault.commit(await _one_more(pair))
        no_longer = before - await secrets_of(pair.client, "Dr. Okafor")
        assert found(home, no_longer) == no_longer != set()
        left = home.copy_to(tmp_path / "left by the crash")
        await pair.client.__aexit__()
        home.restore_from(left)
        pair.client = await home.open()
        assert found(home, no_longer) == set()


async def _one_more(pair: Two) -> Change:
    record = await record_of(pair.client, "Dr. Okafor")
    device = pair.client.device
    change = await device.begin(record)
    Composer(record, change, device.clock(), device.entropy).text("before the crash")
    return change


async def test_no_word_and_no_key_stands_in_any_file_as_it_is(tmp_path: Path) -> None:
    words = b"incandescent periwinkle"
    async with two(tmp_path, turns=2) as pair:
        await pair.client.send("Dr. Okafor", words.decode() * 2000)
        await pair.therapist.sync()
        for home, messenger, name in (
            (pair.client_home, pair.client, "Dr. Okafor"),
            (pair.therapist_home, pair.therapist, "Sam"),
        ):
            secrets = await secrets_of(messenger, name)
            assert words in b"".join(pages(home))
            for folder in (home.place.folder, home.place.state_folder):
                for path in folder.iterdir():
                    raw = path.read_bytes()
                    assert words not in raw, path.name
                    assert name.encode() not in raw, path.name
                    assert not [secret for secret in secrets if secret in raw], path.name


async def test_there_is_no_rollback_journal_and_the_log_is_empty_between_steps(
    tmp_path: Path,
) -> None:
    async with two(tmp_path, turns=2) as pair:
        for at in (pair.client_home, pair.therapist_home):
            names = {path.name for path in at.place.folder.iterdir()}
            assert "vault.db-journal" not in names
            assert (at.place.folder / "vault.db-wal").stat().st_size == 0


async def test_a_check_that_was_given_up_does_not_keep_the_log_from_being_emptied(
    tmp_path: Path,
) -> None:
    """A reader that stops half-way must not hold deleted keys in the log."""
    async with two(tmp_path, turns=2) as pair:
        vault = pair.client.device.vault
        for number in range(3):
            await pair.client.journal_write(f"entry {number}")
        reading = journal_store.entries(vault.db, vault.private_book)
        await anext(reading)
        before = await secrets_of(pair.client, "Dr. Okafor")
        await pair.client.send("Dr. Okafor", "while somebody reads")
        assert (pair.client_home.place.folder / "vault.db-wal").stat().st_size == 0
        await gone(pair.client_home, pair.client, "Dr. Okafor", before)

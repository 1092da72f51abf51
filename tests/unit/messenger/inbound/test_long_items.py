"""Texts and files that take more than one envelope, however the relay delivers them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from e2etherapy.errors import ContentTooLarge, InvalidText, UnknownConversation
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.session import conversation as session
from e2etherapy.wire.role import Role
from tests.support.devices import Two, record_of, texts, two
from tests.support.meddler import Meddler

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def room_of(messenger: Messenger) -> int:
    return session.body_room((await record_of(messenger, OKAFOR)).state)


@pytest.mark.parametrize("turns", [0, 2], ids=["openings", "messages"])
async def test_texts_around_the_size_of_an_envelope_arrive_exactly(
    tmp_path: Path, turns: int
) -> None:
    async with two(tmp_path, turns=turns) as pair:
        room = await room_of(pair.client)
        said = ["ä" * 3, *("x" * (room - spare) for spare in (900, 400, 300, 130, 120, 1, 0))]
        said += ["\x00\x01" * 5000, "😀" * 4000, " \n\t text as it is \r\n "]
        for words in said:
            assert (await pair.client.send(OKAFOR, words)).state == "stored"
        report = await pair.therapist.sync()
        assert report.arrived == {SAM: len(said)}
        assert (await texts(pair.therapist, SAM))[-len(said) :] == said
        assert (await texts(pair.client, OKAFOR))[-len(said) :] == said


async def test_a_text_of_exactly_the_limit_is_sent_and_one_more_byte_is_not(pair: Two) -> None:
    before = await record_of(pair.client, OKAFOR)
    with pytest.raises(ContentTooLarge, match="--attach"):
        await pair.client.send(OKAFOR, "é" * 500_000 + "x")
    assert await record_of(pair.client, OKAFOR) == before
    await pair.client.send(OKAFOR, "é" * 500_000)
    await pair.therapist.sync()
    assert (await texts(pair.therapist, SAM))[-1] == "é" * 500_000


async def test_what_says_nothing_or_is_no_unicode_is_not_sent(pair: Two) -> None:
    before = await record_of(pair.client, OKAFOR)
    for text in ("", "   ", "\n\t", "\u2003", "half \udc80"):
        with pytest.raises(InvalidText):
            await pair.client.send(OKAFOR, text)
    assert await record_of(pair.client, OKAFOR) == before


async def test_many_long_texts_in_one_page_all_arrive(pair: Two) -> None:
    said = [f"{number} " + "x" * 15_000 for number in range(20)]
    for words in said:
        await pair.client.send(OKAFOR, words)
    report = await pair.therapist.sync()
    assert (report.arrived, report.notices) == ({SAM: 20}, [])
    assert (await texts(pair.therapist, SAM))[-20:] == said


@pytest.mark.parametrize("seed", range(3))
async def test_parts_arrive_in_any_order_among_others_and_more_than_once(
    tmp_path: Path, seed: int
) -> None:
    meddler = Meddler()
    async with two(tmp_path, turns=2, therapist_connect=meddler.connect) as pair:
        said = ["first " + "a" * 40_000, "short", "second " + "b" * 70_000, "short too"]
        for words in said:
            await pair.client.send(OKAFOR, words)
        await pair.client.send_file(OKAFOR, ("f.bin", "application/octet-stream", b"\x07" * 50_000))
        chance = random.Random(seed)
        seen: list[bytes] = []

        def some(held: list[bytes]) -> list[bytes]:
            shown = chance.sample(held, min(len(held), 5))
            again = chance.sample(seen, min(len(seen), 2))
            seen.extend(shown)
            return shown + again if shown else []

        meddler.rearrange = some
        arrived = 0
        while meddler.held or not seen:
            report = await pair.therapist.sync()
            assert report.notices == []
            arrived += report.arrived.get(SAM, 0)
        assert arrived == 5
        thread = await pair.therapist.thread(SAM)
        assert [message.text for message in thread if not message.own][-5:] == [*said, "f.bin"]
        file = thread[-1].file
        assert file is not None
        assert await pair.therapist.attachment(SAM, file.id, author=Role.CLIENT) == (
            "f.bin",
            b"\x07" * 50_000,
        )
        assert await pair.therapist.device.vault.db.fetch_all("SELECT * FROM partial") == []
        assert (await pair.therapist.conversations())[0].missing == 0


async def test_an_incomplete_file_is_missing_and_not_shown(tmp_path: Path) -> None:
    meddler = Meddler()
    async with two(tmp_path, turns=2, therapist_connect=meddler.connect) as pair:
        await pair.client.send_file(OKAFOR, ("f", "text/plain", b"x" * 40_000))
        file = (await pair.client.thread(OKAFOR))[-1].file
        assert file is not None
        meddler.rearrange = lambda held: held[:1] + held[2:] if len(held) > 1 else []
        assert (await pair.therapist.sync()).arrived == {}
        assert (await pair.therapist.conversations())[0].missing == 1
        with pytest.raises(UnknownConversation):
            await pair.therapist.attachment(SAM, file.id, author=Role.CLIENT)
        meddler.rearrange = lambda held: held
        assert (await pair.therapist.sync()).arrived == {SAM: 1}
        assert (await pair.therapist.conversations())[0].missing == 0


@pytest.mark.parametrize("turns", [0, 2], ids=["openings", "messages"])
async def test_files_arrive_with_their_names_and_bytes(tmp_path: Path, turns: int) -> None:
    name, kind = "Bild 😀.png", "image/png"
    async with two(tmp_path, turns=turns) as pair:
        for size in (0, 1, 11_000, 14_000, 200_000):
            blob = random.Random(size).randbytes(size)
            await pair.client.send_file(OKAFOR, (name, kind, blob))
            assert (await pair.therapist.sync()).arrived == {SAM: 1}
            for messenger, other in ((pair.therapist, SAM), (pair.client, OKAFOR)):
                file = (await messenger.thread(other))[-1].file
                assert file is not None
                assert (file.name, file.media_type, file.size) == (name, kind, size)
                assert await messenger.attachment(other, file.id, author=Role.CLIENT) == (
                    name,
                    blob,
                )


async def test_a_file_of_25_million_bytes_is_carried_and_a_larger_one_is_not(pair: Two) -> None:
    blob = random.Random(25).randbytes(25_000_001)
    before = await record_of(pair.client, OKAFOR)
    with pytest.raises(ContentTooLarge, match="25,000,000"):
        await pair.client.send_file(OKAFOR, ("a", "b", blob))
    assert await record_of(pair.client, OKAFOR) == before
    told: list[tuple[int, int]] = []
    report = await pair.client.send_file(
        OKAFOR, ("a", "b", blob[:-1]), lambda done, total: told.append((done, total))
    )
    assert report.state == "stored"
    (total,) = {total for _, total in told}
    steps = [done - before for (before, _), (done, _) in pairwise([(0, 0), *told])]
    assert (sum(steps), min(steps) > 0, max(steps)) == (total, True, 32)
    assert len(steps) < total / 32 + 5
    assert (await pair.therapist.sync()).arrived == {SAM: 1}
    file = (await pair.therapist.thread(SAM))[-1].file
    assert file is not None
    assert await pair.therapist.attachment(SAM, file.id, author=Role.CLIENT) == ("a", blob[:-1])


@pytest.mark.parametrize("name", ["n" * 201, "bad \udc80 name"])
async def test_a_file_name_that_cannot_be_carried_is_refused_before_anything_is_said(
    pair: Two, name: str
) -> None:
    before = await record_of(pair.client, OKAFOR)
    for file in ((name, "text/plain", b"x"), ("x", name, b"x")):
        with pytest.raises(InvalidText, match="Rename"):
            await pair.client.send_file(OKAFOR, file)
    assert await record_of(pair.client, OKAFOR) == before
    await pair.client.send_file(OKAFOR, ("n" * 200, "text/plain", b"x"))
    assert (await pair.client.thread(OKAFOR))[-1].text == "n" * 200


async def test_an_unknown_file_is_a_sentence(pair: Two) -> None:
    for item in ("", "zz", "00" * 16, "not hex", "\udc80"):
        for author in Role:
            with pytest.raises(UnknownConversation, match="no such file"):
                await pair.client.attachment(OKAFOR, item, author=author)

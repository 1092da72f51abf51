"""A relay says which versions it speaks to whoever asks in another, and nothing else by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import OwnedMailbox
from tests.support.relay_versions import speaking
from tests.support.relays import (
    REFUSAL,
    RelayAt,
    Request,
    collection,
    deposit,
    draw,
    envelope,
    relay,
)

HEALTH = Request("GET", "/v1/health")
UNKNOWN = (
    b'{"type":"urn:e2etherapy:unknown-version","title":"Unknown version","status":400,'
    b'"detail":"The relay does not speak this version.","versions":["v1"]}'
)


def test_the_specification_has_the_answer_to_the_last_byte() -> None:
    text = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
    assert UNKNOWN.decode() in text.replace("\n     ", "")


def of_version(request: Request, version: str) -> Request:
    return replace(request, path=request.path.replace("/v1", f"/{version}", 1))


@pytest.mark.parametrize("version", ["v0", "v2", "v17", "v9999"])
async def test_another_version_is_answered_with_those_that_are_spoken(
    tmp_path: Path, version: str
) -> None:
    async with relay(tmp_path) as at:
        answer = await at.send(of_version(HEALTH, version))
    assert (answer.status, answer.header("Content-Type")) == (400, api.PROBLEM)
    assert answer.body == UNKNOWN


async def test_the_answer_depends_on_nothing_but_the_version(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        owned, stranger = await at.mailbox(), OwnedMailbox.generate(draw)
        requests = [
            HEALTH,
            collection(owned),
            collection(stranger),
            deposit(owned, envelope("a")),
            deposit(owned, b""),
            replace(HEALTH, path="/v1"),
            replace(HEALTH, path="/v1/"),
            replace(HEALTH, path="/v1/no/such/place?at=all"),
            replace(HEALTH, method="PATCH", authorization="Owner nothing"),
        ]
        answers = [await at.send(of_version(request, "v2")) for request in requests]
        assert {str(answer.without_date()) for answer in answers} == {
            str(answers[0].without_date())
        }
        assert answers[0].body == UNKNOWN


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v01/health", "/v/health", "/V2/health", "/v2x", "/v-2/health", "/v99999/health",
     "/vv2/health", "//v2/health", "/v1/v2/health", "/%762/health"],
)  # fmt: skip
async def test_what_is_no_other_version_is_refused_like_everything(
    tmp_path: Path, path: str
) -> None:
    async with relay(tmp_path) as at:
        answer = await at.send(replace(HEALTH, path=path))
    assert (answer.status, answer.body) == (404, REFUSAL)


async def test_a_relay_of_another_version_says_so_to_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaking("v2", monkeypatch)
    async with relay(tmp_path) as at:
        assert (await told(at, "v1"))["versions"] == ["v2"]
        assert (await told(at, "v2"))["versions"] == ["v2"]
        assert (await told(at, "v2"))["status"] == "ok"


async def told(at: RelayAt, version: str) -> dict[str, object]:
    return (await at.send(of_version(HEALTH, version))).json

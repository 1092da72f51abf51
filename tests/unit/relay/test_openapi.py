"""The OpenAPI document: what the relay checks requests with, for programs and for people."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from e2etherapy.mailbox import batch
from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.capabilities import OwnerKey
from e2etherapy.relay.openapi import description, words
from e2etherapy.relay.requests import Form
from e2etherapy.relay.routes import OPERATIONS
from scripts import relay_api
from tests.support.relays import REFUSAL, Request, draw, relay

DOCUMENT = relay_api.document()
RESPONSES = DOCUMENT["components"]["responses"]
OPERATION = {
    (method.upper(), path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def place(method: str, path: str) -> tuple[str, str]:
    """Return a row of the document as a row of the table."""
    return method, re.sub(r"\{\w+\}", "*", path)


def operation(name: str) -> Any:  # noqa: ANN401 - JSON
    (found,) = (one for one in OPERATION.values() if one["operationId"] == name)
    return found


def test_the_document_is_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_a_document_that_is_no_openapi_would_be_noticed() -> None:
    broken = {**DOCUMENT, "paths": {"/v1/{nothing}": {"get": {"responses": {"200": {}}}}}}
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_no_operation_is_missing_from_the_document_and_none_is_invented() -> None:
    assert {place(*row) for row in OPERATION} == set(OPERATIONS)
    assert set(words.DESCRIBED) == set(OPERATIONS)


def test_an_operation_without_a_description_is_an_error() -> None:
    with pytest.raises(KeyError):
        description.of({("GET", "/v1/secret"): Form(None)})


def test_the_document_in_docs_is_the_one_that_the_relay_has() -> None:
    assert (relay_api.DOCS / "openapi.json").read_text() == relay_api.as_json(DOCUMENT)


def test_the_page_in_docs_is_made_of_the_document() -> None:
    assert (relay_api.DOCS / "relay-api.md").read_text() == relay_api.page(DOCUMENT)


async def test_a_relay_gives_out_the_document(tmp_path: Path) -> None:
    async with relay(tmp_path) as at:
        answer = await at.send(Request("GET", "/v1/openapi.json"))
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
    assert answer.json == DOCUMENT


@pytest.mark.parametrize("row", OPERATION, ids=" ".join)
def test_scheme_parameters_and_body_are_those_of_the_table(row: tuple[str, str]) -> None:
    form, described = OPERATIONS[place(*row)].form, OPERATION[row]
    assert described["security"] == ([{form.scheme: []}] if form.scheme else [])
    ranges = {
        one["name"]: (one["schema"]["minimum"], one["schema"]["maximum"])
        for one in described["parameters"]
        if one["in"] == "query"
    }
    assert ranges == dict(form.query)
    assert list(described.get("requestBody", {}).get("content", {})) == (
        [form.body] if form.body else []
    )
    if form.body == api.BINARY:
        octets = described["requestBody"]["content"][api.BINARY]["schema"]["x-octets"]
        assert (octets["least"], octets["greatest"]) == form.body_sizes


@pytest.mark.parametrize("row", OPERATION, ids=" ".join)
def test_statuses_follow_from_the_form(row: tuple[str, str]) -> None:
    form, statuses = OPERATIONS[place(*row)].form, set(OPERATION[row]["responses"])
    assert {"400", "413", "500", "503"} <= statuses
    assert ("401" in statuses) == (form.scheme is not None)
    assert ("415" in statuses) == (form.body is not None)
    assert len(statuses & {"200", "204"}) == 1


def test_every_problem_is_a_problem_and_none_may_be_cached() -> None:
    for answer in RESPONSES.values():
        assert list(answer["content"]) == [api.PROBLEM]
        assert "Cache-Control" in answer["headers"]
    assert "Retry-After" in RESPONSES["Unavailable"]["headers"]
    assert "WWW-Authenticate" in RESPONSES["NoKey"]["headers"]


def test_the_refusal_is_given_to_the_last_member() -> None:
    schema = RESPONSES["Refused"]["content"][api.PROBLEM]["schema"]
    assert schema["const"] == json.loads(REFUSAL)


def test_lengths_of_binary_answers_are_those_of_the_parsers() -> None:
    content = {
        name: operation(name)["responses"]["200"]["content"][api.BINARY]["schema"]["x-octets"]
        for name in ("collect", "batch", "claim_invitation")
    }
    assert content["collect"] == {"least": 0, "greatest": 64 * 16_392, "step": 16_392}
    one = batch.pack_results([batch.BatchResult(204)])
    assert content["batch"]["least"] == len(one)
    assert content["batch"]["greatest"] == batch.MAX_ANSWER_SIZE
    assert content["claim_invitation"] == {"least": 16_384, "greatest": 16_384, "step": 1}


def test_the_pattern_of_a_header_is_met_by_what_the_client_writes() -> None:
    pattern = DOCUMENT["components"]["securitySchemes"][api.OWNER]["x-pattern"]
    keys = [OwnerKey(draw(32)) for _ in range(128)]
    assert re.fullmatch(pattern, api.authorization(api.OWNER, *keys))
    assert not re.fullmatch(pattern, api.authorization(api.DEPOSIT, *keys))
    assert not re.fullmatch(pattern, "Owner " + "A" * 42 + "B")


def test_names_of_operations_are_unique() -> None:
    names = [one["operationId"] for one in OPERATION.values()]
    assert len(set(names)) == len(names)

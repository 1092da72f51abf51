"""What a request may look like: each wrong form is a problem that says which."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import BatchedAcknowledgement
from e2etherapy.mailbox.capabilities import Allowance, ClaimToken, OwnedMailbox, Ticket
from e2etherapy.relay.routes import OPERATIONS
from tests.support.invitation_requests import claim, confirm, put
from tests.support.relays import (
    REFUSAL,
    RelayAt,
    Request,
    acknowledgement,
    batch_request,
    collection,
    creation,
    deposit,
    draw,
    envelope,
    named,
    relay,
    shown,
    tickets_request,
    wait,
    watching,
)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[RelayAt]:
    async with relay(tmp_path) as running:
        yield running


OWNED = OwnedMailbox.generate(draw)
DEPOSIT = deposit(OWNED, envelope("a"))
COLLECT = collection(OWNED)
CREATE = creation(OWNED, Ticket(draw(32)))
WAIT = wait((OWNED, 0), seconds=0)
ANY_KEY = "A" * 43


RIGHT_FORMS = [
    tickets_request(Allowance(draw(32)), Ticket(draw(32))),
    CREATE,
    Request("DELETE", named("mailboxes", OWNED.owner_key.mailbox()), COLLECT.authorization),
    DEPOSIT,
    COLLECT,
    acknowledgement(OWNED, 1),
    WAIT,
    watching((OWNED, 0)),
    batch_request(BatchedAcknowledgement(OWNED.owner_key, 1)),
    put(Ticket(draw(32)), envelope("a")),
    claim(ClaimToken(draw(32))),
    confirm(ClaimToken(draw(32))),
    Request("GET", "/v1/health"),
    Request("GET", "/v1/ready"),
    Request("GET", "/v1/openapi.json"),
]


@pytest.mark.parametrize("request_", RIGHT_FORMS, ids=lambda one: f"{one.method} {one.path[:24]}")
async def test_a_parameter_that_an_operation_has_not_is_a_wrong_form(
    at: RelayAt, request_: Request
) -> None:
    assert (await at.send(request_)).status != 400
    join = "&" if "?" in request_.path else "?"
    for more in ("unknown=1", "unknown", "&"):
        answer = await at.send(replace(request_, path=request_.path + join + more))
        assert answer.status == 400, more


def test_every_operation_has_a_right_form_here() -> None:
    assert len(RIGHT_FORMS) == len(OPERATIONS)


async def test_parameters_may_stand_in_any_order(at: RelayAt) -> None:
    owned = await at.mailbox()
    path = named("mailboxes", owned.owner_key.mailbox(), "/envelopes?limit=1&after=0")
    assert (await at.send(replace(collection(owned), path=path))).status == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (replace(DEPOSIT, authorization=None), 401),
        (replace(DEPOSIT, authorization=shown(api.OWNER, OWNED.owner_key)), 401),
        (replace(DEPOSIT, authorization="Deposit"), 400),
        (replace(DEPOSIT, authorization="Deposit " + "A" * 42), 400),
        (replace(DEPOSIT, authorization="Deposit " + "A" * 42 + "B"), 400),
        (replace(DEPOSIT, authorization="Deposit " + "A" * 42 + "="), 400),
        (replace(DEPOSIT, authorization=f"Deposit {ANY_KEY},{ANY_KEY}"), 400),
        (replace(DEPOSIT, headers={"authorization": f"Deposit {ANY_KEY}"}), 400),
        (replace(DEPOSIT, path="/v1/mailboxes/short/envelopes"), 400),
        (replace(DEPOSIT, path=DEPOSIT.path + "?extra=1"), 400),
        (replace(DEPOSIT, body=b"short"), 400),
        (replace(DEPOSIT, body=b""), 400),
        (replace(DEPOSIT, body=envelope("a") + b"x"), 413),
        (replace(CREATE, content_type=None), 415),
        (replace(DEPOSIT, content_type=api.JSON), 415),
        (replace(DEPOSIT, headers={"Content-Encoding": "deflate"}), 415),
        (replace(COLLECT, path=COLLECT.path.partition("?")[0]), 400),
        (replace(COLLECT, path=COLLECT.path + "&after=0"), 400),
        (replace(COLLECT, path=COLLECT.path.replace("limit=64", "limit=65")), 400),
        (replace(COLLECT, path=COLLECT.path.replace("limit=64", "limit=0")), 400),
        (replace(COLLECT, path=COLLECT.path.replace("after=0", "after=-1")), 400),
        (replace(COLLECT, path=COLLECT.path.replace("after=0", "after=00")), 400),
        (replace(COLLECT, path=COLLECT.path.replace("after=0", f"after={2**63}")), 400),
        (replace(COLLECT, path=COLLECT.path.replace("after=0", "after=%30")), 400),
        (replace(COLLECT, body=b"x"), 413),
        (replace(CREATE, body=b"{"), 400),
        (replace(CREATE, body=b'{"ticket":"A","deposit_key_hash":"A"}'), 400),
        (replace(CREATE, body=(CREATE.body or b"")[:-1] + b',"name":"Robin"}'), 400),
        (replace(CREATE, body=b"\xff\xfe"), 400),
        (replace(CREATE, body=b"[" * 16_384), 400),
        (replace(WAIT, body=b'{"after":[],"seconds":0}'), 400),
        (replace(WAIT, body=b'{"after":[-1],"seconds":0}'), 400),
        (replace(WAIT, body=b'{"after":[0],"seconds":56}'), 400),
        (replace(WAIT, body=b'{"after":[0],"seconds":-1}'), 400),
        (replace(WAIT, body=b'{"after":[0],"seconds":1e400}'), 400),
        (put(Ticket(draw(32)), envelope("a"), days=0), 400),
        (put(Ticket(draw(32)), envelope("a"), days=31), 400),
        (
            Request(
                "POST", "/v1/tickets", f"Allowance {ANY_KEY}", b'{"ticket_hashes":["A"]}', api.JSON
            ),
            400,
        ),
    ],
)
async def test_a_wrong_form_is_a_problem_that_says_which(
    at: RelayAt, request_: Request, status: int
) -> None:
    answer = await at.send(request_)
    assert answer.status == status
    assert answer.header("Content-Type") == "application/problem+json"
    assert (answer.json["status"], answer.json["type"]) == (status, "about:blank")
    assert answer.json["detail"]
    if status == 401:
        assert answer.header("WWW-Authenticate") == "Deposit"


async def test_more_tickets_than_fit_into_a_request_are_refused(at: RelayAt) -> None:
    allowance = await at.allowance(257)
    tickets = [Ticket(draw(32)) for _ in range(257)]
    assert (await at.send(tickets_request(allowance, *tickets[:256]))).status == 204
    assert (await at.send(tickets_request(allowance, *tickets))).status == 400


@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/v1/wait", "/v1/health/", "/v1/%68ealth"])
async def test_what_there_is_not_is_refused_like_everything(
    at: RelayAt, method: str, path: str
) -> None:
    answer = await at.send(Request(method, path))
    assert answer.status == 404
    assert answer.body == (b"" if method == "HEAD" else REFUSAL)


@pytest.mark.parametrize(("method", "path"), [("BREW", "/v1/health"), ("GET", "*")])
async def test_what_is_not_quite_http_is_a_problem_too(at: RelayAt, method: str, path: str) -> None:
    answer = await at.send(Request(method, path))
    assert answer.status == 400
    assert answer.json["title"] == "Bad request"

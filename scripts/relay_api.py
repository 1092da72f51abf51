"""Write docs/openapi.json and docs/relay-api.md from the relay's table of operations.

.venv/bin/python scripts/relay_api.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from e2etherapy.relay.openapi import description
from e2etherapy.relay.routes import OPERATIONS

DOCS = Path(__file__).parents[1] / "docs"
INTRODUCTION = """\
# The relay's HTTP interface

Written by `scripts/relay_api.py` from the table of operations that the relay answers by; do not
edit. [openapi.json](openapi.json) says the same to programs (OpenAPI 3.1), and a running relay
gives it out at `GET /v1/openapi.json`. [protocol.md](protocol.md), section 9, says what the
operations mean and why.

`{mailbox}` and `{locator}` are base64url of 32 bytes without padding. Keys are in the header
`Authorization: SCHEME KEY`, or `KEY,KEY` where there are several.
"""


def document() -> dict[str, Any]:
    """Return the document of this version."""
    forms = {place: operation.form for place, operation in OPERATIONS.items()}
    return description.of(forms)


def as_json(document: dict[str, Any]) -> str:
    """Return a document as it stands in docs/openapi.json."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def page(document: dict[str, Any]) -> str:
    """Return docs/relay-api.md."""
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    parts = [
        INTRODUCTION,
        "## Operations\n",
        "| request | what for | key | query | body | success | problems |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_row(request, operation) for request, operation in operations),
        "\n## Binary bodies and answers\n",
        *(line for request, operation in operations for line in _octets(request, operation)),
        "\n## JSON bodies and answers\n",
        *(_fields(name, schema) for name, schema in document["components"]["schemas"].items()),
        "\n## Problems\n",
        "| status | title | when |",
        "| --- | --- | --- |",
        *(_problem(answer) for answer in document["components"]["responses"].values()),
    ]
    return "\n".join(parts) + "\n"


def _row(request: str, operation: dict[str, Any]) -> str:
    success, *problems = sorted(operation["responses"])
    cells = [
        f"`{request}`",
        f"{operation['summary']}. {operation.get('description', '')}".strip(),
        _keys(operation),
        "<br>".join(_parameter(one) for one in operation["parameters"] if one["in"] == "query"),
        _content(operation.get("requestBody", {})),
        f"{success} {_content(operation['responses'][success])}".strip(),
        " ".join(problems),
    ]
    return f"| {' | '.join(cells)} |"


def _keys(operation: dict[str, Any]) -> str:
    schemes = [name for alternative in operation["security"] for name in alternative]
    most = operation.get("x-keys", {}).get("most", 1)
    return "".join(f"`{name}`" for name in schemes) + (f", 1 to {most}" if most > 1 else "")


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    return f"`{parameter['name']}` {schema['minimum']} to {schema['maximum']}"


def _content(holder: dict[str, Any]) -> str:
    for content in holder.get("content", {}).values():
        schema = content["schema"]
        if "x-octets" in schema:
            return _length(schema["x-octets"])
        return f"`{schema['$ref'].rpartition('/')[2]}`" if "$ref" in schema else "JSON"
    return ""


def _length(octets: dict[str, int]) -> str:
    least, greatest = f"{octets['least']:,}", f"{octets['greatest']:,}"
    return f"{least} bytes" if least == greatest else f"{least} to {greatest} bytes"


def _octets(request: str, operation: dict[str, Any]) -> list[str]:
    holders = {"body": operation.get("requestBody", {})} | {
        status: answer for status, answer in operation["responses"].items() if "content" in answer
    }
    return [
        f"- `{request}`, {which}: {content['schema']['description']}"
        for which, holder in holders.items()
        for content in holder.get("content", {}).values()
        if "x-octets" in content["schema"]
    ]


def _fields(name: str, schema: dict[str, Any]) -> str:
    fields = ", ".join(f"`{field}` {_range(of)}" for field, of in schema["properties"].items())
    return f"- `{name}`: {fields}. {schema['description']}"


def _range(schema: dict[str, Any]) -> str:
    """Say what a JSON value may be."""
    if schema["type"] == "array":
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        many = f"{least} to {most}" if most else "any number"
        return f"list of {many}, each {_range(schema['items'])}"
    if "maximum" in schema:
        return f"{schema['type']} from {schema['minimum']} to {schema['maximum']}"
    if "pattern" in schema:
        return "32 bytes in base64url"
    return str(schema.get("format", schema["type"]))


def _problem(answer: dict[str, Any]) -> str:
    (content,) = answer["content"].values()
    examples = [example["value"] for example in content["examples"].values()]
    titles = ", ".join(example["title"] for example in examples)
    return f"| {examples[0]['status']} | {titles} | {answer['description']} |"


if __name__ == "__main__":
    (DOCS / "openapi.json").write_text(as_json(document()))
    (DOCS / "relay-api.md").write_text(page(document()))

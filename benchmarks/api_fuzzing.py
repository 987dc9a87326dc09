"""Every operation of the OpenAPI asked with what schemathesis makes up for it, right and wrong: nothing may be a 500.

By schemathesis 4.32 (MIT, November 2026), on the application itself, without a network. The same cases each time.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings

OPENAPI = "/v1/openapi.json"


@schemathesis.serializer("application/x-ndjson")
def _lines(_context: object, said: object) -> bytes:
    """A string as it is, which is seldom a record; that it may be one, it stands in one as well."""
    text = str(said)
    return json.dumps({"text": text}).encode() + b"\n" + text.encode(errors="replace")


@dataclass(slots=True)
class Fuzzed:
    """Cases by operation, answers by status, and the cases that the server made a mistake with."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    mistakes: list[str] = field(default_factory=list)


def fuzz(app: FastAPI, keys: dict[str, str], each: int) -> Fuzzed:
    """So many cases of each operation, with an admin's key; what could have this machine indexed with one of "write".

    `keys` are the secrets by scope.
    """
    found = Fuzzed()
    schema = schemathesis.openapi.from_asgi(OPENAPI, app, headers=_bearer(keys["admin"]))
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]  # a schema that is wrong fails here
        name = f"{operation.method.upper()} {operation.path}"
        _ask(operation, name, _bearer(keys["write" if name == "POST /v1/jobs" else "admin"]), each, found)
    return found


def _ask(operation: Any, name: str, headers: dict[str, str], each: int, found: Fuzzed) -> None:
    """Ask the operation so many times, and count what came of it."""

    @settings(
        max_examples=each,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case[Any]) -> None:
        answer = case.call(headers=headers)
        found.cases[name] += 1
        found.statuses[answer.status_code] += 1
        if answer.status_code == 500:
            found.mistakes.append(f"{name}: {case.as_curl_command()} -> {answer.text[:500]}")

    ask()


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}

"""schemathesis: requests made from the API's own description, as three roles. No 5xx, and no word that is not theirs."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from schemathesis.core import NOT_SET

from tests.architecture.sources import ROOT
from tests.scope import world as w

ROLES = ("same role elsewhere", "partner by consent", "finance clerk")
EXAMPLES = 15
schema = schemathesis.openapi.from_path(str(ROOT / "docs" / "openapi.yaml"))
OPERATIONS = [found.ok() for found in schema.get_all_operations()]


def send(client: Client, case: Any) -> Any:
    """A generated case through Django's own handler, in this transaction."""
    path = case.formatted_path
    query = {k: v for k, v in (case.query or {}).items() if "\x00" not in str(v)}
    body = "" if case.body is NOT_SET else json.dumps(case.body, default=str)
    headers = {
        k: v for k, v in (case.headers or {}).items() if k.lower() not in ("cookie", "content-type", "content-length")
    }  # fmt: skip
    return client.generic(
        case.method, path, data=body, content_type="application/json", query_params=query, headers=headers
    )


def ids_of(city: w.World) -> dict[str, Any]:
    return {"number": city.ids["number"], "receipt_no": city.ids["receipt"], "pk": city.ids["referral"]}


@pytest.mark.parametrize("role", ROLES)
def test_the_api_holds_to_its_description_and_to_the_scope(db, role, record_property):
    city = w.build()
    client = Client(raise_request_exception=False)
    client.force_login(city.people[role].staff, backend="allauth.account.auth_backends.AuthenticationBackend")
    wrong: list[str] = []
    sent = 0

    def look(operation: Any, response: Any, what: str) -> None:
        text = response.content.decode("utf-8", errors="replace")
        if response.status_code >= 500:
            wrong.append(f"{what}: {response.status_code}")
        wrong.extend(
            f"{what}: {word}" for word in w.ALL_SECRETS if word in text and word not in city.may[role]
        )

    def ask(operation: Any) -> None:

        @settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def run(case: Any) -> None:
            nonlocal sent
            for real in (False, True):
                if real:  # the same request at a record that is there
                    if not case.path_parameters:
                        continue
                    case.path_parameters = {
                        k: ids_of(city).get(k, city.ids["decision"]) for k in case.path_parameters
                    }
                sent += 1
                with transaction.atomic():
                    look(operation, send(client, case), f"{case.method} {operation.path}")
                    transaction.set_rollback(True)

        run()

    for operation in OPERATIONS:
        ask(operation)
    record_property("figure", f"schemathesis as {role}: {sent} requests, {len(wrong)} wrong")
    assert sorted(set(wrong)) == []

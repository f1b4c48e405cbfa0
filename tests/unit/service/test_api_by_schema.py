"""Every call of the API, asked with whatever its description allows and forbids: no answer but those described."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
import schemathesis.schemas
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from keepers.domain.access import Scope
from keepers.service.app import create_app
from keepers.storage.state import State
from keepers.web.secrets import new_token, token_hash
from keepers.web.site import Site
from served import NOW, open_site

MOST = 6
"""Examples of a call with many inputs; one with few has said all after fewer."""
ENDLESS = ("/api/v1/news",)
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.fixture
def site(result: Path, tmp_path: Path) -> Iterator[Site]:
    """A running system that calls may change as they like."""
    with State(tmp_path, pooled=True) as state:
        yield open_site(result, tmp_path, state)[0]


def test_answers_are_those_that_are_described(site: Site) -> None:
    described = schemathesis.openapi.from_asgi("/api/v1/openapi.json", create_app(site))
    wrong: list[str] = []
    asked = 0
    for found in described.get_all_operations():
        operation = found.ok()
        if operation.path in ENDLESS:
            continue
        try:
            _ask(operation, site)
        except (Exception, BaseExceptionGroup) as error:
            told = [str(one) for one in getattr(error, "exceptions", (error,))]
            wrong.append(f"{operation.label}: {error} {told}")
        asked += 1
    assert not wrong, "\n\n".join(wrong)
    assert asked > 40


def _ask(operation: schemathesis.schemas.APIOperation, site: Site) -> None:
    inputs = len(list(operation.iter_parameters())) + 3 * len(operation.body)
    token = ""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=min(1 + inputs, MOST), deadline=None, derandomize=True, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask(case: schemathesis.Case) -> None:
        nonlocal token
        # A call may revoke its own token.
        if not token or "/tokens/" in operation.path:
            token = new_token()
            with site.state.writing() as books:
                books.users.add_token("schemathesis", token_hash(token), frozenset(Scope), "ada@example.com", NOW)
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)

    ask()

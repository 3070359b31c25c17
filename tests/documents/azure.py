"""Azure as documents meet it: this machine's ARM, and a person who is signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.azure.rehearsed import Rehearsed, rehearsed
from tests.lifecycle.attach.test_resume import RUN
from tests.machine import test_walk
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION
from tfinfra.localcloud.daemon.daemon_client import call
from tfinfra.localcloud.metadata.identity_endpoint import RehearsedCaller, person
from tfinfra.localcloud.plugin.arm_client import ArmClient, arm_by_token_file

API = "2024-03-01"


def as_it_is(azure: Rehearsed) -> None:
    assert call(azure.endpoint, "DELETE", "faults")[0] < 300


def another_tenant(azure: Rehearsed) -> None:
    """It takes the caller's token for one of another tenant."""
    as_it_is(azure)
    said = {"status": 401, "code": "InvalidAuthenticationTokenTenant", "message": test_walk.WRONG_TENANT}
    fault = {"kind": "status", "path": "/subscriptions/", "count": 99, **said}
    assert call(azure.endpoint, "POST", "faults", fault)[0] < 300


def a_run_that_has_expired(azure: Rehearsed) -> None:
    """Of which the outputs are kept for longer."""
    as_it_is(azure)
    for part, year in (("compute", 2000), ("keep", 2999)):
        tags = {"tfinfra-run": RUN, "tfinfra-owner": "ada", "tfinfra-expires-at": f"{year}-01-01T00:00:00Z"}
        _arm(azure).put(_group(part), API, {"location": "eastus", "tags": tags})


def _arm(azure: Rehearsed) -> ArmClient:
    layout = azure.endpoint.layout
    return arm_by_token_file(azure.endpoint.url, layout.ca, layout.token)


def _group(part: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/tfinfra-{RUN}-{part}"


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    folder = tmp_path_factory.mktemp("azure")
    caller = person()
    named = RehearsedCaller(caller.oid, {**caller.claims, "upn": "ada@contoso.com"})
    with rehearsed(folder / "cloud", folder, {"machines": "fake"}, named) as made:
        yield made
        as_it_is(made)
        for part in ("compute", "keep"):
            _arm(made).delete(_group(part), API)

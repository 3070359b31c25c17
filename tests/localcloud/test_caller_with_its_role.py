"""A caller who has the role that `tfinfra doctor --role` prints and no other makes, follows and deletes a run."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from tests.localcloud.arm import SUB, Arm, Reply
from tests.stacks.conftest import Recorded, recorded
from tests.stacks.recording import PRINCIPAL, RUN
from tfinfra.arm import standins
from tfinfra.arm.requests import Request
from tfinfra.cli.doctor import needed_role
from tfinfra.localcloud.layout import SUBSCRIPTION
from tfinfra.roles import definition_path

__all__ = ["recorded"]  # the fixture
KEEP, COMPUTE = (f"{SUB}/resourceGroups/tfinfra-{RUN}-{part}" for part in ("keep", "compute"))
GUID = "11111111-1111-4111-8111-111111111111"


class Caller:
    """`arm` asked by the caller, who is a service principal; long operations are followed to their end."""

    def __init__(self, arm: Arm, without: str = "") -> None:
        self._arm = arm
        arm.put("/tfinfra/directory", {"principals": {PRINCIPAL: "User"}})
        body = needed_role(None)
        (permissions,) = body["properties"]["permissions"]
        permissions["actions"] = [action for action in permissions["actions"] if action != without]
        role = definition_path(SUBSCRIPTION, GUID)
        assert arm.put(role, {"properties": {**body["properties"], "assignableScopes": [SUB]}}).status == 201
        grant = {"roleDefinitionId": role, "principalId": PRINCIPAL}
        path = f"{SUB}/providers/Microsoft.Authorization/roleAssignments/{GUID}"
        assert arm.put(path, {"properties": grant}).status == 201

    def call(self, method: str, path: str, body: object = None, query: str | None = None) -> Reply:
        mine = f"Bearer {self._arm.token(PRINCIPAL)}"
        reply = self._arm.call(method, path, body, query=query, authorization=mine)
        assert reply.status < 400, (method, path, reply.body)
        for header in ("azure-asyncoperation", "location"):
            if header in reply.headers:
                self._arm.settle()
                place, _, asked = reply.headers[header].partition("?")
                self.call("GET", "/" + place.split("/", 3)[3], query=asked)
        return reply

    def make(self, requests: Iterable[Request]) -> None:
        """Each of them, looked for before and read after, as azure-native does."""
        known: dict[str, str] = {}
        for request in requests:
            text = json.dumps(request.body)
            for stand_in, real in known.items():
                text = text.replace(stand_in, real)
            self.call("PUT", request.path, json.loads(text), f"api-version={request.api_version}")
            made = self.call("GET", request.path, query=f"api-version={request.api_version}").body
            if request.arm_type == standins.IDENTITIES:
                known[standins.principal_of(request.path)] = made["properties"]["principalId"]


FOLLOWED = (
    "Microsoft.Compute/locations/operations/read",
    "Microsoft.Network/locations/operations/read",
    "Microsoft.Network/privateDnsOperationStatuses/read",
    "Microsoft.Storage/locations/*/read",
)


@pytest.mark.parametrize("action", FOLLOWED)
def test_without_one_of_its_rights_to_follow_it_is_left_behind(action: str, recorded: Recorded, arm: Arm) -> None:
    caller = Caller(arm, without=action)
    with pytest.raises(AssertionError, match="AuthorizationFailed"):
        caller.make([r for part in ("keep", "compute") for r in recorded("two CPU nodes", part)[0].values()])


@pytest.mark.parametrize("which", ["two CPU nodes", "two InfiniBand nodes"])
def test_it_makes_a_run_fires_its_timer_and_deletes_it(which: str, recorded: Recorded, arm: Arm) -> None:
    caller = Caller(arm)
    caller.make([*recorded(which, "keep")[0].values(), *recorded(which, "compute")[0].values()])
    timer = f"{KEEP}/providers/Microsoft.Logic/workflows/{RUN}-timer"
    assert caller.call("POST", f"{timer}/triggers/clock/run").status == 202
    assert caller.call("GET", f"{timer}/runs").status == 200
    for group in (COMPUTE, KEEP):
        caller.call("DELETE", group)
        arm.settle()
        assert arm.get(group).status == 404

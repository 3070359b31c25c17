"""A caller who has the role that `tfinfra doctor --role` prints and no other makes, follows and deletes a run."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from tests.localcloud.calls import BLOB_CONTRIBUTOR, GROUP_DELETER, SUB, Arm, Reply
from tests.stacks.conftest import Recorded, recorded
from tests.stacks.recording import PRINCIPAL, RUN
from tfinfra.arm import standins
from tfinfra.arm.deleter_role import definition_path
from tfinfra.arm.requests import ResourceRequest
from tfinfra.azure.rights.caller_role import condition
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION
from tfinfra.machine.needed_role import needed_role

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
        constraint = condition(GROUP_DELETER, PRINCIPAL)
        grant = {"roleDefinitionId": role, "principalId": PRINCIPAL, "condition": constraint, "conditionVersion": "2.0"}
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

    def make(self, requests: Iterable[ResourceRequest]) -> None:
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


OWNER, CONTRIBUTOR = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "b24988ac-6180-42a0-ab88-20f7382dd24c"
SOMEBODY = "99999999-9999-4999-8999-999999999999"
GRANTED = "22222222-2222-4222-8222-222222222222"
GIVEN: dict[str, tuple[str, str, bool]] = {
    "the deleter to an identity": (GROUP_DELETER, "identity", True),
    "blobs to an identity": (BLOB_CONTRIBUTOR, "identity", True),
    "blobs to himself": (BLOB_CONTRIBUTOR, PRINCIPAL, True),
    "Owner to himself": (OWNER, PRINCIPAL, False),
    "Contributor to an identity": (CONTRIBUTOR, "identity", False),
    "his own role to an identity": (GUID, "identity", False),
    "the deleter to himself": (GROUP_DELETER, PRINCIPAL, False),
    "blobs to another person": (BLOB_CONTRIBUTOR, SOMEBODY, False),
}


@pytest.mark.parametrize("case", GIVEN)
def test_it_gives_away_two_roles_and_no_third(case: str, arm: Arm) -> None:
    role, whom, may = GIVEN[case]
    caller = Caller(arm)
    arm.put("/tfinfra/directory", {"principals": {PRINCIPAL: "User", SOMEBODY: "User"}})
    arm.make_groups()
    principal = arm.make_identity() if whom == "identity" else whom
    path = f"{SUB}/providers/Microsoft.Authorization/roleAssignments/{GRANTED}"
    body = {"properties": {"roleDefinitionId": definition_path(SUBSCRIPTION, role), "principalId": principal}}
    if may:
        assert caller.call("PUT", path, body).status == 201
        assert caller.call("DELETE", path).status == 200
        return
    with pytest.raises(AssertionError, match="AuthorizationFailed"):
        caller.call("PUT", path, body)
    if case == "Owner to himself":  # who has that may do everything
        return
    assert arm.put(path, body).status == 201  # an owner may
    with pytest.raises(AssertionError, match="AuthorizationFailed"):
        caller.call("DELETE", path)


def test_a_principals_type_is_not_what_the_caller_says_it_is(arm: Arm) -> None:
    caller = Caller(arm)
    path = f"{SUB}/providers/Microsoft.Authorization/roleAssignments/{GRANTED}"
    lie = {"principalId": PRINCIPAL, "principalType": "ServicePrincipal"}
    body = {"properties": {"roleDefinitionId": definition_path(SUBSCRIPTION, GROUP_DELETER), **lie}}
    with pytest.raises(AssertionError, match="UnmatchedPrincipalType"):
        caller.call("PUT", path, body)

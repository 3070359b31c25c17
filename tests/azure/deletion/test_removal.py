"""One resource of a run's own group is removed, and nothing else ever is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.azure.answering import SUBSCRIPTION, Reply, Wire, azure
from tfinfra.azure import clients
from tfinfra.azure.clients import FOLLOWED, send_json
from tfinfra.azure.deletion.removal import remove
from tfinfra.errors import ProvisioningError, TeardownIncomplete

RUN = "digits-abc123"
GROUP = f"tfinfra-{RUN}-compute"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
SET = f"{GROUP_ID}/providers/Microsoft.Compute/virtualMachineScaleSets/{RUN}-nodes"
MISSING: Reply = (404, {"error": {"code": "ResourceNotFound", "message": "not there"}}, {})


class Cloud:
    """A group of the run with one scale set, which goes once `busy` refusals are over."""

    def __init__(self, busy: int = 0, tags: dict[str, str] | None = None) -> None:
        self.busy = busy
        self.tags = {"tfinfra-run": RUN} if tags is None else tags
        self.there = {GROUP_ID.lower(), SET.lower()}
        self.wire = Wire(self.answer)

    def answer(self, method: str, path: str) -> Reply:
        path = path.lower()
        if method == "GET" and "operations" in path:
            return 200, {"status": "Succeeded"}, {}
        if path.endswith("/resources"):
            return 200, {"value": []}, {}
        if path not in self.there:
            return MISSING
        if method == "DELETE":
            if self.busy:
                self.busy -= 1
                return 409, {"error": {"code": "AnotherOperationInProgress", "message": "wait"}}, {}
            self.there.discard(path)
            return 202, None, {"Location": "https://management.azure.com/operations/1", "Retry-After": "0"}
        return 200, {"id": path, "name": GROUP, "location": "eastus", "tags": self.tags, "properties": {}}, {}


def _remove(cloud: Cloud, id_: str, patch: pytest.MonkeyPatch, timeout: float = 60.0) -> None:
    cloud.wire.put_under(patch)
    now = [0.0]
    remove(azure(), id_, GROUP, RUN, timeout=timeout, clock=lambda: now[0], sleep=lambda s: now.append(now.pop() + s))


@pytest.mark.parametrize(
    "id_", [SET, SET.replace("resourceGroups", "resourcegroups")], ids=["ARM's spelling", "others'"]
)
def test_a_resource_is_gone_once_arm_says_so(id_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud(busy=2)
    _remove(cloud, id_, monkeypatch)
    assert cloud.there == {GROUP_ID.lower()}


def test_the_group_itself_goes_as_every_group_does(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud()
    _remove(cloud, GROUP_ID, monkeypatch)
    assert GROUP_ID.lower() not in cloud.there


def follow_in_no_time(patch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a client sleeps, on a clock that only its sleeping moves on."""
    slept: list[float] = []
    patch.setattr(clients, "time", SimpleNamespace(monotonic=lambda: sum(slept), sleep=slept.append))
    return slept


LEFT_ALONE = {
    "in a group of others": GROUP_ID.replace(GROUP, "theirs")
    + "/providers/Microsoft.Compute/virtualMachineScaleSets/x",
    "in a group whose name only begins like it": f"{GROUP_ID}-1/providers/Microsoft.Compute/virtualMachineScaleSets/x",
    "in no group": f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/x",
    "of a name that no stack has": f"{GROUP_ID}/providers/Microsoft.Compute/virtualMachineScaleSets/nodes",
    "of a kind that has another name": f"{GROUP_ID}/providers/Microsoft.Compute/virtualMachineScaleSets/{RUN}-vnet",
    "on a resource of others": f"{GROUP_ID}/providers/Microsoft.Sql/servers/x"
    f"/providers/Microsoft.Compute/virtualMachineScaleSets/{RUN}-nodes",
    "of a type that no stack has": f"{GROUP_ID}/providers/Microsoft.Sql/servers/x",
}


@pytest.mark.parametrize("id_", LEFT_ALONE.values(), ids=LEFT_ALONE.keys())
def test_what_is_left_alone(id_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud()
    with pytest.raises(ProvisioningError, match="left alone"):
        _remove(cloud, id_, monkeypatch)
    assert cloud.wire.asked == []


def test_a_group_that_is_not_tagged_as_the_runs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud(tags={})
    with pytest.raises(TeardownIncomplete, match="left alone"):
        _remove(cloud, SET, monkeypatch)
    assert "DELETE" not in [method for method, _ in cloud.wire.asked]


def test_what_does_not_go_is_told_in_arms_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProvisioningError, match="cannot be removed: AnotherOperationInProgress: wait"):
        _remove(Cloud(busy=100), SET, monkeypatch, timeout=20.0)


def test_a_deletion_that_never_ends_is_followed_for_as_long_as_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud()
    still = 202, None, {"Location": "https://management.azure.com/operations/1", "Retry-After": "15"}
    cloud.wire.answer = lambda method, path: (
        still
        if method == "DELETE" or "operations" in path
        else (200, {"tags": cloud.tags, "id": path, "name": GROUP}, {})
    )
    slept = follow_in_no_time(monkeypatch)
    cloud.wire.put_under(monkeypatch)
    with pytest.raises(ProvisioningError, match="cannot be removed"):
        remove(azure(), SET, GROUP, RUN, timeout=60.0, clock=lambda: sum(slept), sleep=slept.append)
    assert 45 <= sum(slept) <= 60


def test_a_question_whose_answer_never_comes_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(lambda *_: (202, None, {"Location": "https://management.azure.com/operations/1", "Retry-After": "15"}))
    wire.put_under(monkeypatch)
    slept = follow_in_no_time(monkeypatch)
    assert send_json(azure(), "POST", "/validate", {})[0] == 202
    assert sum(slept) == FOLLOWED

"""The azure path up to the machines: the product's own client and settings, a provider that the product installs from a
mirror and the engine finds by itself, ARM that describes itself, and tokens of an identity endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.azure.rehearsed import HOLDER, Rehearsed, rehearsed
from tests.stacks.plans import ALONE, FLEXIBLE
from tests.stacks.recording import RUN, config, write
from tfinfra.azure.deletion.delete_group import delete_group
from tfinfra.clouds import azure_subscription
from tfinfra.engine.provider.install import ensure_provider
from tfinfra.engine.pulumi import Engine
from tfinfra.errors import ProvisioningError
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION
from tfinfra.localcloud.daemon.daemon_client import call
from tfinfra.localcloud.metadata.identity_endpoint import managed_identity
from tfinfra.localcloud.plugin.arm_client import arm_by_token_file

pytestmark = pytest.mark.engine
KEEP, COMPUTE = (f"tfinfra-{RUN}-{part}" for part in ("keep", "compute"))
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
GRANT = "00000000-0000-0000-0000-00000000b17d"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
KEEP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{KEEP}"


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    folder = tmp_path_factory.mktemp("azure")
    with rehearsed(folder / "cloud", folder, {"machines": "fake"}) as made, pytest.MonkeyPatch.context() as patch:
        for name, value in made.variables.items():
            patch.setenv(name, value)
        ensure_provider(lambda _: None)
        yield made


@pytest.fixture
def engine(azure: Rehearsed, tmp_path: Path) -> Iterator[Engine]:
    cloud = azure_subscription(SUBSCRIPTION)
    assert cloud.provider_command is None
    made = Engine(cloud, write(FLEXIBLE, tmp_path / "deploy"), RUN, tmp_path / "state")
    yield made
    made.close()
    call(azure.endpoint, "DELETE", "faults")
    for name in (COMPUTE, KEEP):
        delete_group(cloud, name, RUN, timeout=20)
    assert azure.groups == set()


def fault(azure: Rehearsed, path: str, **more: Any) -> None:
    call(azure.endpoint, "POST", "faults", {"kind": "status", "path": path, **more})


def state_of(engine: Engine, part: str, kind: str, name: str = "") -> dict[str, Any]:
    resources = engine.export(part)["deployment"]["resources"]
    (found,) = [r for r in resources if r["type"].endswith(kind) and r["urn"].endswith(name)]
    return dict(found)


def test_both_stacks_come_up_as_the_caller_of_the_identity_endpoint(engine: Engine, azure: Rehearsed) -> None:
    keep = engine.up("keep", config("keep"))
    engine.up("compute", {**config("compute"), "identityId": keep["identityId"]})
    nodes = state_of(engine, "compute", ":VirtualMachineScaleSet")
    assert nodes["id"].endswith(f"/virtualMachineScaleSets/{RUN}-nodes")
    assert azure.groups == {KEEP, COMPUTE}
    assert state_of(engine, "compute", ":VirtualNetwork")["outputs"]["virtualNetworkPeerings"] == []
    assert engine.up("keep", config("keep")) == keep


def test_a_build_machines_identity_may_begin_runs_too(azure: Rehearsed, tmp_path: Path) -> None:
    """It is no person, and is granted its rights on the store as what it is."""
    oid = builder(azure)
    with azure.identity.acting(managed_identity(oid)):
        cloud = azure_subscription(SUBSCRIPTION)
        made = Engine(cloud, write(ALONE, tmp_path / "deploy"), RUN, tmp_path / "state")
        try:
            made.up("keep", {**config("keep"), "principalType": cloud.principal_type})
            grant = state_of(made, "keep", ":RoleAssignment", "caller-blobs")["outputs"]
        finally:
            made.close()
            delete_group(cloud, KEEP, RUN, timeout=20)
    assert (grant["principalId"], grant["principalType"]) == (oid, "ServicePrincipal")


def builder(azure: Rehearsed) -> str:
    """The object id of a new identity that owns the subscription."""
    arm = arm_by_token_file(azure.endpoint.url, azure.endpoint.layout.ca, azure.endpoint.layout.token)
    made = arm.put(f"{HOLDER}/providers/{IDENTITIES}/builder", "2023-01-31", {"location": "eastus"})
    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"
    oid = str(made["properties"]["principalId"])
    grant = {"roleDefinitionId": role, "principalId": oid, "principalType": "ServicePrincipal"}
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/{GRANT}"
    arm.put(path, "2022-04-01", {"properties": grant})
    return oid


def test_what_is_there_already_is_not_taken_over(engine: Engine, azure: Rehearsed) -> None:
    layout = azure.endpoint.layout
    arm_by_token_file(azure.endpoint.url, layout.ca, layout.token).put(KEEP_ID, "2024-03-01", _tagged())
    with pytest.raises(ProvisioningError, match="is there already") as caught:
        engine.up("keep", config("keep"))
    assert KEEP in str(caught.value)


def _tagged() -> dict[str, Any]:
    tags = {"tfinfra-run": RUN, "tfinfra-owner": "ada", "tfinfra-expires-at": "2099-01-01T00:00:00Z"}
    return {"location": "eastus", "tags": tags}


def test_a_write_that_fails_late_is_in_the_state_and_a_second_try_goes_on_with_it(
    engine: Engine, azure: Rehearsed
) -> None:
    keep = engine.up("keep", config("keep"))
    settings = {**config("compute"), "identityId": keep["identityId"]}
    fault(azure, "Microsoft.Compute/locations/", method="GET", status=409, code="AllocationFailed", message="No room.")
    with pytest.raises(ProvisioningError, match="AllocationFailed"):
        engine.up("compute", settings)
    partly = state_of(engine, "compute", ":VirtualMachineScaleSet")
    assert partly["id"].endswith("-nodes")
    assert "AllocationFailed" in partly["initErrors"][0]
    engine.up("compute", settings)
    whole = state_of(engine, "compute", ":VirtualMachineScaleSet")
    assert (whole["id"], "initErrors" in whole) == (partly["id"], False)

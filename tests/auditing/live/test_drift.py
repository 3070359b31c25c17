"""A live run on the local ARM: what somebody changes beside it is found by its own rule, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.auditing.live.conftest import Make
from tests.auditing.live.rehearsed import COMPUTE, COMPUTE_NAME, KEEP, NODES, RULES, SET, TIMER, VNET, Rehearsed
from tests.localcloud.calls import GROUP_DELETER, SUB
from tests.stacks.recording import RUN
from tfinfra.arm.own import account_name
from tfinfra.auditing.live.live_run import Extension
from tfinfra.auditing.rule_table import rules
from tfinfra.localcloud.arm.providers import compute
from tfinfra.localcloud.common.tokens import OWNER_OID

Seed = Callable[[Rehearsed], object]
MACHINES = f"{COMPUTE}/providers/Microsoft.Compute/virtualMachines"
LATER = "2126-12-24T10:00:00Z"
LARGER = "Standard_D16s_v5"
GUID = "11111111-1111-1111-1111-111111111111"


def account(purpose: str) -> str:
    return f"{KEEP}/providers/Microsoft.Storage/storageAccounts/{account_name(purpose, RUN)}"


def rule(run: Rehearsed, name: str, source: str, access: str = "Allow") -> dict[str, Any]:
    rules = run.document(RULES)["properties"]["securityRules"]
    made = {**rules[0]["properties"], "access": access, "priority": 200, "sourceAddressPrefix": source}
    return {"securityRules": [*rules, {"name": name, "properties": made}]}


def retag(path: str, **tags: str | None) -> Seed:
    """Merges tags, None takes one away."""

    def seed(run: Rehearsed) -> None:
        now = {**run.document(path)["tags"], **tags}
        body = {"properties": {"tags": {name: value for name, value in now.items() if value is not None}}}
        reply = run.arm.put(f"{path}/providers/Microsoft.Resources/tags/default", body)
        assert reply.status == 200, reply.body

    return seed


def patched(path: str, body: dict[str, Any]) -> Seed:
    def seed(run: Rehearsed) -> None:
        reply = run.arm.call("PATCH", path, body)
        assert reply.status == 200, reply.body

    return seed


def put(path: str, body: dict[str, Any], version: str | None = None) -> Seed:
    def seed(run: Rehearsed) -> None:
        reply = run.arm.put(path, body, query=f"api-version={version}" if version else None)
        assert reply.status < 300, reply.body
        run.arm.settle()

    return seed


def profile(run: Rehearsed, **changes: Any) -> dict[str, Any]:
    return {"virtualMachineProfile": {**run.document(SET)["properties"]["virtualMachineProfile"], **changes}}


def with_extension(run: Rehearsed) -> None:
    miner = {"name": "miner", "properties": {"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript"}}
    patched(SET, {"properties": profile(run, extensionProfile={"extensions": [miner]})})(run)


def with_public_interfaces(run: Rehearsed) -> None:
    found = profile(run)
    nics = found["virtualMachineProfile"]["networkProfile"]["networkInterfaceConfigurations"]
    address = {"name": "open", "properties": {"idleTimeoutInMinutes": 10}}
    nics[0]["properties"]["ipConfigurations"][0]["properties"]["publicIPAddressConfiguration"] = address
    patched(SET, {"properties": found})(run)


def with_another_image(run: Rehearsed) -> None:
    image = {"storageProfile": {"imageReference": {"sku": "2204"}}}
    patched(SET, {"properties": {"virtualMachineProfile": image}})(run)


def with_another_identity(run: Rehearsed) -> None:
    other = f"{KEEP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{RUN}-timer"
    patched(SET, {"identity": {"type": "UserAssigned", "userAssignedIdentities": {other: {}}}})(run)


def granted(scope: str, role: str, principal: Callable[[Rehearsed], str]) -> Seed:
    def seed(run: Rehearsed) -> None:
        assert run.arm.grant(scope, role, principal(run), GUID).status == 201

    return seed


def nodes_principal(run: Rehearsed) -> str:
    return str(run.document(NODES)["properties"]["principalId"])


def ungranted(run: Rehearsed) -> None:
    path = f"{COMPUTE}/providers/Microsoft.Authorization/roleAssignments"
    (first, *_) = run.arm.get(path).body["value"]
    assert run.arm.delete(first["id"]).status == 200


def with_another_clock(run: Rehearsed) -> None:
    found = run.document(TIMER)["properties"]["definition"]
    found["triggers"]["clock"]["recurrence"]["interval"] = 500
    run.change(TIMER, properties={"definition": found})


def made_again(run: Rehearsed) -> None:
    """The same security group, which is another one."""
    body = run.document(RULES)
    for rule in body["properties"]["securityRules"]:
        rule["properties"].pop("provisioningState")
    assert run.arm.delete(RULES).status == 200
    assert run.arm.put(RULES, body).status == 201


def made_anew(run: Rehearsed) -> None:
    body = run.document(NODES)
    assert run.arm.delete(NODES).status == 200
    assert run.arm.put(NODES, {"location": body["location"], "tags": body["tags"]}).status == 201


def locked(scope: str) -> Seed:
    path = f"{scope}/providers/Microsoft.Authorization/locks/keep"
    return put(path, {"properties": {"level": "CanNotDelete"}}, "2020-05-01")


def machines(run: Rehearsed) -> list[dict[str, Any]]:
    """Those of a Flexible set are the group's, those of a Uniform one the set's own."""
    of_group: list[dict[str, Any]] = run.arm.get(MACHINES).body["value"]
    of_set: list[dict[str, Any]] = run.arm.get(f"{SET}/virtualMachines").body["value"]
    return of_group or of_set


def on_a_machine(what: str, name: str, **properties: Any) -> Seed:
    def seed(run: Rehearsed) -> None:
        put(f"{machines(run)[0]['id']}/{what}/{name}", {"location": "eastus", "properties": properties})(run)

    return seed


def with_a_public_interface(run: Rehearsed) -> None:
    elsewhere = f"{SUB}/resourceGroups/network"
    address = f"{elsewhere}/providers/Microsoft.Network/publicIPAddresses/theirs"
    put(address, {"location": "eastus", "properties": {}})(run)
    interface = run.document(machines(run)[1]["properties"]["networkProfile"]["networkInterfaces"][0]["id"])
    interface["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] = {"id": address}
    properties = {"ipConfigurations": interface["properties"]["ipConfigurations"]}
    put(interface["id"], {"location": "eastus", "properties": properties})(run)


def another_machine(run: Rehearsed, sku: Any = None, **properties: Any) -> None:
    first = machines(run)[0]
    changed = {**first, "sku": sku or first.get("sku"), "properties": {**first["properties"], **properties}}
    path = f"{SET}/virtualMachines" if sku else MACHINES
    run.answer(path, {"value": [changed]})


def _asked_otherwise(run: Rehearsed) -> None:
    part = run.parts[COMPUTE_NAME]
    assert part is not None
    asked = {"tags": {"team": "another"}}
    sent = (replace(one, sent={**one.sent, **asked}) if one.id == VNET else one for one in part.resources)
    run.parts[COMPUTE_NAME] = replace(part, resources=tuple(sent))


def _gone(run: Rehearsed, group: str) -> None:
    assert run.arm.delete(group).status == 202
    run.arm.settle()


def _tick(run: Rehearsed, seconds: float) -> None:
    run.arm.now += seconds
    run.arm.tick()


def _answered(run: Rehearsed, path: str, change: Callable[[Any], Any]) -> None:
    run.answer(path, change(run.document(path)))


def _turned(document: dict[str, Any]) -> dict[str, Any]:
    tags = document["tags"]
    return {**document, "tags": {name.upper(): tags[name] for name in reversed(tags)}}


def _with(document: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {**document, "properties": {**document["properties"], **properties}}


def _with_endpoint(document: dict[str, Any]) -> dict[str, Any]:
    """Beside the run's own."""
    kind = "providers/Microsoft.Network/privateEndpoints"
    ids = (f"{COMPUTE.upper()}/{kind}/{RUN}-shared", f"{SUB}/resourceGroups/theirs/{kind}/in")
    connections = [{"properties": {"privateEndpoint": {"id": id_}}} for id_ in ids]
    return _with(document, privateEndpointConnections=connections)


def _filled_in(document: dict[str, Any]) -> dict[str, Any]:
    found = document["properties"]["virtualMachineProfile"]
    os = {**found["osProfile"], "allowExtensionOperations": True, "requireGuestProvisionSignal": True, "secrets": []}
    (nic,) = found["networkProfile"]["networkInterfaceConfigurations"]
    nic["properties"] |= {"dnsSettings": {"dnsServers": []}, "enableIPForwarding": False}
    nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddressVersion"] = "IPv4"
    profile = {**found, "osProfile": os, "timeCreated": "2027-01-15T07:59:00.1234567+00:00"}
    return _with(document, virtualMachineProfile=profile, singlePlacementGroup=False, zoneBalance=False)


def _shouted(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: _shouted(value) for name, value in document.items()}
    if isinstance(document, list):
        return [_shouted(one) for one in reversed(document)]
    return document.upper() if isinstance(document, str) and document.startswith("/subscriptions/") else document


def _evict(run: Rehearsed) -> None:
    scale_set = run.arm.context.state.get(SET)
    assert scale_set is not None
    compute.end_instance(run.arm.context, scale_set.internal["instances"][0]["vm_id"])


def _extended(run: Rehearsed) -> None:
    retag(COMPUTE, **{"tfinfra-expires-at": LATER})(run)
    run.extended = (Extension(COMPUTE_NAME, "2126-12-24T10:00:00.000+00:00"),)


def _extended_with_timer(run: Rehearsed) -> None:
    _extended(run)
    found = json.dumps(run.document(TIMER)["properties"]["definition"])
    run.change(TIMER, properties={"definition": json.loads(found.replace("2126-11-30T10:00:00Z", LATER))})


def _ended(run: Rehearsed) -> None:
    _gone(run, COMPUTE)
    run.ended = True


def _looks(run: Rehearsed, *statuses: str) -> None:
    times = [f"2027-01-15T07:{59 - number}:00.1234567Z" for number in range(len(statuses))]
    looks = [{"properties": {"status": s, "startTime": t}} for s, t in zip(statuses, times, strict=True)]
    run.answer(f"{TIMER}/runs", {"value": looks})


DRIFTS: dict[str, tuple[Seed, str]] = {
    "the last looks of the timer failed": (lambda run: _looks(run, "Failed", "Failed", "Succeeded"), "TFA643"),
    "the timer has not looked for an hour": (lambda run: setattr(run.arm, "now", run.arm.now + 3600), "TFA643"),
    "a tag differs from the one that was asked for, from the start": (_asked_otherwise, "TFA606"),
    "a security rule with * is added": (lambda run: run.change(RULES, properties=rule(run, "ssh", "*")), "TFA611"),
    "a security rule for the Internet is added as a resource of its own": (
        lambda run: put(
            f"{RULES}/securityRules/ssh", {"properties": rule(run, "", "Internet")["securityRules"][-1]["properties"]}
        )(run),
        "TFA611",
    ),
    "a security rule for a network of somebody's is added": (
        lambda run: run.change(RULES, properties=rule(run, "office", "203.0.113.0/24")),
        "TFA612",
    ),
    "a public address is put into the compute group": (
        put(
            f"{COMPUTE}/providers/Microsoft.Network/publicIPAddresses/open",
            {"location": "eastus", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}},
        ),
        "TFA613",
    ),
    "the scale set gives its machines public addresses": (with_public_interfaces, "TFA613"),
    "an extension is added to the scale set": (with_extension, "TFA614"),
    "the capacity of the scale set is raised": (
        patched(SET, {"sku": {"capacity": 3}}),
        "TFA617",
    ),
    "the size of the scale set is changed": (
        patched(SET, {"sku": {"name": LARGER}}),
        "TFA618",
    ),
    "the image of the scale set is changed": (with_another_image, "TFA619"),
    "the identity of the nodes is swapped": (with_another_identity, "TFA621"),
    "a role is assigned to the nodes' identity in the subscription": (
        granted(SUB, GROUP_DELETER, nodes_principal),
        "TFA622",
    ),
    "a role is assigned to somebody at the compute group": (
        put(
            f"{COMPUTE}/providers/Microsoft.Authorization/roleAssignments/{GUID}",
            {
                "properties": {
                    "principalId": OWNER_OID,
                    "roleDefinitionId": f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{GROUP_DELETER}",
                }
            },
        ),
        "TFA622",
    ),
    "a role assignment of the compute group is removed": (ungranted, "TFA623"),
    "a federated credential is added to the nodes' identity": (
        put(
            f"{NODES}/federatedIdentityCredentials/ci",
            {
                "properties": {
                    "issuer": "https://ci.example",
                    "subject": "me",
                    "audiences": ["api://AzureADTokenExchange"],
                }
            },
        ),
        "TFA624",
    ),
    "shared keys are turned on": (
        lambda run: run.change(account("blob"), properties={"allowSharedKeyAccess": True}),
        "TFA631",
    ),
    "public access is turned on": (
        lambda run: run.change(account("file"), properties={"publicNetworkAccess": "Enabled"}),
        "TFA631",
    ),
    "the firewall of the shared directory is turned off": (
        lambda run: run.change(account("file"), properties={"networkAcls": {"defaultAction": "Allow"}}),
        "TFA631",
    ),
    "a private endpoint of somebody's leads to the shared directory": (
        lambda run: _answered(run, account("file"), _with_endpoint),
        "TFA632",
    ),
    "the container is made public": (
        lambda run: run.change(
            f"{account('blob')}/blobServices/default/containers/run", properties={"publicAccess": "Blob"}
        ),
        "TFA631",
    ),
    "the timer is disabled": (lambda run: run.change(TIMER, properties={"state": "Disabled"}), "TFA641"),
    "the definition of the timer is changed": (with_another_clock, "TFA642"),
    "the expiry of the compute group is moved": (retag(COMPUTE, **{"tfinfra-expires-at": LATER}), "TFA651"),
    "the expiry of the keep group is removed": (retag(KEEP, **{"tfinfra-expires-at": None}), "TFA651"),
    "the tag tfinfra-run is removed": (retag(COMPUTE, **{"tfinfra-run": None}), "TFA652"),
    "a tag of the team's is changed": (retag(SET, team="other"), "TFA652"),
    "a resource of somebody's is put into the compute group": (
        put(f"{COMPUTE}/providers/Microsoft.Network/routeTables/theirs", {"location": "eastus", "properties": {}}),
        "TFA653",
    ),
    "a lock is put on the compute group": (locked(COMPUTE), "TFA654"),
    "a lock is put on the store": (locked(account("blob")), "TFA654"),
    "a lock is put on the subscription": (locked(SUB), "TFA654"),
    "an extension is added to a machine": (
        on_a_machine("extensions", "miner", publisher="Microsoft.Azure.Extensions", type="CustomScript"),
        "TFA614",
    ),
    "an agent of Azure Monitor is added to a machine": (
        on_a_machine("extensions", "AMA", publisher="Microsoft.Azure.Monitor", type="AzureMonitorLinuxAgent"),
        "TFA615",
    ),
    "a run-command is run on a machine": (on_a_machine("runCommands", "look", source={"script": "id"}), "TFA616"),
    "a machine's interface gets a public address": (with_a_public_interface, "TFA613"),
    "a machine gets another size": (
        lambda run: another_machine(run, hardwareProfile={"vmSize": "Standard_D64s_v5"}),
        "TFA618",
    ),
    "a machine has another image": (
        lambda run: another_machine(run, storageProfile={"imageReference": {"id": "/subscriptions/x", "sku": "2204"}}),
        "TFA619",
    ),
    "the nodes' identity is made anew": (made_anew, "TFA604"),
    "the security group is made anew": (made_again, "TFA604"),
    "the network gets another subnet": (
        put(f"{VNET}/subnets/more", {"properties": {"addressPrefix": "10.64.16.0/24"}}),
        "TFA601",
    ),
    "the NAT gateway is removed": (
        lambda run: run.arm.core.context.state.remove(f"{COMPUTE}/providers/Microsoft.Network/natGateways/{RUN}-nat"),
        "TFA602",
    ),
    "the compute group is removed while the nodes train": (lambda run: _gone(run, COMPUTE), "TFA602"),
}

BENIGN: dict[str, Seed] = {
    "another client looks": lambda run: run.audit(),
    "the timer looks again": lambda run: _tick(run, 301),
    "Azure Policy adds a tag": retag(SET, env="prod"),
    "tags come in another order and case": lambda run: _answered(run, COMPUTE, _turned),
    "ids come in another case": lambda run: _answered(run, VNET, _shouted),
    "a location is written for people": lambda run: _answered(run, VNET, lambda d: {**d, "location": "East US"}),
    "an etag, a state and a time are new": lambda run: _answered(
        run, VNET, lambda d: {**d, "etag": "W/2", "systemData": {"lastModifiedAt": "2027-01-01"}}
    ),
    "ARM fills in its defaults": lambda run: _answered(
        run,
        VNET,
        lambda d: _with(d, enableDdosProtection=False, privateEndpointVNetPolicies="Disabled", bgpCommunities=None),
    ),
    "Storage fills in its defaults": lambda run: _answered(
        run,
        account("blob"),
        lambda d: _with(
            d,
            encryption={
                "keySource": "Microsoft.Storage",
                "services": {"blob": {"enabled": True, "keyType": "Account"}},
            },
            accessTier="Hot",
            allowCrossTenantReplication=False,
            dnsEndpointType="Standard",
        ),
    ),
    "Compute fills in its defaults": lambda run: _answered(run, SET, _filled_in),
    "a newer ARM says more": lambda run: _answered(run, SET, lambda d: _with(d, aNewThing={"is": "here"})),
    "the interfaces were made anew": lambda run: _answered(
        run,
        RULES,
        lambda d: _with(d, networkInterfaces=[{"id": f"{COMPUTE}/providers/Microsoft.Network/networkInterfaces/n"}]),
    ),
    "a node is evicted": _evict,
    "the run was extended": _extended,
    "the run and its timer were extended": _extended_with_timer,
    "the nodes have ended and their group is gone": _ended,
    "a timer that was just made waits for its grants": lambda run: _looks(run, "Failed", "Failed"),
    "the timer could not look once": lambda run: _looks(run, "Failed", "Succeeded", "Succeeded"),
}


@pytest.mark.parametrize("which", ["two CPU nodes", "two InfiniBand nodes", "two nodes in a subnet", "one node"])
def test_an_untouched_run_has_no_findings(which: str, made: Make) -> None:
    assert made(which).audit() == ()


def test_each_drift_has_its_row() -> None:
    told = {found.what: each.code for each in rules() if each.code.startswith("TFA6") for found in each.finds}
    assert told == {what: code for what, (_, code) in DRIFTS.items()}


@pytest.mark.parametrize("seed", DRIFTS)
def test_what_somebody_changed_is_found_by_its_own_rule(seed: str, run: Rehearsed) -> None:
    change, code = DRIFTS[seed]
    change(run)
    assert {one.rule for one in run.audit()} == {code}


@pytest.mark.parametrize("seed", BENIGN)
def test_what_is_nobodys_doing_stays_silent(seed: str, run: Rehearsed) -> None:
    BENIGN[seed](run)
    assert run.audit() == ()


OF_A_UNIFORM_SET: dict[str, tuple[Seed, str]] = {
    "an extension is on a machine": (
        on_a_machine("extensions", "miner", publisher="Microsoft.Azure.Extensions", type="CustomScript"),
        "TFA614",
    ),
    "a command is run on a machine": (on_a_machine("runCommands", "look", source={"script": "id"}), "TFA616"),
    "the capacity is raised": (patched(SET, {"sku": {"capacity": 3}}), "TFA617"),
    "a machine gets another size": (lambda run: another_machine(run, sku={"name": LARGER}), "TFA618"),
    "a machine's interface gets a public address": (
        lambda run: run.answer(f"{SET}/networkInterfaces", {"value": [_open_interface()]}),
        "TFA613",
    ),
}


def _open_interface() -> dict[str, Any]:
    address = {"properties": {"publicIPAddress": {"id": f"{SUB}/resourceGroups/theirs/providers/x/y/z"}}}
    return {"id": f"{SET}/virtualMachines/0/networkInterfaces/nic0", "properties": {"ipConfigurations": [address]}}


@pytest.mark.parametrize("seed", OF_A_UNIFORM_SET)
def test_the_machines_of_a_uniform_set_are_looked_at_too(seed: str, uniform: Rehearsed) -> None:
    change, code = OF_A_UNIFORM_SET[seed]
    change(uniform)
    assert {one.rule for one in uniform.audit()} == {code}

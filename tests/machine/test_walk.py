"""`doctor --target`, walked against the local cloud's ARM, which is told to lack one thing after the other."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.azure import fake_daemon
from tests.azure.arm_calls import send
from tests.azure.fake_daemon import admin, layout_of
from tests.azure.preflight.replies import FORBIDDEN
from tests.azure.test_prerequisites import ROLE
from tfinfra.arm.token_claims import kind
from tfinfra.azure.preflight.finding import ArmReply
from tfinfra.azure.prerequisites.group_deleter import make_group_deleter
from tfinfra.cloud import Cloud
from tfinfra.engine.client import EngineProcess
from tfinfra.errors import CredentialsError, ManifestError
from tfinfra.machine.needed_role import needed_role
from tfinfra.machine.walk import account, network, target
from tfinfra.machine.walk.plugin import plugin_step
from tfinfra.machine.walk.steps import Step
from tfinfra.machine.walk.target import Checklist, walk

cloud = fake_daemon.cloud  # a fixture

SUB = "00000000-0000-0000-0000-000000000000"
THEIRS = "11111111-2222-4333-8444-555555555555"
TARGETS = f"""\
here: {{cloud: local}}
cpu: {{cloud: azure, subscription_id: {SUB}, location: eastus, vm_size: Standard_D8s_v5}}
nowhere: {{cloud: azure, location: eastus, vm_size: Standard_D8s_v5}}
"""


@dataclass
class Remembered:
    """A recorder that runs each part's program once: all targets here make the same."""

    engine: EngineProcess
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def record(
        self, deploy: Path, run: str, part: str, config: Mapping[str, str], caller: Mapping[str, str]
    ) -> dict[str, Any]:
        key = f"{part} {config.get('deleterRole')}"
        if key not in self.known:
            self.known[key] = self.engine.record(deploy, run, part, config, caller)
        return self.known[key]


@pytest.fixture(scope="module")
def recorder() -> Iterator[Remembered]:
    with closing(EngineProcess(records=True)) as engine:
        yield Remembered(engine)


@pytest.fixture
def ask(
    cloud: Cloud, recorder: Remembered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Checklist]]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compute_targets.yaml").write_text(TARGETS)
    cloud.ensure()
    yield lambda: walk("cpu", None, recorder, rehearse=True)
    admin(cloud, "DELETE", "faults")
    admin(cloud, "DELETE", "market")


def the(found: Checklist, check: str) -> Step:
    return next(step for step in found.steps if step.check == check)


def test_a_way_that_is_free(ask: Callable[[], Checklist], cloud: Cloud) -> None:
    found = ask()
    assert (found.exit_code, {step.level for step in found.steps}) == (0, {"ok"})
    checks = [step.check for step in found.steps]
    assert checks[:4] == ["credential", "tenant", "subscription", "providers"]
    assert checks[-4:] == ["network", "client", "nodes", "timer"]
    assert "a person, object 00000000-" in found.steps[0].text
    assert found.plan == "1 x Standard_D8s_v5 in eastus is assumed; --manifest M asks for what M needs"
    assert list(layout_of(cloud).groups.iterdir()) == []


def test_a_manifests_own_plan(ask: Callable[[], Checklist], recorder: Remembered, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print()\n")
    (tmp_path / "train.yaml").write_text("entry_script: train.py\ncompute_target: cpu\n")
    found = walk(None, Path("train.yaml"), recorder, rehearse=True)
    assert (found.target, found.plan) == ("cpu", "1 x Standard_D8s_v5 in eastus, as train.yaml has it")


READER = [{"actions": ["*/read", "Microsoft.Storage/checkNameAvailability/action"], "notActions": []}]
CASES: dict[str, tuple[str, str, Any, str, int, str]] = {
    "no quota": ("PUT", "quotas", {"eastus": {"standardDSv5Family": 4}}, "quota", 4, "4 of 4 are free"),
    "missing rights": ("PUT", "market", {"permissions": READER}, "permissions", 4, "you may not"),
    "a provider that is not registered": (
        *("PUT", "market", {"registrations": {"Microsoft.Compute": "NotRegistered"}}, "providers", 4),
        "not registered for Microsoft.Compute",
    ),
    "a policy": (
        *("PUT", "market", {"policies": [{"name": "t", "path": "tags.team"}]}, "policy", 3),
        "Azure Policy 't' forbids",
    ),
    "an image that is gone": (
        *("PUT", "market", {"images": [{"image": "", "changes": None}]}, "image", 3),
        "is not there",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_stops_a_run(case: str, ask: Callable[[], Checklist], cloud: Cloud) -> None:
    method, path, body, check, expected, words = CASES[case]
    if check == "image":
        from tfinfra.catalog.images import HPC_IMAGE

        body = {"images": [{"image": HPC_IMAGE.name, "changes": None}]}
    admin(cloud, method, path, body)
    found = ask()
    step = the(found, check)
    assert (step.level, found.exit_code) == ("not", expected)
    assert words in step.text
    assert step.fix


def test_the_role_that_is_missing_is_named(ask: Callable[[], Checklist], cloud: Cloud) -> None:
    admin(cloud, "PUT", "market", {"permissions": READER})
    assert f"`tfinfra doctor --role --subscription {SUB}` prints a role of all that it takes" in str(
        the(ask(), "permissions").fix
    )


def test_who_has_the_role_of_a_caller_walks_all_of_it(ask: Callable[[], Checklist], cloud: Cloud) -> None:
    role = needed_role(None)["properties"]["permissions"]
    admin(cloud, "PUT", "market", {"permissions": role})
    found = ask()
    assert (found.exit_code, {step.level for step in found.steps}) == (0, {"ok"})
    actions = {action for grant in role for action in grant["actions"]}
    assert {"Microsoft.Resources/subscriptions/read", "Microsoft.Storage/storageAccounts/read"} <= actions


def test_rights_that_a_run_does_without_are_told_and_stop_nothing(ask: Callable[[], Checklist], cloud: Cloud) -> None:
    looking = "Microsoft.Resources/subscriptions/resourceGroups/resources/read"
    admin(cloud, "PUT", "market", {"permissions": [{"actions": ["*"], "notActions": [looking]}]})
    found = ask()
    assert (the(found, "permissions").level, found.exit_code) == ("not", 0)
    assert f"you may not {looking}" in the(found, "permissions").text
    assert "doctor --role" in str(the(found, "permissions").fix)


def test_layers_that_are_off_stop_nothing(ask: Callable[[], Checklist], cloud: Cloud) -> None:
    assert send(cloud, "DELETE", ROLE, "2022-04-01") == 200
    found = ask()
    assert [the(found, layer).level for layer in ("client", "nodes", "timer")] == ["ok", "not", "not"]
    assert (the(found, "timer").fix, found.exit_code) == (f"tfinfra setup azure --subscription {SUB}", 0)
    make_group_deleter(cloud)


def test_who_may_not_ask_is_told_what_is_not_known(ask: Callable[[], Checklist], cloud: Cloud) -> None:
    refusal = {"kind": "status", "status": 403, "code": "AuthorizationFailed", "message": "no", "count": 99}
    admin(cloud, "POST", "faults", {**refusal, "path": "/usages"})
    admin(cloud, "POST", "faults", {**refusal, "path": "/locks"})
    found = ask()
    assert [the(found, check).level for check in ("quota", "locks", "answers")] == ["unknown"] * 3
    assert found.exit_code == 0


def test_who_may_read_no_roles_lacks_a_right_and_knows_nothing_of_the_layers(
    ask: Callable[[], Checklist], cloud: Cloud
) -> None:
    said = "The client 'c' does not have authorization to perform action 'Microsoft.Authorization/roleDefinitions/read'"
    refusal = {"kind": "status", "status": 403, "code": "AuthorizationFailed", "message": said, "count": 99}
    admin(cloud, "POST", "faults", {**refusal, "path": "/roleDefinitions"})
    found = ask()
    assert found.exit_code == 4  # what the subscription lacks; 5 is the sign-in
    (step,) = (step for step in found.steps if step.check == "permissions" and said in step.text)
    assert step.level == "not"
    assert "ask for a role with Microsoft.Authorization/roleDefinitions/read" in str(step.fix)
    assert [the(found, layer).level for layer in ("nodes", "timer")] == ["unknown"] * 2


def test_a_subscription_that_is_not_there_is_all_that_is_told(ask: Callable[[], Checklist], cloud: Cloud) -> None:
    said = "The subscription 's' could not be found."
    refusal = {"kind": "status", "status": 404, "code": "SubscriptionNotFound", "message": said, "count": 99}
    admin(cloud, "POST", "faults", {**refusal, "path": "/subscriptions/"})
    found = ask()
    assert (the(found, "subscription").level, found.exit_code) == ("not", 5)
    assert "az account list" in str(the(found, "subscription").fix)
    assert {the(found, check).level for check in target.ASKED} == {"unknown"}
    assert {step.check for step in found.steps if step.level == "not"} == {"subscription"}


@pytest.mark.parametrize(("state", "code"), [("Disabled", 4), ("Warned", 0), ("PastDue", 0)])
def test_a_subscription_that_azure_has_closed_or_will(
    state: str, code: int, ask: Callable[[], Checklist], cloud: Cloud
) -> None:
    admin(cloud, "PUT", "market", {"subscriptions": {SUB: state}})
    found = ask()
    assert (the(found, "subscription").level, found.exit_code) == ("not", code)
    assert the(found, "subscription").fix


WRONG_TENANT = (
    "The access token is from the wrong issuer 'https://sts.windows.net/00000000-0000-0000-0000-00000000cafe/'. "
    f"It must match the tenant 'https://sts.windows.net/{THEIRS}/' associated with this subscription."
)


def test_the_wrong_tenant(ask: Callable[[], Checklist], cloud: Cloud) -> None:
    """The body: Azure/pcs-cli#357, Azure/LogicAppsUX#9068."""
    refusal = {"status": 401, "code": "InvalidAuthenticationTokenTenant", "message": WRONG_TENANT}
    admin(cloud, "POST", "faults", {"kind": "status", "path": "/subscriptions/", "count": 99, **refusal})
    found = ask()
    assert (the(found, "tenant").level, found.exit_code) == ("not", 5)
    assert the(found, "tenant").fix == f"az login --tenant {THEIRS}"
    assert {the(found, check).level for check in target.ASKED} == {"unknown"}


def test_no_credential(ask: Callable[[], Checklist], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> Any:
        raise CredentialsError("no credential for Azure", "run `az login`")

    monkeypatch.setattr(target, "claims", refused)
    found = ask()
    assert (found.steps[0], found.exit_code) == (
        Step("credential", "not", "no credential for Azure", "run `az login`", 5),
        5,
    )
    assert the(found, "quota").level == "unknown"


@pytest.mark.parametrize("name", ["nowhere", "nope"])
def test_a_wrong_target(name: str, recorder: Remembered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compute_targets.yaml").write_text(TARGETS)
    with pytest.raises(ManifestError):
        walk(name, None, recorder)


STATES = {
    "enabled": (ArmReply(200, {"state": "Enabled", "tenantId": "T"}), "ok", 0),
    "warned": (ArmReply(200, {"state": "Warned", "tenantId": "t"}), "not", 0),
    "past due": (ArmReply(200, {"state": "PastDue", "tenantId": "t"}), "not", 0),
    "deleted": (ArmReply(200, {"state": "Deleted", "tenantId": "t"}), "not", 4),
    "a state of next year": (ArmReply(200, {"state": "Paused", "tenantId": "t"}), "unknown", 0),
    "no right to look": (FORBIDDEN, "unknown", 0),
    "no answer": (ArmReply(0, {"error": {"code": "ServiceRequestError", "message": "refused"}}), "unknown", 0),
    "not there for you": (ArmReply(404, {"error": {"code": "SubscriptionNotFound", "message": "no"}}), "not", 5),
}


@pytest.mark.parametrize(("reply", "level", "code"), STATES.values(), ids=STATES)
def test_states_of_a_subscription(reply: ArmReply, level: str, code: int, cloud: Cloud) -> None:
    from dataclasses import replace

    found = account.account_steps(replace(cloud, tenant_id="t"), reply)
    assert [step.check for step in found] == ["tenant", "subscription"]
    assert (found[1].level, found[1].exit_code) == (level, code)


KINDS = {
    "a person": {"idtyp": "user", "upn": "ada@contoso.com", "oid": "1"},
    "a person without idtyp": {"scp": "user_impersonation", "unique_name": "ada@contoso.com"},
    "a service principal": {"idtyp": "app", "appid": "2"},
    "a managed identity": {"idtyp": "app", "xms_mirid": "/subscriptions/s/vm"},
    "of a kind that its token does not tell": {"oid": "3"},
}


@pytest.mark.parametrize("case", KINDS)
def test_who_asks(case: str) -> None:
    assert kind(KINDS[case]) == case.removesuffix(" without idtyp")


def test_the_provider_of_azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfinfra.arm.azure_native import BINARY
    from tfinfra.engine.provider import plugin_folder

    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path))
    absent = plugin_step(local=False)
    assert (absent.level, absent.exit_code) == ("not", 0)
    assert "tfinfra setup" in str(absent.fix)
    monkeypatch.setenv("TFINFRA_PROVIDER_MIRROR", str(tmp_path / "nowhere"))
    assert (plugin_step(local=False).level, plugin_step(local=False).exit_code) == ("not", 2)
    monkeypatch.delenv("TFINFRA_PROVIDER_MIRROR")
    plugin_folder.provider_folder().mkdir(parents=True)
    (plugin_folder.provider_folder() / BINARY).write_text("#!/bin/sh\n")
    (plugin_folder.provider_folder() / BINARY).chmod(0o755)
    assert plugin_step(local=False).level == "ok"
    monkeypatch.setenv("TFINFRA_PROVIDER_SHA256", "0" * 64)
    refused = plugin_step(local=False)
    assert (refused.level, refused.exit_code) == ("not", 1)
    assert "not with 000" in refused.text
    assert plugin_step(local=True).level == "ok"


# The way to the store


@pytest.fixture
def abroad(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A cloud that is not on this machine, with an account that a test makes up."""
    from dataclasses import replace

    return replace(cloud, arm_endpoint="https://management.example")


@pytest.fixture
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """A port that answers CONNECT with 403, and what it was sent."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], heard


def test_a_proxy_that_lets_nothing_through(abroad: Cloud, listening: tuple[int, list[bytes]]) -> None:
    port, heard = listening
    environ = {"https_proxy": f"http://ada:pa%20ss@127.0.0.1:{port}"}
    found = network.network_step(abroad, "https://team.blob.example/runs", environ)
    assert (found.level, found.exit_code) == ("not", 4)
    assert "the proxy says 'HTTP/1.1 403 Forbidden'" in found.text
    assert heard[0].startswith(b"CONNECT team.blob.example:443 ")
    assert b"Basic YWRhOnBhIHNz" in heard[0]
    assert "pa ss" not in found.text + str(found.fix)


def test_nobody_who_answers_there(abroad: Cloud) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = network.network_step(abroad, f"https://127.0.0.1:{port}/runs", {})
    assert (found.level, found.exit_code) == ("not", 4)
    assert "*.blob.core.windows.net" in str(found.fix)


def test_a_certificate_of_somebody_else(abroad: Cloud, cloud: Cloud) -> None:
    """The local cloud's own ARM plays the endpoint: its CA is not this machine's."""
    found = network.network_step(
        abroad, cloud.arm_endpoint, {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
    )
    assert found.level == "not"
    assert "certificate is not trusted" in found.text


def test_an_endpoint_that_answers(abroad: Cloud, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    trusting = ssl.create_default_context(cafile=str(cloud.ca_file))
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    assert network.network_step(abroad, cloud.arm_endpoint, {}).level == "ok"


def test_no_account_to_try(abroad: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "blob_endpoint", lambda cloud: None)
    found = network.network_step(abroad, None, {"HTTPS_PROXY": "http://proxy.example:3128"})
    assert (found.level, found.exit_code) == ("unknown", 0)
    assert "HTTPS_PROXY leads through proxy.example" in found.text

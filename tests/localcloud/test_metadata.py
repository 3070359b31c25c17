"""The instance-metadata endpoint against what is documented and recorded of Azure's."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.calls import COMPUTE, GROUP_DELETER, IDENTITY, KEEP, SET, SUB, Arm, Reply, scale_set
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION, TENANT
from tfinfra.localcloud.daemon.certificates import ATTESTATION, prepare_certificates
from tfinfra.localcloud.metadata.metadata_app import MetadataApp

VERSION = "api-version=2021-02-01"
TOKEN = "identity/oauth2/token"


@dataclass
class Machine:
    """A machine's way to its endpoint."""

    arm: Arm
    app: MetadataApp
    base: str
    instance: dict[str, Any]

    def get(
        self, path: str, query: str = VERSION, *, method: str = "GET", metadata: str = "true", **more: str
    ) -> Reply:
        self.arm.app, app = self.app, self.arm.app  # type: ignore[assignment]
        given = {"metadata": metadata, **more} if metadata else more
        reply = self.arm.call(method, f"{self.base}/metadata/{path}", query=query, **given)
        self.arm.app = app
        return reply


def machine(arm: Arm, mode: str = "Flexible") -> Machine:
    """The first machine of a set that runs."""
    arm.put(SET, scale_set(mode))
    arm.settle()
    folder = arm.context.state.folder(COMPUTE.rpartition("/")[2]) / "machines" / SET.rpartition("/")[2]
    spec = json.loads((folder / "spec.json").read_text())["spec"]
    instance = spec["instances"][0]
    base = instance["metadata_url"].removeprefix("http://127.0.0.1:8080")
    return Machine(arm, MetadataApp(arm.context, b"k" * 32), base, instance)


@pytest.fixture
def node(arm: Arm) -> Machine:
    arm.make_all()
    return machine(arm)


REFUSALS: dict[str, tuple[str, dict[str, str], int, dict[str, Any]]] = {
    "no Metadata header": (
        "instance",
        {"metadata": ""},
        400,
        {"error": "Bad request. Required metadata header not specified"},
    ),
    "no Metadata header, for a token": (
        TOKEN,
        {"metadata": ""},
        400,
        {"error": "bad_request_102", "error_description": "Required metadata header not specified"},
    ),
    "a request that came through a proxy": (
        "instance",
        {"x-forwarded-for": "10.0.0.9"},
        400,
        {"error": "Bad request. Required metadata header not specified"},
    ),
    "no version": (
        "instance",
        {"query": ""},
        400,
        {
            "error": "Bad request. api-version was not specified in the request. "
            "For more information refer to aka.ms/azureimds",
            "newest-versions": ["2025-04-07", "2023-11-15", "2023-07-01"],
        },
    ),
    "no version, for a token": (
        TOKEN,
        {"query": "resource=x"},
        400,
        {"error": "invalid_request", "error_description": "Required query variable 'api-version' is missing"},
    ),
    "no resource": (
        TOKEN,
        {},
        400,
        {"error": "invalid_request", "error_description": "Required query variable 'resource' is missing"},
    ),
    "an identity that the machine has not": (
        TOKEN,
        {"query": f"{VERSION}&resource=x&client_id=other"},
        400,
        {"error": "invalid_request", "error_description": "Identity not found"},
    ),
    "a path that is not there": ("nothing", {}, 404, {"error": "Not found"}),
    "an element that is not there": ("instance/compute/colour", {}, 404, {"error": "Not found"}),
    "another method": ("instance", {"method": "POST"}, 405, {"error": "Method not allowed"}),
    "a leaf as JSON": (
        "instance/compute/vmId",
        {},
        400,
        {
            "error": "Bad request. format=text is needed for this element. "
            "For more information refer to aka.ms/azureimds"
        },
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_it_refuses(node: Machine, case: str) -> None:
    path, options, status, body = REFUSALS[case]
    node.arm.call("PUT", "/tfinfra/metadata", {"token_statuses": []})
    reply = node.get(path, **options)
    assert (reply.status, reply.body) == (status, body)


@pytest.mark.parametrize("version", ["2016-01-01", "2021-02-02", "soon"])
def test_a_version_that_it_has_not_is_refused_with_those_that_it_has(node: Machine, version: str) -> None:
    reply = node.get("instance", f"api-version={version}")
    assert reply.status == 400
    assert reply.body["error"].startswith("Bad request. api-version is invalid or was not specified in the request.")
    known = node.get("versions", "").body["apiVersions"]
    assert reply.body["newest-versions"] == sorted(known, reverse=True)[:3]


def test_tokens_and_signatures_are_younger_than_the_endpoint(node: Machine) -> None:
    assert node.get("instance", "api-version=2017-12-01").status == 200
    assert node.get(TOKEN, "api-version=2017-12-01&resource=x").status == 400
    assert node.get("attested/document", "api-version=2018-04-02").status == 400


def test_an_identity_is_found_a_moment_after_the_machine_has_booted(node: Machine) -> None:
    query = f"{VERSION}&resource=x"
    assert [node.get(TOKEN, query).status for _ in range(3)] == [400, 200, 200]


def test_how_it_begins_can_be_told(arm: Arm) -> None:
    arm.make_all()
    assert arm.call("PUT", "/tfinfra/metadata", {"token_statuses": [429, 410, 500, 400]}).status == 200
    node = machine(arm)
    replies = [node.get(TOKEN, f"{VERSION}&resource=x") for _ in range(5)]
    assert [r.status for r in replies] == [429, 410, 500, 400, 200]
    assert replies[0].headers["retry-after"] == "1"
    assert arm.call("PUT", "/tfinfra/metadata", {"token_statuses": ["soon"]}).status == 400


def test_a_token_is_what_azure_gives_and_arm_takes_it(arm: Arm) -> None:
    principal = arm.make_all()
    arm.grant(COMPUTE, GROUP_DELETER, principal)
    arm.call("PUT", "/tfinfra/metadata", {"token_statuses": []})
    answer = machine(arm).get(TOKEN, f"{VERSION}&resource=x").body
    assert answer.keys() == {
        *("access_token", "client_id", "expires_in", "expires_on", "ext_expires_in", "not_before"),
        *("resource", "token_type"),
    }
    assert all(isinstance(value, str) for value in answer.values())
    assert int(answer["expires_on"]) == arm.now + int(answer["expires_in"])
    assert arm.get(COMPUTE, authorization=f"Bearer {answer['access_token']}").status == 200
    assert arm.get(KEEP, authorization=f"Bearer {answer['access_token']}").status == 403


def test_an_identity_may_be_named_in_any_way(node: Machine) -> None:
    node.arm.call("PUT", "/tfinfra/metadata", {"token_statuses": []})
    made = node.arm.get(IDENTITY).body["properties"]
    ways = (f"client_id={made['clientId']}", f"object_id={made['principalId']}", f"msi_res_id={IDENTITY.upper()}")
    assert [node.get(TOKEN, f"{VERSION}&resource=x&{way}").status for way in ways] == [200, 200, 200]
    assert node.get("identity/info").body == {"tenantId": TENANT}


def _leaves(part: Any) -> list[Any]:
    if isinstance(part, dict):
        return [leaf for value in part.values() for leaf in _leaves(value)]
    return [leaf for value in part for leaf in _leaves(value)] if isinstance(part, list) else [part]


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
def test_the_document_has_azures_shape(arm: Arm, mode: str) -> None:
    arm.make_all()
    node = machine(arm, mode)
    document = node.get("instance").body
    assert all(isinstance(leaf, str) for leaf in _leaves(document))
    compute = document["compute"]
    assert (compute["vmId"], compute["name"]) == (node.instance["vm_id"], node.instance["name"])
    assert compute["osProfile"]["computerName"] == node.instance["computer_name"]
    where = f"{COMPUTE}/providers/Microsoft.Compute"
    number = node.instance["name"].rpartition("_")[2]
    expected = {
        "Flexible": f"{where}/virtualMachines/{node.instance['name']}",
        "Uniform": f"{SET}/virtualMachines/{number}",
    }
    assert compute["resourceId"] == expected[mode]
    assert compute["storageProfile"]["imageReference"]["sku"] == compute["sku"] != ""
    (interface,) = document["network"]["interface"]
    assert interface["ipv4"]["ipAddress"][0]["privateIpAddress"].startswith("10.1.0.")
    assert interface["ipv4"]["subnet"] == [{"address": "10.1.0.0", "prefix": "24"}]
    assert interface["ipv6"] == {"ipAddress": []}
    assert len(interface["macAddress"]) == 12
    assert node.get("instance/compute/vmId", f"{VERSION}&format=text").body == node.instance["vm_id"]
    assert node.get("instance", f"{VERSION}&format=text").body == "compute/\nnetwork/"


def test_another_machine_is_nobody(node: Machine) -> None:
    node.base = node.base[:-1]
    assert node.get("instance").status == 404


def test_an_attested_document_is_signed_by_the_clouds_ca(node: Machine, tmp_path: Path) -> None:
    prepare_certificates(node.arm.layout)
    answer = node.get("attested/document", f"{VERSION}&nonce=1234567890").body
    assert (answer.keys(), answer["encoding"]) == ({"encoding", "signature"}, "pkcs7")
    (tmp_path / "signature").write_bytes(base64.b64decode(answer["signature"]))
    signature = ("-inform", "DER", "-in", str(tmp_path / "signature"))
    verify = ("openssl", "smime", "-verify", *signature, "-CAfile", str(node.arm.layout.ca), "-purpose", "any")
    said = json.loads(subprocess.run(verify, capture_output=True, check=True).stdout)
    assert said["timeStamp"] == {"createdOn": "01/15/27 08:00:00 -0000", "expiresOn": "01/15/27 14:00:00 -0000"}
    assert (said["nonce"], said["vmId"]) == ("1234567890", node.instance["vm_id"])
    assert (said["subscriptionId"], said["plan"]) == (SUBSCRIPTION, {"name": "", "product": "", "publisher": ""})
    assert SUB.endswith(said["subscriptionId"])
    signer = subprocess.run(
        ("openssl", "pkcs7", *signature, "-print_certs", "-noout"), capture_output=True, text=True, check=True
    )
    assert ATTESTATION in signer.stdout


def test_a_documents_time_stands_for_a_nonce(node: Machine) -> None:
    prepare_certificates(node.arm.layout)
    signature = base64.b64decode(node.get("attested/document").body["signature"])
    assert b'"nonce":"20270115-080000"' in signature

"""Parts of the local cloud for themselves: ids, tokens, files, the type checker, presence, names of machines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.localcloud.calls import COMPUTE, SUB, Arm
from tfinfra.localcloud.arm.checks.references import references
from tfinfra.localcloud.arm.checks.scale_set import has_infiniband
from tfinfra.localcloud.arm.checks.types import check_body
from tfinfra.localcloud.arm.providers import quota
from tfinfra.localcloud.common import ids, tokens
from tfinfra.localcloud.common.state_files import read_json, write_json
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION
from tfinfra.localcloud.daemon.daemon_client import why_not
from tfinfra.localcloud.machines.machine_record import InstanceRecord, ProcessId, Record, read_record, write_record
from tfinfra.localcloud.machines.supervised_machines import SupervisedMachines

PATHS: dict[str, tuple[str, str, tuple[str, ...], bool]] = {
    "the subscription": (SUB, ids.SUBSCRIPTION_TYPE, (SUBSCRIPTION,), False),
    "a group, in lower case": (f"{SUB}/resourcegroups/g", ids.GROUP_TYPE, ("g",), False),
    "all groups": (f"{SUB}/resourceGroups", ids.GROUP_TYPE, (), True),
    "a resource": (f"{SUB}/resourceGroups/g/providers/A.B/cs/c", "A.B/cs", ("c",), False),
    "a child": (f"{SUB}/resourceGroups/g/providers/A.B/cs/c/ds/d", "A.B/cs/ds", ("c", "d"), False),
    "all children": (f"{SUB}/resourceGroups/g/providers/A.B/cs/c/ds", "A.B/cs/ds", ("c",), True),
    "an extension": (f"{SUB}/resourceGroups/g/providers/A.B/cs/c/providers/X.Y/zs/z", "X.Y/zs", ("z",), False),
    "no path of ARM": ("/favicon.ico", "", (), False),
}


@pytest.mark.parametrize("case", PATHS)
def test_a_path_is_taken_apart(case: str) -> None:
    path, type_, names, collection = PATHS[case]
    address = ids.parse(path)
    assert (address.type, address.names, address.is_collection) == (type_, names, collection)


@given(st.text(st.characters(codec="utf-8", exclude_characters="?#"), max_size=60))
def test_any_path_is_an_address(text: str) -> None:
    assert ids.parse("/" + text).path.startswith("/")


@given(st.text(max_size=20), st.integers(-100_000, 100_000))
def test_a_token_proves_its_principal_while_it_is_valid(oid: str, later: int) -> None:
    token = tokens.mint(b"key", oid, 1e9, 3600)
    assert tokens.principal(b"key", token, 1e9 + later) == (oid if -60 <= later < 3600 else None)
    assert tokens.principal(b"other", token, 1e9) is None


@given(st.text(st.characters(codec="ascii"), max_size=80))
def test_what_is_no_token_proves_nothing(text: str) -> None:
    assert tokens.principal(b"key", text, 1e9) is None


def test_a_token_that_was_changed_proves_nothing() -> None:
    head, body, signature = tokens.mint(b"key", "node", 1e9, 3600).split(".")
    other = tokens.mint(b"other", tokens.OWNER_OID, 1e9, 3600).split(".")[1]
    assert tokens.principal(b"key", f"{head}.{other}.{signature}", 1e9) is None
    assert tokens.principal(b"key", f"{head}.{body}.", 1e9) is None


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    assert read_json(file) is None
    write_json(file, {"a": 1})
    assert (read_json(file), file.stat().st_mode & 0o777) == ({"a": 1}, 0o600)
    file.write_text('{"a":')
    assert read_json(file) is None
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


BODIES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "fine": ("Microsoft.Network/virtualNetworks", {"location": "eastus", "properties": {}}, []),
    "case is ignored": ("Microsoft.Network/virtualNetworks", {"Location": "eastus", "Properties": {}}, []),
    "read-only is ignored": ("Microsoft.Network/virtualNetworks", {"location": "e", "etag": 5, "id": "x"}, []),
    "a list for an object": ("Microsoft.Network/virtualNetworks", {"properties": []}, ["properties"]),
    "a string for a boolean": (
        "Microsoft.Network/virtualNetworks",
        {"properties": {"enableDdosProtection": "yes"}},
        ["properties.enableDdosProtection"],
    ),
    "two faults, both named": (
        "Microsoft.Network/virtualNetworks",
        {"tag": {}, "properties": {"subnets": [{"name": "a", "propertys": {}}]}},
        ["tag", "properties.subnets[0].propertys"],
    ),
    "a slip in an open enumeration": (
        "Microsoft.Network/natGateways",
        {"location": "e", "sku": {"name": "Standrad"}},
        ["sku.name"],
    ),
    "tags hold strings": ("Microsoft.Network/natGateways", {"location": "e", "tags": {"a": 1}}, ["tags.a"]),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_is_checked_against_the_types(case: str) -> None:
    type_, body, paths = BODIES[case]
    assert [f.path for f in check_body(type_, "2024-05-01", body)] == paths


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
MEMBERS = st.sampled_from(["location", "properties", "sku", "identity", "tags", "zones", "plan"])


@given(st.dictionaries(MEMBERS, JSON, max_size=4))
def test_no_body_breaks_the_checker(body: dict[str, Any]) -> None:
    for finding in check_body("Microsoft.Compute/virtualMachineScaleSets", "2024-11-01", body):
        assert finding.message


def test_references_are_the_ids_of_others() -> None:
    own, other, identity = f"{COMPUTE}/providers/A.B/c/d", f"{COMPUTE}/providers/A.B/c/e", f"{COMPUTE}/providers/I/i/i"
    body = {
        "identity": {"userAssignedIdentities": {identity: {}}},
        "properties": {"a": [{"id": other}, {"id": f"{own}/parts/p"}], "image": {"id": "marketplace"}},
    }
    assert references(own, body) == [other, identity]


SIZES = {
    "Standard_D8s_v5": (8, "standardDSv5Family", False),
    "Standard_ND96asr_v4": (96, "Standard NDASv4_A100 Family", True),
    "Standard_NC24ads_A100_v4": (24, "StandardNCADSA100v4Family", False),
    "Standard_HB120rs_v3": (120, "standardHBrsv3Family", True),
    "Standard_E16s_v5": (16, "standardESv5Family", False),  # none of the catalog's
}


@pytest.mark.parametrize("size", SIZES)
def test_what_a_size_says_of_itself(size: str) -> None:
    assert (quota.cores_of(size), quota.family_of(size), has_infiniband(size)) == SIZES[size]


def test_the_daemon_stays_for_a_living_client_then_for_its_groups(arm: Arm) -> None:
    presence = arm.presence
    presence.hello(os.getpid(), arm.now)
    presence.hello(2**22 + 1, arm.now)  # no such process
    assert not presence.may_leave(arm.now + 30)
    assert list(presence.clients) == [os.getpid()]
    arm.make_groups()
    assert not presence.may_leave(arm.now + 31)
    assert presence.clients == {}  # the run that the client came for is there
    for group in arm.context.state.groups():
        arm.delete(group.id)
    arm.settle()
    assert not presence.may_leave(arm.now + 32)
    assert presence.may_leave(arm.now + 34)


def test_a_client_that_never_comes_is_waited_for_a_minute(arm: Arm) -> None:
    arm.presence.hello(os.getpid(), arm.now)
    assert not arm.presence.may_leave(arm.now + 59)
    assert not arm.presence.may_leave(arm.now + 61)
    assert arm.presence.may_leave(arm.now + 62)


ENDS: dict[str, tuple[int | None, str, str]] = {
    "killed": (-15, "", "it was killed by SIGTERM"),
    "its own words": (1, "Traceback\nOSError: no port\n", "OSError: no port"),
    "a full disk": (1, "OSError: [Errno 28] No space left on device: '/s/x'\n", "the disk with /s/x is full"),
    "no words": (3, "", "it ended with exit status 3 and without a message"),
    "silent": (None, "", "it has not answered for 30 s"),
}


@pytest.mark.parametrize(("code", "said", "reason"), ENDS.values(), ids=ENDS)
def test_why_a_daemon_does_not_start(code: int | None, said: str, reason: str) -> None:
    assert why_not(code, said) == reason


def test_ending_machines_waits_for_no_removal_of_their_disks(tmp_path: Path) -> None:
    """They go with the scale set's folder, into the trash."""
    gone = ProcessId("another boot", 1, "0")
    write_record(tmp_path, Record("process", gone, (InstanceRecord("vm_0", "id", "127.0.0.9", gone),)))
    disk = tmp_path / "vm_0/root/data"
    disk.mkdir(parents=True)
    SupervisedMachines("process").stop(tmp_path)
    assert read_record(tmp_path) is None
    assert disk.exists()

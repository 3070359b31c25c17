"""The pure parts of the machines: what is read, rewritten, leased and recorded."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.machines.support import BOOTSTRAP, custom_data, scale_set
from tfinfra.localcloud.machines import machine_kinds, machine_record, spec_json
from tfinfra.localcloud.machines.interface import Disk, Mount
from tfinfra.localcloud.machines.namespaces import confine, forwarding, probe
from tfinfra.localcloud.machines.namespaces.namespace_supervisor import node_addresses
from tfinfra.localcloud.machines.namespaces.node_root import outermost, system_layers
from tfinfra.localcloud.machines.processes import customdata
from tfinfra.localcloud.machines.processes.addresses import lease_addresses


def _config(text: dict[str, Any]) -> bytes:
    return b"#cloud-config\n" + yaml.safe_dump(text).encode()


def test_the_second_part_adds_its_files_to_those_of_the_first(tmp_path: Path) -> None:
    config = customdata.read_custom_data(custom_data("print()", {"run": "r"}))
    customdata.write_files(config, tmp_path)
    bootstrap = tmp_path / BOOTSTRAP.removeprefix("/")
    assert bootstrap.read_text() == "#!/usr/bin/env python3\nprint()"
    assert bootstrap.stat().st_mode & 0o777 == 0o755
    assert json.loads((tmp_path / "etc/tfinfra/settings.json").read_text()) == {"run": "r"}
    assert (tmp_path / "etc/tfinfra/settings.json").stat().st_mode & 0o777 == 0o600
    assert customdata.boot_scripts(tmp_path, "/venv/python") == [["/venv/python", str(bootstrap)]]


def test_what_is_run_at_every_boot_is_what_lies_there_and_may_be_run(tmp_path: Path) -> None:
    folder = tmp_path / str(customdata.PER_BOOT.relative_to("/"))
    folder.mkdir(parents=True)
    for name, mode in (("b", 0o755), ("a", 0o755), ("notes", 0o644)):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(mode)
    assert customdata.boot_scripts(tmp_path, "python") == [[str(folder / "a")], [str(folder / "b")]]


_PACKED = gzip.compress(b"text")
ENCODINGS: dict[str, tuple[dict[str, Any], bytes]] = {
    "plain text": ({"content": "text"}, b"text"),
    "no content": ({}, b""),
    "base64": ({"encoding": "b64", "content": base64.b64encode(b"text").decode()}, b"text"),
    "gzip in base64": ({"encoding": "gz+b64", "content": base64.b64encode(_PACKED).decode()}, b"text"),
    "gzip as YAML binary": ({"encoding": "gzip", "content": _PACKED}, b"text"),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_files_content_may_be(name: str, tmp_path: Path) -> None:
    entry, expected = ENCODINGS[name]
    config = customdata.read_custom_data(_config({"write_files": [{"path": "/a/b", **entry}]}))
    customdata.write_files(config, tmp_path)
    assert (tmp_path / "a/b").read_bytes() == expected


WRONG: dict[str, bytes] = {
    "a path that leaves the machine's folder": _config({"write_files": [{"path": "/../out", "content": ""}]}),
    "a relative path": _config({"write_files": [{"path": "out", "content": ""}]}),
    "no cloud-config at all": b"#!/bin/sh\n",
    "a cloud-config that is a list": b"#cloud-config\n- a\n",
}


@pytest.mark.parametrize("name", WRONG)
def test_custom_data_is_refused_with(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"."):
        customdata.write_files(customdata.read_custom_data(WRONG[name]), tmp_path / "root")
    assert not (tmp_path / "out").exists()


def test_a_shell_line_is_run_by_the_shell() -> None:
    assert customdata.commands({"runcmd": ["a | b", ["c", 1]]}, {}, "py") == [["sh", "-c", "a | b"], ["c", "1"]]


def test_a_metadata_request_gets_the_machines_prefix_and_one_answer() -> None:
    theirs = (
        "GET /instance?x=/y HTTP/1.1",
        "Host: 169.254.169.254",
        "Metadata: true",
        "Connection: keep-alive",
        "",
        "",
    )
    ours = ("GET /vm/instance?x=/y HTTP/1.1", "Host: 127.0.0.1:80", "Connection: close", "Metadata: true", "", "")
    head = "\r\n".join(theirs).encode()
    assert forwarding.rewrite_head(head, "127.0.0.1:80", "/vm") == "\r\n".join(ours).encode()
    with pytest.raises(ValueError, match="unpack"):
        forwarding.rewrite_head(b"\x16\x03\r\n\r\n", "h", "")


@given(st.integers(0, 200))
def test_machines_get_the_addresses_that_azure_would_give(count: int) -> None:
    addresses = node_addresses("10.0.0.0/24", count)
    assert len(set(addresses)) == count
    assert addresses[:1] == (("10.0.0.4",) if count else ())


def test_a_subnet_that_is_too_small_is_an_error() -> None:
    assert len(node_addresses("10.0.0.0/29", 3)) == 3
    with pytest.raises(OSError, match="no room for 4"):
        node_addresses("10.0.0.0/29", 4)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
def test_leased_addresses_are_nobody_elses_until_they_are_given_back() -> None:
    one, two = lease_addresses("a", 300), lease_addresses("a", 2)
    assert len(set(one.addresses)) == 300
    assert set(one.addresses).isdisjoint(two.addresses)
    for held in one.locks:
        held.close()
    assert lease_addresses("a", 2).addresses == one.addresses[:2]


def test_a_spec_arrives_at_the_supervisor_as_it_was(tmp_path: Path) -> None:
    spec = scale_set(tmp_path, "x", 3, mounts=(Mount(tmp_path, True),))
    assert spec_json.spec_from_text(spec_json.spec_to_text("process", spec)) == ("process", spec)
    spec = replace(spec, disk=Disk(64, 128))
    assert spec_json.spec_from_text(spec_json.spec_to_text("process", spec)) == ("process", spec)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    own = machine_record.identify(os.getpid())
    assert own is not None
    entries = (
        machine_record.InstanceRecord("a", "v", "127.0.0.1", own),
        machine_record.InstanceRecord("b", "w", "127.0.0.2"),
    )
    record = machine_record.Record("process", own, entries)
    machine_record.write_record(tmp_path, record)
    assert machine_record.read_record(tmp_path) == record
    assert machine_record.read_record(tmp_path / "none") is None


def test_a_process_is_known_by_more_than_its_pid() -> None:
    own = machine_record.identify(os.getpid())
    assert own is not None
    assert machine_record.is_alive(own)
    assert not machine_record.is_alive(machine_record.ProcessId("another boot", own.pid, own.started))
    assert not machine_record.is_alive(machine_record.ProcessId(own.boot, own.pid, "0"))


def test_a_zombie_is_no_running_process() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert machine_record.identify(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert machine_record.identify(child.pid) is None
    child.communicate()


def test_only_disks_that_hold_parts_of_the_system_get_a_layer() -> None:
    mountinfo = """\
21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
22 21 0:20 / /proc rw - proc proc rw
23 21 254:1 / /usr rw,relatime shared:1 - xfs /dev/vdb rw
24 21 254:2 / /home rw - ext4 /dev/vdc rw
25 21 254:3 / /var/lib/my\\040disk rw - ext4 /dev/vdd rw
26 21 0:30 / /usr/tmp rw - tmpfs tmpfs rw
27 21 254:4 / /usr2 rw - ext4 /dev/vde rw
28 21 254:5 / /usr/local/nvidia ro,relatime - squashfs /dev/vdf ro
29 21 7:1 / /var/lib/snapd/snap/core/1 ro - squashfs /dev/loop1 ro
30 21 254:6 /libcuda.so.1 /usr/lib/libcuda.so.1 ro - ext4 /dev/vda ro
"""
    assert system_layers(mountinfo) == [Path("/usr"), Path("/usr/lib/libcuda.so.1"), Path("/usr/local/nvidia")]


def test_a_mask_covers_what_is_below_it() -> None:
    paths = [Path(p) for p in ("/home/a", "/root/.state/x", "/home", "/root", "/homes")]
    assert outermost(paths) == [Path("/home"), Path("/homes"), Path("/root")]


def test_the_kinds_are_named_with_what_hinders_them() -> None:
    kinds = machine_kinds.possible_kinds()
    assert list(kinds) == ["namespace", "process"]
    assert kinds["process"] is None
    assert kinds[machine_kinds.best_kind()] is None
    assert machine_kinds.machines("process").kind == "process"
    with pytest.raises(ValueError, match="no 'cloud' machines"):
        machine_kinds.machines("cloud")


def test_where_the_systems_python_is_missing_that_is_the_obstacle_and_nothing_is_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(confine, "is_known", lambda machine: True)
    monkeypatch.setattr(shutil, "which", lambda tool: f"/usr/bin/{tool}")
    monkeypatch.setattr(Path, "exists", lambda path: path != Path("/usr/bin/python3"))
    monkeypatch.setattr(subprocess, "run", lambda *args, **more: pytest.fail(f"{args} ran"))
    assert probe.namespace_obstacle() == "needs the system's python3 (apt-get install python3)"

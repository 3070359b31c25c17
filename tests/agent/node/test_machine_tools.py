"""What a node does with tools that only Azure's machines have use for: each is a script that notes what it is told."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfinfra.agent.boot import bring_inputs, scratch
from tfinfra.agent.boot.scratch import find_scratch
from tfinfra.agent.devices import gate
from tfinfra.agent.devices.gate import ask_driver
from tfinfra.agent.devices.links import infiniband_ports, interface_addresses

GIB = 1 << 30
Tool = Callable[[str, str], None]


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """Makes a tool of this name, the only ones on PATH but the system's."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

    def make(name: str, text: str) -> None:
        path = tmp_path / "bin" / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >>{tmp_path / "told"}\n{text}\n')
        path.chmod(0o755)

    return make


@pytest.fixture
def machine(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A whole machine with these disks, as root sees it."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(scratch, "MOUNT", tmp_path / "scratch")
    real = Path.is_dir
    monkeypatch.setattr(Path, "is_dir", lambda path: str(path) == "/run/systemd/system" or real(path))
    for name in ("mdadm", "mkfs.ext4", "mount"):
        tool(name, "")

    def make(*disks: dict[str, Any]) -> None:
        (tmp_path / "disks.json").write_text(json.dumps({"blockdevices": disks}))
        tool("lsblk", f"cat {tmp_path / 'disks.json'}")

    return make


def nvme(number: int) -> dict[str, Any]:
    return {
        "name": f"/dev/nvme{number}n1",
        "type": "disk",
        "size": 960 * GIB,
        "ro": False,
        "mountpoints": [None],
        "model": "Microsoft NVMe Direct Disk v2",
        "fstype": None,
        "pttype": None,
    }


def told(folder: Path) -> list[str]:
    return [line for line in (folder / "told").read_text().splitlines() if not line.startswith(("lsblk", "blkid"))]


def test_blank_disks_become_one_mounted_file_system(machine: Callable[..., None], tool: Tool, tmp_path: Path) -> None:
    machine(nvme(0), nvme(1))
    tool("blkid", "exit 2")
    assert find_scratch(Path("/")) == tmp_path / "scratch"
    stripe, system, mount = told(tmp_path)
    assert stripe.startswith("mdadm --create /dev/md") and stripe.endswith("/dev/nvme0n1 /dev/nvme1n1")
    assert system.startswith("mkfs.ext4 ")
    assert mount.endswith(str(tmp_path / "scratch"))


def test_a_disk_that_holds_something_after_all_is_left_alone(
    machine: Callable[..., None], tool: Tool, tmp_path: Path
) -> None:
    machine(nvme(0))
    tool("blkid", "exit 0")
    assert find_scratch(Path("/")) is None
    assert told(tmp_path) == []


def test_a_tool_that_fails_leaves_the_system_disk_to_serve(
    machine: Callable[..., None], tool: Tool, caplog: pytest.LogCaptureFixture
) -> None:
    machine(nvme(0))
    tool("blkid", "exit 2")
    tool("mkfs.ext4", "echo no room >&2; exit 1")
    assert find_scratch(Path("/")) is None
    assert "exit status 1: no room" in caplog.text


@pytest.mark.parametrize("least", [0, 1 << 62], ids=["with room", "without room"])
def test_a_temporary_disk_is_taken_where_the_image_has_mounted_it(
    least: int, machine: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "mounted_disk", lambda _: str(tmp_path))
    monkeypatch.setattr(scratch, "_LEAST", least)
    machine()
    found = find_scratch(Path("/"))
    assert found == (None if least else tmp_path / "tfinfra-scratch")
    assert found is None or found.exists()


COMMANDS: dict[str, tuple[tuple[str, ...], str | None]] = {
    "one that succeeds": (("true",), None),
    "one that fails": (("sh", "-c", "echo no such share >&2; exit 32"), "exit status 32: no such share"),
    "one that is not there": (("/nowhere/mount",), "No such file or directory"),
}


@pytest.mark.parametrize(("line", "said"), COMMANDS.values(), ids=COMMANDS.keys())
def test_what_a_command_on_the_node_says(line: tuple[str, ...], said: str | None) -> None:
    found = bring_inputs._run(*line)
    assert found is None if said is None else said in str(found)


def test_a_driver_that_takes_the_asking_process_along_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert ask_driver("libcuda.so.1").problem == "asking the driver ended with exit status 1"


SYSTEMD = {"says": ("echo failed; exit 3", "failed"), "says nothing": ("exit 4", "unknown")}


@pytest.mark.parametrize(("text", "state"), SYSTEMD.values(), ids=SYSTEMD.keys())
def test_the_fabric_manager_is_as_systemd(text: str, state: str, tool: Tool) -> None:
    tool("systemctl", text)
    assert gate._fabric_manager() == state


def test_without_systemd_nobody_knows_of_a_fabric_manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gate._fabric_manager() == "unknown"


def test_a_machine_whose_network_cannot_be_listed_has_no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[tuple[int, str]]:
        raise OSError("not permitted")

    monkeypatch.setattr(socket, "if_nameindex", refuse)
    assert interface_addresses() == {}


def test_a_port_that_cannot_be_read_is_no_infiniband(tmp_path: Path) -> None:
    (tmp_path / "class/infiniband/mlx5_0/ports/1/link_layer").mkdir(parents=True)
    assert infiniband_ports(tmp_path) == ()

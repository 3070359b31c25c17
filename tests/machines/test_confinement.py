"""A training script cannot leave its namespace machine, nor change what other runs will trust."""

from __future__ import annotations

import os
import platform
import pwd
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.machines.escapes import ATTEMPTS
from tests.machines.support import read_told, scale_set
from tfinfra.localcloud.machines.interface import Mount
from tfinfra.localcloud.machines.machine_kinds import machines, possible_kinds
from tfinfra.localcloud.machines.namespaces import node_masks
from tfinfra.localcloud.machines.namespaces.confine import KEPT, REFUSED, instructions
from tfinfra.system.paths import state_folder

_WHY_NOT = possible_kinds()["namespace"]
needs_namespaces = [
    pytest.mark.root,
    pytest.mark.skipif(_WHY_NOT is not None, reason=f"namespace machines: {_WHY_NOT}"),
]
MACHINES = machines("namespace")
ESCAPES = Path(__file__).with_name("escapes.py")
REFUSALS = {"EPERM", "EACCES", "EROFS", "EXDEV", "EBUSY", "ENODATA", "ENOENT", "ESRCH", "ECONNREFUSED", "ENOSYS"}
"""ENODATA: what the attempt looked for is not there, or empty."""


@dataclass(frozen=True)
class Host:
    """What lies on the host before the machine boots."""

    cache: Path
    shared: Path
    mine: Path
    told: dict[str, Any]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A machine in which everything was tried once."""
    above = tmp_path_factory.mktemp("host")
    cache, shared, mine = above / "cache", above / "shared", above / "mine"
    for folder in (cache, shared / "c" / "inputs"):
        folder.mkdir(parents=True)
    (cache / "marker").write_text("whole")
    mine.write_text("precious")
    (shared / "c" / "inputs" / "mine").hardlink_to(mine)
    # What every user of this machine may reach, below a folder that an overlay shows.
    beside = Path("/var/lib") / f"tfinfra-test-{os.getpid()}.sock"
    abstract = f"tfinfra-test-{os.getpid()}"
    set_folder = above / "set"
    mounts = (Mount(cache, True), Mount(shared, False), Mount(shared / "c" / "inputs", True))
    with socket.create_server(("127.0.0.1", 0)) as port, _listening(str(beside)), _listening(f"\0{abstract}"):
        beside.chmod(0o777)
        try:
            facts = {"port": port.getsockname()[1], "socket": str(beside), "abstract": abstract}
            facts |= {"cache": str(cache), "shared": str(shared), **_facts()}
            script = ESCAPES.read_text().replace("FACTS: dict[str, Any] = {}", f"FACTS = {facts!r}", 1)
            MACHINES.start(scale_set(set_folder, script, 1, mounts=mounts))
            yield Host(cache, shared, mine, read_told(set_folder, limit=60))
        finally:
            beside.unlink()
            MACHINES.stop(set_folder)


def _listening(name: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(name)
    listener.listen()
    threading.Thread(target=_accept, args=(listener,), daemon=True).start()
    return listener


def _accept(listener: socket.socket) -> None:
    try:
        listener.accept()[0].close()
    except OSError:
        return  # nobody came


def _facts() -> dict[str, Any]:
    index = ["x86_64", "aarch64"].index(platform.machine())
    disk = Path("/").stat().st_dev
    strange = [str(p) for p in node_masks.folders() if p.parent == Path("/") and p.name not in ("home", "root", "tmp")]
    return {
        "calls": {name: numbers[index] for name, numbers in REFUSED.items() if numbers[index] is not None},
        "clone": (56, 220)[index],
        "disk": (os.major(disk), os.minor(disk)),
        "pid": os.getpid(),
        "state": str(state_folder()),
        "beside": [*strange, *(str(p) for p in Path("/").iterdir() if p.is_file() and not p.is_symlink())],
        "private": [path for path, _ in node_masks.look(()).private if path not in ("/etc/shadow", "/etc/gshadow")],
    }


@pytest.mark.parametrize("attempt", ATTEMPTS)
class TestEscapes:
    pytestmark = needs_namespaces

    def test_it_is_refused(self, host: Host, attempt: str) -> None:
        assert host.told[attempt] in REFUSALS


class TestMachine:
    pytestmark = needs_namespaces

    def test_the_host_is_as_it_was(self, host: Host) -> None:
        assert host.mine.read_text() == "precious"
        assert {p.name: p.read_text() for p in host.cache.iterdir()} == {"marker": "whole"}
        assert sorted(p.name for p in host.shared.rglob("*")) == ["c", "inputs", "mine"]

    def test_every_call_of_the_filter_is_refused(self, host: Host) -> None:
        assert set(host.told["calls"].values()) == {"EPERM"}
        assert len(host.told["calls"]) > 35
        assert platform.machine() != "x86_64" or host.told["x32"] == "ENOSYS"

    def test_no_right_is_left_but_those_that_a_node_needs(self, host: Host) -> None:
        rights = f"{sum(1 << number for number in KEPT.values()):016x}"
        none = f"{0:016x}"
        assert host.told["status"] == [
            f"CapInh: {none}",
            f"CapPrm: {rights}",
            f"CapEff: {rights}",
            f"CapBnd: {rights}",
            f"CapAmb: {none}",
            "NoNewPrivs: 1",
            "Seccomp: 2",
        ]


def test_what_a_link_leads_to_is_masked_and_not_the_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real" / "home").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "link" / "state"))
    someone = pwd.struct_passwd(("u", "x", 1000, 1000, "", str(tmp_path / "link" / "home"), "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwall", lambda: [someone])
    masks = node_masks.folders()
    assert {tmp_path / "real" / "state", tmp_path / "real" / "home"} <= set(masks)
    assert all(path == path.resolve() for path in masks)


def test_what_only_some_may_read_is_private_wherever_programs_are_put_by_hand() -> None:
    assert {"/etc", "/var", "/opt", "/usr/local"} <= set(node_masks._WITH_SECRETS)


def test_the_filter_of_each_architecture_jumps_forward_and_ends() -> None:
    for machine in ("x86_64", "aarch64"):
        program = instructions(machine)
        ends = [at for at, (code, _, _, _) in enumerate(program) if code == 0x06]
        jumps = [at + 1 + far for at, (code, *both, _) in enumerate(program) if code & 0x07 == 0x05 for far in both]
        assert max(jumps) < len(program)
        assert ends[-1] == len(program) - 1
        assert len(program) < 4096  # BPF_MAXINSNS
    with pytest.raises(OSError, match="riscv64"):
        instructions("riscv64")

"""Machines that exist in a file only: a `Machines` for tests of ARM and of its callers.

Tests write into the file, in the set's folder, to let a machine die; a folder named "no-boot" refuses to boot.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from pathlib import Path

from tfinfra.localcloud.common.state_files import read_json, write_json
from tfinfra.localcloud.machines.interface import InstanceState, ScaleSetSpec
from tfinfra.localcloud.machines.spec_json import spec_to_text

RECORD = "fake.json"


class FakeMachines:
    kind = "fake"

    def start(self, spec: ScaleSetSpec) -> None:
        """Boots at once; OSError where the set's name asks for it."""
        if spec.folder.name == "no-boot":
            raise OSError("these machines do not boot")
        hosts = ipaddress.ip_network(spec.network).hosts()
        addresses = [str(host) for host, _ in zip(hosts, range(len(spec.instances) + 3), strict=False)][3:]
        pairs = zip(spec.instances, addresses, strict=True)
        states = [{"name": instance.name, "address": address, "running": True} for instance, address in pairs]
        (spec.folder / "spec.json").write_text(spec_to_text(self.kind, spec), "utf-8")
        write_json(spec.folder / RECORD, states)

    def states(self, folder: Path) -> Sequence[InstanceState]:
        return [InstanceState(**state) for state in read_json(folder / RECORD) or ()]

    def end(self, folder: Path, name: str) -> None:
        kill(folder, name, "ended by the local cloud")

    def reboot(self, folder: Path, name: str) -> None:
        """Only leaves a file that says so."""
        (folder / f"{name}.rebooted").touch()

    def stop(self, folder: Path) -> None:
        write_json(folder / RECORD, [])


def kill(folder: Path, name: str, message: str) -> None:
    """Lets a machine die by itself."""
    states = json.loads((folder / RECORD).read_text("utf-8"))
    dead = [{**s, "running": False, "message": message} if s["name"] == name else s for s in states]
    write_json(folder / RECORD, dead)

"""The customData on an image like Azure's: real cloud-init reads it, grows the disk, and has what each boot runs."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stacks.custom_data import custom_data
from tests.machines.support import BOOTSTRAP
from tests.stacks.plans import FLEXIBLE, plan
from tfinfra.compiler.deploy.render import render

HERE = Path(__file__).parent
PYTHON = Path("/usr/bin/python3")


def _has_cloud_init() -> bool:
    done = subprocess.run([PYTHON, "-c", "import cloudinit, yaml"], capture_output=True, check=False)
    return done.returncode == 0


pytestmark = pytest.mark.skipif(
    not (PYTHON.exists() and _has_cloud_init()), reason="the system's Python has no cloud-init"
)


def on_azures_image(folder: Path, config: str) -> Any:
    """What cloud-init does with a customData whose first part is `config`."""
    data = folder / "custom-data"
    data.write_bytes(base64.b64decode(custom_data(config, "{}")))
    line = [str(PYTHON), "-I", str(HERE / "azure_image.py"), str(folder), str(HERE / "data/azure-cloud.cfg"), str(data)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_system_disk_grows_and_the_agent_comes_up_at_every_boot(tmp_path: Path) -> None:
    did = on_azures_image(tmp_path, render(plan(FLEXIBLE), "name: digits\n")["cloud-init.yaml"])
    assert did["devices"] == ["/"]
    assert did["command"] == ["resize2fs", "/dev/sda1"]
    assert did["files"] == {BOOTSTRAP: "0755", "/etc/tfinfra/settings.json": "0644"}
    order = [did["modules"].index(m) for m in ("write_files", "growpart", "resizefs", "scripts_per_boot")]
    assert order == sorted(order)


FORBIDS: dict[str, tuple[str, list[str], list[str]]] = {
    "the partition": ("growpart: {mode: 'off'}", [], ["resize2fs", "/dev/sda1"]),
    "the file system": ("resize_rootfs: false", ["/"], []),
}


@pytest.mark.parametrize("case", FORBIDS)
def test_it_is_seen_where_a_custom_data_forbids_to_grow(tmp_path: Path, case: str) -> None:
    forbids, devices, command = FORBIDS[case]
    config = f"#cloud-config\n{forbids}\nwrite_files: []\n"
    did = on_azures_image(tmp_path, config)
    assert (did["devices"], did["command"]) == (devices, command)

"""`tfinfra check` with the real engine, in the hands of a job that has nothing: no credentials, no home, and a checkout
that it may only read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfinfra.system.paths import cache_folder

pytestmark = pytest.mark.engine
AZURE = """\
name: words
entry_script: train.py
node_count: 2
distributed_backend: mpi
compute_target: {cloud: azure, location: eastus, vm_size: [Standard_D8s_v5, Standard_D4s_v5]}
limits: {max_cost_usd: 20}
"""
LOCAL = "name: digits\nentry_script: plain.py\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "train.py").write_text("import horovod.tensorflow as hvd\nhvd.init()\n")
    (folder / "plain.py").write_text("print()\n")
    (folder / "words.yaml").write_text(AZURE)
    (folder / "digits.yaml").write_text(LOCAL)
    (folder / "wrong.yaml").write_text("name: wrong\n")
    return folder


def test_a_job_without_anything_checks_manifests_of_any_target(checkout: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(scratch),
        "HOME": str(tmp_path / "nowhere"),
        "NO_COLOR": "1",
        "TFINFRA_CACHE_DIR": str(cache_folder()),
        # neither may be asked, nor reach the engine
        "PULUMI_BACKEND_URL": "s3://nobody",
        "AZURE_CLIENT_SECRET": "of somebody",
    }
    command = [sys.executable, "-m", "tfinfra.cli.main", "check", "words.yaml", "wrong.yaml", "digits.yaml", "--json"]
    checkout.chmod(0o555)
    try:
        done = subprocess.run(
            command, cwd=checkout, env=environ, capture_output=True, text=True, timeout=280, check=False
        )
    finally:
        checkout.chmod(0o755)
    assert done.returncode == 3, done.stderr
    words, wrong, digits = json.loads(done.stdout)["manifests"]
    assert (words["exit_code"], wrong["exit_code"], digits["exit_code"]) == (0, 3, 0)
    assert words["usd_per_hour"] > 0
    kinds = {resource["type"] for each in (words, digits) for resource in each["preview"]["compute"]}
    assert "azure-native:compute:VirtualMachineScaleSet" in kinds
    assert {resource["name"] for resource in words["preview"]["keep"]} >= {"group", "blobs"}
    assert len(list(checkout.iterdir())) == 5
    assert list(scratch.iterdir()) == []
    left = [path.name for path in (tmp_path / "nowhere").rglob("*") if path.is_file()]
    assert left == ["mistake.json"]  # why it failed, for a report, as after every verb

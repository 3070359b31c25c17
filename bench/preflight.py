"""What `tfinfra plan --live` takes, with the cloud next door and with each of its answers 100 ms late."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.common import SCRIPTS, Result, Row, repeated, tell, tfinfra_command
from tfinfra.clouds import local_cloud
from tfinfra.localcloud.files import read_json
from tfinfra.localcloud.layout import Layout
from tfinfra.localcloud.starting import call, running_daemon

NEAR = "the cloud answers at once"
LAG = {"kind": "lag", "seconds": 0.1, "count": 1_000_000}
FEW = {"eastus": {"Standard NCASv3_T4 Family": 4}}
CASES: dict[str, tuple[dict[str, Any] | None, dict[str, Any], int]] = {
    NEAR: (None, {}, 0),
    "100 ms a round trip": (LAG, {}, 0),
    "100 ms, and asked again for what would work": (LAG, FEW, 4),
}
MANIFEST = f"""\
source_directory: {SCRIPTS}
entry_script: work.py
script_params: {{backend: mpi}}
use_gpu: true
node_count: 2
distributed_backend: mpi
compute_target: {{cloud: azure, location: eastus, vm_size: Standard_NC8as_T4_v3}}
"""


def run(repeat: int) -> Result:
    """`asked_s`: the conversation with ARM, with the recording of the program beside it; `command_s`: all of it."""
    with _cloud() as (folder, layout):
        rows = tuple(_row(repeat, case, folder, layout) for case in CASES)
    note = "a lag is one of the answer; the connections' own round trips (TCP, TLS: 2 each, side by side) come on top"
    return Result("preflight", rows, (note,))


def _row(repeat: int, case: str, folder: Path, layout: Layout) -> Row:
    tell(case)
    lag, quotas, status = CASES[case]
    _tell(layout, "DELETE", "faults")
    _tell(layout, "DELETE", "market")
    _tell(layout, "PUT", "quotas", quotas)
    if lag:
        _tell(layout, "POST", "faults", lag)
    samples = repeated(repeat, lambda: _ask(folder, status))
    return Row(case, samples, None if case == NEAR else NEAR, {"asked_s": 3.0})


def _ask(folder: Path, status: int) -> dict[str, float]:
    began = time.perf_counter()
    words = [*tfinfra_command(), "plan", "--live", "--rehearse", "--json", "train.yaml"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode != status:
        raise subprocess.CalledProcessError(done.returncode, words, done.stdout, done.stderr)
    live = json.loads(done.stdout).get("live")
    return {"command_s": seconds, **({"asked_s": live["seconds"]} if live else {})}


def _tell(layout: Layout, method: str, path: str, body: Any = None) -> None:
    endpoint = running_daemon(layout)
    if endpoint is None or call(endpoint, method, path, body)[0] >= 300:
        raise OSError(f"the local cloud did not take {method} {path}")


@contextmanager
def _cloud() -> Iterator[tuple[Path, Layout]]:
    """A local cloud of the benchmark's own, and a folder with the manifest."""
    with tempfile.TemporaryDirectory(prefix="tfinfra-bench-") as name:
        folder = Path(name)
        (folder / "train.yaml").write_text(MANIFEST)
        os.environ["TFINFRA_STATE_DIR"] = str(folder / "state")
        local_cloud(machines="fake")
        layout = Layout(folder / "state" / "cloud")
        try:
            yield folder, layout
        finally:
            process = psutil.Process(read_json(layout.endpoint)["pid"])
            process.terminate()
            psutil.wait_procs([process], timeout=10)

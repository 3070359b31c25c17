"""What `tfinfra plan --live` and `doctor --manifest` take, with the cloud next door and with each of its answers 100 ms
late."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.common import SCRIPTS, Result, Row, repeated, tell, tfinfra_command
from tfinfra.cloud import Cloud
from tfinfra.clouds import local_cloud
from tfinfra.compiler.deploy.write import write_tree
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import Compiled, compile_manifest
from tfinfra.engine.client import EngineProcess
from tfinfra.lifecycle.preflight import check_live
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.localcloud.common.state_files import read_json
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.daemon_client import call, running_daemon

NEAR = "answers at once"
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
LETTERS = "abc123"


@dataclass
class Remembered:
    """A recorder that runs each part's program once."""

    engine: EngineProcess
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def record(
        self, deploy: Path, run: str, part: str, config: Mapping[str, str], caller: Mapping[str, str]
    ) -> dict[str, Any]:
        if part not in self.known:
            self.known[part] = self.engine.record(deploy, run, part, config, caller)
        return self.known[part]


@dataclass(frozen=True)
class Bench:
    """A local cloud of the benchmark's own, a folder with the manifest, and what was recorded of it."""

    folder: Path
    layout: Layout
    compiled: Compiled
    recorder: Remembered

    def arm(self, cloud: Cloud) -> dict[str, float]:
        """The conversation with ARM alone."""
        options = UpOptions(self.folder, letters=LETTERS, own_state=self.folder)
        return {"asked_s": check_live(self.compiled, cloud, self.recorder, self.folder / "deploy", options).seconds}

    def command(self, status: int) -> dict[str, float]:
        """The whole command, and the conversation with the recording of the program beside it."""
        seconds, document = self._timed(status, "plan", "--live", "--rehearse", "--json", "train.yaml")
        live = document.get("live")
        return {"command_s": seconds, **({"asked_s": live["seconds"]} if live else {})}

    def walk(self, status: int) -> dict[str, float]:
        """`doctor` of the same manifest: the way of a run up to its first write."""
        seconds, document = self._timed(status, "doctor", "--manifest", "train.yaml", "--rehearse", "--json")
        return {"command_s": seconds, "asked_s": document["seconds"]}

    def _timed(self, status: int, *verb: str) -> tuple[float, dict[str, Any]]:
        """The seconds that a command took, and the document that it printed. Raises CalledProcessError."""
        began = time.perf_counter()
        words = [*tfinfra_command(), *verb]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        if done.returncode != status:
            raise subprocess.CalledProcessError(done.returncode, words, done.stdout, done.stderr)
        document: dict[str, Any] = json.loads(done.stdout)
        return seconds, document


def run(repeat: int) -> Result:
    """Three rows for each case: ARM alone, and the two commands."""
    with _bench() as bench:
        rows = tuple(row for case in CASES for row in _rows(repeat, case, bench))
    note = "a lag is one of the answer; the connections' own round trips (TCP, TLS: 2 each, side by side) come on top"
    return Result("preflight", rows, (note,))


def _rows(repeat: int, case: str, bench: Bench) -> tuple[Row, Row, Row]:
    tell(case)
    cloud = local_cloud(machines="fake")  # it leaves when nobody has needed it for a minute
    lag, quotas, status = CASES[case]
    _tell(bench.layout, "DELETE", "faults")
    _tell(bench.layout, "DELETE", "market")
    _tell(bench.layout, "PUT", "quotas", quotas)
    if lag:
        _tell(bench.layout, "POST", "faults", lag)
    bench.arm(cloud)
    alone = Row(
        f"ARM alone: {case}", repeated(repeat, lambda: bench.arm(cloud)), f"ARM alone: {NEAR}", {"asked_s": 3.0}
    )
    whole = repeated(repeat, lambda: bench.command(status))
    asked = Row(f"plan --live: {case}", whole, f"plan --live: {NEAR}", {"command_s": 3.0, "asked_s": 3.0})
    walked = repeated(repeat, lambda: bench.walk(status))
    return alone, asked, Row(f"doctor: {case}", walked, f"doctor: {NEAR}", {"command_s": 10.0})


def _tell(layout: Layout, method: str, path: str, body: Any = None) -> None:
    endpoint = running_daemon(layout)
    if endpoint is None or call(endpoint, method, path, body)[0] >= 300:
        raise OSError(f"the local cloud did not take {method} {path}")


@contextmanager
def _bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="tfinfra-bench-") as name, closing(EngineProcess()) as engine:
        folder = Path(name)
        (folder / "train.yaml").write_text(MANIFEST)
        compiled = compile_manifest(load_project(folder / "train.yaml", rehearse=True))
        write_tree(compiled.tree, folder / "deploy")
        os.environ["TFINFRA_STATE_DIR"] = str(folder / "state")
        local_cloud(machines="fake")
        layout = Layout(folder / "state" / "cloud")
        try:
            yield Bench(folder, layout, compiled, Remembered(engine))
        finally:
            process = psutil.Process(read_json(layout.endpoint)["pid"])
            process.terminate()
            psutil.wait_procs([process], timeout=10)

"""What `tfinfra compile` costs as a run grows: 2, 100 and 1,000 nodes of Horovod."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.common import SCRIPTS, Result, Row, measure, repeated, tell, tfinfra_command

BARE = "python -c pass"
AT_MOST = {2: 0.5, 100: 1.5, 1000: 1.5}  # seconds
MANIFEST = """\
name: bench-{nodes}
source_directory: {source}
entry_script: work.py
script_params: {{backend: mpi}}
node_count: {nodes}
distributed_backend: mpi
"""


def run(repeat: int) -> Result:
    """One row per number of nodes; every sample writes the deploy folder anew."""
    rows = [Row(BARE, repeated(repeat, lambda: measure([sys.executable, "-I", "-c", "pass"])))]
    rows += [_row(repeat, nodes, seconds) for nodes, seconds in AT_MOST.items()]
    return Result("compile", tuple(rows))


def _row(repeat: int, nodes: int, seconds: float) -> Row:
    case = f"tfinfra compile, {nodes:,} nodes"
    tell(case)
    samples = repeated(repeat, lambda: _compile(nodes))
    return Row(case, samples, BARE, {"seconds": seconds, "peak_mib": 150})


def _compile(nodes: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="tfinfra-bench-") as name:
        folder = Path(name)
        manifest = folder / "train.yaml"
        manifest.write_text(MANIFEST.format(nodes=nodes, source=SCRIPTS))
        sample = measure([*tfinfra_command(), "compile", manifest], folder)
        size = sum(p.stat().st_size for p in (folder / "deploy").rglob("*") if p.is_file())
    return {**sample, "deploy_kib": size / 1024}

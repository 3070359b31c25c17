"""TensorFlow's oldest and newest version that is tried, in real runs: `python -m bench versions` has all others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.versions.backend_cases import BACKENDS
from bench.versions.case import HELPERS, MPI, Case
from bench.versions.record import CASES, TRAINS, read, tried
from tests.e2e.conftest import Workspace

pytestmark = pytest.mark.e2e
OLDEST, NEWEST = tried()[0].patch, tried()[-1].patch
PYTHON = "3.11"
TOGETHER = (
    "DistributedOptimizer of horovod.tensorflow.keras, in fit",
    "hvd.DistributedGradientTape over a Keras model's variables",
    "hvd.DistributedGradientTape over tf.Variables",
    "hvd.broadcast_variables over a Keras model's variables",
    "hvd's MetricAverageCallback",
    "hvd.elastic.KerasState",
)
"""Cases that one process can go through, one after the other."""
ONE_BY_ONE = """\
import traceback
from pathlib import Path

for number in range({count}):
    print("case", number, flush=True)
    try:
        exec(compile(Path(f"case_{{number}}.py").read_text(), str(number), "exec"), {{"__name__": "__main__"}})
    except Exception:
        print("failed:", traceback.format_exc(limit=1).splitlines()[-1], flush=True)
"""


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_horovods_cases_end_as_they_were_measured(version: str, best_workspace: Workspace) -> None:
    kind = next(one.keras for one in tried() if one.patch == version)
    cases = [CASES[name] for name in (*TOGETHER, *_CURES.get(kind, ()))]
    manifest = best_workspace.manifest(
        ONE_BY_ONE.format(count=len(cases)), **MPI, framework_version=version, python_version=PYTHON
    )
    _write(manifest, {**HELPERS, **{f"case_{number}.py": case.script for number, case in enumerate(cases)}})
    done = best_workspace.up(manifest)
    assert done.returncode == 0, done.stderr
    logs = [path.read_text() for path in sorted((best_workspace.run_folder() / "tasks").glob("rank-*.log"))]
    assert len(logs) == 2
    ranks = [re.split(r"^case \d+$", log, flags=re.MULTILINE)[1:] for log in logs]
    trained = {case.name: _weights(a) == _weights(b) != [] for case, a, b in zip(cases, *ranks, strict=True)}
    measured = {row.case: row.what == TRAINS for row in read() if (row.framework, row.python) == (version, PYTHON)}
    assert trained == {name: measured[name] for name in trained}


_CURES = {
    3: ("hvd.DistributedGradientTape over their values", "hvd.broadcast_variables over their values"),
}
"""{a version of Keras: the cases of its own}"""


@pytest.mark.parametrize("case", [case for case in BACKENDS if case.name in ("ps: coordinator", "multi_worker")])
def test_the_newest_tensorflow_trains_without_horovod(case: Case, best_workspace: Workspace) -> None:
    manifest = best_workspace.manifest(case.script, **case.keys, framework_version=NEWEST, python_version=PYTHON)
    _write(manifest, HELPERS)
    done = best_workspace.up(manifest)
    assert done.returncode == 0, done.stderr
    logs = [path.read_text() for path in (best_workspace.run_folder() / "tasks").glob("*.log")]
    assert len({found for log in logs for found in _weights(log)}) == 1


def _write(manifest: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (manifest.parent / name).write_text(text)


def _weights(log: str) -> list[str]:
    return re.findall(r"^weights: ([0-9a-f]+)$", log, re.MULTILINE)

"""Whole runs of real agents under a lock: nodes that are what it says train, and none does where one is not."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.agent.evidence.support import LOCK, locked_to
from tests.agent.nodes import Cluster, cluster
from tests.backends.specs import plan_of, spec
from tests.environment.proof.support import SITE, environment_in
from tfinfra.environment.proof.installed_tree import store_tree
from tfinfra.environment.same_bytes.virtual_environment import make_virtual_environment
from tfinfra.errors import DifferenceFound
from tfinfra.model import CHECKS, to_json
from tfinfra.store import keys

PLAN = plan_of(spec("ps", node_count=2, worker_count=2), base_port=21922)
SCRIPT = """
import json, os, time
if json.loads(os.environ["TF_CONFIG"])["task"]["type"] == "ps":
    time.sleep(600)
print("trained")
"""


@contextmanager
def locked_run(folder: Path, **options: Any) -> Iterator[Cluster]:
    """A run of two nodes whose lock says what `environment` in `folder` is now."""
    environment = environment_in(folder)
    make_virtual_environment(environment, Path(sys.executable).resolve(), platform.python_version())
    locked = replace(locked_to(store_tree(environment, "uv")), image=None, python=platform.python_version())
    lock = to_json(LOCK)
    with cluster(folder, PLAN, SCRIPT, environment=str(environment), lock=lock, locked=locked, **options) as run:
        yield run


def test_nodes_that_are_what_the_lock_says_train(tmp_path: Path) -> None:
    with locked_run(tmp_path) as run:
        run.start(0, 1)
        assert run.outcome(60).result == "succeeded"
        for node in (0, 1):
            proofs = {check.name: check.proof for check in run.evidence(node).checks}
            assert proofs == {**dict.fromkeys(CHECKS, "verified"), "image": "declared"}, run.evidence(node).checks
        assert run.log("worker-0") == "trained\n"


SEEDS = {
    "a .pth file": ("evil.pth", "node 0 (", f"owners: {SITE}/evil.pth: no package has it, and Python reads it at"),
    "a module": ("beta.py", "node 1 (", f"records: {SITE}/beta.py (of beta-one): is not what the package lists"),
}


@pytest.mark.parametrize("case", SEEDS)
def test_no_task_starts_where_an_environment_is_not_what_the_lock_says(case: str, tmp_path: Path) -> None:
    name, *words = SEEDS[case]
    with locked_run(tmp_path) as run:
        (Path(run.environment) / SITE / name).write_text("import os\n")
        run.start(0, 1)
        outcome = run.outcome(60)
        assert (outcome.error, outcome.exit_code) == (DifferenceFound, 11)
        assert all(word in outcome.message for word in words), outcome.message
        assert run.store.list(keys.TASKS) == []
        assert not (tmp_path / "node-0/var/lib/tfinfra/work/worker-0").exists()

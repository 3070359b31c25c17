"""setup_script: once on every node before the training, in the tasks' own source, and its failure is the run's."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from tests.agent.nodes import Cluster, cluster
from tests.agent.test_own_faults import context_of
from tests.backends.specs import plan_of, spec
from tfinfra.agent.boot.setup_script import run_setup
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node_errors import NodeFault
from tfinfra.model import Plan
from tfinfra.store import MemoryStore
from tfinfra.system.clock import SystemClock

PLAN = dataclasses.replace(plan_of(spec("single")), setup_script="prepare.sh")
PS = dataclasses.replace(plan_of(spec("ps", node_count=2, worker_count=2), base_port=21622), setup_script="prepare.sh")


def scripted(run: Cluster, text: str, name: str = "prepare.sh", *, executable: bool = False) -> None:
    path = run.folder / "source" / name
    path.write_text(text)
    path.chmod(0o755 if executable else 0o644)


def plan(name: str) -> Plan:
    return dataclasses.replace(PLAN, setup_script=name)


def test_it_runs_before_the_training_and_its_output_is_in_the_nodes_log(tmp_path: Path) -> None:
    with cluster(tmp_path, PLAN, "print(open('made.txt').read())") as run:
        scripted(run, 'echo "preparing $TFINFRA_RUN_ID with $(command -v python)"; echo built > made.txt\n')
        run.start(0)
        assert run.outcome().result == "succeeded"
        assert run.log("main-0").startswith("built")
        log = run.wait_for(lambda: run.log("agent-0"))
        assert f"preparing digits-abc123 with {run.environment}/bin/python" in log
        assert "prepare.sh ended with 0" in log


def test_where_it_fails_the_run_names_the_node_and_the_last_lines(tmp_path: Path) -> None:
    with cluster(tmp_path, PLAN, "print('never')") as run:
        scripted(run, "#!/bin/sh\necho looking for ffmpeg\necho E: no such package >&2\nexit 100\n", executable=True)
        run.start(0)
        outcome = run.outcome()
        assert outcome.result == "failed"
        said = "looking for ffmpeg / E: no such package"
        assert outcome.message == f"prepare.sh on node 127.0.0.10 ended with exit status 100: {said}"
        assert run.log("main-0") == ""


def test_a_python_script_runs_with_the_environments_python(tmp_path: Path) -> None:
    with cluster(tmp_path, plan("prepare.py"), "print(open('made.txt').read())") as run:
        scripted(run, "import sys; open('made.txt', 'w').write(sys.prefix)\n", "prepare.py")
        run.start(0)
        assert run.outcome().result == "succeeded"
        assert run.environment in run.log("main-0")


def test_one_node_that_cannot_be_prepared_ends_the_run_for_all(tmp_path: Path) -> None:
    with cluster(tmp_path, PS, "import time; time.sleep(600)") as run:
        scripted(run, 'case "$TFINFRA_METADATA_URL" in */1) echo no licence; exit 3;; esac\n')
        run.start(0, 1)
        outcome = run.outcome()
        assert outcome.message == "prepare.sh on node 127.0.0.11 ended with exit status 3: no licence"


LOST_MARKS = {
    "a script for bash that is not marked as a program": ("#!/bin/bash\nset -o pipefail\n", "prepare.sh", False),
    "a program without a first line for the kernel": ("set -e\n", "prepare.sh", True),
    "nothing at all, marked as a program": ("", "prepare.sh", True),
    "one in Python that is marked, without such a line": ("import os\nos.getcwd()\n", "prepare.py", True),
    "one in Python by its first line": (f"#!{sys.executable} -I\nimport os\nos.getcwd()\n", "prepare", False),
}


@pytest.mark.parametrize(("text", "name", "executable"), LOST_MARKS.values(), ids=LOST_MARKS)
def test_a_script_runs_as_its_name_or_its_first_line_says(
    tmp_path: Path, text: str, name: str, executable: bool
) -> None:
    run_setup(*prepared(tmp_path, text, name, executable=executable))


def test_a_script_whose_program_is_not_there_names_the_node(tmp_path: Path) -> None:
    with pytest.raises(NodeFault, match=r"prepare\.sh on node \S+ (cannot be started|ended with exit status 12[67])"):
        run_setup(*prepared(tmp_path, "#!/no/such/shell\n", "prepare.sh", executable=True))


def prepared(folder: Path, text: str, name: str, *, executable: bool) -> tuple[AgentContext, Path]:
    """A node with that setup script, and its environment, whose Python is this one."""
    context = dataclasses.replace(context_of(folder / "node", MemoryStore()), plan=plan(name), clock=SystemClock())
    source = context.paths.bundle / "source"
    for made in (source, context.paths.agent_log.parent):
        made.mkdir(parents=True)
    (source / name).write_text(text)
    (source / name).chmod(0o755 if executable else 0o644)
    environment = folder / "environment"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin/python").symlink_to(sys.executable)
    return context, environment

"""The tutorial, done as it says, from the first manifest to two nodes."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Workspace
from tests.site.steps import TUTORIAL, missing, steps

pytestmark = pytest.mark.e2e


def test_the_tutorial_trains_on_one_node_and_on_two_and_leaves_nothing(process_workspace: Workspace) -> None:
    for step in steps(process_workspace.folder, TUTORIAL.read_text(encoding="utf-8")):
        printed = ""
        for line in step.lines:
            done = process_workspace.tfinfra(*line.split()[1:])
            printed += done.stdout + done.stderr
        assert missing(step.shown, printed) == []
    runs = sorted((process_workspace.folder / "runs").iterdir())
    assert [(run / "outputs/model.keras").is_file() for run in runs] == [True, True]
    assert sorted(path.name for run in runs for path in (run / "tasks").glob("*.log")) == [
        "main-0.log",
        "rank-0.log",
        "rank-1.log",
    ]

"""A deploy folder's program recorded in a child of the engine's process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stacks.plans import ALONE
from tests.stacks.recording import PRINCIPAL, RUN, SUBSCRIPTION, config, write
from tfinfra.engine.client import EngineProcess
from tfinfra.errors import ProvisioningError

pytestmark = pytest.mark.engine  # it imports Pulumi in a process of its own
CALLER = {"subscription": SUBSCRIPTION, "principal": PRINCIPAL}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    made = EngineProcess()
    yield made
    made.close()


def test_both_parts_are_recorded_as_often_as_asked(engine: EngineProcess, tmp_path: Path) -> None:
    folder = write(ALONE, tmp_path)
    for part in ("keep", "compute", "keep"):
        found = engine.record(folder, RUN, part, config(part), CALLER)
        kinds = {request["arm_type"].rpartition("/")[2] for request in found["requests"]}
        assert ("virtualMachineScaleSets" in kinds) == (part == "compute")
        assert found["requests"][0]["path"].endswith(f"/resourceGroups/tfinfra-{RUN}-{part}")
        assert ("identityId" in found["outputs"]) == (part == "keep")
    assert not list(tmp_path.rglob("__pycache__"))


def test_a_program_that_fails_is_told(engine: EngineProcess, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("raise ValueError('a broken program')\n")
    with pytest.raises(ProvisioningError, match=r"the program of the keep stack cannot be run: .*a broken program"):
        engine.record(tmp_path, RUN, "keep", config("keep"), CALLER)

"""uv's refusals, as it words them, become errors that name the manifest's key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.environment.solve import SolveRequest, Unsolvable, explanation, solve, solver_error
from tfinfra.errors import NotFeasible, TfinfraError

NO_VERSION = """\
error: No solution found when resolving dependencies
  cause: Because there is no version of tensorflow-cpu==2.99.0 and you require tensorflow-cpu==2.99.0, we can conclude \
that your requirements are unsatisfiable.
"""
NO_PYTHON = """\
error: No solution found when resolving dependencies
  cause: Because tensorflow-cpu==2.15.1 has no wheels with a matching Python ABI tag (e.g., `cp312`) and you require \
tensorflow-cpu==2.15.1, we can conclude that your requirements are unsatisfiable.

hint: You require CPython 3.12 (`cp312`), but we only found wheels with the following Python ABI tags: `cp39`, `cp311`
"""
CONFLICT = """\
error: No solution found when resolving dependencies
  cause: Because tensorflow-cpu==2.15.1 depends on numpy>=1.23.5,<2.0.0 and you require tensorflow-cpu==2.15.1, we can \
conclude that you require numpy>=1.23.5,<2.0.0.
         And because you require numpy>=2, we can conclude that your requirements are unsatisfiable.
"""
UNREACHABLE = """\
error: Failed to fetch: https://index.example.org/simple/tensorflow-cpu/
  cause: error sending request for url (https://index.example.org/simple/tensorflow-cpu/)
  cause: failed to lookup address information: Name or service not known
"""

REFUSALS = {
    "a version that does not exist": (NO_VERSION, "2.99.0", "framework_version: there is no TensorFlow 2.99.0"),
    "a Python without a build": (NO_PYTHON, "2.15.1", "python_version: TensorFlow 2.15.1 has no build for Python 3.12"),
    "packages that do not fit": (CONFLICT, "2.15.1", "pip_packages: the packages do not fit TensorFlow 2.15.1"),
}


@pytest.mark.parametrize(("stderr", "version", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_names_the_key_at_fault(stderr: str, version: str, message: str) -> None:
    error = solver_error(Unsolvable(explanation(stderr)), "tensorflow-cpu", version, "3.12")
    assert error.message.startswith(message)
    assert error.hint
    assert error.exit_code == 3


def test_the_explanation_keeps_the_reasons_and_drops_the_framing() -> None:
    text = explanation(CONFLICT)
    assert "depends on numpy>=1.23.5,<2.0.0" in text
    assert "And because you require numpy>=2." in text
    assert "unsatisfiable" not in text
    assert "cause:" not in text


def failing(folder: Path, stderr: str) -> str:
    """A uv that says `stderr` and fails."""
    program = folder / "uv"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{stderr}END\nexit 1\n")
    program.chmod(0o755)
    return str(program)


QUESTION = SolveRequest(("tensorflow-cpu==2.15.1",), (), "3.11", None, None)


def test_an_index_that_cannot_be_reached_is_not_the_manifests_fault(tmp_path: Path) -> None:
    with pytest.raises(NotFeasible, match="cannot be reached: failed to lookup") as caught:
        solve(failing(tmp_path, UNREACHABLE), QUESTION)
    assert caught.value.hint


def test_no_solution_is_told_apart_from_a_fault_of_uv(tmp_path: Path) -> None:
    with pytest.raises(Unsolvable):
        solve(failing(tmp_path, CONFLICT), QUESTION)
    with pytest.raises(TfinfraError, match="something else"):
        solve(failing(tmp_path, "error: something else\n"), QUESTION)

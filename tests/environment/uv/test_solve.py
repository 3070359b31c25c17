"""uv's refusals, as it words them, become errors that name the manifest's key, or the packages at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.environment.uv.solve import SolveRequest, solve
from tfinfra.environment.uv.uv_refusals import Unsolvable, explanation, refusal_of, solver_error
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
    with pytest.raises(TfinfraError, match="something else") as caught:
        solve(failing(tmp_path, "error: something else\n"), QUESTION)
    assert caught.value.exit_code == 1


LINES = ("tensorflow-cpu==2.15.1", "numpy<1.20", "My.Foo @ git+https://git.example.org/o/p.git", "six")
NO_PACKAGE = """\
error: No solution found when resolving dependencies
  cause: Because my-foo was not found in the package registry and you require my-foo, we can conclude that your \
requirements are unsatisfiable.
"""
NO_RELEASE = """\
error: No solution found when resolving dependencies
  cause: Because there is no version of six==99 and you require six==99, we can conclude that your requirements are \
unsatisfiable.
"""
TWO = """\
error: No solution found when resolving dependencies
  cause: Because pandas==2.2.0 depends on numpy{python_full_version < '3.12'}>=1.23.2,<2 and you require \
pandas==2.2.0, we can conclude that you require numpy>=1.23.2,<2.
         And because you require numpy<1.20, we can conclude that your requirements are unsatisfiable.
"""
GIT = """\
error: Failed to download and build `my-foo @ git+https://git.example.org/o/p.git`
  cause: Git operation failed
  cause: failed to fetch branch or tag `nosuchref`
         fatal: couldn't find remote ref refs/tags/nosuchref
"""
GIT_UNREACHABLE = GIT.replace("couldn't find remote ref refs/tags/nosuchref", "Could not resolve host: git.example.org")
PARSE = """\
error: Couldn't parse requirement in `/tmp/x/requirements.in` at position 23
  cause: after parsing `1`, found `.x`, which is not part of a valid version
"""
DENIED = """\
error: Failed to fetch: `https://index.example.org/simple/six/`
  cause: HTTP status client error (401 Unauthorized) for url (https://index.example.org/simple/six/)
"""
GONE = """\
error: Failed to download `my-foo @ https://files.example.org/my_foo-1-py3-none-any.whl`
  cause: HTTP status client error (404 Not Found) for url (https://files.example.org/my_foo-1-py3-none-any.whl)
"""
SETTING = "error: invalid value 'newest' for '--resolution <RESOLUTION>'\n"

YOUNG = (
    NO_RELEASE.replace("six==99", "tensorflow-cpu==2.15.1")
    + """
hint: `tensorflow-cpu` was filtered by `exclude-newer` to only include packages uploaded before 2024-01-02T00:00:00Z. \
The requested version, v2.15.1, was published at 2024-03-08T23:48:18.84Z.
"""
)
LONG = (
    TWO.replace("  cause:", "  cause: Because a is b.\n" * 9 + "  cause:")
    + "hint: Wheels are required for `numpy` because\n"
)

ANSWERS: dict[str, tuple[str, int, tuple[str, ...], str]] = {
    "two requirements that do not fit": (TWO, 3, ("numpy", "pandas"), "do not fit TensorFlow"),
    "a package that no index has": (NO_PACKAGE, 3, ("my-foo",), "no package index that is asked has a package my-foo"),
    "a version that it has not": (NO_RELEASE, 3, ("six",), "the index has no version six==99"),
    "a commit that is not there": (GIT, 3, ("my-foo",), "my-foo cannot be had"),
    "a line that uv cannot read": (PARSE, 3, ("numpy",), "numpy cannot be had"),
    "a file that is not there": (GONE, 3, ("my-foo",), "my-foo cannot be had"),
    "a long line that uv breaks after the name": (
        GONE.replace(" @ ", " @\n  "),
        3,
        ("my-foo",),
        "my-foo cannot be had",
    ),
    "an index that asks who it is": (DENIED, 5, (), "wants to know who asks: 401"),
    "an index without a network": (
        UNREACHABLE,
        4,
        (),
        "the package index at index.example.org cannot be reached: failed to lookup",
    ),
    "a repository that is nowhere": (
        GIT_UNREACHABLE,
        3,
        ("my-foo",),
        "the source of my-foo cannot be reached: Could not resolve",
    ),
    "a TensorFlow that a setting of uv's leaves out": (YOUNG, 3, (), "UV_EXCLUDE_NEWER leaves out what was published"),
    "a wheel that is missing, at the end of many reasons": (LONG, 3, ("numpy",), "there is no wheel of numpy"),
    "an index that has nothing": (
        NO_PACKAGE.replace("my-foo", "tensorflow-cpu"),
        3,
        (),
        "index_url: no package index that is asked has TensorFlow",
    ),
    "a setting of uv's that is none": (SETTING, 2, (), "uv does not take its settings"),
}


@pytest.mark.parametrize("sentence", ANSWERS)
def test_what_uv_says_has_an_exit_code_and_names_packages(sentence: str) -> None:
    stderr, code, about, message = ANSWERS[sentence]
    error = refusal_of(stderr, LINES, lambda: True)
    if isinstance(error, Unsolvable):
        error = solver_error(error, "tensorflow-cpu", "2.15.1", "3.11")
    assert isinstance(error, TfinfraError)
    assert error.exit_code == code
    assert message in error.message
    assert error.hint
    named = error.about if isinstance(error, RefusedPackages) else ()
    assert named[: len(about)] == about


def test_without_any_network_a_repository_is_not_the_lines_fault() -> None:
    error = refusal_of(GIT_UNREACHABLE, LINES, lambda: False)
    assert isinstance(error, NotFeasible)
    assert error.message.startswith("the source of my-foo cannot be reached")

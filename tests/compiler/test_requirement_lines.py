"""What `validate` lets pass, `up` can lock: the compiler's rule and the lock's are one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.manifests import checked
from tfinfra.environment.recipe import user_lines
from tfinfra.errors import ManifestError

REFUSED = {
    "-i https://example.org/simple": "TFI326",
    "--index-url https://example.org/simple": "TFI326",
    "--extra-index-url=https://example.org/simple": "TFI326",
    "-f ./wheels": "TFI326",
    "--no-index": "TFI326",
    "--no-binary :all:": "TFI319",
    "--no-binary=numpy": "TFI319",
    "-r more.txt": "TFI325",
    "-e .": "TFI318",
    "--unknown": "TFI318",
    "./package": "TFI318",
    "/opt/x.whl": "TFI318",
    "demo @ file:///x": "TFI318",
}
TAKEN = ["pandas", "pandas>=2,<3", "pandas[extra]", "pandas ; python_version < '4'", "demo @ https://example.org/a.whl"]


@pytest.mark.parametrize("line", REFUSED)
def test_what_no_lock_takes_is_refused_at_its_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"pandas\n{line}\n")
    with pytest.raises(ManifestError) as caught:
        checked(tmp_path, "pip_requirements_file: requirements.txt\n")
    (found,) = caught.value.diagnostics
    assert (found.code, found.position and found.position.line) == (REFUSED[line], 2)
    assert found.hint
    with pytest.raises(ManifestError):
        user_lines([line])


INDEXES = {
    "https://example.com/simple": "index_url: https://example.com/simple",
    "https://download.pytorch.org/whl/cu118": "index_url: https://download.pytorch.org/whl/cu118",
    "https://example.com/a3f9c1d2e4/simple": "index_url: https://example.com/…",
}


@pytest.mark.parametrize(("url", "hint"), INDEXES.items())
def test_an_index_is_shown_as_it_is_copied_unless_it_may_hold_a_token(tmp_path: Path, url: str, hint: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"-i {url}\n")
    with pytest.raises(ManifestError) as caught:
        checked(tmp_path, "pip_requirements_file: requirements.txt\n")
    (found,) = caught.value.diagnostics
    assert found.hint == f"write it in the target: {hint}"
    assert "a3f9c1d2e4" not in str(found)


@pytest.mark.parametrize("line", TAKEN)
def test_what_a_lock_takes_passes(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"{line}\n")
    plan = checked(tmp_path, "pip_requirements_file: requirements.txt\n").plan
    assert user_lines(plan.requirements.pip) == (line,)

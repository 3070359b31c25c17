"""Making a lock runs no code of what is locked, unless its package is named; and what uv starts has no credentials. The
real uv, without an index: the packages lie in a folder."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

from tfinfra.environment.uv.solve import SolveRequest, solve
from tfinfra.environment.uv.tools import find_uv
from tfinfra.environment.uv.uv_refusals import Unsolvable, solver_error

BACKEND = """
import json, os, pathlib
pathlib.Path({mark!r}).write_text(json.dumps(dict(os.environ)))
def prepare_metadata_for_build_wheel(folder, settings=None):
    made = pathlib.Path(folder, "evil-1.0.dist-info")
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\\nName: evil\\nVersion: 1.0\\n")
    (made / "WHEEL").write_text("Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return made.name
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the source package `evil`, whose build writes down its environment."""
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    folder = tmp_path / "packages"
    folder.mkdir()
    project = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    files = {
        "pyproject.toml": project,
        "backend.py": BACKEND.format(mark=str(tmp_path / "ran")),
        "PKG-INFO": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
    }
    with tarfile.open(folder / "evil-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"evil-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return folder


def request(packages: Path, *source_builds: str) -> SolveRequest:
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return SolveRequest(("evil",), (), python, None, Path(sys.executable), packages, source_builds)


def test_a_source_package_is_refused_unbuilt_and_the_way_out_says_what_it_means(packages: Path) -> None:
    with pytest.raises(Unsolvable) as caught:
        solve(find_uv(packages), request(packages))
    assert not (packages.parent / "ran").exists()
    error = solver_error(caught.value, "tensorflow-cpu", "2.15.1", "3.11")
    assert error.message.startswith("pip_packages: there is no wheel of evil")
    assert "source_builds: [evil]" in str(error.hint) and "with your rights" in str(error.hint)


def test_one_that_is_named_is_built_without_the_callers_credentials(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_CLIENT_SECRET", "GITHUB_TOKEN", "SSH_AUTH_SOCK", "PYTHONPATH"):
        monkeypatch.setenv(name, "planted")
    assert solve(find_uv(packages), request(packages, "evil")).startswith("evil==1.0")
    seen = json.loads((packages.parent / "ran").read_text())
    assert "planted" not in seen.values()
    assert "PATH" in seen


def test_no_other_package_is_built_beside_it(packages: Path) -> None:
    with pytest.raises(Unsolvable):
        solve(find_uv(packages), request(packages, "other"))
    assert not (packages.parent / "ran").exists()

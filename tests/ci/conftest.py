"""A clone of tfinfra as a runner has it, an empty home, and a repository under test."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ci.extracted import ROOT, github_step

SHIPPED = ("tfinfra", "stacks", "templates", "bin", "ci", "requirements", "pyproject.toml", "action.yml", "README.md")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of tfinfra as a runner has it: no environment has been made in it."""
    folder = tmp_path_factory.mktemp("tfinfra") / "tfinfra"
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def published(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout as a repository to clone. What a light job installs is in it, so that no clone installs it again."""
    home = tmp_path_factory.mktemp("home")
    done, _ = github_step(checkout, {"run": "validate", "manifests": "missing.yaml"}, home, home)
    assert done.returncode == 3, done.stderr
    git(checkout, "init", "-q", "-b", "v1")
    git(checkout, "add", "-A")
    git(checkout, "-c", "user.name=n", "-c", "user.email=e@e.invalid", "commit", "-q", "-m", "m")
    return checkout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository under test, with the examples in it and a target of Azure."""
    return Path(shutil.copytree(ROOT / "examples/digits", tmp_path / "repository"))


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)

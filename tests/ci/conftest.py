"""A clone of tfinfra as a runner has it, an empty home, and a repository under test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ci.checkouts import committed, lay_checkout
from tests.ci.extracted import ROOT, github_step
from tests.ci.github_api import GitHub


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of tfinfra as a runner has it: no environment has been made in it."""
    return lay_checkout(tmp_path_factory.mktemp("tfinfra") / "tfinfra")


@pytest.fixture(scope="session")
def published(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout as a repository to clone. What a light job installs is in it, so that no clone installs it again."""
    home = tmp_path_factory.mktemp("home")
    done, _ = github_step(checkout, {"run": "validate", "manifests": "missing.yaml"}, home, home)
    assert done.returncode == 3, done.stderr
    committed(checkout, "v1")
    return checkout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository under test, with the examples in it and a target of Azure."""
    return Path(shutil.copytree(ROOT / "examples/digits", tmp_path / "repository"))


@pytest.fixture
def github() -> Iterator[GitHub]:
    api = GitHub()
    yield api
    api.server.shutdown()
    api.server.server_close()

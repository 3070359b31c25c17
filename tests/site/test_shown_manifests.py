"""Whole manifests that the guides show are valid, beside a script of that name and the targets that the guides name."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site.test_site import ROOT
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import check_manifest

GUIDES = [
    ROOT / "README.md",
    *(path for room in ("how-to", "migration") for path in (ROOT / "docs" / room).glob("*.md")),
]
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
TARGETS = (ROOT / "docs/how-to/targets.md").read_text(encoding="utf-8")
OTHERS = re.compile(r"# (Azure ML|SkyPilot|TFJob): ")
"""How the first line of another tool's file begins."""


def shown() -> Iterator[tuple[str, str]]:
    """(where it stands, the YAML text) of all that the guides show in YAML."""
    for guide in GUIDES:
        for number, text in enumerate(BLOCK.findall(guide.read_text(encoding="utf-8"))):
            yield f"{guide.relative_to(ROOT)}-{number}", text


BLOCKS = dict(shown())
MANIFESTS = {where: text for where, text in BLOCKS.items() if re.search(r"^entry_script:", text, re.MULTILINE)}
TARGET_FILES = {where: text for where, text in BLOCKS.items() if text.startswith("# compute_targets.yaml\n")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the manifests name: scripts, a package, data, the guides' own targets."""
    shutil.copytree(ROOT / "examples/digits", tmp_path, dirs_exist_ok=True)
    (tmp_path / "train.py").write_text("import tensorflow as tf\nprint(tf.__version__)\n")
    shutil.copytree(tmp_path, tmp_path / "src")
    (tmp_path / "src/trainer").mkdir()
    (tmp_path / "src/trainer/task.py").write_text("import tensorflow as tf\nprint(tf.__version__)\n")
    (tmp_path / "compute_targets.yaml").write_text(BLOCK.findall(TARGETS)[0])
    return tmp_path


def errors(manifest: Path, target: str | None = None) -> list[str]:
    found = check_manifest(load_project(manifest, target=target)).diagnostics
    return [f"{one.code}: {one.message}" for one in found if one.is_error]


@pytest.mark.parametrize("where", MANIFESTS)
def test_a_manifest_of_a_guide_is_valid(where: str, folder: Path) -> None:
    (folder / "guide.yaml").write_text(MANIFESTS[where])
    assert errors(folder / "guide.yaml") == []


@pytest.mark.parametrize("where", TARGET_FILES)
def test_each_target_of_a_guide_is_valid(where: str, folder: Path) -> None:
    (folder / "compute_targets.yaml").write_text(TARGET_FILES[where])
    (folder / "guide.yaml").write_text("entry_script: train.py\n")
    names = re.findall(r"^([a-z]+):", TARGET_FILES[where], re.MULTILINE)
    assert {name: errors(folder / "guide.yaml", name) for name in names} == {name: [] for name in names}


def test_every_guide_of_another_tool_shows_that_tools_file_and_ours() -> None:
    theirs = {where.rpartition("-")[0] for where, text in BLOCKS.items() if OTHERS.match(text)}
    assert theirs == {f"docs/migration/{name}.md" for name in ("azure-ml", "skypilot", "tfjob")}
    assert theirs <= {where.rpartition("-")[0] for where in MANIFESTS}

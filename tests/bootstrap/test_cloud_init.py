"""The cloud-init file of a deploy folder: it carries the bootstrap, and the name of its run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.bootstrap.node import SCRIPT
from tests.machines.support import BOOTSTRAP
from tests.stacks.plans import plan
from tfinfra.compiler.deploy.render import render
from tfinfra.system.resources import resource_folder


def _cloud_init() -> str:
    return render(plan(), "")["cloud-init.yaml"]


def test_the_cloud_config_carries_the_bootstrap_unchanged_and_runs_it() -> None:
    text = _cloud_init()
    assert text.startswith("#cloud-config\n")
    config = yaml.safe_load(text)
    file = config["write_files"][0]
    assert (file["path"], file["permissions"]) == (BOOTSTRAP, "0755")
    assert file["content"].startswith("#!/usr/bin/env python3\n")
    assert file["content"].rstrip() == SCRIPT.read_text("utf-8").rstrip()
    assert config.keys() == {"locale", "write_files"}


def test_the_runs_name_stands_in_the_cloud_config_and_not_in_the_bootstrap() -> None:
    assert "digits" in _cloud_init()
    assert "digits" not in yaml.safe_load(_cloud_init())["write_files"][0]["content"]


def test_the_bootstrap_may_hold_what_a_template_would_take_for_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SCRIPT.parent, tmp_path / "templates")
    script = tmp_path / "templates" / "bootstrap.py"
    script.write_text('#!/usr/bin/env python3\nprint(f"{{{1}}}", {%s}, "{#")\n')
    monkeypatch.setattr("tfinfra.compiler.deploy.render.resource_folder", lambda name: _folder(tmp_path, name))
    assert yaml.safe_load(_cloud_init())["write_files"][0]["content"].rstrip() == script.read_text().rstrip()


def _folder(top: Path, name: str) -> Path:
    return top / name if (top / name).is_dir() else resource_folder(name)


@pytest.mark.skipif(shutil.which("cloud-init") is None, reason="cloud-init, which knows the schema, is not installed")
def test_cloud_init_finds_no_fault_with_its_config(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(_cloud_init())
    done = subprocess.run(
        ["cloud-init", "schema", "-c", str(tmp_path / "config.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "deprecat" not in done.stdout + done.stderr

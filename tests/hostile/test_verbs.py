"""Every verb that reads a project, on a stranger's: nothing of it runs here, nothing outside of it is shown or changed.
A verb that comes to read projects joins the table."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.project import MANIFEST, marks, secret_of, stranger

VERBS = {
    "validate": ("validate", "train.yaml"),
    "validate, for a program": ("validate", "train.yaml", "--json"),
    "compile": ("compile", "train.yaml"),
    "compile --check": ("compile", "train.yaml", "--check"),
    "plan": ("plan", "train.yaml"),
    "plan, for a program": ("plan", "train.yaml", "--json"),
}


def tfinfra(project: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The installed program, as a user has it, in the project's folder."""
    program = Path(sys.executable).with_name("tfinfra")
    own = {name: str(project.parent / name.lower()) for name in ("TFINFRA_STATE_DIR", "TFINFRA_CONFIG_DIR")}
    given = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    line = [sys.executable, str(program), *words]
    return subprocess.run(
        line, cwd=project, env={**given, **own, **variables}, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("words", VERBS.values(), ids=VERBS.keys())
def test_nothing_of_a_strangers_project_runs(tmp_path: Path, words: tuple[str, ...]) -> None:
    project = stranger(tmp_path / "project")
    done = tfinfra(project, *words)
    assert done.returncode == (11 if "--check" in words else 0), done.stderr
    assert marks(project) == []


def test_nothing_of_it_runs_where_a_cloud_is_asked(tmp_path: Path) -> None:
    project = stranger(tmp_path / "project")
    done = tfinfra(project, "plan", "train.yaml", "--live", "--rehearse")
    assert done.returncode == 0, done.stderr
    assert "the local cloud, asked" in done.stdout
    assert marks(project) == []


FOREIGN = {
    "a source directory elsewhere": (f"{MANIFEST}source_directory: ../home\n", "train.py"),
    "an absolute one": (f"{MANIFEST}source_directory: HOME\n", "train.py"),
    "one that is a link": (f"{MANIFEST}source_directory: link\n", "train.py"),
    "requirements": (
        f"{MANIFEST}source_directory: ../home\npip_requirements_file: credentials\n",
        "credentials",
    ),
    "conda's file": (f"{MANIFEST}source_directory: ../home\nconda_dependencies_file: credentials\n", "credentials"),
    "a file that leaves by a link": (f"{MANIFEST}pip_requirements_file: linked\n", "linked"),
    "a file that leaves by dots": (f"{MANIFEST}pip_requirements_file: ../home/credentials\n", "credentials"),
    "an entry script that leaves": ("name: stranger\nentry_script: ../home/credentials\n", "credentials"),
    "the manifest itself": ("LINK", "train.yaml"),
    "compute_targets.yaml": (f"{MANIFEST}compute_target: gpu\n", "compute_targets.yaml"),
}


@pytest.mark.parametrize("verb", ["validate", "compile", "plan"])
@pytest.mark.parametrize("case", FOREIGN)
def test_no_line_of_a_file_elsewhere_is_shown(
    tmp_path: Path, case: str, verb: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, _ = FOREIGN[case]
    home = tmp_path / "home"
    secret, text = secret_of(home)
    (home / "train.py").write_text(secret.read_text())
    project = tmp_path / "project"
    project.mkdir()
    (project / "train.py").write_text("print()\n")
    (project / "linked").symlink_to(secret)
    (project / "link").symlink_to(home)
    (project / "compute_targets.yaml").symlink_to(secret)
    if manifest == "LINK":
        (project / "train.yaml").symlink_to(secret)
    else:
        (project / "train.yaml").write_text(manifest.replace("HOME", str(home)))
    monkeypatch.chdir(project)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    assert _main([verb, "train.yaml"]) == 3
    assert _main([verb, "train.yaml", "--json"]) == 3
    told = capfd.readouterr()
    assert text not in told.out + told.err
    assert "aws_secret" not in told.out + told.err


def _main(words: list[str]) -> int:
    from tfinfra.cli.main import main

    return main(words)

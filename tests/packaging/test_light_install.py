"""The wheel alone is enough for what compiles a manifest; what runs one says in a line what it lacks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tfinfra.cli.main import VERBS
from tfinfra.system.installation import RUN_PACKAGES

ROOT = Path(__file__).parents[2]
MOST_MB = 80
LIGHT = {
    "init": [["init", "new"], ["init", "theirs", "--targets", "--from", "train_single.py"]],
    "convert": [["convert", "job.yml"]],
    "validate": [["validate", "single.yaml"], ["validate", "azure-horovod.yaml", "--json"]],
    "compile": [["compile", "azure-horovod.yaml"], ["compile", "--check", "azure-horovod.yaml"]],
    "plan": [["plan", "azure-horovod.yaml"], ["plan", "single.yaml", "--json"]],
    "schema": [["schema"]],
    "explain": [["explain", "TFI203"], ["explain", "limits.max_cost_usd"], ["explain", "up"]],
    "catalog": [["catalog", "sizes"]],
    "completion": [["completion", "bash"]],
}
"""What each verb of the light install is tried with, in this order, in a folder with the examples."""
WHOLE = {
    "plan": ["plan", "--live", "single.yaml"],
    "lock": ["lock", "single.yaml"],
    "check": ["check", "single.yaml"],
    "up": ["up", "single.yaml"],
    "tune": ["tune", "single.yaml"],
    "status": ["status", "digits-x7k2pq"],
    "logs": ["logs", "digits-x7k2pq"],
    "metrics": ["metrics", "digits-x7k2pq"],
    "exec": ["exec", "digits-x7k2pq", "--", "true"],
    "extend": ["extend", "digits-x7k2pq", "1h"],
    "report": ["report", "digits-x7k2pq"],
    "tensorboard": ["tensorboard", "digits-x7k2pq"],
    "ui": ["ui", "--no-browser"],
    "push": ["push", "deploy/digits-single", "--run", "digits-x7k2pq"],
    "wait": ["wait", "digits-x7k2pq"],
    "fetch": ["fetch", "digits-x7k2pq"],
    "audit": ["audit", "digits-x7k2pq"],
    "down": ["down", "--expired"],
    "runs": ["runs"],
    "catalog": ["catalog", "refresh"],
    "setup": ["setup"],
    "doctor": ["doctor", "--manifest", "azure-horovod.yaml"],
}
"""What needs the extra `run`."""
NEITHER = {
    "report-bundle",  # of a machine that has failed; it says then that nothing has
}


@pytest.fixture(scope="module")
def light(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that has the wheel and what it asks for, of the versions that are locked."""
    folder = tmp_path_factory.mktemp("light")
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, folder], check=True)
    lock = ROOT / "requirements/run.lock"
    python = folder / "bin/python"
    subprocess.run([*uv, "pip", "install", "-q", "--python", python, "-c", lock, wheel], check=True)
    return folder / "bin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One with the examples of the digits."""
    copied = Path(shutil.copytree(ROOT / "examples/digits", tmp_path / "digits"))
    (copied / "job.yml").write_text("command: python job.py\ncompute: local\n")
    (copied / "job.py").write_text("print()\n")
    return copied


def ended(command: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    own = {f"TFINFRA_{name}_DIR": str(folder.parent / name.lower()) for name in ("STATE", "CACHE")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), **own}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_light_install_is_small_and_compiles(light: Path, folder: Path) -> None:
    size = sum(path.lstat().st_size for path in light.parent.rglob("*") if path.is_file())
    assert size < MOST_MB * 1_000_000
    for words in (words for tries in LIGHT.values() for words in tries):
        done = ended([light / "tfinfra", *words], folder)
        assert done.returncode == 0, (words, done.stderr)
    assert (folder / "deploy/digits-azure/__main__.py").is_file()
    assert (folder / "new/train.yaml").is_file()


def test_what_runs_says_what_it_lacks(light: Path, folder: Path) -> None:
    """One process for all: each verb begins anew in it."""
    code = "import json, sys\nfrom tfinfra.cli.main import main\nprint([main(w) for w in json.loads(sys.argv[1])])"
    done = ended([light / "python", "-c", code, json.dumps([*WHOLE.values()])], folder)
    assert json.loads(done.stdout) == [2] * len(WHOLE), done.stderr
    assert done.stderr.count("tfinfra[run]") == 2 * len(WHOLE), done.stderr
    submit = "from tfinfra import *; Experiment('d').submit(TensorFlow(entry_script='train_single.py'))"
    tried = ended([light / "python", "-c", submit], folder)
    assert "UsageError: this needs tfinfra[run]" in tried.stderr
    assert "hint: `pip install 'tfinfra[run]'`" in tried.stderr
    assert not (folder.parent / "state").exists()


def test_doctor_says_which_install_it_is(light: Path, folder: Path) -> None:
    done = ended([light / "tfinfra", "doctor"], folder)
    assert done.returncode == 4
    assert re.search(r"^PROBLEM packages +the light install", done.stdout, re.MULTILINE)
    whole = ended([sys.executable, "-m", "tfinfra", "doctor"], folder)
    assert re.search(r"^ok +packages +the whole install", whole.stdout, re.MULTILINE)


def test_every_verb_is_in_one_of_the_two() -> None:
    assert {*LIGHT, *WHOLE, *NEITHER} == {*VERBS}


@pytest.mark.parametrize("words", [words for tries in LIGHT.values() for words in tries], ids=" ".join)
def test_a_light_verb_imports_nothing_heavy(words: list[str], folder: Path) -> None:
    """With all packages here: what is imported is also what the verb waits for."""
    modules = sorted({module.partition(".")[0] for module in RUN_PACKAGES.values()} | {"grpc", "requests", "rattler"})
    code = (
        "import sys\n"
        f"for name in {modules}: sys.modules[name] = None\n"
        "from tfinfra.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    if "--check" in words:
        ended([sys.executable, "-m", "tfinfra", *(word for word in words if word != "--check")], folder)
    done = ended([sys.executable, "-c", code, *words], folder)
    assert done.returncode == 0, done.stderr


def test_the_packages_of_the_extra_are_those_that_a_verb_looks_for() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (extra,) = re.findall(r"^run = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert re.findall(r'"([a-z0-9-]+)', extra) == [*RUN_PACKAGES]

"""What a job is given becomes words of a command line, and never an option or a command that was not meant."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.ci.extracted import ROOT


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"ci/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


job = _script("job")
WORDS = {
    "all manifests of the folder": ({"RUN": "validate"}, "validate -- ."),
    "several, one a line": ({"RUN": "plan", "MANIFESTS": "a.yaml\n  b c.yaml  \n\n"}, "plan -- a.yaml|b c.yaml"),
    "compile writes nothing": ({"RUN": "compile"}, "compile --check -- ."),
    "a target and guardrails": (
        {"RUN": "check", "TARGET": "gpus", "GUARDRAILS": "/etc/g.yaml"},
        "check --target=gpus --guardrails=/etc/g.yaml -- .",
    ),
    "reports": (
        {"RUN": "validate", "SARIF": "s", "JUNIT": "j", "MARKDOWN": "m", "BASE": "../base"},
        "validate --sarif=s --junit=j --markdown=m --base=../base -- .",
    ),
    "warnings are errors": ({"RUN": "plan", "DENY_WARNINGS": "true"}, "plan --deny=warnings -- ."),
    "warnings are not": ({"RUN": "plan", "DENY_WARNINGS": "false"}, "plan -- ."),
    "a run": ({"RUN": "up", "MANIFESTS": "train.yaml"}, "up --yes --json -- train.yaml"),
    "a run that outlives its job": (
        {"RUN": "up", "MANIFESTS": "train.yaml", "DETACH": "true", "JUNIT": "j"},
        "up --yes --json --detach -- train.yaml",
    ),
    "its end": (
        {"RUN": "wait", "RUN_ID": "digits-x7k2pq", "TIMEOUT": "50m", "TARGET": "azure"},
        "wait --timeout=50m --target=azure -- digits-x7k2pq",
    ),
    "its files": ({"RUN": "fetch", "RUN_ID": "digits-x7k2pq", "TIMEOUT": "5m"}, "fetch -- digits-x7k2pq"),
    "a sweep": ({"RUN": "sweep", "SUBSCRIPTION": "s"}, "down --expired --yes --subscription=s"),
    "a manifest that looks like an option": ({"RUN": "plan", "MANIFESTS": "--live"}, "plan -- --live"),
    "a run that looks like an option": ({"RUN": "wait", "RUN_ID": "--help"}, "wait -- --help"),
    "a target that looks like one": ({"RUN": "plan", "TARGET": "--live"}, "plan --target=--live -- ."),
    "a command in a name": ({"RUN": "plan", "MANIFESTS": "$(id);`id`"}, "plan -- $(id);`id`"),
}
WRONG = {
    "an unknown verb": ({"RUN": "down"}, "run is 'down'"),
    "no verb": ({}, "run is ''"),
    "up of several": ({"RUN": "up", "MANIFESTS": "a\nb"}, "up takes one manifest, and manifests names 2"),
    "up of none": ({"RUN": "up"}, "names 0"),
    "a gate with a misspelt switch": ({"RUN": "check", "DENY_WARNINGS": "yes"}, "deny-warnings is 'yes'"),
    "a run that is perhaps detached": ({"RUN": "up", "MANIFESTS": "a", "DETACH": "1"}, "detach is '1'"),
    "wait for nothing": ({"RUN": "wait"}, "wait needs the id of a run"),
}


@pytest.mark.parametrize(("given", "words"), WORDS.values(), ids=WORDS)
def test_the_words_of_a_job(given: dict[str, str], words: str) -> None:
    options, _, rest = words.partition(" -- ")
    assert job.verb_words(given) == [*options.split(), *(["--", *rest.split("|")] if rest else [])]


@pytest.mark.parametrize(("given", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_job_says_what_is_wrong(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        job.verb_words(given)


SLOW_TO_END = """
import signal, sys, time
def end(number, frame):
    signal.signal(number, signal.SIG_DFL)  # a second one ends it
    time.sleep(0.6)
    sys.exit(8)
signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(30)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_cancels_a_job_gives_its_verb_the_time_to_delete(number: signal.Signals) -> None:
    """All processes of a terminal hear of a Ctrl-C; the verb once."""
    words = [sys.executable, "-I", "-c", SLOW_TO_END]
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'ci')!r}); import job; sys.exit(job._ended({words!r}, None)[0])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, number)
        assert process.wait(20) == 8


def test_the_job_has_not_the_token_that_writes_comments(tmp_path: Path) -> None:
    shutil.copy(ROOT / "ci/github.py", tmp_path)
    (tmp_path / "job.py").write_text("import os\nprint(sorted(n for n in os.environ if n.startswith('TFINFRA_CI')))\n")
    given = {"TFINFRA_CI_RUN": "up", "TFINFRA_CI_TOKEN": "t0ken", "RUNNER_TEMP": str(tmp_path)}
    found = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "github.py")], env=given, capture_output=True, text=True, check=True
    )
    assert found.stdout == "['TFINFRA_CI_OUTPUT', 'TFINFRA_CI_RUN']\n"


def test_what_a_light_job_installs_is_the_part_of_the_lock_that_it_needs() -> None:
    """The same versions with the same hashes; each package of the light install, which is the wheel without extras."""
    light, run = (_packages((ROOT / f"requirements/{name}.lock").read_text()) for name in ("light", "run"))
    assert {name: run.get(name) for name in light} == light
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    asked = text.partition("\ndependencies = [\n")[2].partition("]\n")[0]
    names = {line.strip(' ",').partition(">")[0] for line in asked.splitlines()}
    assert names <= {name.partition("==")[0] for name in light}


def _packages(lock: str) -> dict[str, frozenset[str]]:
    packages: dict[str, frozenset[str]] = {}
    name = ""
    for line in lock.splitlines():
        if line[:1].isalpha():
            name = line.rstrip(" \\")
            packages[name] = frozenset()
        elif "--hash=" in line:
            packages[name] |= {line.strip(" \\")}
    return packages

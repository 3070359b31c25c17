"""Python processes of tfinfra's own take no module from where they are started, and inherit no more than they may."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tfinfra
from tfinfra.system.process import child_python
from tfinfra.system.process.inherited_variables import package_environment, plain_environment

PACKAGE = Path(tfinfra.__file__).parent
CHECKOUT = PACKAGE.parent


_NO_PYTHON = ("'sh'", "'mkfs.ext4'")


def vectors(text: str) -> Iterator[tuple[int, str]]:
    """(line, source) of every list or tuple in a program that begins with a Python, as an argument vector does."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.List, ast.Tuple)) and node.elts and not isinstance(node.ctx, ast.Store):
            first = ast.unparse(node.elts[0])
            second = ast.unparse(node.elts[1]) if len(node.elts) > 1 else ""
            begins = second in ("'-m'", "'-c'", "'-S'") and first not in _NO_PYTHON and not first.startswith("'-")
            if first == "sys.executable" or begins:
                yield node.lineno, ast.unparse(node)


# pip in an environment of ours, whose build tools come by PYTHONPATH, and the compiler of bytecode, whose order of sets
# comes by PYTHONHASHSEED: -I would read neither. Both run in /. A measured script is started as a task is, which finds
# tfinfra's package for scripts by PYTHONPATH, in a folder of its own.
EXPECTED = {
    "tfinfra/environment/horovod.py",
    "tfinfra/environment/same_bytes/compiled_path.py",
    "bench/metrics.py",
}


def test_every_python_that_is_started_is_told_to_take_nothing_of_the_current_folder() -> None:
    found = {}
    for path in [*PACKAGE.rglob("*.py"), *(CHECKOUT / "bench").rglob("*.py")]:
        name = path.relative_to(CHECKOUT).as_posix()
        lines = [f"{name}:{line}: {text}" for line, text in vectors(path.read_text("utf-8")) if "'-I'" not in text]
        if lines and not name.startswith("bench/scripts/"):
            found[name] = lines
    assert set(found) == EXPECTED, found


def test_so_is_every_python_of_the_shell_scripts() -> None:
    lines = [line for name in ("_prepare.sh", "docs", "sbom", "tfinfra") for line in _code(CHECKOUT / "bin" / name)]
    started = [line for line in lines if re.search(r'python"|\$candidate"', line) and " -" in line]
    assert len(started) > 8
    bare = [re.sub(r'(--python|\[ -x) "[^"]*"|"[^"]*" -V', "", line) for line in started]
    assert [line for line in bare if re.search(r'(python|candidate)"(?! -I)', line)] == []


def _code(script: Path) -> list[str]:
    return [line for line in script.read_text().splitlines() if not line.lstrip().startswith("#")]


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A folder with modules that must not be found, and a package of tfinfra's name."""
    for name in ("json", "queue", "runpy", "sitecustomize", "tfinfra"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a module of the current folder')")
    return tmp_path


PYTHONPATHS = {"none": None, "empty": "", "an empty part": ":/nowhere", "the folder itself": ".", "its path": "FOLDER"}


@pytest.mark.parametrize("path", PYTHONPATHS.values(), ids=PYTHONPATHS.keys())
def test_a_child_finds_tfinfra_and_nothing_of_the_folder(planted: Path, path: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = path.replace("FOLDER", str(planted))
    line = child_python.module("tfinfra.localcloud.daemon", "--help")
    done = subprocess.run(line, cwd=planted, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "tfinfra.localcloud.daemon" in done.stdout


def test_what_tfinfra_came_by_reaches_children_and_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"relative::{tmp_path}/project")
    assert str(tmp_path / "project") not in child_python.search_path()
    monkeypatch.setenv("PYTHONPATH", f"relative::{CHECKOUT}:{tmp_path}/site")
    first = child_python.search_path()
    assert first[:2] == [str(CHECKOUT), str(tmp_path / "site")] and "relative" not in first
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "told.py").write_text(
        "import json, sys\nfrom tfinfra.system.process.child_python import search_path\n"
        "print(json.dumps([search_path(), sys.argv[1:], sys.path]))"
    )
    done = subprocess.run(child_python.module("told", "a", "-b"), capture_output=True, text=True, check=True)
    passed_on, arguments, path = json.loads(done.stdout)
    assert arguments == ["a", "-b"]
    assert str(tmp_path / "site") in passed_on
    standard = next(place for place in path if place.endswith(f"python{sys.version_info[0]}.{sys.version_info[1]}"))
    assert path.index(standard) < path.index(str(tmp_path / "site"))


SECRETS = (
    *("AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "GOOGLE_CREDENTIALS"),
    *(
        "PULUMI_ACCESS_TOKEN",
        "GITHUB_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "SYSTEM_ACCESSTOKEN",
        "MY_TOKEN",
        "token",
        "DB_PASSWORD",
    ),
    *("WANDB_API_KEY", "HF_HOME", "SSH_AUTH_SOCK", "SOME_KEY", "KEY", "SLACK_WEBHOOK", "CI_JOB_JWT", "KUBECONFIG"),
    *("my_secret_thing", "NPM_TOKEN", "VAULT_ADDR", "SENTRY_DSN", "SESSION_COOKIE", "AZURE_FEDERATED_TOKEN_FILE"),
    *("PGPASSWORD", "MY_PAT", "UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD", "TFINFRA_CI_TOKEN"),
    "TFINFRA_AUDIT_PASSPHRASE",
)
OF_INDEXES = {
    "PIP_INDEX_URL": "https://u:p@index.example/simple",
    "UV_DEFAULT_INDEX": "https://u:p@index.example/simple",
    "UV_INDEX_TEAM_PASSWORD": "p",
    "HTTPS_PROXY": "http://u:p@proxy.example:3128",
    "https_proxy": "http://proxy.example",
    "NO_PROXY": "localhost",
    "NETRC": "/home/me/.netrc",
    "SSL_CERT_FILE": "/etc/ssl/ca.pem",
    "REQUESTS_CA_BUNDLE": "/etc/ssl/ca.pem",
}
BUILDING = {"PATH": "/usr/bin", "HOME": "/root", "CC": "gcc", "CFLAGS": "-O2", "HOROVOD_WITH_MPI": "1", "PWD": "/x"}


def test_package_tools_have_what_indexes_and_compilers_need_and_no_credential() -> None:
    given = {**dict.fromkeys(SECRETS, "planted"), **OF_INDEXES, **BUILDING}
    given["DATABASE"] = "postgres://me:planted@db.example/x"
    assert package_environment(given) == {**OF_INDEXES, **BUILDING}


def test_the_daemon_has_known_variables_alone() -> None:
    kept = {"PATH": "/usr/bin", "HOME": "/root", "LC_ALL": "C", "TMPDIR": "/tmp", "TFINFRA_STATE_DIR": "/s"}
    others = {**dict.fromkeys(SECRETS, "planted"), **OF_INDEXES, "CC": "gcc", "ANYTHING": "planted"}
    assert plain_environment({**kept, **others}) == {
        **kept,
        "SSL_CERT_FILE": "/etc/ssl/ca.pem",
        "REQUESTS_CA_BUNDLE": "/etc/ssl/ca.pem",
    }

"""The environment on a node under a lock: what was seeded is found by the check that is for it, by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.evidence.support import LOCK, built_environment, lock_of, locked_to
from tests.environment.proof.support import SITE, install
from tfinfra.agent.evidence.environment_checks import environment_checks
from tfinfra.agent.evidence.environment_look import look_at, python_version, recorded
from tfinfra.model import Locked, NodeCheck

VERIFIED = dict.fromkeys(("wheels", "records", "owners", "environment", "interpreter"), "verified")
Seed = Callable[[Path], object]


def checks_of(environment: Path, locked: Locked) -> dict[str, NodeCheck]:
    return {check.name: check for check in environment_checks(look_at(environment, whole=True), LOCK, locked)}


def proofs(found: dict[str, NodeCheck]) -> dict[str, str]:
    return {name: check.proof for name, check in found.items()}


def test_what_nobody_has_touched_is_verified(tmp_path: Path) -> None:
    environment, installed = built_environment(tmp_path)
    assert proofs(checks_of(environment, locked_to(installed))) == VERIFIED


def _other_python(environment: Path) -> None:
    (environment / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.11.8\n")


def _swapped_program(environment: Path) -> None:
    """A program with a standard library of its own behind the link."""
    other = environment.parent / "other"
    (other / "bin").mkdir(parents=True)
    (other / "bin/python3.11").write_bytes(b"#!/bin/sh\n")
    (environment / "bin/python").unlink()
    (environment / "bin/python").symlink_to(other / "bin/python3.11")


def _without_beta(environment: Path) -> None:
    shutil.rmtree(environment / SITE / "beta_one-1.0.dist-info")
    (environment / SITE / "beta.py").unlink()


SEEDS: dict[str, tuple[Seed, dict[str, str]]] = {
    "a module of a package": (
        lambda e: (e / SITE / "alpha/__init__.py").write_bytes(b"x = 2\n"),
        {"records": f"{SITE}/alpha/__init__.py (of alpha): is not what the package lists", "environment": "alpha"},
    ),
    "a file of a package is gone": (
        lambda e: (e / SITE / "beta.py").unlink(),
        {"records": f"{SITE}/beta.py (of beta-one): is gone", "environment": "beta.py"},
    ),
    "a .pth file": (
        lambda e: (e / SITE / "evil.pth").write_text("import os"),
        {"owners": f"{SITE}/evil.pth: no package has it, and Python reads it", "environment": "evil.pth"},
    ),
    "a sitecustomize.py": (
        lambda e: (e / SITE / "sitecustomize.py").write_text("import os"),
        {"owners": "sitecustomize.py: no package has it, and Python runs it", "environment": "sitecustomize.py"},
    ),
    "bytecode alone": (
        lambda e: (e / SITE / "__pycache__/beta.cpython-311.pyc").write_bytes(b"bytecode of y = 3"),
        {"environment": "beta.cpython-311.pyc: holds other bytes"},
    ),
    "a package more": (
        lambda e: install(e, "gamma", {"gamma.py": b""}),
        {"wheels": "gamma 1.0 is installed, which the lock has not", "environment": "gamma"},
    ),
    "a package less": (
        _without_beta,
        {"wheels": "beta-one 1.0 is not installed", "environment": "beta", "owners": "beta"},
    ),
    "another Python": (_other_python, {"interpreter": "it is Python 3.11.8, not 3.11.9", "environment": "pyvenv"}),
    "another program behind the link": (
        _swapped_program,
        {"interpreter": "its files are not those that the environment was built with", "environment": "bin/python"},
    ),
    "the build's own list": (
        lambda e: (e / "tfinfra-tree.txt").write_text(""),
        {"environment": "is not the list that the build has recorded"},
    ),
}


@pytest.mark.parametrize("case", SEEDS)
def test_what_was_seeded_is_found_by_name(case: str, tmp_path: Path) -> None:
    seed, expected = SEEDS[case]
    environment, installed = built_environment(tmp_path)
    seed(environment)
    found = checks_of(environment, locked_to(installed))
    failed = {name: check.why for name, check in found.items() if check.proof == "failed"}
    assert set(failed) == set(expected)
    assert all(words in failed[name] for name, words in expected.items()), failed


def test_a_version_other_than_the_locks_is_told(tmp_path: Path) -> None:
    environment, installed = built_environment(tmp_path)
    look, locked = look_at(environment, whole=True), locked_to(installed)
    newer = environment_checks(look, lock_of("alpha==1.1", "beta-one==1.0"), locked)[0]
    assert newer == NodeCheck("wheels", "failed", "alpha 1.0 is installed, not 1.1")
    assert environment_checks(look, lock_of("alpha==01.0", "Beta_One==1.0"), locked)[0].proof == "verified"
    other = environment_checks(look, replace(LOCK, key="other"), locked)[0]
    assert other.why == f"the bundle's environment is other, not {LOCK.key}"


def test_a_build_changed_with_all_its_records_is_found_by_the_lock_alone(tmp_path: Path) -> None:
    _, installed = built_environment(tmp_path / "first")
    environment, _ = built_environment(tmp_path / "second")
    (environment / SITE / "extra").mkdir()
    second, _ = built_environment(tmp_path / "third")
    install(second, "beta_one", {"beta.py": b"y = 666\n", "nvidia/__init__.py": b""}, {"beta": b"#!/bin/sh\n"})
    from tfinfra.environment.proof.installed_tree import store_tree

    store_tree(second, "uv 0.13.9")
    assert proofs(checks_of(environment, locked_to(installed))) == VERIFIED, "an empty folder is nothing"
    found = checks_of(second, locked_to(installed))
    assert proofs(found) == {**VERIFIED, "environment": "failed", "wheels": "declared"}
    assert proofs(checks_of(second, locked_to(None)))["environment"] == "declared"


DECLARED: dict[str, tuple[Seed, Callable[[Locked], Locked], dict[str, str]]] = {
    "the lock's maker had not built it": (
        lambda _: None,
        lambda locked: replace(locked, installed=None),
        {"environment": "not built when", "interpreter": "no digest of it", "wheels": "none is kept"},
    ),
    "the build has left no record": (
        lambda e: (e / "tfinfra-installed.json").unlink(),
        lambda locked: locked,
        {"environment": "left no record", "wheels": "none is kept"},
    ),
    "another build of the same Python": (
        lambda _: None,
        lambda locked: replace(
            locked,
            installed=replace(locked.installed, interpreter="1" * 64, digest="2" * 64),  # type: ignore[type-var]
        ),
        {"environment": "another build", "interpreter": "another build of Python 3.11.9", "wheels": "none is kept"},
    ),
}


@pytest.mark.parametrize("case", DECLARED)
def test_what_nobody_can_compare_is_declared_with_the_reason(case: str, tmp_path: Path) -> None:
    seed, change, expected = DECLARED[case]
    environment, installed = built_environment(tmp_path)
    seed(environment)
    found = checks_of(environment, change(locked_to(installed)))
    assert proofs(found) == {**VERIFIED, **dict.fromkeys(expected, "declared")}
    assert all(words in found[name].why for name, words in expected.items()), found


def test_a_home_with_packages_counts_where_python_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment, installed = built_environment(tmp_path)
    own = tmp_path / "home/.local/lib/python3.11/site-packages"
    own.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert checks_of(environment, locked_to(installed))["owners"].proof == "verified"
    (environment / "pyvenv.cfg").unlink()
    (environment / "conda-meta").mkdir()
    (environment / "conda-meta/python-3.11.9-h2755cc3_0.json").write_text("{}")
    assert python_version(environment) == "3.11.9"
    assert str(own) in checks_of(environment, locked_to(installed))["owners"].why


def test_a_run_without_a_lock_takes_the_builds_word(tmp_path: Path) -> None:
    environment, installed = built_environment(tmp_path)
    (tmp_path / "cache/wheels/horovod-1").mkdir(parents=True)
    (tmp_path / "cache/wheels/horovod-1/horovod-0.28.1.whl").write_bytes(b"")
    (environment / SITE / "beta.py").write_bytes(b"changed\n")
    told = recorded(look_at(environment, whole=False), "k", tmp_path / "cache")
    assert (told.tree, told.interpreter, told.computed) == (installed.digest, installed.interpreter, False)
    assert (told.python, list(told.wheels)) == ("3.11.9", ["horovod-0.28.1.whl"])
    seen = recorded(look_at(environment, whole=True), "k", tmp_path / "cache")
    assert seen.computed and seen.tree != installed.digest
    nobody = recorded(look_at(tmp_path, whole=False), "k", tmp_path)
    assert (nobody.tree, nobody.interpreter, nobody.python) == (None, None, "")

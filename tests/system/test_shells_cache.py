"""bin/tfinfra from a checkout that is somebody else's: its environment stands in the cache, which is its user's own."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STRANGER = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as another user")

_PYTHON = """#!/bin/sh
for last; do :; done
case "$*" in *"-m venv "*) mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;; esac
"""
_STEPS = "system_packages() { :; }; install_packages() { :; }"


@pytest.fixture
def place() -> Iterator[Path]:
    """A checkout of root's and a home of the stranger's, where the stranger can reach them."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "checkout/requirements").mkdir(parents=True)
    for name in ("pyproject.toml", "requirements/run.lock"):
        (folder / "checkout" / name).touch()
    (folder / "python").write_text(_PYTHON)
    (folder / "python").chmod(0o755)
    home = folder / "home"
    home.mkdir()
    os.chown(home, STRANGER, STRANGER)
    yield folder
    shutil.rmtree(folder)


def shell(place: Path, script: str, cache: Path | None = None, user: int = STRANGER) -> tuple[int, str, str]:
    """Status, output and errors of `script` after _prepare.sh, by a user whose umask lets the group write."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(place / "home"), "PYTHON": str(place / "python")}
    done = subprocess.run(
        ["sh", "-c", f"{(ROOT / 'bin/_prepare.sh').read_text()}\nroot={place}/checkout; {_STEPS}; {script}"],
        env=variables | ({"TFINFRA_CACHE_DIR": str(cache)} if cache else {}),
        user=user,
        group=user,
        extra_groups=[],
        umask=0o002,
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def made(path: Path, mode: int, owner: int = STRANGER) -> Path:
    path.mkdir(parents=True)
    path.chmod(mode)
    os.chown(path, owner, owner)
    return path


def test_a_second_call_finds_the_environment_that_the_first_has_made(place: Path) -> None:
    for _ in range(2):
        status, venv, said = shell(place, 'prepare run; printf "%s" "$venv"')
        assert (status, Path(venv).parent) == (0, place / "home/.cache/tfinfra"), said
        assert {mode(Path(venv, name)) & 0o077 for name in ("..", ".", "bin", "bin/python")} == {0}


def test_an_empty_cache_that_a_variable_names_is_made_private_and_that_is_said(place: Path) -> None:
    cache = made(place / "home/c", 0o755)
    status, _, said = shell(place, "prepare run", cache)
    assert (status, mode(cache)) == (0, 0o700), said
    assert f"other users could read {cache}; it is yours alone now (0700)" in said
    assert [path.name.partition("-")[0] for path in cache.iterdir()] == ["venv", "venv"]


def of_an_earlier_release(cache: Path) -> None:
    made(cache, 0o700)
    made(cache / "venv/bin", 0o775)
    (cache / "venv").chmod(0o775)
    os.chown(cache / "venv", STRANGER, STRANGER)


def roots(cache: Path) -> None:
    made(cache, 0o755, 0)
    made(cache / "venv", 0o755, 0)


def anothers_in_a_private_one(cache: Path) -> None:
    made(cache, 0o700)
    made(cache / "venv", 0o755, 1)


def writable_in_an_open_one(cache: Path) -> None:
    made(cache, 0o755)
    made(cache / "venv", 0o775)


def behind_anothers_link(cache: Path) -> None:
    made(cache.with_name("real"), 0o700)
    cache.symlink_to(cache.with_name("real"))
    os.chown(cache, 1, 1, follow_symlinks=False)


CACHES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "none yet": (lambda cache: None, True),
    "a private one with an environment that a group could write": (of_an_earlier_release, True),
    "root's, which root alone may write": (roots, True),
    "a private one with another's environment": (anothers_in_a_private_one, False),
    "an open one with an environment that a group may write": (writable_in_an_open_one, False),
    "one that all may write": (lambda cache: made(cache, 0o777), False),
    "one that a group may write": (lambda cache: made(cache, 0o775), False),
    "another's": (lambda cache: made(cache, 0o755, 1), False),
    "behind another's link": (behind_anothers_link, False),
}


@pytest.mark.parametrize(("plant", "taken"), CACHES.values(), ids=CACHES.keys())
def test_what_is_run_from_the_cache_is_its_users_own(place: Path, plant: Callable[[Path], object], taken: bool) -> None:
    cache = place / "home/cache"
    plant(cache)
    status, output, said = shell(place, f"require_own {cache}/venv {cache}/venv/bin; echo run", cache)
    assert (status, output) == ((0, "run\n") if taken else (1, ""))
    assert ("somebody else's work" in said) is not taken


@pytest.mark.parametrize(
    ("row", "status"),
    [("root:x:0:", 0), ("root:x:0:root", 0), ("root:x:0:eve", 1), ("root:x:0:root,eve", 1), ("", 1)],
)
def test_a_group_that_may_write_is_nobody_else_where_its_user_is_alone_in_it(
    place: Path, row: str, status: int
) -> None:
    cache = made(place / "cache", 0o775, 0)
    assert shell(place, f"getent() {{ echo '{row}'; }}; require_own {cache}/venv", cache, user=0)[0] == status

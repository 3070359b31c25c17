"""bin/tfinfra says what is missing before it fetches anything."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import tfinfra

CHECKOUT = Path(tfinfra.__file__).parents[1]


def prepared(script: str, root: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A shell that has sourced bin/_prepare.sh for a checkout at `root`, with these variables and no others."""
    command = f'root="{root}"; . "{CHECKOUT}/bin/_prepare.sh"; venv="$root/.venv"; {script}'
    path = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        ["sh", "-euc", command], env=path | variables, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_disk_without_space_is_told_before_anything_is_installed(tmp_path: Path) -> None:
    done = prepared("least_space=999999999; foresee", tmp_path, HOME=str(tmp_path))
    assert done.returncode == 1
    assert "needs 999999999 MB of disk for its packages" in done.stderr
    assert not list(tmp_path.iterdir())


def test_what_first_runs_will_need_is_a_note(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "df", "awk", "dirname", "id", "getent", "cut", "python3", "printf"):
        found = next((p for p in map(Path, os.get_exec_path()) if (p / tool).exists()), None)
        if found is not None:
            (tools / tool).symlink_to(found / tool)
    done = prepared("foresee", tmp_path, HOME=str(tmp_path), PATH=str(tools))
    assert done.returncode == 0, done.stderr
    assert "neither Pulumi nor Go is on this machine" in done.stderr


def test_the_cache_of_who_has_no_home_is_where_a_variable_says(tmp_path: Path) -> None:
    assert prepared("cache_folder", tmp_path, XDG_CACHE_HOME="/a b").stdout == "/a b/tfinfra\n"
    assert prepared("cache_folder", tmp_path, TFINFRA_CACHE_DIR="/c").stdout == "/c\n"
    missing = prepared("getent() { :; }; cache_folder", tmp_path)
    assert missing.returncode == 1
    assert "there is no home folder: set HOME" in missing.stderr

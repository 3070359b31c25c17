"""Wheels that would have a rebuild run their code, or write elsewhere: uv installs or refuses them, and nothing of them
runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.auditing.rebuild.test_rebuild import this_interpreter
from tests.auditing.rebuild.wheels import Index, served, wheel
from tests.environment.support import lock
from tfinfra.environment import build_steps
from tfinfra.environment.build_anew import build_anew
from tfinfra.errors import ProvisioningError
from tfinfra.locking.environment import requirements_text
from tfinfra.model import PackageSources

MINOR = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SCRIPT = '#!/bin/sh\ntouch {ran}\nexec {python} "$@"\n'
RUNS = "import pathlib; pathlib.Path({ran!r}).write_text('ran')\n"
DATA = "{name}-1.0.data"

ATTACKS: dict[str, dict[str, str]] = {
    "startup": {"startup.pth": RUNS},
    "customize": {"sitecustomize.py": RUNS, "usercustomize.py": RUNS},
    "interpreter": {f"{DATA}/scripts/python": SCRIPT, f"{DATA}/scripts/{MINOR}": SCRIPT},
    "interpreterdata": {f"{DATA}/data/bin/python": SCRIPT, f"{DATA}/data/bin/{MINOR}": SCRIPT},
    "library": {f"{DATA}/data/lib/{MINOR}/compileall.py": RUNS, f"{DATA}/data/python/lib/{MINOR}/compileall.py": RUNS},
    "shadow": {"compileall.py": RUNS, "py_compile.py": RUNS},
    "above": {"../../../../../outside/above.txt": "x"},
    "root": {"{outside}/root.txt": "x"},
    "dataabove": {f"{DATA}/data/../../outside/data.txt": "x"},
    "entry": {"{name}-1.0.dist-info/entry_points.txt": "[console_scripts]\n../../outside/entry = os:getcwd\n"},
    "entryroot": {"{name}-1.0.dist-info/entry_points.txt": "[console_scripts]\n{outside}/entry = os:getcwd\n"},
}
"""{the package: its files}; what is in braces is filled in."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Index, Path]]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "outside").mkdir()
    known = {"ran": str(folder / "ran"), "python": sys.executable, "outside": str(folder / "outside")}
    made = []
    for name, files in ATTACKS.items():
        values = {**known, "name": name}
        made.append(wheel(name, "1.0", {path.format(**values): text.format(**values) for path, text in files.items()}))
    with served(dict(made)) as index, pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_CACHE_DIR", str(folder / "uv"))
        yield index, folder


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_of_a_hostile_wheel_runs_and_nothing_lands_elsewhere(attack: str, hostile: tuple[Index, Path]) -> None:
    index, folder = hostile
    packages = requirements_text((index.locked(attack),))
    asked = replace(lock(), packages=packages, sources=PackageSources(index.url))
    place = folder / attack / "environment"
    with suppress(ProvisioningError, OSError):  # uv may refuse it
        build_anew(asked, place, folder / attack / "cache", this_interpreter())
    assert place.is_dir()
    assert not (folder / "ran").exists()
    assert [*(folder / "outside").iterdir()] == []
    assert {path.name for path in folder.iterdir()} <= {"outside", "uv", *ATTACKS}


def test_modules_are_compiled_by_a_python_that_no_package_can_have_replaced(
    hostile: tuple[Index, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, _ = hostile
    programs: list[Path] = []
    monkeypatch.setattr(build_steps, "compile_modules", lambda tools, program, *_: programs.append(program))
    packages = requirements_text((index.locked("shadow"),))
    asked = replace(lock(), packages=packages, sources=PackageSources(index.url))
    build_anew(asked, tmp_path / "environment", tmp_path / "cache", this_interpreter())
    assert set(programs) == {this_interpreter().path}

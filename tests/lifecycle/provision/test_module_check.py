"""What a run says of the script's imports once its packages are locked, and once they are there: before any node."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from tests.compiler.manifests import checked
from tests.lifecycle.fake_effects import A_LOCK
from tfinfra.compiler.pipeline import Compiled
from tfinfra.environment.installed_modules import InstalledModules, ListedModules
from tfinfra.environment.lock_file import Lock
from tfinfra.errors import Diagnostic, ManifestError
from tfinfra.lifecycle.provision.module_check import check_modules
from tfinfra.lifecycle.run.workshop import Workshop
from tfinfra.system.progress import Progress, say_nothing

NONE, THERE = frozenset[str](), frozenset({"shop", "tensorflow"})


def alone(names: frozenset[str]) -> InstalledModules:
    """These packages, and no folder."""
    return InstalledModules(lambda: ListedModules(names, names))


class AShop(Workshop):
    """Has an environment, or wheels, of these modules."""

    def __init__(self, installed: frozenset[str] | None = None, wheels: frozenset[str] | None = None) -> None:
        self._installed, self._wheels = installed, wheels
        self.asked: list[str] = []

    def modules(self, lock: Lock, built: Path | None) -> InstalledModules | None:
        return None if self._installed is None else alone(self._installed)

    def modules_of_wheels(self, lock: Lock, names: Collection[str], progress: Progress) -> InstalledModules | None:
        self.asked = [*names]
        return None if self._wheels is None else alone(self._wheels)


@pytest.fixture(autouse=True)
def nothing_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))


def said(folder: Path, shop: AShop, script: str, *, packages: str = "shop-sdk==1\n") -> tuple[Diagnostic, ...]:
    """What is said where the lock holds `packages` beside TensorFlow."""
    made = checked(folder, "pip_packages: [shop-sdk]\n", script)
    compiled = Compiled(made.facts, made.spec, made.plan, {}, made.diagnostics, folder)
    lock = replace(A_LOCK, packages=f"tensorflow-cpu==2.15.1\n{packages}")
    return check_modules(compiled, lock, shop, say_nothing)


LACKING = "neither source_directory nor the environment has"


@pytest.mark.parametrize(
    ("shop", "script", "message"),
    [
        (AShop(wheels=THERE), "import shap\n", f"`import shap` fails: {LACKING} shap"),
        (AShop(wheels=THERE), "import stop\n", f"`import stop` fails: {LACKING} stop"),
        (AShop(installed=THERE), "import shap\n", f"`import shap` fails: {LACKING} shap"),
        (AShop(), "import sklearn\n", f"`import sklearn` fails: {LACKING} sklearn"),
    ],
    ids=["known, by the wheels", "unknown, by the wheels", "by the files", "known, by the lock alone"],
)
def test_what_is_certain_is_an_error(tmp_path: Path, shop: AShop, script: str, message: str) -> None:
    with pytest.raises(ManifestError) as refused:
        said(tmp_path, shop, script)
    assert refused.value.message == message
    (found,) = refused.value.diagnostics
    assert found.position is not None
    assert found.position.line == 1


@pytest.mark.parametrize("script", ["import shop\n", "import tensorflow, json\n", "import stop\n"])
def test_nothing_is_said_of_what_is_there_or_may_be(tmp_path: Path, script: str) -> None:
    assert said(tmp_path, AShop(), script) == ()


def test_wheels_are_looked_into_only_where_names_do_not_tell(tmp_path: Path) -> None:
    shop = AShop(wheels=THERE)
    assert said(tmp_path, shop, "import tensorflow\n") == ()
    assert shop.asked == []
    assert said(tmp_path, shop, "import shop\n") == ()
    assert shop.asked == ["shop-sdk"]


def test_what_may_fail_later_is_told(tmp_path: Path) -> None:
    (found,) = said(tmp_path, AShop(installed=THERE), "def f():\n    import shap\n")
    assert not found.is_error

"""What locked packages hold, by their wheels: asked of the real uv, of wheels in a folder."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tfinfra.environment.lock_file import Lock
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.environment.unknown_wheels import modules_of_wheels
from tfinfra.model import PackageSources
from tfinfra.system.progress import say_nothing

LOCK = Lock("key", 1, this_platform(), "3.11.2", "tensorflow", "2.15.1", "", None, None, "", gpu=False)


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lock:
    """Of two packages, of which an index of this machine has one."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    (tmp_path / "wheels").mkdir()
    with zipfile.ZipFile(tmp_path / "wheels/shop_sdk-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("shop/__init__.py", "raise SystemExit('nobody runs this')\n")
        archive.writestr("shop_sdk-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shop-sdk\nVersion: 1.0\n")
        archive.writestr(
            "shop_sdk-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("shop_sdk-1.0.dist-info/RECORD", "shop/__init__.py,,\nshop_sdk-1.0.dist-info/RECORD,,\n")
    sources = PackageSources(find_links=(str(tmp_path / "wheels"),))
    return replace(LOCK, packages="absent==1.0\nshop-sdk==1.0\n", sources=sources)


def test_what_a_wheel_holds(lock: Lock, tmp_path: Path) -> None:
    found = modules_of_wheels(lock, ["shop-sdk"], tmp_path, say_nothing)
    assert found is not None
    assert found.has("shop") is True
    assert found.has("stop") is False


def test_a_wheel_that_cannot_be_had_says_nothing(lock: Lock, tmp_path: Path) -> None:
    assert modules_of_wheels(lock, ["absent", "shop-sdk"], tmp_path, say_nothing) is None
    assert modules_of_wheels(lock, ["of-conda"], tmp_path, say_nothing) is None
    built = replace(lock, source_builds=("shop-sdk",))
    assert modules_of_wheels(built, ["shop-sdk"], tmp_path, say_nothing) is None

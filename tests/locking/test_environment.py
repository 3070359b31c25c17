"""Which packages a lock can hold, and what an environment lock becomes in it."""

from __future__ import annotations

import pytest

from tfinfra.environment.conda.locked_package import CondaPackage
from tfinfra.environment.lock_file import Lock, keyed
from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.environment.uv.package_files import PackageFile
from tfinfra.lifecycle.locking.locked_environment import Upgrade
from tfinfra.locking.document import LockedConda, LockedIndexes, LockedPackage
from tfinfra.locking.environment import (
    environment_lock,
    exact_lines,
    installed_of,
    locked_environment,
    locked_installed,
    locked_packages,
)
from tfinfra.model import InstalledTree, Unfit, from_json, to_json

TEXT = "numpy==1.26.4 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nsix==1.0 \\\n    --hash=sha256:cc\n"


def file(name: str, spelt: str, sha256: str | None = "a" * 64) -> PackageFile:
    return PackageFile(name, "1.0", spelt, f"https://index.example/{spelt}", 5, sha256)


def test_the_one_file_of_each_package_is_kept() -> None:
    files = {
        "numpy": (file("numpy", "numpy-1.26.4-x.whl"),),
        "six": (file("six", "six-1.0-py3-none-any.whl", "b" * 64),),
    }
    assert exact_lines(TEXT) == ("numpy==1.26.4", "six==1.0")
    assert locked_packages(TEXT, files) == (
        LockedPackage("numpy", "1.26.4", "numpy-1.26.4-x.whl", f"sha256:{'a' * 64}", 5),
        LockedPackage("six", "1.0", "six-1.0-py3-none-any.whl", f"sha256:{'b' * 64}", 5),
    )


REFUSED = {
    "no file": ({}, (), "six 1.0 has no hash"),
    "no hash": ({"six": (file("six", "six-1.0-py3-none-any.whl", None),)}, (), "six 1.0 has no hash"),
    "source": ({"six": (file("six", "six-1.0.tar.gz"),)}, ("numpy",), "six 1.0 comes as source"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_lock_cannot_hold_is_refused_by_name(case: str) -> None:
    files, builds, message = REFUSED[case]
    with pytest.raises(RefusedPackages, match=message) as refused:
        locked_packages("six==1.0\n", files, builds)
    assert (refused.value.about, refused.value.code) == (("six",), "TFI911")


TOKENS = {
    "a token": "https://conda.example/t/ab-123456-cdef/own",
    "a password": "https://ada:word@conda.example/own",
    "a key": "https://conda.example/own?token=abcdef123456",
}


@pytest.mark.parametrize("what", TOKENS)
def test_a_channel_that_says_who_asks_is_in_no_lock(what: str) -> None:
    url = f"{TOKENS[what]}/linux-64/libx-1.2-h0.conda"
    package = CondaPackage("libx", "1.2", "h0", 0, "linux-64", None, (), "own", url, "a" * 64)
    lock = Lock("", 2, "linux-x86_64", "3.11.9", "tensorflow-cpu", "2.15.1", "", None, None, "", False, (package,))
    with pytest.raises(RefusedPackages, match="libx comes from a conda channel whose URL carries") as refused:
        locked_environment(lock, {}, tools={}, asked="", origin="uv", indexes=LockedIndexes())
    assert (refused.value.key, refused.value.code) == ("conda_channels", "TFI912")
    assert "abcdef" not in refused.value.message
    with pytest.raises(Unfit, match="without a user, a password or a token"):
        from_json(LockedConda, {**to_json(A_CHANNEL), "channel": TOKENS[what]})


A_CHANNEL = LockedConda("libx", "1.2", "h0", "linux-64", "conda-forge", "libx-1.2-h0.conda", f"sha256:{'a' * 64}")


def test_channels_by_name_and_by_url_are_read() -> None:
    for channel in ("conda-forge", "https://conda.example/t/own", "file:///srv/channel"):
        assert from_json(LockedConda, {**to_json(A_CHANNEL), "channel": channel}).channel == channel


def test_source_that_source_builds_names_is_held() -> None:
    (held,) = locked_packages("six==1.0\n", {"six": (file("six", "six-1.0.tar.gz"),)}, ("six",))
    assert held.file == "six-1.0.tar.gz"


def test_an_environment_lock_of_one_file_each_has_one_key() -> None:
    solved = keyed(
        Lock(
            "",
            1,
            "linux-x86_64",
            "3.11.9",
            "tensorflow-cpu",
            "2.15.1",
            TEXT,
            "0.28.1",
            "5.0.11",
            "six==1.0\n",
            gpu=False,
        )
    )
    files = {"numpy": (file("numpy", "numpy-1.26.4-x.whl"),), "six": (file("six", "six-1.0-py3-none-any.whl"),)}
    asked = f"sha256:{'0' * 64}"
    held = locked_environment(solved, files, tools=files, asked=asked, origin="uv", indexes=LockedIndexes())
    assert held.key != solved.key
    assert environment_lock(held).key == held.key
    assert held.horovod is not None and held.horovod.sdist.startswith("sha256:92a4")
    assert [one.name for one in held.horovod.tools] == ["six"]


def test_what_was_built_comes_back_as_it_was() -> None:
    tree = InstalledTree("a" * 64, "b" * 64, "uv 0.13.9", "g++ 14", ("built by hand",))
    held = locked_installed(tree)
    assert held.tree == f"sha256:{'a' * 64}"
    assert installed_of(held) == tree


def test_what_an_upgrade_lets_go_of() -> None:
    packages = tuple(LockedPackage(name, "1", "f", f"sha256:{'a' * 64}") for name in ("numpy", "six"))
    assert [one.name for one in Upgrade().kept(packages)] == ["numpy", "six"]
    assert [one.name for one in Upgrade(named=frozenset({"numpy"})).kept(packages)] == ["six"]
    assert Upgrade(all=True).kept(packages) == ()

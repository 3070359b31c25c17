"""A lock is made once for its inputs, holds no host, and changes its key with whatever changes the environment."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from tests.environment.channels import Made, channel
from tests.environment.channels import module as module_package
from tests.environment.support import lock as example
from tests.environment.support import this_interpreter
from tfinfra.environment import lock as module
from tfinfra.environment import lock_file, recipe
from tfinfra.environment.lock import make_lock
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.environment.uv.package_files import PackageFile
from tfinfra.environment.uv.solve import SolveRequest
from tfinfra.locking.document import LockedIndexes
from tfinfra.locking.environment import locked_environment
from tfinfra.model import PackageSources, Requirements, from_json, to_json

FILES: dict[str, tuple[PackageFile, ...]] = {}
"""What the index tells of files; a test may fill it for itself."""
WANTED = Requirements("2.15.1", "3.11", ("pandas",), horovod=True, gpu=False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[SolveRequest]:
    """The questions that uv was asked; it answers each with the lines of the request."""
    questions: list[SolveRequest] = []

    def solve(uv: str, request: SolveRequest) -> str:
        questions.append(request)
        return "".join(f"{line}\n" for line in request.lines)

    monkeypatch.setattr(module, "solve", solve)
    monkeypatch.setattr(module, "find_uv", lambda *_: "uv")
    monkeypatch.setattr(module, "package_files", lambda uv, request: dict(FILES))
    monkeypatch.setattr(module, "find_interpreter", this_interpreter)
    monkeypatch.setattr(module, "downloadable_version", lambda *_: "3.11.18")
    return questions


def test_the_second_lock_of_the_same_requirements_asks_nobody(tmp_path: Path, asked: list[SolveRequest]) -> None:
    first = make_lock(WANTED, "", tmp_path)
    questions = len(asked)
    assert make_lock(WANTED, "", tmp_path) == first
    assert len(asked) == questions == 2  # the packages, and what Horovod is built with


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(WANTED, framework_version="2.16.2"),
        dataclasses.replace(WANTED, pip=("pandas", "scipy")),
        dataclasses.replace(WANTED, horovod=False),
        dataclasses.replace(WANTED, gpu=True),
        dataclasses.replace(WANTED, source_builds=("Pandas",)),
    ],
)
def test_other_requirements_are_another_lock(tmp_path: Path, asked: list[SolveRequest], other: Requirements) -> None:
    assert make_lock(other, "", tmp_path).key != make_lock(WANTED, "", tmp_path).key


def test_a_package_that_may_be_built_is_named_to_uv_and_in_the_lock_and_no_other(
    tmp_path: Path, asked: list[SolveRequest]
) -> None:
    made = make_lock(dataclasses.replace(WANTED, source_builds=("Pandas", "un_used")), "", tmp_path)
    assert [request.source_builds for request in asked] == [("pandas", "un-used"), ()]  # Horovod's tools are wheels
    assert made.source_builds == ("pandas",)
    assert make_lock(WANTED, "", tmp_path).source_builds == ()


def of_settings(monkeypatch: pytest.MonkeyPatch, folder: Path, **settings: str) -> str:
    """The key of the lock's file where uv has these settings."""
    with monkeypatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        make_lock(WANTED, "", folder)
    (path,) = (folder / "locks").glob("*.json")
    path.unlink()
    return path.stem


def test_a_setting_that_changes_uvs_answer_is_another_lock(
    tmp_path: Path, asked: list[SolveRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("UV_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    plain = of_settings(monkeypatch, tmp_path)
    assert (
        of_settings(monkeypatch, tmp_path, UV_CACHE_DIR="/x", UV_HTTP_TIMEOUT="9", UV_INDEX_TEAM_PASSWORD="p") == plain
    )
    limits = tmp_path / "limits.txt"
    limits.write_text("six<2\n")
    others = [
        of_settings(monkeypatch, tmp_path, **one)
        for one in (
            {"UV_RESOLUTION": "lowest-direct"},
            {"UV_EXCLUDE_NEWER": "2024-01-01"},
            {"UV_EXCLUDE_NEWER": "2024-01-02"},
            {"PIP_INDEX_URL": "https://a.example/simple"},
            {"PIP_INDEX_URL": "https://u:p@b.example/simple"},
            {"UV_A_SETTING_OF_TOMORROW": "1"},
            {"UV_CONSTRAINT": str(limits)},
        )
    ]
    again = of_settings(monkeypatch, tmp_path, PIP_INDEX_URL="https://u:q@b.example/simple")
    assert again in others  # with another password
    limits.write_text("six<3\n")
    others.append(of_settings(monkeypatch, tmp_path, UV_CONSTRAINT=str(limits)))
    (tmp_path / "config/uv").mkdir(parents=True)
    (tmp_path / "config/uv/uv.toml").write_text("resolution = 'lowest'\n")
    others.append(of_settings(monkeypatch, tmp_path))
    assert len({plain, *others}) == 1 + len(others)


def test_a_pinned_hash_holds_and_one_that_the_index_has_not_is_refused(
    tmp_path: Path, asked: list[SolveRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def solve(uv: str, request: SolveRequest) -> str:
        asked.append(request)
        return "six==1.16.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nnumpy==1.26.4 \\\n    --hash=sha256:cc\n"

    files = {"six": frozenset({"sha256:bb", "sha256:ee"})}
    monkeypatch.setattr(module, "solve", solve)
    monkeypatch.setattr(
        module, "installable_hashes", lambda uv, request: files if request.lines == ("six==1.16.0",) else {}
    )
    fetched: list[SolveRequest] = []
    monkeypatch.setattr(module, "fetch", lambda uv, request: fetched.append(request))
    plain = dataclasses.replace(WANTED, horovod=False)
    for pins, kept in {
        ("six==1.16.0 --hash=sha256:bb",): "six==1.16.0 \\\n    --hash=sha256:bb\nnumpy",
        ("six==1.16.0 --hash=sha512:dd",): "six==1.16.0 \\\n    --hash=sha512:dd\nnumpy",
        ("six==1.16.0; python_version < '3' --hash=sha256:00", "six"): "aa \\\n    --hash=sha256:bb\nnumpy",
    }.items():
        made = make_lock(dataclasses.replace(plain, pip=pins), "", tmp_path)
        assert kept in made.packages
        assert "--hash" not in "".join(asked[-1].lines)
    assert [request.lines for request in fetched] == [("six==1.16.0 \\\n    --hash=sha512:dd",)]
    for digits, why in {
        "00": r"no file that the index has of six==1\.16\.0",
        "aa": "files that cannot be used here",
    }.items():
        with pytest.raises(RefusedPackages, match=why) as caught:
            make_lock(dataclasses.replace(plain, pip=(f"Six==1.16.0 --hash=sha256:{digits}",)), "", tmp_path)
        assert (caught.value.about, caught.value.code) == (("six",), "TFI328")


def test_constraints_prereleases_and_sources_reach_uv_and_the_lock(tmp_path: Path, asked: list[SolveRequest]) -> None:
    sources = PackageSources("https://a.example/simple", ("https://b.example/simple",), ("https://c.example/w.html",))
    wanted = dataclasses.replace(
        WANTED, constraints=("six<2", "tensorflow>=2.12", "horovod>=0.21"), prereleases=True, sources=sources
    )
    made = make_lock(wanted, "", tmp_path)
    packages, tools = asked
    assert packages.constraints == ("setuptools<81", "six<2", "tensorflow-cpu>=2.12")
    assert (packages.prereleases, packages.sources) == (True, sources)
    assert (tools.prereleases, tools.constraints, tools.sources) == (False, (), sources)
    assert made.sources == sources
    assert from_json(Lock, json.loads(json.dumps(to_json(made)))) == made
    assert made.key != make_lock(WANTED, "", tmp_path).key


def test_hashes_of_the_package_tensorflow_are_held_by_that_package(tmp_path: Path, asked: list[SolveRequest]) -> None:
    hashed = dataclasses.replace(WANTED, pip=("tensorflow[and-cuda]==2.15.1 --hash=sha256:00",), horovod=False)
    requested = recipe.requested_packages(hashed, "x86_64-manylinux_2_28")
    assert requested.lines == ("tensorflow==2.15.1", "tensorflow==2.15.1")


def test_a_lock_without_builds_and_sources_has_the_key_that_it_had_before_there_were_any(
    tmp_path: Path, asked: list[SolveRequest]
) -> None:
    made = make_lock(WANTED, "", tmp_path)
    later = ("key", "source_builds", "sources")
    content = {name: value for name, value in dataclasses.asdict(made).items() if name not in later}
    assert made.key == lock_file.digest_of_value(content)


def test_another_platform_is_solved_for_the_python_that_uv_would_fetch_there(
    tmp_path: Path, asked: list[SolveRequest]
) -> None:
    made = make_lock(WANTED, "x86_64-manylinux_2_28", tmp_path)
    assert made.python_version == asked[0].python == "3.11.18"
    assert asked[0].platform == "x86_64-manylinux_2_28"
    assert asked[0].interpreter is None
    assert make_lock(WANTED, "", tmp_path).platform == this_platform()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"key": "x"}'])
def test_a_damaged_lock_is_made_again(tmp_path: Path, asked: list[SolveRequest], damage: str) -> None:
    made = make_lock(WANTED, "", tmp_path)
    (path,) = (tmp_path / "locks").glob("*.json")
    path.write_text(damage)
    assert make_lock(WANTED, "", tmp_path) == made


def test_a_lock_edited_by_hand_is_not_believed(tmp_path: Path, asked: list[SolveRequest]) -> None:
    made = make_lock(WANTED, "", tmp_path)
    (path,) = (tmp_path / "locks").glob("*.json")
    path.write_text(json.dumps({**to_json(made), "packages": "evil==1\n"}))
    assert make_lock(WANTED, "", tmp_path) == made


def test_a_lock_survives_json() -> None:
    made = example(horovod="0.28.1")
    assert from_json(Lock, json.loads(json.dumps(to_json(made)))) == made


def test_a_package_that_depends_on_tensorflow_by_name_takes_the_whole_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[SolveRequest]
) -> None:
    def solve(uv: str, request: SolveRequest) -> str:
        return "".join(f"{line}\n" for line in (*request.lines, "tensorflow==2.15.1"))

    monkeypatch.setattr(module, "solve", solve)
    made = make_lock(dataclasses.replace(WANTED, pip=("tf-keras",), horovod=False), "x86_64-manylinux_2_28", tmp_path)
    assert made.tensorflow == "tensorflow"
    assert "tensorflow-cpu" not in made.packages


def test_conda_and_pip_are_one_lock_and_a_changed_folder_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[SolveRequest]
) -> None:
    monkeypatch.setattr(module, "requires_of", lambda *_: ("six<1.17,>=1.12",))
    url = channel(tmp_path / "channel", module_package("six", "1.16.0"), module_package("six", "1.17.0"))
    wanted = dataclasses.replace(WANTED, pip=("six",), horovod=False, conda=("six",), conda_channels=(url,))
    made = make_lock(wanted, "x86_64-manylinux_2_28", tmp_path / "cache")
    assert [(p.name, p.version, p.channel.rstrip("/")) for p in made.conda] == [("six", "1.16.0", url)]
    assert made.packages.splitlines() == ["tensorflow-cpu==2.15.1"]
    assert "six==1.16.0" in asked[0].constraints
    assert (made.python_version, made.has_conda_python) == ("3.11.18", False)
    assert from_json(Lock, json.loads(json.dumps(to_json(made)))) == made
    assert make_lock(wanted, "x86_64-manylinux_2_28", tmp_path / "cache") == made
    channel(tmp_path / "channel", module_package("six", "1.15.0"))
    other = make_lock(wanted, "x86_64-manylinux_2_28", tmp_path / "cache")
    assert (other.conda[0].version, other.key != made.key) == ("1.15.0", True)


def test_a_hash_of_pips_file_does_not_pass_for_one_of_condas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[SolveRequest]
) -> None:
    monkeypatch.setattr(module, "requires_of", lambda *_: ())
    url = channel(
        tmp_path / "channel", module_package("rich", "1.0", depends=("six",)), module_package("six", "1.16.0")
    )
    pins = (f"six==1.16.0 --hash=sha256:{'0' * 64}",)
    wanted = dataclasses.replace(WANTED, pip=pins, horovod=False, conda=("rich",), conda_channels=(url,))
    with pytest.raises(RefusedPackages, match="six has a hash, and conda installs it") as caught:
        make_lock(wanted, "x86_64-manylinux_2_28", tmp_path / "cache")
    assert caught.value.about == ("six",)


def test_where_conda_gives_python_it_is_the_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[SolveRequest]
) -> None:
    monkeypatch.setattr(module, "requires_of", lambda *_: ())
    url = channel(tmp_path / "channel", Made("python", "3.11.9", {"bin/python": b""}), module_package("six", "1.16.0"))
    wanted = dataclasses.replace(WANTED, horovod=False, conda=("six",), conda_channels=(url,))
    made = make_lock(wanted, "x86_64-manylinux_2_28", tmp_path / "cache")
    assert (made.python_version, made.has_conda_python, asked[0].python) == ("3.11.9", True, "3.11.9")


def _file(package: str, name: str, digest: str) -> PackageFile:
    return PackageFile(package, "1.0", name, f"https://index.example/{name}", 5, digest)


def test_a_lock_names_the_one_file_of_each_package_that_is_installed_as_the_lock_of_a_manifest_does(
    tmp_path: Path, asked: list[SolveRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    solved = "six==1.0 \\\n    --hash=sha256:{a} \\\n    --hash=sha256:{b}\n".format(a="a" * 64, b="b" * 64)
    monkeypatch.setattr(module, "solve", lambda uv, request: solved)
    wheel = _file("six", "six-1.0-py3-none-any.whl", "b" * 64)
    monkeypatch.setitem(FILES, "six", (wheel,))
    wanted = dataclasses.replace(WANTED, sources=PackageSources("https://a.example/simple"))
    made = make_lock(wanted, "", tmp_path)
    assert made.packages == made.tools == f"six==1.0 \\\n    --hash=sha256:{'b' * 64}\n"
    locked = locked_environment(
        made, FILES, tools=FILES, asked="", origin="uv", indexes=LockedIndexes("corp"), compiler=None
    )
    assert locked.key == made.key  # a mirror is no other environment
    other = make_lock(dataclasses.replace(wanted, sources=PackageSources("https://b.example/simple")), "", tmp_path)
    assert other.key == made.key


FILE_OF_NOBODY = {
    "no file": (),
    "a file without a hash": (PackageFile("six", "1.0", "six-1.0-py3-none-any.whl", "https://x.example", None, None),),
    "another file than those that may be": (_file("six", "six-1.0-py3-none-any.whl", "c" * 64),),
}


@pytest.mark.parametrize("what", FILE_OF_NOBODY)
def test_where_the_index_does_not_tell_the_file_all_stay_that_would_do(
    what: str, tmp_path: Path, asked: list[SolveRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    solved = f"six==1.0 \\\n    --hash=sha256:{'a' * 64} \\\n    --hash=sha256:{'b' * 64}\n"
    monkeypatch.setattr(module, "solve", lambda uv, request: solved)
    monkeypatch.setitem(FILES, "six", FILE_OF_NOBODY[what])
    wanted = dataclasses.replace(WANTED, sources=PackageSources("https://a.example/simple"))
    made = make_lock(wanted, "", tmp_path)
    assert made.packages == solved
    other = make_lock(dataclasses.replace(wanted, sources=PackageSources("https://b.example/simple")), "", tmp_path)
    assert other.key != made.key  # another index may have other files


def test_a_cached_lock_of_before_mirrors_did_not_matter_keeps_its_versions(tmp_path: Path) -> None:
    text = f"six==1.0 \\\n    --hash=sha256:{'a' * 64}\n"
    held = dataclasses.replace(
        example(), packages=text, tools="", sources=PackageSources("https://index.example/simple")
    )
    now, content = lock_file.keyed(held), dataclasses.asdict(held)
    del content["key"], content["source_builds"]
    before = dataclasses.replace(held, key=lock_file.digest_of_value(content))
    assert before.key != now.key
    assert lock_file.read_lock(_written(tmp_path, before)) == lock_file.read_lock(_written(tmp_path, now)) == now
    assert lock_file.read_lock(_written(tmp_path, dataclasses.replace(held, key="0" * 20))) is None


def _written(folder: Path, lock: Lock) -> Path:
    lock_file.write_lock(folder / "lock.json", lock)
    return folder / "lock.json"

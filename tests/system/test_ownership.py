"""State and cache are their user's own: made so, tightened where nobody else could write, refused else."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tfinfra.catalog.price_file import write_price_file
from tfinfra.catalog.prices import shipped_book
from tfinfra.cli.internal_error import write_report
from tfinfra.cli.main import main
from tfinfra.engine.tool.toolchain import VERSION
from tfinfra.environment.whole_environment import MARKER, is_whole
from tfinfra.errors import ProvisioningError, UsageError
from tfinfra.lifecycle.record.last_failure import FILE, MISTAKE, note_failure
from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.localcloud.common.state_files import own_folder
from tfinfra.machine import doctor
from tfinfra.system import paths
from tfinfra.system.local_tree import read_tree
from tfinfra.system.paths import cache_folder, made_private, state_folder

ROOT = Path(__file__).parents[2]
STRANGER = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files that are somebody else's")


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "a/b/state"))
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "a/b/cache"))
    monkeypatch.setattr(paths, "_CHANGED", {})
    before = os.umask(0)
    yield tmp_path / "a/b"
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_they_are_made_private_whatever_the_umask_by_who_writes_first(folders: Path) -> None:
    assert (state_folder(), cache_folder()) == (folders / "state", folders / "cache")
    assert not folders.exists()  # who only looks leaves nothing
    assert main(["doctor"]) in (0, 1)
    assert {mode(p) for p in (folders.parent, folders, folders / "state", folders / "cache")} == {0o700}
    assert made_private() == ()


WRITERS: dict[str, Callable[[Path], object]] = {
    "a run's record": lambda state: RunFolder(state / "runs/x").audit.append("begun"),
    "a failure": lambda state: note_failure(ProvisioningError("x"), ["up"], None),
    "an internal error": lambda state: write_report(ValueError("x"), ["up"]),
    "hashes of inputs": lambda state: read_tree(Path(__file__), state / "hashes.sqlite", lambda text: None),
    "the local cloud": lambda state: own_folder(state / "cloud"),
    "prices": lambda state: write_price_file(state / "prices.json", shipped_book()),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_whatever_is_written_first_finds_or_makes_it_private(folders: Path, write: Callable[[Path], object]) -> None:
    write(state_folder())
    assert {mode(p) for p in (folders.parent, folders, folders / "state")} == {0o700}


@pytest.mark.parametrize("wide", [0o755, 0o750, 0o711])
def test_one_that_others_could_only_read_is_tightened_and_that_is_said(
    folders: Path, wide: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (folders / "cache").mkdir(parents=True)
    (folders / "cache").chmod(wide)
    assert main(["doctor"]) in (0, 1)
    assert mode(folders / "cache") == 0o700
    assert f"other users could read {folders / 'cache'}; it is yours alone now (0700)" in capsys.readouterr().err
    assert cache_folder() == folders / "cache"


@pytest.mark.parametrize("kind", ["state", "cache"])
def test_one_of_the_usual_name_is_tfinfras_whatever_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.delenv(f"TFINFRA_{kind.upper()}_DIR", raising=False)
    monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", str(tmp_path))
    monkeypatch.setattr(paths, "_CHANGED", {})  # no later test's verb is to tell of it
    folder = tmp_path / "tfinfra"
    (folder / "runs").mkdir(parents=True)
    folder.chmod(0o755)
    assert state_folder() == folder if kind == "state" else cache_folder() == folder
    assert mode(folder) == 0o700


OF_AN_EARLIER_RELEASE = {
    "state": ("runs", "cloud", "reports", "last.json", ".last.json.7", "prices.json"),
    "cache": ("venv-17", "venv-17.lock", "environments", "pulumi", "inputs.sqlite3", "uv-0.13.9"),
}


@needs_root
@pytest.mark.parametrize(("kind", "names"), OF_AN_EARLIER_RELEASE.items(), ids=OF_AN_EARLIER_RELEASE.keys())
def test_one_that_a_variable_names_and_that_holds_tfinfras_own_alone_is_tightened_and_that_is_said(
    folders: Path, kind: str, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folders / kind
    for name in names:
        (place / name).mkdir(parents=True, mode=0o755)
        os.chown(place / name, STRANGER, STRANGER)
    place.chmod(0o755)
    os.chown(place, STRANGER, STRANGER)
    monkeypatch.setattr("os.getuid", lambda: STRANGER)
    assert {"state": state_folder, "cache": cache_folder}[kind]() == place
    assert (made_private(), mode(place)) == ((place,), 0o700)


MADE = re.compile(r"(?:\b(?:cache|state)|\b(cache|state)_folder\(\)) / f?\"([^\"/]+)")


def test_all_that_the_code_makes_in_them_has_a_name_that_is_known() -> None:
    """State that is no state folder's own (a run's, a node's) lies in `engine` and `agent`."""
    found: set[tuple[str, str]] = {("state", FILE), ("state", MISTAKE), ("state", f".{FILE}.7"), ("state", "trial-x1")}
    for path in (*(ROOT / "tfinfra").rglob("*.py"), ROOT / "tests/stacks/checkov.py"):
        for line in path.read_text("utf-8").splitlines():
            for made in MADE.finditer(line):
                kind = "cache" if made[0].startswith("cache") else "state"
                if kind == "cache" or not {"engine", "agent"} & set(path.parts):
                    found.add((kind, re.sub(r"{.*?}", "x", made[2])))
    shell = "".join((ROOT / "bin" / name).read_text("utf-8") for name in ("_prepare.sh", "sbom", "docs"))
    found |= {("cache", name) for name in re.findall(r"(?:\$\(cache_folder\)|\$cache)\"?/([a-z]+-)", shell)}
    found |= {("cache", f"{name}-") for name in re.findall(r"^prepare_tool (\w+)$", shell, re.MULTILINE)}
    assert {("cache", name) for name in ("venv-", "sbom-", "docs-", "environments")} | {("state", "runs")} <= found
    found.discard(("cache", "x.lock"))  # beside a folder, and named after it
    known = {kind: paths.NAMES[f"TFINFRA_{kind.upper()}_DIR"] for kind in ("state", "cache")}
    assert [(k, name) for k, name in sorted(found) if not any(fnmatchcase(name, p) for p in known[k])] == []


def test_a_folder_that_others_use_too_is_not_closed(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folders / "state/of-a-colleague").mkdir(parents=True)
    (folders / "state").chmod(0o755)
    assert main(["runs", "--cloud", "local"]) == 2
    told = capsys.readouterr().err
    assert f"{folders}/state is open to other users and holds what is not tfinfra's ('of-a-colleague')" in told
    assert f"TFINFRA_STATE_DIR={folders}/state/tfinfra; or, if it is for tfinfra alone: `chmod 700" in told
    assert mode(folders / "state") == 0o755


@needs_root
@pytest.mark.parametrize("folder", ["/", "/etc"])
def test_a_folder_of_the_systems_stays_and_nobody_is_told_to_close_it(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", folder)
    before = mode(Path(folder))
    with pytest.raises(UsageError, match="open to other users") as caught:
        state_folder()
    assert caught.value.hint == f"name one in it: TFINFRA_STATE_DIR={folder.rstrip('/')}/tfinfra"
    assert mode(Path(folder)) == before


@needs_root
def test_a_cache_that_root_keeps_for_everybody_stays_open_and_another_users_is_refused(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = (folders / "cache", folders / "cache/environments", folders / "cache/other")
    for path in places:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o755)
    assert cache_folder() == folders / "cache"
    assert made_private() == ()
    assert mode(folders / "cache") == 0o755
    for path in places:
        os.chown(path, STRANGER, STRANGER)
    monkeypatch.setattr("os.getuid", lambda: STRANGER)
    with pytest.raises(UsageError, match="open to other users"):
        cache_folder()


@needs_root
def test_of_a_place_for_everybody_nothing_is_to_be_changed(folders: Path) -> None:
    folders.mkdir(parents=True)
    for kind, look in {"state": state_folder, "cache": cache_folder}.items():
        (folders / kind).mkdir()
        (folders / kind).chmod(0o1777)
        with pytest.raises(UsageError, match="may be written by other users") as caught:
            look()
        assert caught.value.hint == "name a folder of your own"
        assert mode(folders / kind) == 0o777 | stat.S_ISVTX


def writable(cache: Path) -> None:
    cache.chmod(0o777)


def sticky(cache: Path) -> None:
    cache.chmod(0o1777)


def of_the_group(cache: Path) -> None:
    os.chown(cache, 0, STRANGER)
    cache.chmod(0o770)


def of_another(cache: Path) -> None:
    os.chown(cache, STRANGER, STRANGER)


def a_link_of_another(cache: Path) -> None:
    cache.rmdir()
    (cache.parent / "real").mkdir()
    cache.symlink_to(cache.parent / "real")
    os.chown(cache, STRANGER, STRANGER, follow_symlinks=False)


def a_link_to_another(cache: Path) -> None:
    cache.rmdir()
    (cache.parent / "real").mkdir()
    os.chown(cache.parent / "real", STRANGER, STRANGER)
    cache.symlink_to(cache.parent / "real")


def inside(*names: str) -> Callable[[Path], None]:
    def plant(cache: Path) -> None:
        place = cache.joinpath(*names)
        place.mkdir(parents=True, mode=0o755)
        os.chown(place, STRANGER, STRANGER)

    return plant


def inside_writable(cache: Path) -> None:
    (cache / "environments").mkdir()
    (cache / "environments").chmod(0o777)


NOT_OWN = {
    "that others may write": writable,
    "that others may write, if not remove": sticky,
    "that a group may write": of_the_group,
    "of another": of_another,
    "behind another's link": a_link_of_another,
    "behind a link to another's": a_link_to_another,
    "with another's environments": inside("environments"),
    "with one environment of another's": inside("environments", "0123"),
    "with another's Pulumi": inside("pulumi", VERSION),
    "with another's plugins": inside("pulumi", "plugins", "resource-azure-native-v3.29.0"),
    "with another's bundle parts": inside("bundle-parts"),
    "with another's environment of a policy pack": inside("policy", "environment-0123"),
    "with another's wheels": inside("wheels", "horovod-0123"),
    "with another's uv": inside("uv-0.13.9"),
    "with environments that others may write": inside_writable,
}


@needs_root
@pytest.mark.parametrize("plant", NOT_OWN.values(), ids=NOT_OWN.keys())
def test_a_cache_that_is_not_the_users_own_is_refused(
    folders: Path, plant: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    cache = folders / "cache"
    cache.mkdir(parents=True, mode=0o755)
    plant(cache)
    with pytest.raises(UsageError, match="somebody else's work") as caught:
        cache_folder()
    assert "TFINFRA_CACHE_DIR" in str(caught.value.hint) or plant is sticky
    found = {f.check: f for f in doctor.examine(lambda: {"process": None}, asking=False)}
    assert found["cache folder"].level == "problem"
    assert found["pulumi"].level == "problem"
    assert "somebody else's work" in found["cache folder"].text


@needs_root
def test_a_state_folder_of_anothers_is_refused_and_nothing_of_it_is_read(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folders / "state/runs").mkdir(parents=True)
    os.chown(folders / "state", STRANGER, STRANGER)
    assert main(["runs", "--cloud", "local"]) == 2
    assert "belongs to the user" in capsys.readouterr().err


def test_a_cache_of_the_administrators_is_taken_as_it_is(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make files of root")
    (folders / "cache/environments").mkdir(parents=True)
    for path in (folders / "cache", folders / "cache/environments"):
        path.chmod(0o755)
    monkeypatch.setattr("os.getuid", lambda: STRANGER)
    assert cache_folder() == folders / "cache"
    assert mode(folders / "cache") == 0o755


@needs_root
def test_an_environment_that_somebody_else_built_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in (MARKER, "bin/python"):
        (tmp_path / name).touch()
    assert is_whole(tmp_path)
    os.chown(tmp_path / MARKER, STRANGER, STRANGER)
    with pytest.raises(ProvisioningError, match="somebody else's work"):
        is_whole(tmp_path)

"""Which Pulumi is taken, and how one is made where there is none: the vendor and Go are scripts here."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import threading
from pathlib import Path
from typing import Any, NoReturn

import pytest
from filelock import FileLock

from tfinfra.engine.provider import plugin_archive
from tfinfra.engine.tool import toolchain, toolmaking
from tfinfra.errors import NotFeasible, TfinfraError
from tfinfra.system.file_digest import sha256_of

VERSIONS = {
    "3.258.0": True,
    "3.300.1": True,
    "3.258.0-alpha.1": True,
    "3.257.9": False,
    "4.0.0": False,
    "not a version": False,
}


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty cache and nothing on PATH."""
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path


def _tool(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho v{version}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("version", "taken"), VERSIONS.items())
def test_one_on_path_is_taken_if_it_is_no_older_and_of_the_same_major(version: str, taken: bool, empty: Path) -> None:
    tool = _tool(empty / "bin/pulumi", version)
    assert toolchain.find_cli() == (tool if taken else None)


def test_ones_own_comes_before_any_other(empty: Path) -> None:
    _tool(empty / "bin/pulumi", toolchain.VERSION)
    own = _tool(empty / "cache/pulumi" / toolchain.VERSION / "bin/pulumi", toolchain.VERSION)
    assert toolchain.find_cli() == own
    assert toolchain.ensure_cli(lambda _: None) == own


def test_without_go_and_without_the_vendors_site_the_error_says_what_to_do(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(url: str, *_: object) -> str:
        raise TfinfraError(f"{url} cannot be reached")

    monkeypatch.setattr(plugin_archive, "download", unreachable)
    with pytest.raises(NotFeasible) as caught:
        toolchain.ensure_cli(lambda _: None)
    assert "nothing here builds it" in str(caught.value)
    assert "tfinfra setup" in str(caught.value.hint)


@pytest.fixture
def vendor(empty: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A vendor whose archive holds a tool that answers well; its SHA-256."""
    tool = _tool(empty / "made/pulumi", toolchain.VERSION)
    archive = empty / "vendor.tar.gz"
    with tarfile.open(archive, "w:gz") as files:
        files.add(tool, "pulumi/pulumi")

    def download(url: str, draft: Path, _progress: object) -> str:
        assert url.startswith("https://") and toolchain.VERSION in url
        shutil.copy(archive, draft)
        return sha256_of(archive)

    monkeypatch.setattr(plugin_archive, "download", download)
    return sha256_of(archive)


@pytest.mark.parametrize("unchecked", [False, True])
def test_an_archive_with_another_hash_is_never_taken(empty: Path, vendor: str, unchecked: bool) -> None:
    with pytest.raises(NotFeasible, match=f"{vendor}, not .*it was not taken"):
        toolchain.ensure_cli(lambda _: None, unchecked=unchecked)
    assert toolchain.find_cli() is None


def test_the_archive_with_the_known_hash_is_put_in_place_once(
    empty: Path, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolmaking, "ARCHIVES", dict.fromkeys(toolmaking.ARCHIVES, vendor))
    said: list[str] = []
    made = toolchain.ensure_cli(said.append)
    assert made == toolchain.find_cli() == toolchain.ensure_cli(said.append)
    assert len(said) == 2
    assert vendor in str(toolchain.source_of(made))


def test_what_a_maker_that_was_killed_has_left_goes_with_the_next(
    empty: Path, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolmaking, "ARCHIVES", dict.fromkeys(toolmaking.ARCHIVES, vendor))
    folder = empty / "cache/pulumi" / toolchain.VERSION

    def killed(work: Path, *_: object, **__: object) -> NoReturn:
        (work / "source").mkdir()
        (work / "source/module.go").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(toolmaking, "_from_archive", killed)
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)  # as nobody is there any more to do it
        with pytest.raises(KeyboardInterrupt):
            toolchain.ensure_cli(lambda _: None)
    assert [*folder.rglob("module.go")] != []
    toolchain.ensure_cli(lambda _: None)
    assert {each.name for each in folder.iterdir()} <= {"bin", "lock"}


def test_an_archive_of_which_no_hash_is_known_wants_a_word(
    empty: Path, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolmaking, "ARCHIVES", {})
    with pytest.raises(NotFeasible) as caught:
        toolchain.ensure_cli(lambda _: None)
    assert "--unchecked" in str(caught.value.hint)
    said: list[str] = []
    made = toolchain.ensure_cli(said.append, unchecked=True)
    assert any("nobody has checked" in line and vendor in line for line in said)
    assert "unchecked" in str(toolchain.source_of(made))


def test_the_vendors_hashes_are_of_every_system_that_runs_tfinfra() -> None:
    assert set(toolmaking.ARCHIVES) == {f"{s}-{m}" for s in ("linux", "darwin") for m in ("x64", "arm64")}
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in toolmaking.ARCHIVES.values())


def test_a_tool_that_is_not_what_was_put_there_is_made_again(
    empty: Path, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolmaking, "ARCHIVES", dict.fromkeys(toolmaking.ARCHIVES, vendor))
    made = toolchain.ensure_cli(lambda _: None)
    whole = made.read_bytes()
    made.write_text(f"#!/bin/sh\ntouch {empty}/ran\necho v{toolchain.VERSION}\n")
    assert toolchain.find_cli() is None
    said: list[str] = []
    assert toolchain.ensure_cli(said.append).read_bytes() == whole
    assert "is not the Pulumi that was put there" in said[0]
    assert not (empty / "ran").exists()


def test_one_of_an_earlier_tfinfra_is_asked_once_and_recorded(empty: Path) -> None:
    own = empty / "cache/pulumi" / toolchain.VERSION / "bin/pulumi"
    _tool(own, "3.1.0")
    assert toolchain.find_cli() is None
    _tool(own, toolchain.VERSION)
    assert toolchain.find_cli() == own
    _tool(own, f"{toolchain.VERSION}; echo another")
    assert toolchain.find_cli() is None


SWITCHES = {
    "the database is off": ({"GOSUMDB": "off"}, ["GOSUMDB"]),
    "another database": ({"GOSUMDB": "sum.example.com+1+key"}, ["GOSUMDB"]),
    "not for these modules": ({"GONOSUMDB": "github.com/*"}, ["GONOSUMDB"]),
    "not for private modules": ({"GOPRIVATE": "*"}, ["GOPRIVATE"]),
    "no encryption": ({"GOFLAGS": "-insecure", "GOINSECURE": "*"}, ["GOFLAGS", "GOINSECURE"]),
    "an older name": ({"GONOSUMCHECK": "1"}, ["GONOSUMCHECK"]),
    "a proxy and harmless flags": ({"GOPROXY": "https://goproxy.example.com", "GOFLAGS": "-buildvcs=false"}, []),
}


@pytest.mark.parametrize("case", SWITCHES)
def test_nothing_of_the_users_switches_gos_checksum_database_off(case: str) -> None:
    settings, told = SWITCHES[case]
    assert toolmaking.ignored(settings) == told
    used = toolmaking.guarded(settings)
    assert used["GOSUMDB"] == "sum.golang.org"
    assert {used[name] for name in ("GONOSUMDB", "GONOSUMCHECK", "GOPRIVATE", "GOINSECURE", "GONOPROXY")} == {""}
    assert (used["GOENV"], used["GOFLAGS"]) == ("off", "-modcacherw")
    assert used.get("GOPROXY") == settings.get("GOPROXY")


def test_go_comes_before_the_vendor_and_is_run_with_the_database(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Go that writes down its environment, and builds by copying."""
    tool = _tool(empty / "made/pulumi", toolchain.VERSION)
    go = empty / "bin/go"
    go.write_text(
        f"#!/bin/sh\nexport PATH=/usr/bin:/bin\nenv >> {empty}/env.$1\n"
        f'case $1 in env) echo \'{{"GOSUMDB": "off"}}\';; build) shift; while [ "$1" != -o ]; do shift; done; '
        f"cp {tool} $2;; esac\n"
    )
    go.chmod(0o755)
    monkeypatch.setenv("GOSUMDB", "off")
    monkeypatch.setenv("GOFLAGS", "-insecure -mod=mod")
    said: list[str] = []
    made = toolchain.ensure_cli(said.append)
    assert "note: GOSUMDB=off does not count here: Go's checksum database checks what is built" in said
    for step in ("get", "build"):
        lines = (empty / f"env.{step}").read_text().splitlines()
        assert {"GOSUMDB=sum.golang.org", "GOFLAGS=-modcacherw", "GOENV=off", "GONOSUMDB="} <= set(lines)
    assert "built by Go" in str(toolchain.source_of(made))


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


GO = f"""[ "$1" = get ] && exit 0
[ "$1" = env ] && {{ echo "{{}}"; exit 0; }}
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho v{toolchain.VERSION}\\n' >"$2"; chmod +x "$2"
"""


MAKERS = {
    "Go fails": ("echo no such module; exit 1", "could not build the Pulumi command line tool: no such module"),
    "Go makes another": (GO.replace(toolchain.VERSION, "3.0.0"), f"does not answer as {toolchain.VERSION}"),
    "Go makes no program": (GO.replace("chmod", "true"), f"does not answer as {toolchain.VERSION}"),
}


@pytest.mark.parametrize(("text", "words"), MAKERS.values(), ids=MAKERS.keys())
def test_nothing_is_put_in_place_where(text: str, words: str, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(url: str, *_: object) -> str:
        raise TfinfraError(f"{url} cannot be reached")

    monkeypatch.setenv("PATH", f"{empty / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(plugin_archive, "download", unreachable)
    _script(empty / "bin/go", text)
    with pytest.raises(NotFeasible, match=words):
        toolchain.ensure_cli(lambda _: None)
    assert toolchain.find_cli() is None


def test_a_go_that_cannot_build_leaves_it_to_the_archive_with_the_known_hash(
    empty: Path, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolmaking, "ARCHIVES", dict.fromkeys(toolmaking.ARCHIVES, vendor))
    monkeypatch.setenv("PATH", f"{empty / 'bin'}:/usr/bin:/bin")
    _script(empty / "bin/go", "echo 'flag provided but not defined: -tool'; exit 2")
    said: list[str] = []
    made = toolchain.ensure_cli(said.append)
    assert vendor in str(toolchain.source_of(made))
    assert any("not defined: -tool; the vendor's archive" in line for line in said)


def test_a_build_that_takes_minutes_says_so_and_ends_with_who_waits_for_it() -> None:
    class Go:
        killed = False
        answers: tuple[Any, ...] = (subprocess.TimeoutExpired("go", 60), ("done", None), KeyboardInterrupt())

        def communicate(self, timeout: float) -> tuple[str, None]:
            answer, *rest = self.answers
            self.answers = tuple(rest)
            if isinstance(answer, BaseException):
                raise answer
            said: tuple[str, None] = answer
            return said

        def kill(self) -> None:
            self.killed = True

    go, said = Go(), list[str]()
    assert toolmaking._output(go, said.append) == "done"  # type: ignore[arg-type]
    assert said == ["Go still works, for 1 min now"]
    with pytest.raises(KeyboardInterrupt):
        toolmaking._output(go, said.append)  # type: ignore[arg-type]
    assert go.killed


def test_two_at_once_make_it_once(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = empty / "cache/pulumi" / toolchain.VERSION / "bin/pulumi"
    own.parent.mkdir(parents=True)
    held, waiting = threading.Event(), threading.Event()
    monkeypatch.setattr(toolmaking, "make", lambda *_, **__: pytest.fail("it was made twice"))

    def first() -> None:
        with FileLock(own.parents[1] / "lock"):
            held.set()
            assert waiting.wait(20)
            _tool(own, toolchain.VERSION)

    thread = threading.Thread(target=first)
    thread.start()
    assert held.wait(20)
    assert toolchain.ensure_cli(lambda _: waiting.set()) == own
    thread.join()

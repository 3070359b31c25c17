"""The search for what a machine is not shown ends, hides no Python that one needs, and says what it has not seen."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.machines.support import scale_set
from tfinfra.localcloud.machines import linux
from tfinfra.localcloud.machines.interface import Mount
from tfinfra.localcloud.machines.namespaces import node_init, node_masks, node_root
from tfinfra.localcloud.machines.namespaces.node_init import Job
from tfinfra.localcloud.machines.namespaces.node_masks import look_below
from tfinfra.localcloud.machines.namespaces.node_pythons import needed


def _tree(top: Path) -> None:
    """Private things at each depth, and a folder that holds more than the rest together."""
    for name in ("a", "lib/app/conf", "lib/big/deep/deeper"):
        (top / name).mkdir(parents=True)
    for name in ("a/key", "lib/app/conf/key", "lib/big/deep/deeper/key"):
        (top / name).touch(0o600)
    for number in range(50):
        (top / f"lib/big/deep/{number}").touch()


ALL = {"a/key", "lib/app/conf/key", "lib/big/deep/deeper/key"}
SMALL = {"a/key", "lib/app/conf/key"}
LOOKED_AT: dict[str, tuple[int, float, str, set[str], str]] = {
    "all of it, where it is small": (1000, 1e9, "", ALL, ""),
    "what is too large is hidden from two folders down, what stands beside is seen": (
        *(20, 1e9, "", SMALL | {"lib/big"}, "hidden, since more lies in TOP than is looked through: TOP/lib/big"),
    ),
    "nothing, where the top alone is too large": (
        *(1, 1e9, "", {"."}, "hidden, since more lies in TOP than is looked through: TOP"),
    ),
    "what takes too long is hidden as what is too large is": (
        *(
            1000,
            30.0,
            "none",
            SMALL | {"lib/big"},
            "hidden, since more lies in TOP than is looked through: TOP/lib/big",
        ),
    ),
    "nothing, where no time is left": (
        *(1000, 0.0, "", {"."}, "hidden, since more lies in TOP than is looked through: TOP"),
    ),
    "what is needed is shown, and its way is gone first": (
        *(57, 1e9, "lib/big/deep/deeper", {"lib/big/deep/deeper/key", "a", "lib/app"}, "TOP/a, TOP/lib/app"),
    ),
    "what lies below what is needed is shown, though unseen": (
        *(
            20,
            1e9,
            "lib/big",
            {"a/key", "lib/app"},
            "shown though not looked through, since a Python needs it: TOP/lib/big",
        ),
    ),
}


@pytest.mark.parametrize("case", LOOKED_AT)
def test_the_search_for_private_things_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    most, until, shown, expected, told = LOOKED_AT[case]
    top = tmp_path / "top"
    _tree(top)
    monkeypatch.setattr(node_masks, "MOST", most)
    ticks = itertools.count()
    found = look_below(str(top), {top / shown} if shown else set(), until, lambda: float(next(ticks)))
    hidden = node_root.outermost(Path(path) for path, _ in found.private)
    assert {str(path.relative_to(top)) for path in hidden} == expected
    assert told.replace("TOP", str(top)) in " ".join(found.notes)
    assert bool(told) is bool(found.notes)


def _installed(prefix: Path, lib: str = "lib") -> Path:
    """A Python as its build installs it; returns its program."""
    for name in ("bin/python3.11", f"{lib}/python3.11/os.py"):
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).touch(0o755)
    return prefix / "bin/python3.11"


def _linked(link: Path, program: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(program)


def _environment(folder: Path, home: Path) -> None:
    _linked(folder / "bin/python", home / "python3.11")
    (folder / "pyvenv.cfg").write_text(f"home = {home}\nversion = 3.11.9\n")


def _copied(top: Path) -> None:
    program = _installed(top / "opt/tool")
    (program.parent / "python").write_text("")
    _environment(top / "opt/old", program.parent)
    (top / "envs/a/bin").mkdir(parents=True)
    (top / "envs/a/bin/python").touch(0o755)
    (top / "envs/a/pyvenv.cfg").write_text(f"home = {program.parent}\n")


PYTHONS: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "PATH's, where it stands": (lambda top: _installed(top / "usr").rename(top / "usr/bin/python3"), {"usr"}),
    "PATH's, where a link leads to": (
        *(lambda top: _linked(top / "usr/bin/python3", _installed(top / "opt/conda")), {"opt/conda"}),
    ),
    "PATH's, whose library is in lib64": (
        *(lambda top: _linked(top / "usr/bin/python3", _installed(top / "opt/p", "lib64")), {"opt/p"}),
    ),
    "an environment's, behind its link": (
        *(lambda top: _environment(top / "envs/a", _installed(top / "opt/x64").parent), {"opt/x64"}),
    ),
    "an environment's, by the home that it names": (_copied, {"opt/tool"}),
    "an environment that is whole": (
        *(lambda top: _installed(top / "envs/a").rename(top / "envs/a/bin/python"), {"envs/a"}),
    ),
    "none, where there is none": (lambda top: None, set()),
}


@pytest.mark.parametrize(("make", "expected"), PYTHONS.values(), ids=PYTHONS.keys())
def test_the_pythons_that_a_machine_needs_are_found_by_their_files(
    tmp_path: Path, make: Callable[[Path], object], expected: set[str]
) -> None:
    make(tmp_path)
    mounts = (Mount(tmp_path / "envs", read_only=True), Mount(tmp_path / "opt", read_only=False))
    found = needed(mounts, str(tmp_path / "usr/bin"))
    assert {str(p.relative_to(tmp_path)) for p in found if p.is_relative_to(tmp_path)} == expected


def test_of_a_python_that_reaches_beyond_a_folder_its_programs_and_library_are_shown(tmp_path: Path) -> None:
    _installed(tmp_path / "usr/local")
    prefix = tmp_path / "usr/local"
    assert node_masks.always_shown(str(prefix), [prefix]) == {prefix / "bin", prefix / "lib/python3.11"}
    assert node_masks.always_shown(str(tmp_path / "usr"), [prefix]) == {prefix}


def test_the_search_of_all_folders_ends_before_machines_must_have_begun_to_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one folder does not take of the time is for the next."""
    tops = [tmp_path / name for name in ("small", "large", "last")]
    for top in tops:
        top.mkdir()
    now, ends = [0.0], []

    def look(top: str, shown: object, until: float) -> node_masks.Search:
        ends.append(until)
        now[0] = 1.0 if top.endswith("small") else until
        return node_masks.Search(((top, node_masks.Owned(0o700)),), (f"told of {Path(top).name}",))

    monkeypatch.setattr(node_masks, "_WITH_SECRETS", tuple(map(str, tops)))
    monkeypatch.setattr(node_masks, "look_below", look)
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    found = node_masks.look.__wrapped__(())
    assert [round(end, 1) for end in ends] == [6.7, 10.5, 20.0]
    assert ([p for p, _ in found.private], len(found.notes)) == ([str(top) for top in tops], 3)


class _Stopped(Exception):
    pass


def test_a_machine_says_first_on_its_console_what_was_hidden_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise _Stopped

    for module, name in (
        (os, "setsid"),
        (linux, "die_with_parent"),
        (linux, "set_hostname"),
        (node_init, "redirect_output"),
    ):
        monkeypatch.setattr(module, name, lambda *_: None)
    monkeypatch.setattr(node_root, "mount_root", stop)
    monkeypatch.setattr(node_masks, "look", lambda mounts: node_masks.Search((), ("hidden: /opt/large",)))
    spec = scale_set(tmp_path, "", count=1)
    with socket.socket() as report, pytest.raises(_Stopped):
        node_init.boot(Job(spec, ("10.0.0.4",), report), 0, 1, None, first=True)
    assert capsys.readouterr().out == "hidden: /opt/large\n"

"""What tasks wrote elsewhere than into the outputs: found, bounded, told, and nobody else's."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.nodes import assignment_of
from tests.backends.specs import plan_of, spec
from tfinfra.agent.assignment import Assignment, Gathered
from tfinfra.agent.end import find_left, left_files
from tfinfra.agent.end.left_files import LeftBehind
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.tasks.workspace import make_common, make_workspace
from tfinfra.model import LeftFiles

SOURCE = {"train.py": "open('model.h5', 'w')\n", "data.csv": "a", "kept/b.txt": "b"}


def a_node(
    tmp_path: Path, script: str = SOURCE["train.py"], *, own: bool = False, trial: str | None = None, **more: object
) -> Assignment:
    """A node with its one task's working folder; `own`: its machine is the run's alone, with its home in `tmp_path`."""

    class Paths(NodePaths):
        own_mounts = property(lambda self: own)

    paths = Paths(tmp_path / "node", run=trial, trial=trial is not None)
    assignment = assignment_of(plan_of(spec("single")))
    folders = replace(
        assignment.folders,
        shared=tmp_path / "shared",
        home=tmp_path / "home",
        temporary=tmp_path / "temporary",
        environment=tmp_path / "env",
    )
    assignment = replace(assignment, paths=paths, folders=folders, **more)  # type: ignore[arg-type]
    for name, text in {**SOURCE, "train.py": script}.items():
        file = paths.bundle / "source" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for folder in (folders.home, folders.temporary, paths.work):
        folder.mkdir(parents=True)
    make_common(folders.shared)
    for task in assignment.tasks:
        make_workspace(paths.bundle / "source", assignment.working_directory(task), folders.shared)
    return assignment


def kept(assignment: Assignment, write: Callable[[Path], object]) -> tuple[LeftFiles | None, dict[str, str]]:
    """What is told of what `write` did, and what was brought, by name."""
    left = LeftBehind(assignment, time.time())
    time.sleep(0.02)
    work = assignment.working_directory(assignment.tasks[0])
    write(work)
    told = left.keep()
    top = assignment.folders.shared / "left" / assignment.tasks[0].name
    files = {
        path.relative_to(top).as_posix(): path.read_text(errors="replace") for path in top.rglob("*") if path.is_file()
    }
    return (told[0] if told else None), files


def test_new_and_changed_files_of_the_working_folder_come_and_the_others_do_not(tmp_path: Path) -> None:
    def write(work: Path) -> None:
        (work / "model.h5").write_text("weights")
        (work / "data.csv").write_text("changed")
        (work / "__pycache__").mkdir()
        (work / "__pycache__/x.pyc").touch()
        (work / "outputs/out").touch()

    told, files = kept(a_node(tmp_path), write)
    assert files == {"model.h5": "weights", "data.csv": "changed"}
    assert told is not None
    (place,) = told.places
    assert (place.place, place.files, place.bytes, place.line) == ("", 2, 14, "train.py:1")
    assert place.instead == "outputs/model.h5"


WRITES = "open('a.png', 'w')\n"
BESIDE_EACH_OTHER: dict[str, tuple[dict[str, str], str]] = {
    "a copy that nobody imports": ({"good.py": WRITES, "train.py": f"\n{WRITES}"}, "train.py:2"),
    "a longer text in a file that nobody imports": (
        {"good.py": "open('a.png/x', 'w')\nopen('a.png', 'w')\n", "train.py": "open('a' + x, 'w')\n"},
        "train.py:1",
    ),
    "an imported module": ({"good.py": WRITES, "later.py": WRITES, "train.py": "import later\n"}, "later.py:1"),
    "one of a package, by way of another": (
        {
            "good.py": WRITES,
            "net/__init__.py": "from . import draw\n",
            "net/draw.py": WRITES,
            "train.py": "from net import x\n",
        },
        "net/draw.py:1",
    ),
    "a program that the script starts": (
        {"good.py": WRITES, "plot.py": WRITES, "train.py": "run(['python', 'plot.py'])\n"},
        "plot.py:1",
    ),
    "nothing but a file beside it": ({"good.py": WRITES, "train.py": "import json\n"}, "good.py:1"),
}


@pytest.mark.parametrize(("source", "line"), BESIDE_EACH_OTHER.values(), ids=BESIDE_EACH_OTHER)
def test_the_line_is_of_a_file_that_the_script_reaches_before_others(
    source: dict[str, str], line: str, tmp_path: Path
) -> None:
    node = a_node(tmp_path)
    work = node.working_directory(node.tasks[0])
    for name, text in source.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).unlink(missing_ok=True)
        (work / name).write_text(text)
    told, _ = kept(node, lambda work: (work / "a.png").touch())
    assert told is not None
    assert {place.line for place in told.places} == {line}


def test_a_task_that_wrote_nothing_elsewhere_is_not_told_of(tmp_path: Path) -> None:
    assert kept(a_node(tmp_path), lambda work: (work / "outputs/out").touch()) == (None, {})


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    def write(work: Path) -> None:
        (work / "ckpt-100").mkdir()
        (work / "latest").symlink_to("ckpt-100")
        os.mkfifo(work / "pipe")

    told, files = kept(a_node(tmp_path), write)
    assert files == {}
    assert told is not None and told.odd == ("latest is a link to ckpt-100", "pipe is a pipe")


def test_the_newest_come_within_the_bound_and_the_others_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_files, "MOST_BYTES", 6)

    def write(work: Path) -> None:
        for number in range(4):
            (work / f"ckpt-{number}").write_text("xyz")
            os.utime(work / f"ckpt-{number}", (number, number))

    told, files = kept(a_node(tmp_path), write)
    assert sorted(files) == ["ckpt-2", "ckpt-3"]
    assert told is not None
    assert (told.beyond_files, told.beyond_bytes, told.beyond[0]) == (2, 6, "ckpt-1 (3 bytes)")


def test_a_place_with_very_many_files_keeps_no_other_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_files, "MOST_FILES", 3)
    node = a_node(tmp_path)

    def write(work: Path) -> None:
        (work / "model.h5").write_text("m")
        for number in range(9):
            path = node.folders.temporary / "many" / str(number)
            path.parent.mkdir(exist_ok=True)
            path.write_text("t")
            os.utime(path, (number + 2e9, number + 2e9))

    told, files = kept(node, write)
    assert sorted(name.rpartition("/")[2] for name in files) == ["7", "8", "model.h5"]
    assert told is not None and told.beyond_files == 7


def test_a_file_that_holds_a_secret_stays(tmp_path: Path) -> None:
    node = a_node(tmp_path, given=Gathered(secrets={"TOKEN": "s3cr3t-value"}))
    told, files = kept(node, lambda work: (work / "dump").write_text("x" * 9 + "s3cr3t-value"))
    assert files == {}
    assert told is not None and told.odd == ("dump was not brought: it holds a secret of the run",)


def test_on_a_machine_of_the_runs_own_all_that_is_new_counts_but_for_what_programs_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_left, "_TEMPORARY", (tmp_path / "tmp",))
    node = a_node(tmp_path, own=True)

    def write(work: Path) -> None:
        for name in ("home/.cache/big", "home/runs/model", "home/old", "tmp/model/w", "tmp/prte.n1.0/x", "tmp/w"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        (work.parent / "beside").write_text("by ../beside")

    told, files = kept(node, write)
    assert told is not None
    brought = {name.removeprefix(f"{tmp_path}/".lstrip("/")) for name in files}
    expected = {"home/runs/model", "home/old", "tmp/model/w", "tmp/w", "node/var/lib/tfinfra/work/beside"}
    assert brought == expected
    assert {f"{tmp_path}/tmp/model", f"{tmp_path}/tmp", f"{tmp_path}/home/runs"} < {
        place.place for place in told.places
    }


def test_of_a_trial_only_what_the_script_names_is_looked_for_beside_its_own_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_left, "_TEMPORARY", (tmp_path / "tmp",))
    node = a_node(tmp_path, f"open('{tmp_path}/home/model', 'w')\n", own=True, trial="digits-abc123-t00001")

    def write(work: Path) -> None:
        for path in (work / "w", node.folders.temporary / "t", tmp_path / "home/model", tmp_path / "home/others"):
            path.write_text(path.name)

    _, files = kept(node, write)
    assert set(files.values()) == {"w", "t", "model"}


def test_on_a_machine_of_its_users_only_what_the_script_names_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    script = f"open('{folder}/model', 'w')\nf'{folder}/step-{{1}}'\nopen(f'{folder}/ckpt-{{1}}.index', 'w')\n"
    node = a_node(tmp_path, script)

    def write(work: Path) -> None:
        del work
        for name in ("model", "ckpt-7.index", "somebodys"):
            (folder / name).write_text(name)
        (node.folders.home / "notes").touch()

    _, files = kept(node, write)
    assert {name.rpartition("/")[2] for name in files} == {"model", "ckpt-7.index"}


def test_what_was_there_before_is_nobodys(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "model").write_text("of an earlier run")
    time.sleep(0.2)
    assert kept(a_node(tmp_path, f"open('{folder}/model', 'w')\n"), lambda work: None) == (None, {})


WITHOUT_A_NAME = {
    "a folder alone": ("open(f'{tmp}/{{name}}', 'w')", set()),
    "a folder of everybody's": ("model.save(f'{tmp}/{{name}}/')", set()),
    "an end": ("open(f'{tmp}/{{name}}.h5', 'w')", {"model.h5"}),
    "an end that Keras fills up": ("keras.callbacks.ModelCheckpoint('{tmp}/{{epoch:02d}}.h5')", {"model.h5"}),
    "the same by %": ("open('{tmp}/%s.h5' % name, 'w')", {"model.h5"}),
    "the same by format": ("open('{tmp}/{{}}.h5'.format(name), 'w')", {"model.h5"}),
    "the same by +": ("open('{tmp}/' + name + '.h5', 'w')", {"model.h5"}),
    "a file in a folder of any name": ("import os\nopen(os.path.join('{tmp}', name, 'w.npy'), 'w')", {"w.npy"}),
    "all that there is": ("open(f'/{{name}}', 'w')\nopen(f'{above}/{{name}}', 'w')", set()),
}


@pytest.mark.parametrize(("script", "expected"), WITHOUT_A_NAME.values(), ids=WITHOUT_A_NAME)
def test_of_a_machine_of_its_users_only_what_the_script_says_of_the_name_tells_whose_it_is(
    script: str, expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybodys = tmp_path / "tmp"
    (everybodys / "a").mkdir(parents=True)
    monkeypatch.setattr(find_left, "_TEMPORARY", (everybodys,))
    node = a_node(tmp_path, script.format(tmp=everybodys, above=tmp_path) + "\n")

    def write(work: Path) -> None:
        del work
        for name in ("model.h5", "somebodys", "a/w.npy", "a/v"):
            (everybodys / name).touch()

    _, files = kept(node, write)
    assert {name.rpartition("/")[2] for name in files} == expected


@pytest.mark.parametrize("own", [False, True])
def test_no_text_of_the_script_keeps_what_it_left_away(
    own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_left, "_TEMPORARY", (tmp_path / "tmp",))  # not what all others have left in /tmp
    texts = [f"'/{'a' * 300}'", f"'/{'b/' * 3000}'", "'/\\ud800/x'", "'/a\\0b'", "'/\\n'", "'//'"]
    script = "\n".join((*texts, *(f"open({text}, 'w')" for text in texts), "open('model', 'w')\n"))
    node = a_node(tmp_path, script, own=own)
    _, files = kept(node, lambda work: (work / "model").write_text("weights"))
    assert files["model"] == "weights"

"""TensorBoard of a run: ./logs come here while it goes on, and what runs is TensorBoard alone, on loopback."""

from __future__ import annotations

import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.agent.test_own_faults import assignment_in, context_of
from tests.documents.rich_run import failed_run
from tests.lifecycle.attach.test_resume import RUN, found
from tests.lifecycle.fakes import World, succeeding
from tests.lifecycle.tuning.home import a_tune_at_home
from tfinfra.agent.end import mirrored_logs
from tfinfra.agent.end.mirrored_logs import MirroredLogs
from tfinfra.cli.main import main
from tfinfra.errors import NotFeasible, UsageError
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.metrics.tensorboard import board as boards
from tfinfra.lifecycle.metrics.tensorboard import show_run as shown_runs
from tfinfra.lifecycle.metrics.tensorboard.board import Board, board, packages_for
from tfinfra.lifecycle.metrics.tensorboard.mirror import Collected, Mirror
from tfinfra.lifecycle.metrics.tensorboard.show_run import ShownRun, show_run
from tfinfra.model import Beat, Mirrored
from tfinfra.store import MemoryStore, encode, keys

SERVES = """
import os, socket, sys, time
server = socket.socket()
server.bind(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])))
server.listen()
open("seen", "w").write("\\n".join([*sys.argv, *sorted(os.environ)]))
time.sleep(60)
"""


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_grows_on_the_node_grows_here(tmp_path: Path) -> None:
    store, logs = MemoryStore(), tmp_path / "node/shared/logs"
    here = tmp_path / "here"
    here.mkdir()
    (logs / "train").mkdir(parents=True)
    node, mirror = MirroredLogs(context_of(tmp_path, store), assignment_in(tmp_path / "node")), Mirror(store, here)
    (logs / "train/events.1").write_text("a")
    (logs / "b#%41").write_text("b")
    (logs / "link").symlink_to("/etc/passwd")
    assert mirror.look() == 0  # nothing is there yet, and now it is asked for
    node.look()
    assert mirror.look() == 2
    (logs / "train/events.1").write_text("a and more")
    node.look()
    mirror.look()
    assert files(here) == {"train/events.1": "a and more", "b#%41": "b"}


def test_only_what_is_asked_for_and_not_too_large_is_mirrored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrored_logs, "MOST_BYTES", 3)
    store, logs = MemoryStore(), tmp_path / "shared/logs"
    logs.mkdir(parents=True)
    (logs / "profile").write_text("large")
    (logs / "events").write_text("abc")
    MirroredLogs(context_of(tmp_path, store), assignment_in(tmp_path)).look()
    assert store.list("mirror") == [keys.mirror_key("events")]


def test_who_looks_gets_what_the_tasks_wrote_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrored_logs, "EVERY", 60.0)
    store, logs = MemoryStore(), tmp_path / "shared/logs"
    logs.mkdir(parents=True)
    store.put(keys.MIRROR, encode(Beat(1.0)))
    node = MirroredLogs(context_of(tmp_path, store), assignment_in(tmp_path))
    node.start()
    (logs / "events").write_text("the last epoch")
    node.stop()
    assert store.get(keys.mirror_key("events")) == b"the last epoch"


def held(tmp_path: Path) -> World:
    """A run whose training has ended and whose nodes, and store, stay: it wrote events, and a file that is no log."""
    world = World(tmp_path)
    succeeding(world.store)
    world.store.put(keys.KEEP, b"{}")
    world.store.put(keys.output_key("logs", "train/events#1"), b"curves")
    return world


def shown_of(run: FoundRun, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], Path]:
    """What TensorBoard would show, and where it lies."""

    @contextmanager
    def no_board(*_: object) -> Iterator[Board]:
        yield cast(Board, SimpleNamespace(url="http://127.0.0.1:6006/"))

    monkeypatch.setattr(shown_runs, "board", no_board)
    with show_run(run, None, lambda _: None) as shown:
        return files(shown.logs), shown.logs


def test_a_run_on_held_nodes_that_came_home_is_shown_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home = tmp_path / "elsewhere/logs"
    at_home.mkdir(parents=True)
    (at_home / "events").write_text("curves")
    assert shown_of(found(held(tmp_path), fetched=True), monkeypatch) == ({"events": "curves"}, at_home)


def test_a_run_that_has_ended_is_shown_out_of_its_store_while_it_did_not_come_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown_of(found(held(tmp_path)), monkeypatch)[0] == {"train/events#1": "curves"}


def test_what_is_collected_later_comes_later_and_once(tmp_path: Path) -> None:
    store, here = MemoryStore(), tmp_path / "here"
    coming = Collected(store, here)
    assert coming.look() == 0
    store.put(keys.output_key("logs", "events"), b"curves")
    store.put(keys.output_key("outputs", "model"), b"weights")
    assert (coming.look(), coming.look(), files(here)) == (1, 0, {"events": "curves"})


def test_a_run_that_has_ended_without_logs_has_nothing_to_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    succeeding(world.store)
    with pytest.raises(UsageError, match="left nothing in"):
        shown_of(found(world), monkeypatch)


def test_a_node_places_nothing_outside_of_the_mirror(tmp_path: Path) -> None:
    store, here = MemoryStore(), tmp_path / "here"
    here.mkdir()
    odd = {"mirror/../../escape": "1", "mirror/%2e%2e/escape": "1", "run.json": "1", "mirror/fine": "1"}
    for key in odd:
        store.put(key, b"x")
    store.put(keys.MIRRORED, encode(Mirrored(odd)))
    Mirror(store, here).look()
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} <= {
        *("here/fine", "here/run.json")
    }


PACKAGES = {
    "the version of the run": ("2.17.1", (3, 11), "tensorboard==2.17.*"),
    "the first that is needed, of an older one": ("1.15.5", (3, 11), "tensorboard==2.15.*"),
    "the last there is, of a newer one": ("2.21.0", (3, 11), "tensorboard==2.20.*"),
    "one that this Python can run": ("2.15.1", (3, 13), "tensorboard==2.20.*"),
}


@pytest.mark.parametrize(("framework", "python", "wanted"), PACKAGES.values(), ids=PACKAGES)
def test_which_tensorboard_is_taken(framework: str, python: tuple[int, int], wanted: str) -> None:
    assert packages_for(framework, python)[:2] == (wanted, "setuptools<81")


def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    script = tmp_path / "python"
    script.write_text(f"#!{sys.executable}\n{program}")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(boards, "tool_python", lambda *_: script)


def test_it_answers_on_loopback_without_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played(tmp_path, monkeypatch, SERVES)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "s3cret")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    with board(tmp_path, "2.15.1", None, tmp_path, lambda _: None) as running:
        assert running.url.startswith("http://127.0.0.1:")
        with pytest.raises(KeyboardInterrupt):
            running.watch(interrupted, 0.01)
    seen = (tmp_path / "seen").read_text().splitlines()
    assert seen[seen.index("--host") + 1] == "127.0.0.1"
    assert {"AZURE_CLIENT_SECRET", "PYTHONPATH"}.isdisjoint(seen)
    assert "PATH" in seen


def interrupted() -> None:
    raise KeyboardInterrupt


def test_whoever_looks_ends_it_and_that_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played(tmp_path, monkeypatch, SERVES)
    mirror, looks = Mirror(MemoryStore(), tmp_path), []

    def look() -> None:
        looks.append(1)
        interrupted()

    monkeypatch.setattr(mirror, "look", look)
    with board(tmp_path, "2.15.1", None, tmp_path, lambda _: None) as running:
        ShownRun(running.url, tmp_path, running, mirror, lambda _: None).until_interrupted()
    assert looks == [1]


def test_one_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played(tmp_path, monkeypatch, "raise SystemExit('no module named tensorboard')")
    with (
        pytest.raises(NotFeasible, match="no module named tensorboard"),
        board(tmp_path, "2.15.1", None, tmp_path, lambda _: None),
    ):
        pass


def test_a_port_that_is_taken_is_refused_where_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(tmp_path, monkeypatch, SERVES)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match="is taken"), board(tmp_path, "2.15.1", port, tmp_path, lambda _: None):
            pass


def test_a_run_without_logs_has_nothing_to_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    failed_run(tmp_path)
    assert main(["tensorboard", RUN]) == 2
    assert "nothing in ./logs" in capsys.readouterr().err


def test_a_tune_is_answered_with_its_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    a_tune_at_home(tmp_path / "state", tmp_path / "results")
    assert main(["tensorboard", RUN]) == 2
    assert f"`tfinfra tensorboard {RUN}-t00001` is of the first" in capsys.readouterr().err

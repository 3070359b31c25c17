"""A run's files, logs and tags, and its details as Azure ML gave them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.record.test_record import a_record
from tfinfra import Experiment, Run
from tfinfra.errors import ProvisioningError, Result, UsageError
from tfinfra.lifecycle.attach import attached_run, find_run, run_logs, status
from tfinfra.lifecycle.record.run_record import RunPhase, run_folder
from tfinfra.lifecycle.watch.log_reader import LogLine
from tfinfra.system.paths import state_folder

RUN = "digits-abc123"
FILES = {
    "outputs/model/weights.bin": "w",
    "outputs/a.txt": "a",
    "logs/events.out": "e",
    "tasks/rank-0.log": "line\n",
    "tasks/rank-0.times": "1",
    "nodes/node-0.log": "boot\n",
    "run.json": '{"result": "succeeded", "exit_code": 0}',
}


@pytest.fixture
def run(project: Path) -> Run:
    """A run that has ended, with its files."""
    return ended(project / "results")


def ended(results: Path, **record: Any) -> Run:
    for name, text in FILES.items():
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_text(text)
    found = {"phase": "deleted", "result": "succeeded", "times": {"started": 0.0, "ended": 61.5}, **record}
    run_folder(state_folder(), RUN).write(a_record(results=str(results), **found))
    return Run(RUN)


def test_all_files_are_named_in_order_and_links_are_none(run: Run, project: Path) -> None:
    (project / "results" / "outputs" / "link").symlink_to("/etc/passwd")
    assert run.get_file_names() == sorted(FILES)


def test_a_run_that_nobody_knows_is_an_error(project: Path) -> None:
    for asked in (Run(RUN).get_status, Run(RUN).get_details, Run(RUN).wait_for_completion, Run(RUN).get_file_names):
        with pytest.raises(UsageError, match=f"there is no run '{RUN}'"):
            asked()
    with pytest.raises(UsageError, match="there is no run"):
        Run(RUN).tag("best")
    assert repr(Run(RUN)) == f"Run('{RUN}', unknown)"


def test_another_machines_run_is_cancelled_as_down_does(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended_runs: list[str] = []
    monkeypatch.setattr(find_run, "find_run", lambda name: name)
    monkeypatch.setattr(attached_run, "end_run", lambda found, progress, discard: ended_runs.append(found))
    Run(RUN).cancel()
    assert ended_runs == [RUN]


def test_tags_of_another_machines_run_make_it_no_run_of_this_one(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_run, "find_run", lambda name: name)
    monkeypatch.setattr(status, "status_document", lambda found: {"run": found, "phase": "running", "result": None})
    Run(RUN).tag("best")
    assert (Run(RUN).get_status(), Run(RUN).get_tags()) == ("Running", {"best": None})


def test_a_detached_run_is_followed_and_brought_home(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ended(project / "runs" / RUN, phase="running", result=None, detached=True)

    def fetch(found: str, folder: Path, progress: object) -> None:
        assert folder == project / "runs"
        run_folder(state_folder(), found).update(phase=RunPhase.DELETED, result=Result.SUCCEEDED)

    monkeypatch.setattr(find_run, "find_run", lambda name: name)
    monkeypatch.setattr(run_logs, "log_lines", lambda found, wanted: iter([LogLine("main-0", "a line of the leader")]))
    monkeypatch.setattr(attached_run, "fetch", fetch)
    assert run.wait_for_completion(show_output=True)["status"] == "Completed"
    assert capsys.readouterr().out == "a line of the leader\n"


WHERE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "the current folder": (lambda folder: None, "a.txt"),
    "a path": (lambda folder: folder / "new" / "b.txt", "new/b.txt"),
    "a path as text": (lambda folder: "c.txt", "c.txt"),
    "a folder that is there": (lambda folder: folder / "results", "results/a.txt"),
}


@pytest.mark.parametrize(("to", "found"), WHERE.values(), ids=WHERE.keys())
def test_a_file_is_copied(run: Run, project: Path, to: Callable[[Path], Any], found: str) -> None:
    run.download_file("outputs/a.txt", to(project))
    assert (project / found).read_text() == "a"


UNKNOWN = {
    "a name that is spelt alike": ("outputs/a.text", "did you mean 'outputs/a.txt'?"),
    "one that is not": ("zzz", "run.get_file_names() lists all"),
    "one that leads out of the run": ("../../etc/passwd", "run.get_file_names() lists all"),
    "a folder": ("outputs", None),
}


@pytest.mark.parametrize(("name", "hint"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_file_that_is_not_there_is_an_error(run: Run, name: str, hint: str | None) -> None:
    with pytest.raises(UsageError, match="has no file") as raised:
        run.download_file(name)
    assert hint is None or raised.value.hint == hint


FOLDERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "everything": ({"output_directory": "all"}, [f"all/{name}" for name in FILES]),
    "what begins alike": (
        {"prefix": "outputs/", "output_directory": "x"},
        ["x/outputs/a.txt", "x/outputs/model/weights.bin"],
    ),
    "without the prefix": (
        {"prefix": "outputs", "output_directory": "x", "append_prefix": False},
        ["x/a.txt", "x/model/weights.bin"],
    ),
    "one file, without its name as a prefix": ({"prefix": "outputs/a.txt", "append_prefix": False}, ["a.txt"]),
    "to paths of one's own": ({"prefix": "logs", "output_paths": ["mine.out"]}, ["mine.out"]),
}


@pytest.mark.parametrize(("how", "found"), FOLDERS.values(), ids=FOLDERS.keys())
def test_files_are_copied(run: Run, project: Path, how: dict[str, Any], found: list[str]) -> None:
    run.download_files(**how)
    assert [name for name in found if not (project / name).is_file()] == []


@pytest.mark.parametrize("how", [{"prefix": "nothing"}, {"prefix": "outputs", "output_paths": ["one"]}])
def test_files_that_are_not_there_are_an_error(run: Run, how: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        run.download_files(**how)


def test_logs_are_copied_and_shown(run: Run, project: Path) -> None:
    assert run.get_all_logs("mine") == ["mine/nodes/node-0.log", "mine/tasks/rank-0.log"]
    assert (project / "mine" / "tasks" / "rank-0.log").read_text() == "line\n"
    assert run.get_details_with_logs()["logFiles"] == {"nodes/node-0.log": "boot\n", "tasks/rank-0.log": "line\n"}


def test_details_have_azure_mls_keys(run: Run, project: Path) -> None:
    details = run.get_details()
    assert {key: details[key] for key in ("runId", "status", "startTimeUtc", "endTimeUtc", "properties")} == {
        "runId": RUN,
        "status": "Completed",
        "startTimeUtc": "1970-01-01T00:00:00Z",
        "endTimeUtc": "1970-01-01T00:01:01.500000Z",
        "properties": {},
    }
    assert details["logFiles"]["tasks/rank-0.log"] == str(project / "results" / "tasks" / "rank-0.log")
    assert details == json.loads(json.dumps(details))


def test_a_run_that_still_trains_is_brought_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ended(project / "runs" / RUN, phase="running", result=None)
    assert "endTimeUtc" not in run._document()
    fetched: list[Path] = []
    monkeypatch.setattr(find_run, "find_run", lambda name: name)
    monkeypatch.setattr(attached_run, "fetch", lambda found, folder, progress: fetched.append(folder))
    assert "outputs/a.txt" in run.get_file_names()
    assert fetched == [project / "runs"]

    def away(*given: object) -> None:
        raise ProvisioningError("the store is away")

    monkeypatch.setattr(attached_run, "fetch", away)
    with pytest.raises(ProvisioningError):
        run.get_file_names()

    def over(*given: object) -> None:
        run_folder(state_folder(), RUN).update(phase=RunPhase.DELETED)
        away()

    monkeypatch.setattr(attached_run, "fetch", over)
    assert "outputs/a.txt" in run.get_file_names()


def test_tags_are_kept_on_this_machine(run: Run) -> None:
    assert run.get_tags() == {}
    run.tag("best")
    run.tag("trial", 3)
    run.set_tags({"team": "vision", "best": None})
    assert Run(RUN).tags == {"best": None, "trial": "3", "team": "vision"}
    assert run.remove_tags(["trial", "unknown"]) == {"best": None, "team": "vision"}
    assert run.remove_tags("best") == {"team": "vision"}
    assert run.get_details()["tags"] == {"team": "vision"}
    with pytest.raises(UsageError, match=r"tags\['a'\] is an object"):
        run.tag("a", object())


def test_a_run_is_known_by_its_id() -> None:
    experiment = object()
    assert Run(experiment, RUN) == Run(RUN) == Run.get(None, RUN) == Run(run_id=RUN)
    assert len({Run(experiment, RUN), Run(RUN)}) == 1
    assert Run(experiment, RUN).experiment is experiment
    assert (Run(RUN).name, Run(RUN).parent, list(Run(RUN).get_children(recursive=True))) == (RUN, None, [])


@pytest.mark.parametrize("given", ["../../etc", "", "digits", object(), None, 3, Run])
def test_what_is_no_run_id_is_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="is no run id") as raised:
        Run(given)
    assert ("the class Run is" in str(raised.value)) == (given is Run)


THING: Any = object()
WRONG_KINDS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a file's name that is an object": (lambda run: run.download_file(THING), "name is an object of type object, not"),
    "a file's name that is None": (lambda run: run.download_file(None), "name is None, not text"),
    "a file's name that is a number": (lambda run: run.download_file(3), "name is an object of type int"),
    "a path that is an object": (lambda run: run.download_file("run.json", THING), "output_file_path is an object"),
    "a prefix that is an object": (lambda run: run.download_files(THING), "prefix is an object"),
    "a folder that is an object": (lambda run: run.download_files("outputs", THING), "output_directory is an object"),
    "paths that are none": (lambda run: run.download_files("outputs", None, [THING]), "output_paths[0] is an object"),
    "one path for many": (lambda run: run.download_files("outputs", None, 3), "output_paths is an object of type int"),
    "a folder of logs that is an object": (lambda run: run.get_all_logs(THING), "destination is an object"),
    "tags that are a list": (lambda run: run.set_tags(["a"]), "tags is an object of type list, not a dict"),
    "tags to remove that are an object": (lambda run: run.remove_tags(THING), "tags is an object"),
    "a tag to remove that is an object": (lambda run: run.remove_tags([THING]), "tags[0] is an object"),
    "tags to look up": (lambda _: Experiment("digits").get_runs(tags=THING), "tags is an object"),
    "an experiment that is text": (lambda _: Run.list("digits"), "experiment is an object of type str"),
    "an experiment that is an object": (lambda _: Run.list(THING), "experiment is an object"),
}


@pytest.mark.parametrize(("call", "words"), WRONG_KINDS.values(), ids=WRONG_KINDS.keys())
def test_an_object_where_text_is_wanted_is_refused(run: Run, call: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(UsageError) as raised:
        call(run)
    assert words in str(raised.value)
    assert "hint: " in str(raised.value)

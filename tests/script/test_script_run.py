"""`from tfinfra import Run` in a training script: what it keeps, what it prints, and how little it needs."""

from __future__ import annotations

import ast
import io
import math
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tfinfra import Run
from tfinfra.agent.metrics.script_package import make_script_package
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.model import Remark
from tfinfra.script.script_run import ScriptRun
from tfinfra.store import logged_in, points_in


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptRun:
    """That of a script in a run."""
    monkeypatch.setenv("TFINFRA_RUN_ID", "digits-abc123")
    monkeypatch.setenv("TFINFRA_METRICS", str(tmp_path / "main-0.jsonl"))
    monkeypatch.setenv("TFINFRA_OUTPUTS", str(tmp_path / "outputs"))
    return ScriptRun()


def kept(folder: Path) -> list[tuple[str, float, int]]:
    points, odd = points_in("main-0", (folder / "main-0.jsonl").read_bytes())
    assert odd == 0
    return [(point.name, point.value, point.step) for point in points]


def test_values_count_their_steps_by_themselves_or_have_one(run: ScriptRun, tmp_path: Path) -> None:
    run.log("loss", 1)
    run.log("loss", 0.5)
    run.log("loss", 0.25, step=10)
    run.log("loss", 0.125, "a description")
    run.log("accuracy", 1)
    assert kept(tmp_path) == [
        ("loss", 1, 0),
        ("loss", 0.5, 1),
        ("loss", 0.25, 10),
        ("loss", 0.125, 11),
        ("accuracy", 1, 0),
    ]


def test_lists_rows_and_tables_are_points_too(run: ScriptRun, tmp_path: Path) -> None:
    run.log_list("recall", [0.1, 0.2])
    run.log_row("roc", fpr=0, tpr=1)
    run.log_row("roc", fpr=0.5, tpr=2)
    run.log_table("grid", {"x": [1, 2], "y": [3, 4]})
    assert kept(tmp_path) == [
        *(("recall", 0.1, 0), ("recall", 0.2, 1)),
        *(("roc.fpr", 0, 0), ("roc.tpr", 1, 0), ("roc.fpr", 0.5, 1), ("roc.tpr", 2, 1)),
        *(("grid.x", 1, 0), ("grid.x", 2, 1), ("grid.y", 3, 0), ("grid.y", 4, 1)),
    ]


def tags(folder: Path) -> list[tuple[str, str | None]]:
    logged, odd = logged_in("main-0", (folder / "main-0.jsonl").read_bytes())
    assert odd == 0
    return [(each.name, each.text) for each in logged if isinstance(each, Remark) and each.kind == "tag"]


def test_text_becomes_tags(run: ScriptRun, tmp_path: Path) -> None:
    run.log("message", "Starting run!")
    run.log_list("classes", ["cat", "dög"])
    run.log_row("best", model="xgb", score=0.5)
    run.tag("stage")
    run.set_tags({"lr": 0.1, "long": "x" * 9000, "half": "\ud800"})
    assert kept(tmp_path) == [("best.score", 0.5, 0)]
    assert tags(tmp_path) == [
        *(("message", "Starting run!"), ("classes", '["cat", "dög"]'), ("best.model", "xgb")),
        *(("stage", ""), ("lr", "0.1"), ("long", "x" * 8000), ("half", "?")),
    ]


def test_a_table_of_unequal_columns_says_so_and_keeps_all(
    run: ScriptRun, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run.log_table("grid", {"x": [1, 2], "y": (3,)})
    assert "the table 'grid' have unequal lengths (grid.x: 2, grid.y: 1)" in capfd.readouterr().err
    assert kept(tmp_path) == [("grid.x", 1, 0), ("grid.x", 2, 1), ("grid.y", 3, 0)]


class Array:
    """As NumPy's say what is in them."""

    def tolist(self) -> list[float]:
        return [1.0, 2.0]


def test_a_column_may_be_an_array(run: ScriptRun, tmp_path: Path) -> None:
    run.log_table("grid", {"x": Array()})
    assert kept(tmp_path) == [("grid.x", 1, 0), ("grid.x", 2, 1)]


class Scalar:
    """As a tensor is turned into a number."""

    def __float__(self) -> float:
        return 0.5


NUMBERS = {
    "what is like one, as NumPy's and TensorFlow's": Scalar(),
    "a decimal": Decimal("0.5"),
    "text that is one": "0.5",
}


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS.keys())
def test_a_number_may_be(value: Any, run: ScriptRun, tmp_path: Path) -> None:
    run.log("loss", value)
    assert kept(tmp_path) == [("loss", 0.5, 0)]


def test_values_that_json_has_not_are_kept(run: ScriptRun, tmp_path: Path) -> None:
    for value in (math.nan, math.inf, -math.inf):
        run.log("loss", value)
    assert [str(value) for _, value, _ in kept(tmp_path)] == ["nan", "inf", "-inf"]


WRONG: dict[str, tuple[str, Any, type[Exception], str]] = {
    "a list": ("loss", [1, 2], TypeError, "log_list"),
    "nothing": ("loss", None, TypeError, "takes a number, not NoneType"),
    "a name that a terminal obeys": ("\x1b[2J", 1, ValueError, "no metric can be called"),
    "a name that is none": ("", 1, ValueError, "1 to 250"),
    "a name that is no text": (7, 1, ValueError, "no metric can be called 7"),  # type: ignore[dict-item]
}


@pytest.mark.parametrize(("name", "value", "error", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_no_point_is_an_error_at_its_line(
    name: str, value: Any, error: type[Exception], words: str, run: ScriptRun
) -> None:
    with pytest.raises(error, match=words):
        run.log(name, value)


def test_pictures_of_one_name_are_all_kept(run: ScriptRun, tmp_path: Path) -> None:
    class Plot:
        def savefig(self, path: str) -> None:
            Path(path).write_text("plot")

    (tmp_path / "a.jpg").write_text("file")
    run.log_image("a picture/1", path=tmp_path / "a.jpg")
    run.log_image("a picture/1", plot=Plot())
    run.log_image("a picture/1", plot=Plot())
    artifacts = tmp_path / "outputs/artifacts"
    found = {path.name: path.read_text() for path in artifacts.iterdir()}
    assert found == {"a_picture_1.jpg": "file", "a_picture_1.png": "plot", "a_picture_1_1.png": "plot"}


UPLOADED = {
    "below the outputs": ("model.bin", "outputs/model.bin"),
    "with its folder": ("outputs/models/model.bin", "outputs/models/model.bin"),
    "of the logs": ("logs/events", "logs/events"),
    "of another folder": ("notes//./a.txt", "outputs/notes/a.txt"),
}


@pytest.mark.parametrize(("name", "home"), UPLOADED.values(), ids=UPLOADED)
def test_an_uploaded_file_comes_home(name: str, home: str, run: ScriptRun, tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(b"bytes")
    run.upload_file(name, tmp_path / "here")
    assert (tmp_path / home).read_bytes() == b"bytes"
    run.upload_file(name, tmp_path / home, None)  # it is there already
    run.upload_file(name=name, path_or_stream=io.BytesIO(b"stream"))
    assert (tmp_path / home).read_bytes() == b"stream"


def test_an_uploaded_folder_comes_home_and_no_name_leads_out(run: ScriptRun, tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_text("c")
    run.upload_folder("models", str(tmp_path / "a"))
    assert (tmp_path / "outputs/models/b/c").read_text() == "c"
    with pytest.raises(ValueError, match="no file of the run"):
        run.upload_file("../x", tmp_path / "a/b/c")


def test_a_disk_that_takes_nothing_ends_no_training_and_is_told_once(
    run: ScriptRun, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run._path = str(tmp_path / "none" / "x")
    run.log("loss", 1)
    run.log("loss", 2)
    assert capfd.readouterr().err.count("metrics cannot be kept") == 1


def test_what_azure_mls_run_had_besides_is_said_to_be_absent(run: ScriptRun) -> None:
    with pytest.raises(AttributeError, match=r"no 'register_model' here: it has id, log, .*outputs"):
        run.register_model  # noqa: B018
    assert not hasattr(run, "experiment")


def test_outside_of_a_run_it_prints_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TFINFRA_METRICS", raising=False)
    run = ScriptRun()
    assert run.id.startswith("OfflineRun")
    run.log("loss", 0.5)
    run.log("note", "begins")
    run.log_row("roc", fpr=0, tpr=1)
    run.log_image("curve", path="a.png")
    assert capfd.readouterr().out == "loss: 0.5\nnote: begins\nroc.fpr: 0.0\nroc.tpr: 1.0\ncurve: a.png\n"
    with pytest.raises(RuntimeError, match="belongs to no run"):
        Run.get_context(allow_offline=False)


def test_it_keeps_to_the_oldest_python_of_a_manifest_and_to_its_library(tmp_path: Path) -> None:
    paths = NodePaths(tmp_path)
    make_script_package(paths)
    for file in (paths.for_scripts / "tfinfra/script").glob("*.py"):
        tree = ast.parse(file.read_text("utf-8"), feature_version=(3, 8))
        named = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
        named += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
        outside = {name.partition(".")[0] for name in named} - sys.stdlib_module_names - {"tfinfra"}
        assert outside == set(), file.name


SCRIPT = """
import sys
before = set(sys.modules)
from tfinfra import Run
run = Run.get_context()
run.log("loss", 0.5)
assert Run.get_context() is run
print(run.id, sorted(name for name in set(sys.modules) - before if name.startswith("tfinfra")))
try:
    import tfinfra.agent
except ImportError:
    print("no agent")
"""


def test_a_script_needs_no_package_and_finds_nothing_else_of_tfinfra(tmp_path: Path) -> None:
    paths = NodePaths(tmp_path)
    make_script_package(paths)
    make_script_package(paths)  # a node that boots again
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(paths.for_scripts),
        "TFINFRA_RUN_ID": "digits-abc123",
        "TFINFRA_METRICS": str(tmp_path / "main-0.jsonl"),
    }
    line = [sys.executable, "-S", "-c", SCRIPT]
    done = subprocess.run(line, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    modules = "['tfinfra', 'tfinfra.script', 'tfinfra.script.script_run', 'tfinfra.version']"
    assert (done.stderr, done.stdout) == ("", f"digits-abc123 {modules}\nno agent\n")
    assert kept(tmp_path) == [("loss", 0.5, 0)]
    assert [path.name for path in paths.for_scripts.iterdir()] == ["tfinfra"]

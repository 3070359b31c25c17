"""The run as its training script sees it: metrics, tags and pictures, by the names and in the meaning of
azureml.core.Run.

A point or a tag is a line of JSON (store/point_chunks.py says which) appended to the file that TFINFRA_METRICS names,
in one write, so that processes of a task may share it. The node's agent takes it from there; nothing here waits for
anybody.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from tfinfra.script import LONGEST_NAME, LONGEST_TEXT, METRICS, in_json, is_metric

HAS = "id, log, log_list, log_row, log_table, log_image, tag, set_tags, upload_file, upload_folder, flush, complete"
_OFFLINE = "OfflineRun"


class ScriptRun:
    """The run of this process; outside of a run, one that prints what it is told, with the id "OfflineRun". Get it by
    `get_context`."""

    def __init__(self) -> None:
        self.id = os.environ.get("TFINFRA_RUN_ID", _OFFLINE)
        self.parent = None
        self._path = os.environ.get(METRICS, "")
        self._file: int | None = None
        self._steps: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._failed = False

    @staticmethod
    def get_context(allow_offline: bool = True) -> ScriptRun:
        """The run that this process belongs to, or one that prints. Raises RuntimeError instead of the latter where
        `allow_offline` is False."""
        if not allow_offline and METRICS not in os.environ:
            raise RuntimeError("this process belongs to no run of tfinfra")
        return _of_this_process()

    @property
    def name(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"Run({self.id!r})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        files = "files go to ./outputs, which comes home with the run"
        raise AttributeError(f"the run of a script has no '{name}' here: it has {HAS}; {files}")

    def log(self, name: str, value: Any, description: str = "", step: int | None = None) -> None:
        """A value of a metric: a number, or what is one (of NumPy, of TensorFlow). `step` counts up from 0 by itself
        where none is given. Text that is no number becomes the run's tag of that name. Raises TypeError for what is
        neither, ValueError for a name that no metric can have."""
        del description
        if is_words(value):
            self.tag(name, value)
        else:
            self._points([(name, _number(name, value))], self._step(name, step))

    def log_list(self, name: str, value: Any, description: str = "") -> None:
        """Values of a metric, one after the other. Where one of them is text, all are one tag."""
        value = list(value)
        if any(is_words(each) for each in value):
            self.tag(name, json.dumps(value, default=str, ensure_ascii=False))
            return
        for each in value:
            self.log(name, each, description)

    def log_row(self, name: str, description: str | None = None, **columns: Any) -> None:
        """One value of each column: the metrics `<name>.<column>`."""
        del description
        named = {f"{name}.{column}": each for column, each in columns.items()}
        points = [(column, _number(column, each)) for column, each in named.items() if not is_words(each)]
        self._points(points, self._step(name, None))
        self.set_tags({column: each for column, each in named.items() if is_words(each)})

    def log_table(self, name: str, value: dict[str, Any], description: str = "") -> None:
        """Columns of values: the metrics `<name>.<column>`. Columns of unequal lengths are said to be so."""
        columns = {f"{name}.{column}": _column(values) for column, values in value.items()}
        lengths = {column: len(values) for column, values in columns.items()}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{column}: {length}" for column, length in lengths.items())
            sys.stderr.write(f"tfinfra: the columns of the table '{name}' have unequal lengths ({said})\n")
        for column, values in columns.items():
            self.log_list(column, values, description)

    def tag(self, key: str, value: Any = "") -> None:
        """Something that is said of the run, as text; the last value of a key counts. Raises ValueError for a key that
        no tag can have."""
        text = "" if value is None else str(value)
        if not self._path:
            _say(f"{_checked(key)}: {text}")
            return
        said = {"tag": _checked(key), "text": text[:LONGEST_TEXT], "time": round(time.time(), 3)}
        self._append(json.dumps(said, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    def set_tags(self, tags: dict[str, Any]) -> None:
        """Several tags."""
        for key, value in tags.items():
            self.tag(key, value)

    def log_image(self, name: str, path: Any = None, plot: Any = None, description: str = "") -> None:
        """A picture, by its file or as a plot of Matplotlib: it comes home in outputs/artifacts. Of two pictures of one
        name each is kept."""
        del description
        if (path is None) == (plot is None):
            raise ValueError("log_image takes a path or a plot")
        if not self._path:
            _say(f"{_checked(name)}: {path if plot is None else 'a plot'}")
            return
        target = _free(_artifacts(), _file_name(_checked(name)), ".png" if plot is not None else Path(path).suffix)
        if plot is not None:
            plot.savefig(str(target))
        else:
            shutil.copyfile(str(path), str(target))

    def upload_file(self, name: str, path_or_stream: Any, *args: Any, **kwargs: Any) -> None:
        """Copies a file, or what a stream of bytes has, to where it comes home: below ./outputs or ./logs where `name`
        begins so, else to ./outputs/<name>. Azure ML's further arguments mean nothing."""
        del args, kwargs
        target = _home(name)
        if target is None:
            _say(f"{name}: {path_or_stream}")
        elif hasattr(path_or_stream, "read"):
            target.write_bytes(path_or_stream.read())
        elif not (target.exists() and target.samefile(path_or_stream)):
            shutil.copyfile(str(path_or_stream), str(target))

    def upload_folder(self, name: str, path: Any, *args: Any, **kwargs: Any) -> None:
        """The files of a folder, likewise."""
        for file in sorted(Path(path).rglob("*")):
            if file.is_file():
                self.upload_file(f"{name}/{file.relative_to(path).as_posix()}", file, *args, **kwargs)

    def flush(self, timeout_seconds: int = 300) -> None:
        """Points are kept at once: there is nothing to wait for."""

    def complete(self) -> None:
        """A run is over with its tasks."""

    def _step(self, name: str, step: int | None) -> int:
        """The step of this value; the next one follows it."""
        found = self._steps.get(name, 0) if step is None else int(step)
        self._steps[name] = found + 1
        return found

    def _points(self, points: list[Any], step: int) -> None:
        if not points:
            return
        if not self._path:
            for name, value in points:
                _say(f"{_checked(name)}: {value}")
            return
        rest = f',"step":{step},"time":{time.time():.3f}}}\n'
        lines = [f'{{"name":{self._quoted(name)},"value":{_in_json(value)}{rest}' for name, value in points]
        self._append("".join(lines).encode())

    def _quoted(self, name: str) -> str:
        """The name as JSON, which is made once: a training may log a thousand points a second."""
        if name not in self._names:
            self._names[name] = json.dumps(_checked(name))
        return self._names[name]

    def _append(self, data: bytes) -> None:
        """A full disk must not end a training: it is said once."""
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            os.write(self._file, data)
        except OSError as error:
            if not self._failed:
                self._failed = True
                sys.stderr.write(f"tfinfra: metrics cannot be kept: {error}\n")


_runs: list[ScriptRun] = []


def _of_this_process() -> ScriptRun:
    """One for all callers: they count a metric's steps together."""
    if not _runs:
        _runs.append(ScriptRun())
    return _runs[0]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _checked(name: Any) -> str:
    if not is_metric(name):
        raise ValueError(
            f"no metric can be called {ascii(name)[:60]}: a name has 1 to {LONGEST_NAME} printable characters"
        )
    return str(name)


def is_words(value: Any) -> bool:
    """Whether this is text, and no number."""
    if not isinstance(value, str):
        return False
    try:
        float(value)
    except ValueError:
        return True
    return False


def _column(values: Any) -> list[Any]:
    """What stands in a column of a table: a list, a tuple, an array of NumPy; else one value."""
    if isinstance(values, (list, tuple)):
        return list(values)
    if hasattr(values, "tolist"):
        found = values.tolist()
        return found if isinstance(found, list) else [found]
    return [values]


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        more = "; of several values log_list makes one point each" if hasattr(value, "__len__") else ""
        raise TypeError(f"the metric '{name}' takes a number, not {type(value).__name__}{more}") from error


def _in_json(value: float) -> str:
    """As `json.dumps` has it, which takes longer."""
    found = in_json(value)
    return f'"{found}"' if isinstance(found, str) else repr(found)


def _artifacts() -> Path:
    folder = Path(os.environ.get("TFINFRA_OUTPUTS", "outputs")) / "artifacts"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _home(name: str) -> Path | None:
    """The file that comes home as `name`, in a folder that is made; None outside of a run. Raises ValueError for a name
    that leads elsewhere."""
    parts = [part for part in str(name).split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise ValueError(f"no file of the run can be called {ascii(name)[:60]}")
    if METRICS not in os.environ:
        return None
    folder = Path(os.environ.get("TFINFRA_OUTPUTS", "outputs"))
    if len(parts) > 1 and parts[0] in ("outputs", "logs"):
        folder, parts = folder.with_name(parts[0]), parts[1:]
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).lstrip(".") or "image"


def _free(folder: Path, name: str, suffix: str) -> Path:
    """A file of that name which nobody else has made, and now is made: all tasks share the folder."""
    for number in range(1_000_000):
        path = folder / (f"{name}_{number}{suffix}" if number else f"{name}{suffix}")
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise OSError(f"{folder} has too many pictures called {name}")
